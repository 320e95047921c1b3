using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Diagnostics;

/// <summary>Every diagnostic of the package, in one place: what it says, how grave it is, and where its page is.</summary>
internal static class Descriptors
{
    private const string Category = "Nub.Memory";

    /// <summary>Each rule has a page of its name.</summary>
    private const string Pages = "https://github.com/nub-dotnet/nub/blob/main/docs/diagnostics/";

    /// <summary>A type argument, written or inferred, that an <c>[AllValid]</c> or <c>[ValidateOnRead]</c> type parameter does not accept.</summary>
    public static readonly DiagnosticDescriptor TypeArgument = Error(
        "NUB0001",
        "A type that is not AllValid is used where AllValid is required",
        "'{0}' cannot be used for '{1}' of '{2}', which is {3}: {4}",
        "A value is made of bytes that somebody else wrote. Of a type with illegal bit patterns such a value is undefined behaviour before any code has looked at it.");

    /// <summary>A field of a marked struct whose type has illegal bit patterns, or is not known to have none.</summary>
    public static readonly DiagnosticDescriptor Field = Error(
        "NUB0002",
        "A field is not AllValid",
        "'{0}' ({1}, offset {2}) keeps '{3}' from being {4}: {5}",
        "A struct is AllValid when each of its fields is; one field with an illegal bit pattern makes the whole struct have one.");

    /// <summary>A marked type, or one that asks for readers and writers, that nothing can be generated for.</summary>
    public static readonly DiagnosticDescriptor Shape = Error(
        "NUB0003",
        "Nothing can be generated for this shape",
        "Nothing can be generated for '{0}', which {1}",
        "The generator adds a part to the type and relies on a layout that it can compute. Where it can do neither it says so, rather than generate something that is wrong.");

    /// <summary>A field of a marked struct whose size or inside is the host's own affair.</summary>
    public static readonly DiagnosticDescriptor HostLayout = Error(
        "NUB0004",
        "The layout depends on the host",
        "'{0}' ({1}, offset {2}) makes the layout of '{3}' depend on the host, so that it cannot be {4}: {5}",
        "Guest and host must agree on every byte. Pointers have the size that the host's have, and the framework may change its own structs' fields in any release.");

    /// <summary>Bytes of an <c>[AllValid]</c> struct that no field covers.</summary>
    public static readonly DiagnosticDescriptor Padding = Error(
        "NUB0005",
        "The struct has implicit padding",
        "'{0}' has {1} of implicit padding at offset {2}, {3}: writing it would carry whatever the host's memory held there to the guest; declare {4}",
        "Padding is not copied reliably, and what it holds is whatever was in that memory before: an information leak when it is written to a guest (Xen's XSA-216 was one).");

    /// <summary>A marker interface in a base list that the generator did not write.</summary>
    public static readonly DiagnosticDescriptor HandWrittenMarker = Error(
        "NUB0006",
        "The marker is implemented by hand",
        "'{0}' implements '{1}' by hand, which nobody has proved right: remove it, and mark a partial struct {2} so that the generator implements it",
        "The marker is the run-time's only evidence that a type may cross the boundary. The generator writes it after its proof; written by hand it is a claim.");

    /// <summary>An atomic operation on a type that the processor has none for.</summary>
    public static readonly DiagnosticDescriptor AtomicType = Error(
        "NUB0007",
        "An atomic operation on a type that has none",
        "'{0}' has no atomic form for '{1}': use int, uint, long or ulong; of a smaller field, exchange the whole aligned 4 or 8 bytes that it stands in with CompareExchange",
        "The atomic operations are those of Interlocked on 4 and 8 aligned bytes. A shorter value would be changed with the bytes behind it, and a longer one is not changed in one step.");

    /// <summary>A generated member that a struct's own member leaves no room for.</summary>
    public static readonly DiagnosticDescriptor LeftOut = new(
        "NUB0008",
        "A generated member is left out because its name is taken",
        "'{0}.{1}' is not generated, because '{2}' has that name; {3} does the same",
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        "A field is called what its specification calls it. Where a generated member would have the same name, the field keeps it.",
        Pages + "NUB0008.md");

    /// <summary>A second read of bytes of which the first value is used, too.</summary>
    public static readonly DiagnosticDescriptor DoubleFetch = Warning(
        "NUB0010",
        "Shared bytes are read twice",
        "'{0}' reads bytes again that '{1}' in line {2} has read, and the guest may have changed them since: keep the first value in a local and use that",
        "Between two reads a guest can write. What was found out about the first value does not hold for the second (Xen's XSA-155 was this).");

    /// <summary>A number of the guest's that decides about the host's memory or time.</summary>
    public static readonly DiagnosticDescriptor UncheckedValue = Warning(
        "NUB0011",
        "A value from the guest is used without a check",
        "'{0}' comes from the guest ({1}) and becomes {2}: {3}",
        "A guest chooses the worst number there is. Before it decides about memory or time, it has to be compared with a limit that the guest has no say in.");

    /// <summary>A span or pointer into an exclusive memory that outlives it.</summary>
    public static readonly DiagnosticDescriptor DeadSpan = Error(
        "NUB0012",
        "A span or pointer outlives its exclusive memory",
        "'{0}' points into '{1}' and {2}",
        "A span is the one thing that no lock covers. After Build a guest writes what it shows; after Dispose it shows memory that is unmapped, or somebody else's.");

    /// <summary>The address of a memory is dereferenced.</summary>
    public static readonly DiagnosticDescriptor RawPointer = Warning(
        "NUB0013",
        "Shared memory is dereferenced by a raw pointer",
        "'{0}' dereferences '{1}', past the bounds check, the lock and the single access; use {2}",
        "A raw pointer has no bounds, touches a byte as often as the compiler likes, and does not know that the memory is held exclusively or gone. The address is there to be handed to the system.");

    /// <summary>A lease that somebody begins and nobody ends.</summary>
    public static readonly DiagnosticDescriptor Lease = Error(
        "NUB0014",
        "A lease is discarded or not disposed on every path",
        "The lease that '{0}' begins {1}; declare it with 'using', or dispose it in a finally",
        "While a lease is open nobody can take the memory exclusively, and it is never released. One that is lost is open until the process ends.");

    private static DiagnosticDescriptor Error(string id, string title, string message, string description) =>
        new(id, title, message, Category, DiagnosticSeverity.Error, isEnabledByDefault: true, description, Pages + id + ".md");

    private static DiagnosticDescriptor Warning(string id, string title, string message, string description) =>
        new(id, title, message, Category, DiagnosticSeverity.Warning, isEnabledByDefault: true, description, Pages + id + ".md");
}
