using System.Collections.Immutable;

namespace Nub.Memory.Generators.Diagnostics;

/// <summary>What a diagnostic tells its code fix in its properties, so that a fix need not find out again what the rule knew.</summary>
internal static class Hints
{
    /// <summary>Of NUB0001: the user's own type parameter that is to be marked.</summary>
    public const string Parameter = "parameter";

    /// <summary>Of NUB0001: the mark that it is to have, as an attribute's name.</summary>
    public const string Mark = "mark";

    /// <summary>Of NUB0001: present when the refused type is one that can be read with a check.</summary>
    public const string Validated = "validated";

    /// <summary>Of NUB0005: where the gap is, in bytes from the start of the struct.</summary>
    public const string Offset = "offset";

    /// <summary>Of NUB0005: how many bytes the gap has.</summary>
    public const string Length = "length";

    /// <summary>Of NUB0005: the alignment of the struct, which a reserved field must not exceed.</summary>
    public const string Alignment = "alignment";

    /// <summary>Of NUB0005: present when each field says its own offset.</summary>
    public const string Explicit = "explicit";

    /// <summary>Of NUB0010: present when the second read begins where the first did.</summary>
    public const string Same = "same";

    public static readonly ImmutableDictionary<string, string?> None = ImmutableDictionary<string, string?>.Empty;
}
