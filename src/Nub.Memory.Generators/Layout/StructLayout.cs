namespace Nub.Memory.Generators.Layout;

/// <summary>What a field's type is for its layout, its validity, and the code generated for it.</summary>
internal enum FieldKind
{
    Primitive,
    Bool,
    Enum,
    Struct,
    InlineArray,
    FixedBuffer,

    /// <summary><c>nint</c>, <c>nuint</c>, a pointer or a function pointer.</summary>
    HostSized,

    /// <summary>A struct of the framework: its fields are the framework's own affair.</summary>
    Framework,
    Reference,
    TypeParameter,

    /// <summary>The compiler reports what is wrong with it; nothing is to be added.</summary>
    Broken,
}

/// <summary>Why a field keeps its struct from being AllValid, or from being validated on read.</summary>
internal enum OffenceKind
{
    IllegalPatterns,
    HostSized,
    Framework,
    Reference,
    TypeParameter,
    AutoLayout,

    /// <summary>A struct that could be marked, and is not.</summary>
    Unmarked,

    /// <summary>A struct of another assembly that is marked, and was not proved there.</summary>
    Unproved,

    /// <summary>A bare inline array that says <c>[BigEndian]</c>, which only generated code can honour.</summary>
    BareBigEndianArray,

    /// <summary>An inline array that says <c>[BigEndian]</c> of elements that are arrays themselves.</summary>
    BigEndianOfArrays,

    /// <summary>An inline array whose elements do not fill it.</summary>
    UnfilledArray,
    Broken,
}

/// <summary>The first thing that is wrong with a type, seen from that type.</summary>
/// <param name="Path">The fields to go through; empty when it is the type itself.</param>
/// <param name="Offset">In bytes from the start of the type.</param>
/// <param name="Type">The offending field's type, for messages.</param>
internal sealed record Offence(OffenceKind Kind, EquatableArray<string> Path, long Offset, string Type)
{
    public Offence Within(string field, long offset) =>
        this with { Path = Path.Prepend(field).ToEquatableArray(), Offset = Offset + offset };
}

/// <summary>A field's type, as seen from the struct that has the field: nothing of its inside but what the struct depends on.</summary>
/// <param name="Name">As generated code writes it: fully qualified.</param>
/// <param name="Display">As messages and documentation write it.</param>
/// <param name="MetadataName">The name without its namespace; of a primitive, as in the names of <c>BinaryPrimitives</c>.</param>
/// <param name="Element">What an array is an array of.</param>
/// <param name="Count">The number of an array's elements; 1 for anything else.</param>
/// <param name="HasBigEndian">Whether some value of more than one byte is declared to be stored big-endian.</param>
/// <param name="HasLittleEndian">Whether some value of more than one byte is stored little-endian.</param>
/// <param name="IsGenerated">Whether the generator writes, or wrote, accessors for it.</param>
/// <param name="NotAllValid">Why it is not AllValid; null when it is.</param>
/// <param name="NotValidatable">Why it cannot be a part of a <c>[ValidateOnRead]</c> struct; null when it can.</param>
/// <param name="EnumCheck">Of an enum: which values are legal.</param>
internal sealed record FieldType(
    FieldKind Kind,
    string Name,
    string Display,
    string MetadataName,
    long Size,
    int Alignment,
    FieldType? Element,
    int Count,
    bool HasBigEndian,
    bool HasLittleEndian,
    bool IsGenerated,
    bool IsValidateOnRead,
    Offence? NotAllValid,
    Offence? NotValidatable,
    EnumValues? EnumCheck)
{
    /// <summary>Of a marked struct: its fields, as <see cref="FieldsText"/> writes them.</summary>
    public string? Inside { get; init; }

    /// <summary>Of a marked struct: the name of its view, as generated code writes it.</summary>
    public string? View { get; init; }

    /// <summary>Of a marked struct: whether it is what its mark says.</summary>
    public bool IsProved { get; init; }

    /// <summary>Of a marked inline array: whether it is not what its mark says.</summary>
    public bool IsWronglyMarked { get; init; }

    /// <summary>Of an inline array: what a member that names its elements may be at most (<see cref="Layout.ElementAccess"/>).</summary>
    public string? ElementAccess { get; init; }

    /// <summary>Whether it is an enum, or an inline array of one, that shared memory has as the integer behind it, whatever that is.</summary>
    public bool IsWireEnum { get; init; }

    /// <summary>Whether it is such an enum and no array.</summary>
    public bool IsOneWireEnum => IsWireEnum && EnumCheck is not null;

    /// <summary>The alignment that it has in C where that is more; 1 where nothing says so.</summary>
    public int Aligned { get; init; } = 1;

    /// <summary>The innermost element of an array of arrays; the type itself where it is not an array.</summary>
    public FieldType Innermost => Element?.Innermost ?? this;

    /// <summary>The number of these; they stand close together.</summary>
    public long InnermostCount => Element is { } element ? Count * element.InnermostCount : 1;

    /// <summary>Whether its elements fill it: the runtime may round up the size of one.</summary>
    public bool IsFilled => Element is null || Size == Element.Size * Count;

    public bool IsArray => Kind is FieldKind.InlineArray or FieldKind.FixedBuffer;

    /// <summary>Whether reading it can meet an illegal pattern.</summary>
    public bool NeedsCheck => NotAllValid is not null;
}

/// <summary>The legal values of an enum: as bits of a flags enum, or as ranges that the defined values form.</summary>
internal sealed record EnumValues(FieldType Underlying, bool IsFlags, ulong Bits, EquatableArray<EnumRange> Ranges);

/// <summary>Defined values without a hole between them, as C# literals.</summary>
internal sealed record EnumRange(string First, string Last);

/// <summary>A field where the runtime puts it.</summary>
/// <param name="Name">The name that a user knows it by: of an auto property's storage, the property's.</param>
/// <param name="StoredName">The name of the field itself, as the compiler has it.</param>
/// <param name="Accessibility">In C# words.</param>
/// <param name="BigEndian">Whether the field, or the whole struct, is declared to be stored big-endian.</param>
internal sealed record FieldLayout(string Name, string StoredName, string Accessibility, FieldType Type, long Offset, bool BigEndian)
{
    /// <summary>The alignment that it has in C where that is more than its type's in C#; 1 where nothing says so.</summary>
    public int Aligned { get; init; } = 1;

    public long End => Offset + Type.Size;

    public bool HasBigEndian => Type.HasBigEndian || (BigEndian && Type.HasLittleEndian);

    public bool HasLittleEndian => Type.HasLittleEndian && !BigEndian;
}

/// <summary>Bytes that no field covers.</summary>
/// <param name="After">The field before the gap; null when it is at the start.</param>
internal sealed record Gap(long Offset, long Length, string? After);

/// <summary>A struct as the runtime lays it out.</summary>
/// <param name="Display">As messages write it.</param>
/// <param name="Pack">What <c>[StructLayout]</c> says; 0 when it says nothing.</param>
/// <param name="HasOverlap">Whether it is a union: some fields share bytes.</param>
internal sealed record StructLayout(
    string Display,
    DeclaredKind Kind,
    int Pack,
    int DeclaredSize,
    long Size,
    int Alignment,
    bool HasOverlap,
    bool IsBigEndian,
    int InlineArrayLength,
    EquatableArray<FieldLayout> Fields,
    EquatableArray<Gap> Gaps)
{
    /// <summary>The alignment that it has in C where that is more; 1 where nothing says so.</summary>
    public int Aligned { get; init; } = 1;

    /// <summary>What a place of it should be a multiple of.</summary>
    public int StatedAlignment => Math.Max(Alignment, Aligned);

    public bool HasBigEndian => Fields.Any(static one => one.HasBigEndian);

    public bool HasLittleEndian => Fields.Any(static one => one.HasLittleEndian);

    /// <summary>Of an inline array: what a member that names its elements may be at most (<see cref="Layout.ElementAccess"/>).</summary>
    public string? ElementAccess { get; init; }

    /// <summary>The fields as bytes are gone through: an inline array declares one element and stands for all of them.</summary>
    public EquatableArray<FieldLayout> Stored => InlineArrayLength == 0 || Fields is not [{ } element]
        ? Fields
        : new([element with
        {
            Type = element.Type with
            {
                Kind = FieldKind.InlineArray, Element = element.Type, Count = InlineArrayLength, Size = element.Type.Size * InlineArrayLength,
                IsValidateOnRead = false, IsWireEnum = element.Type.IsOneWireEnum, ElementAccess = ElementAccess,
            },
        }]);

    /// <summary>The first field that keeps the struct from being AllValid.</summary>
    public Offence? NotAllValid => FirstOffence(static type => type.NotAllValid);

    /// <summary>The first field that keeps the struct from being validated on read.</summary>
    public Offence? NotValidatable => FirstOffence(static type => type.NotValidatable);

    private Offence? FirstOffence(Func<FieldType, Offence?> of)
    {
        foreach (FieldLayout field in Fields)
        {
            if (of(field.Type) is { } offence)
            {
                return offence.Within(field.Name, field.Offset);
            }
        }

        return null;
    }
}
