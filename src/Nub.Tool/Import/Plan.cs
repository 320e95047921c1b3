namespace Nub.Tool.Import;

/// <summary>A struct of C# as it will be written.</summary>
/// <param name="Of">The name of the C type; empty of one without.</param>
/// <param name="Name">In C#.</param>
/// <param name="Describes">What it is, for its documentation.</param>
internal sealed record StructPlan(string Of, string Name, string Describes, long Size)
{
    public IReadOnlyList<FieldPlan> Fields
    {
        get;
        init
        {
            field = value;
            HasBigEndian = value.Any(static one => one.HasBigEndian);
        }
    } = [];

    /// <summary>Structs that have no name in C, declared inside of this one.</summary>
    public IReadOnlyList<StructPlan> Nested { get; init; } = [];

    /// <summary>What is left out or to be known, a line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The elements that follow it; null when none do.</summary>
    public TailPlan? Tail { get; init; }

    /// <summary>The alignment that it has in C where that is more than in C#; 0 where it is not.</summary>
    public int Aligned { get; init; }

    /// <summary>Whether each field says its own offset.</summary>
    public bool IsExplicit { get; init; }

    /// <summary>The largest alignment that a field keeps; 0 when nothing needs to be said.</summary>
    public int Pack { get; init; }

    /// <summary>The alignment that the struct of C# has.</summary>
    public int Alignment { get; init; } = 1;

    /// <summary>Whether a field in it is turned, at any depth: found once, not again for each struct that it stands in.</summary>
    public bool HasBigEndian { get; private init; }
}

/// <summary>A field as it will be written.</summary>
/// <param name="Name">In C#.</param>
/// <param name="Type">Of the field, or of an array's element.</param>
/// <param name="Offset">In bytes from the start of the struct.</param>
/// <param name="Size">In bytes, with all elements.</param>
/// <param name="Alignment">Of the type.</param>
internal sealed record FieldPlan(string Name, string Type, long Offset, long Size, int Alignment)
{
    /// <summary>How C declares it; null of what C has no one member for.</summary>
    public string? Declaration { get; init; }

    /// <summary>What is to be known of it.</summary>
    public string? Remark { get; init; }

    /// <summary>The name of the array's type; null where it is not an array.</summary>
    public string? ArrayType { get; init; }

    /// <summary>The number of an array's elements.</summary>
    public long Count { get; init; } = 1;

    /// <summary>The name in C where the one in C# does not tell it.</summary>
    public string? Of { get; init; }

    public bool IsBigEndian { get; init; }

    /// <summary>Of a struct: its plan.</summary>
    public StructPlan? Struct { get; init; }

    /// <summary>Whether it stands for bytes that C has no name for.</summary>
    public bool IsReserved { get; init; }

    /// <summary>Of an integer that holds bit fields: these.</summary>
    public IReadOnlyList<BitPlan> Bits { get; init; } = [];

    public long End => Offset + Size;

    public bool HasBigEndian => IsBigEndian || Struct is { HasBigEndian: true };

    /// <summary>Whether [BigEndian] on both means one and the same turning of the bytes they share.</summary>
    public bool TurnsLike(FieldPlan other) =>
        Offset == other.Offset && IsBigEndian == other.IsBigEndian
        && (Struct is not null ? ReferenceEquals(Struct, other.Struct) : other.Struct is null && (Type, Count) == (other.Type, other.Count));
}

/// <summary>A bit field as it will be written.</summary>
/// <param name="Name">In C#.</param>
/// <param name="Type">Of the property.</param>
/// <param name="Offset">The first bit, counted from the least significant of the field that holds it.</param>
/// <param name="Declaration">How C declares it.</param>
/// <param name="Of">The name in C where the one in C# does not tell it.</param>
internal sealed record BitPlan(string Name, string Type, long Offset, int Bits, string Declaration, string? Of);

/// <summary>The elements that follow a struct.</summary>
/// <param name="Type">Of an element, in C#.</param>
/// <param name="Offset">Where the first begins, in bytes from the start of the struct.</param>
/// <param name="Declaration">How C declares them.</param>
internal sealed record TailPlan(string Type, long Offset, bool IsBigEndian, string Declaration);
