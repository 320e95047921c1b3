namespace Nub.Tool.Dwarf;

/// <summary>The numbers of DWARF that layouts are made of (dwarfstd.org, DWARF 5, section 7.5).</summary>
internal static class DwarfNames
{
    // Tags.
    public const int ArrayType = 0x01;
    public const int ClassType = 0x02;
    public const int EnumerationType = 0x04;
    public const int Member = 0x0d;
    public const int PointerType = 0x0f;
    public const int StructureType = 0x13;
    public const int TypeDefinition = 0x16;
    public const int UnionType = 0x17;
    public const int Subrange = 0x21;
    public const int BaseType = 0x24;

    // Attributes.
    public const int Name = 0x03;
    public const int ByteSize = 0x0b;
    public const int OldBitOffset = 0x0c;
    public const int BitSize = 0x0d;
    public const int UpperBound = 0x2f;
    public const int Count = 0x37;
    public const int Location = 0x38;
    public const int Declaration = 0x3c;
    public const int Encoding = 0x3e;
    public const int Type = 0x49;
    public const int DataBitOffset = 0x6b;
    public const int TextOffsets = 0x72;
    public const int Alignment = 0x88;

    // Forms, and the one operation of an expression.
    public const int Indirect = 0x16;
    public const int ImplicitConstant = 0x21;
    public const ulong PlusConstant = 0x23;

    public static bool IsRecord(int tag) => tag is StructureType or UnionType or ClassType;

    /// <summary>Whether an entry's name matters.</summary>
    public static bool IsNamed(int tag) => IsRecord(tag) || tag is TypeDefinition or Member or BaseType or EnumerationType;

    /// <summary>What only gives another type a property that no layout has: const, volatile, restrict, atomic and the like.</summary>
    public static bool IsQualifier(int tag) => tag is 0x26 or 0x35 or 0x37 or 0x47 or 0x4b or 0x2d;

    /// <summary>How many bytes a form has that is skipped; null when that depends on them.</summary>
    public static ulong? SizeOf(int form, int addressSize, int offsetSize) => form switch
    {
        0x01 => (ulong)addressSize,
        0x1c or 0x1d or 0x1f20 or 0x1f21 => (ulong)offsetSize,
        0x24 => 8,
        0x1e => 16,
        0x29 => 1,
        0x2a => 2,
        0x2b => 3,
        0x2c => 4,
        _ => null,
    };
}
