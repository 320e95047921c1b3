namespace Nub.Tool.CTypes;

internal enum CKind
{
    Integer,
    Float,
    Pointer,
    Enum,
    Struct,
    Array,

    /// <summary>What C# has nothing for: a complex number, a vector, an 80-bit float.</summary>
    Other,
}

/// <summary>The byte order that a typedef's name says, as the kernel's <c>__be32</c> does.</summary>
internal enum COrder
{
    Native,
    Big,
    Little,
}

/// <summary>The type of a member, as a header or a kernel describes it.</summary>
/// <param name="Name">As C writes it.</param>
/// <param name="Size">In bytes; 0 of a flexible array.</param>
internal sealed record CType(CKind Kind, string Name, long Size)
{
    public bool IsSigned { get; init; }

    public COrder Order { get; init; }

    /// <summary>Of an array: what it is an array of. Arrays of arrays are one array of all elements.</summary>
    public CType? Element { get; init; }

    /// <summary>Of an array: how many elements it has; 0 when that is for the memory to say.</summary>
    public long Count { get; init; } = 1;

    /// <summary>Of a struct or union: its inside.</summary>
    public CStruct? Struct { get; init; }

    /// <summary>The type itself, or the innermost element of an array.</summary>
    public CType Innermost => Element ?? this;

    /// <summary>A member of this type, as C declares it.</summary>
    public string Declare(string member) => Kind == CKind.Array ? $"{Innermost.Name} {member}[{(Count == 0 ? "" : Count)}]" : $"{Name} {member}";
}
