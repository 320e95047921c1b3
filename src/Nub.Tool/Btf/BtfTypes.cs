using System.Buffers.Binary;
using System.Text;

namespace Nub.Tool.Btf;

internal enum BtfKind
{
    Void = 0,
    Int = 1,
    Pointer = 2,
    Array = 3,
    Struct = 4,
    Union = 5,
    Enum = 6,
    Forward = 7,
    Typedef = 8,
    Volatile = 9,
    Const = 10,
    Restrict = 11,
    Function = 12,
    Prototype = 13,
    Variable = 14,
    Section = 15,
    Float = 16,
    DeclarationTag = 17,
    TypeTag = 18,
    Enum64 = 19,
}

/// <summary>A type as the table has it.</summary>
/// <param name="Offset">Of what follows the twelve bytes that all kinds have.</param>
/// <param name="Length">How many members, parameters or values follow.</param>
/// <param name="HasFlag">Of a struct: whether each member's place has the bits of a bit field in its upper byte.</param>
/// <param name="SizeOrType">In bytes, or the type that is referred to, as the kind has it.</param>
internal readonly record struct BtfType(BtfKind Kind, uint NameOffset, int Offset, int Length, bool HasFlag, uint SizeOrType);

/// <summary>The table of types of a BTF file, which may hold anything: each number is checked before it is followed.</summary>
internal sealed class BtfTypes
{
    private const ushort Magic = 0xEB9F;
    private const int LeastHeader = 24;
    private const int TypeSize = 12;

    private readonly byte[] _bytes;
    private readonly List<BtfType> _types = [];
    private readonly Effort _effort;
    private readonly int _textStart;
    private readonly int _textEnd;

    /// <exception cref="ToolException">It is not BTF, or damaged.</exception>
    public BtfTypes(byte[] bytes)
    {
        _bytes = bytes;
        _effort = new Effort("BTF", bytes.Length, bytes.Length);
        if (bytes.Length < LeastHeader)
        {
            throw new ToolException($"This is no BTF: it has {bytes.Length} bytes, and the header alone {LeastHeader}.");
        }

        ushort magic = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (magic != Magic)
        {
            throw new ToolException(
                magic == BinaryPrimitives.ReverseEndianness(Magic) ? "The BTF is of a big-endian machine, whose layouts are not compared." : $"This is no BTF: it begins with 0x{magic:X4}, not 0x{Magic:X4}.");
        }

        uint header = Number(4);
        (int start, int end) = Range(header, Number(8), Number(12), "types");
        (_textStart, _textEnd) = Range(header, Number(16), Number(20), "names");
        ReadTypes(start, end);
        PointerSize = _types.Exists(type => type is { Kind: BtfKind.Int, SizeOrType: 4 } && Text(type.NameOffset) == "long unsigned int") ? 4 : 8;
    }

    /// <summary>How many types there are; they are numbered from 1.</summary>
    public int Count => _types.Count;

    /// <summary>Of the machine's, in bytes: as those of its <c>long unsigned int</c>.</summary>
    public int PointerSize { get; }

    /// <exception cref="ToolException">There is no such type.</exception>
    public BtfType Get(uint id) =>
        id > 0 && id <= _types.Count ? _types[(int)id - 1]
        : throw new ToolException($"The BTF refers to type {id}, and has {Count} types. The BTF of a kernel module refers to its kernel's, and cannot be read alone.");

    /// <summary>A number that follows a type.</summary>
    public uint Extra(BtfType type, int index) => Number(type.Offset + (index * 4));

    /// <summary>A member of a struct.</summary>
    public (uint Name, uint Type, uint Place) Member(BtfType type, int index) =>
        (Extra(type, index * 3), Extra(type, (index * 3) + 1), Extra(type, (index * 3) + 2));

    /// <exception cref="ToolException">There is no such text, or what was read is many times the file.</exception>
    public string Text(uint offset)
    {
        if (offset == 0)
        {
            return "";
        }

        Span<byte> texts = _bytes.AsSpan(_textStart.._textEnd);
        int length = offset < texts.Length ? texts[(int)offset..].IndexOf((byte)0) : -1;
        _effort.Spend(Math.Max(0, length));
        return length >= 0 ? Encoding.UTF8.GetString(texts.Slice((int)offset, length))
            : throw new ToolException($"The BTF is damaged: a name begins at {offset} of {texts.Length} bytes of names, and does not end.");
    }

    private (int Start, int End) Range(uint header, uint offset, uint length, string what)
    {
        long start = (long)header + offset;
        return start + length <= _bytes.Length && header >= LeastHeader ? ((int)start, (int)(start + length))
            : throw new ToolException($"The BTF is damaged or cut off: its {what} end at {start + length}, and it has {_bytes.Length} bytes.");
    }

    private uint Number(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));

    private void ReadTypes(int at, int end)
    {
        while (at < end)
        {
            int next = at + TypeSize;
            if (next > end)
            {
                throw CutOff(end);
            }

            uint info = Number(at + 4);
            var kind = (BtfKind)(info >> 24 & 0x1F);
            var type = new BtfType(kind, Number(at), next, (int)(info & 0xFFFF), info >> 31 != 0, Number(at + 8));
            at = next + FollowingBytes(type, at);
            if (at > end)
            {
                throw CutOff(end);
            }

            _types.Add(type);
        }
    }

    private ToolException CutOff(int end) => new($"The BTF is damaged: type {Count + 1} does not end before {end}, where the types do.");

    private static int FollowingBytes(BtfType type, int at) => type.Kind switch
    {
        BtfKind.Pointer or BtfKind.Forward or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
            or BtfKind.Function or BtfKind.Float or BtfKind.TypeTag => 0,
        BtfKind.Int or BtfKind.Variable or BtfKind.DeclarationTag => 4,
        BtfKind.Array => 12,
        BtfKind.Struct or BtfKind.Union or BtfKind.Section or BtfKind.Enum64 => type.Length * 12,
        BtfKind.Enum or BtfKind.Prototype => type.Length * 8,
        _ => throw new ToolException($"The BTF has a type of kind {(int)type.Kind} at {at}, which is damage or newer than this tool."),
    };
}
