using System.Buffers.Binary;
using System.Text;

namespace Nub.Tool.Dwarf;

/// <summary>Reads numbers and texts of a section one after the other, none from beyond its end.</summary>
internal ref struct DwarfCursor(ReadOnlySpan<byte> bytes, long at)
{
    // A number of 64 bits has ten; a compiler pads one that it fills in later, but to no more than this.
    private const int MaximumNumber = 16;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Where the next is read, in bytes from the start of the section.</summary>
    public long At { get; private set; } = at;

    public readonly bool IsAtEnd => At >= _bytes.Length;

    public ulong Fixed(int size)
    {
        ReadOnlySpan<byte> bytes = Take(size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => bytes[0] | ((ulong)bytes[1] << 8) | ((ulong)bytes[2] << 16),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
    }

    /// <summary>A number of seven bits a byte (LEB128).</summary>
    public ulong Unsigned()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = TakeOf(shift);
            value |= shift < 64 ? (ulong)(next & 0x7F) << shift : 0;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }

    /// <summary>The same, with a sign.</summary>
    public long Signed()
    {
        long value = 0;
        int shift = 0;
        byte next;
        do
        {
            next = TakeOf(shift);
            value |= shift < 64 ? (long)(next & 0x7F) << shift : 0;
            shift += 7;
        }
        while ((next & 0x80) != 0);

        return shift < 64 && (next & 0x40) != 0 ? value | (-1L << shift) : value;
    }

    public string Text()
    {
        int length = At < 0 || At > _bytes.Length ? -1 : _bytes[(int)At..].IndexOf((byte)0);
        if (length < 0)
        {
            throw CutOff(1);
        }

        string text = Encoding.UTF8.GetString(_bytes.Slice((int)At, length));
        At += length + 1;
        return text;
    }

    private byte TakeOf(int shift) => shift < MaximumNumber * 7 ? Take(1)[0]
        : throw new ToolException($"The DWARF is damaged: a number before {At} has more than {MaximumNumber} bytes.");

    public void Skip(ulong length) => Take(length > int.MaxValue ? int.MaxValue : (int)length);

    private ReadOnlySpan<byte> Take(int length)
    {
        if (At < 0 || At > _bytes.Length || length > _bytes.Length - At)
        {
            throw CutOff(length);
        }

        ReadOnlySpan<byte> taken = _bytes.Slice((int)At, length);
        At += length;
        return taken;
    }

    private readonly ToolException CutOff(int length) => new($"The DWARF is damaged or cut off: {length} bytes at {At} are asked for, of a section of {_bytes.Length}.");
}
