using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Rules;

// A field is judged once for both: FieldRule says which of the two it is.
internal static partial class Descriptors
{
    /// <summary>A field of a marked struct whose size or inside is the host's own affair.</summary>
    public static readonly DiagnosticDescriptor HostLayout = Error(
        "NUB0004",
        "The layout depends on the host",
        "'{0}' ({1}, offset {2}) makes the layout of '{3}' depend on the host, so that it cannot be {4}: {5}",
        "Guest and host must agree on every byte. Pointers have the size that the host's have, and the framework may change its own structs' fields in any release.");
}
