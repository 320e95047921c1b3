namespace Nub.Tool.Assemblies;

/// <summary>A struct of an assembly, as the runtime lays it out.</summary>
/// <param name="Of">The name of the C type that it says it is the layout of.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Alignment">In bytes.</param>
internal sealed record NetStruct(string Name, string? Of, long Size, int Alignment)
{
    /// <summary>Ordered by offset.</summary>
    public IReadOnlyList<NetField> Fields { get; init; } = [];

    /// <summary>How many fields it has, when those of its structs are its own; of an array one.</summary>
    public long AllFields { get; init; } = 1;

    /// <summary>The alignment that it says it has in C; 0 when it says nothing.</summary>
    public int Aligned { get; init; }

    /// <summary>Properties over bits of a field.</summary>
    public IReadOnlyList<NetBits> Bits { get; init; } = [];
}

/// <summary>A field of a struct.</summary>
/// <param name="Of">The name of the member of C that it says it is.</param>
/// <param name="Offset">In bytes from the start of the struct.</param>
/// <param name="Size">In bytes, with all elements.</param>
/// <param name="Type">As C# writes it.</param>
internal sealed record NetField(string Name, string? Of, long Offset, long Size, string Type)
{
    public bool IsBigEndian { get; init; }

    /// <summary>Of a struct, or an array of structs: the inside of one.</summary>
    public NetStruct? Struct { get; init; }

    /// <summary>The number of elements; 1 where it is not an array.</summary>
    public long Count { get; init; } = 1;

    public long ElementSize => Size / Count;

    public long End => Offset + Size;
}

/// <summary>A property over bits of a field.</summary>
/// <param name="Of">The name of the member of C that it says it is.</param>
/// <param name="BitOffset">From the start of the struct, of its least significant bit.</param>
/// <param name="Type">As C# writes it.</param>
internal sealed record NetBits(string Name, string? Of, long BitOffset, int Width, string Type);
