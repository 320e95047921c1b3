using System.Buffers.Binary;
using Nub.Fuzz.Engine;
using Nub.Tool;
using Nub.Tool.Btf;
using Nub.Tool.CTypes;
using Nub.Tool.Dwarf;

namespace Nub.Fuzz.Targets;

/// <summary>
/// The readers of the tool on files that may hold anything: BTF, and DWARF in ELF files. Each file is read or refused with the tool's own exception, in bounded memory, and what is read of a struct lies
/// within it.
/// </summary>
internal sealed class TypesTarget : FuzzTarget
{
    private const int MostAllocated = 256 << 20;
    private static readonly string[] s_names = ["x", "a", "long"];
    private readonly ScratchFile _file;

    public TypesTarget() => _file = Own(new ScratchFile());

    public override string Name => "types";

    public override int MaxLength => 512;

    public override IEnumerable<byte[]> Seeds =>
    [
        // A struct of an int and an array.
        [0, .. Numbers(3, 0x0100_0000, 4, 32), .. Numbers(0, 0x0300_0000, 0, 1, 1, 3), .. Numbers(1, 0x8400_0002, 16, 3, 1, 0, 3, 2, 32)],

        // A typedef of a union with bits.
        [0, .. Numbers(3, 0x0100_0000, 4, 32), .. Numbers(0, 0x8500_0001, 4, 3, 1, 0x0300_0008), .. Numbers(1, 0x0800_0000, 2)],

        // The same of DWARF: a struct with a member, a base type, a typedef.
        [1, 34, 1, 0x13, 1, 3, 8, 0x0b, 0x0b, 0, 0, 2, 0x0d, 0, 3, 8, 0x49, 0x13, 0x38, 0x0b, 0, 0, 3, 0x24, 0, 3, 8, 0x0b, 0x0b, 0x3e, 0x0b, 0, 0, 4, 0x16, 0, 0, 5, 8, 0, 1, 120, 0, 8, 2, 97, 0, 23, 0, 0, 0, 4, 0, 3, 105, 0, 4, 5, 0],
        [2, 0x28, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3],
    ];

    public override IReadOnlyList<byte[]> Words => [[0x13, 1], [0x0d, 0], [0x49, 0x13], [0x38, 0x0b], [0x16, 0], [0x01, 1], [0x21, 0], [0x2f, 0x0b], [0x17, 1], [0x05, 8], [0x0d, 0x0b], [0x6b, 0x0b], [0x04, 1], [0x0f, 0]];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            switch (input.Below(4))
            {
                case 0:
                    ReadBtf(TypesImage.Btf(input.TakeAll()));
                    break;
                case 1:
                    ReadDwarf(TypesImage.Dwarf(ref input));
                    break;
                case 2:
                    ReadDwarf(TypesImage.Edited(ref input));
                    break;
                default:
                    byte[] raw = input.TakeAll().ToArray();
                    ReadBtf(raw);
                    break;
            }
        }
        catch (ToolException)
        {
            // Refused.
        }

        Require(GC.GetAllocatedBytesForCurrentThread() - before < MostAllocated, "the memory that is taken is bounded");
    }

    private static byte[] Numbers(params uint[] words)
    {
        byte[] bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }

    private static void ReadBtf(byte[] bytes)
    {
        var reader = new BtfReader(bytes);
        foreach (string name in s_names)
        {
            Judge(reader.Find(name));
        }
    }

    private void ReadDwarf(byte[] elf)
    {
        _file.Write(elf);
        var reader = new DwarfReader(_file.Path);
        foreach (string name in s_names)
        {
            Judge(reader.Find(name));
        }
    }

    private static void Judge(IReadOnlyList<CStruct> structs)
    {
        foreach (CStruct one in structs)
        {
            Require(one.Size >= 0, "a size is not negative");
            foreach (CPlace place in one.Places.Take(1000))
            {
                long bits = place.Member.BitWidth ?? (place.Member.Type.Size * 8);
                Require(place.BitOffset >= 0 && bits >= 0 && place.BitOffset + bits <= one.Size * 8, $"a member lies within its struct: {place.Member.Name} at bit {place.BitOffset} of {one.Size} bytes");
            }
        }
    }
}
