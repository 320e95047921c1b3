using System.Buffers.Binary;
using System.Text;
using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Targets;

/// <summary>Files of type information around parts that the input chooses: what every file has is right, so that the readers come to what it says.</summary>
internal static class TypesImage
{
    private static readonly byte[] s_names = "\0x\0a\0long unsigned int\0__le32\0"u8.ToArray();
    private static readonly byte[] s_whole = Elf(
        [(".debug_info", Unit([1, (byte)'x', 0, 8, 2, (byte)'a', 0, 24, 0, 0, 0, 4, 0, 3, (byte)'i', 0, 4, 5, 0])), (".debug_abbrev", Forms()), (".debug_str", s_names), (".symtab", new byte[48]), (".rela.debug_info", new byte[48])]);

    /// <summary>BTF with these types.</summary>
    public static byte[] Btf(ReadOnlySpan<byte> types)
    {
        byte[] bytes = new byte[24 + types.Length + s_names.Length];
        uint[] header = [0x0001_EB9F, 24, 0, (uint)types.Length, (uint)types.Length, (uint)s_names.Length];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), header[i]);
        }

        types.CopyTo(bytes.AsSpan(24));
        s_names.CopyTo(bytes, 24 + types.Length);
        return bytes;
    }

    /// <summary>An ELF file with forms of entries, of as many bytes as the first says, and entries of them.</summary>
    public static byte[] Dwarf(ref FuzzInput input)
    {
        byte[] forms = input.Take(input.Byte()).ToArray();
        byte version = input.Byte();
        return Elf([(".debug_info", version > 8 ? input.TakeAll().ToArray() : Unit(input.TakeAll(), version is >= 2 and <= 4 ? version : 5)), (".debug_abbrev", [.. forms, 0, 0, 0, 0]), (".debug_str", s_names)]);
    }

    /// <summary>An ELF file that is right but for some numbers.</summary>
    public static byte[] Edited(ref FuzzInput input)
    {
        byte[] file = [.. s_whole];
        Span<byte> number = stackalloc byte[8];
        while (!input.IsEmpty)
        {
            int at = input.Word() % file.Length;
            BinaryPrimitives.WriteUInt64LittleEndian(number, input.Hostile((ulong)file.Length));
            int width = Math.Min(1 << input.Below(4), file.Length - at);
            number[..width].CopyTo(file.AsSpan(at));
        }

        return file;
    }

    private static byte[] Forms() =>
        [1, 0x13, 1, 3, 8, 0x0b, 0x0b, 0, 0, 2, 0x0d, 0, 3, 8, 0x49, 0x13, 0x38, 0x0b, 0, 0, 3, 0x24, 0, 3, 8, 0x0b, 0x0b, 0x3e, 0x0b, 0, 0, 0];

    private static byte[] Unit(ReadOnlySpan<byte> entries, int version = 5)
    {
        byte[] header = new byte[version == 5 ? 12 : 11];
        BinaryPrimitives.WriteInt32LittleEndian(header, header.Length - 4 + entries.Length);
        header[4] = (byte)version;
        (header[6], header[7]) = version == 5 ? ((byte)1, (byte)8) : default;
        header[^1] = version == 5 ? header[^1] : (byte)8;
        return [.. header, .. entries];
    }

    private static byte[] Elf((string Name, byte[] Content)[] sections)
    {
        byte[] names = [0, .. sections.SelectMany(static one => Encoding.ASCII.GetBytes(one.Name + '\0')), .. ".shstrtab\0"u8];
        sections = [.. sections, (".shstrtab", names)];
        int table = 64 + sections.Sum(static one => one.Content.Length);
        byte[] file = new byte[table + ((sections.Length + 1) * 64)];
        "\u007fELF"u8.CopyTo(file);
        (file[4], file[5], file[0x10]) = (2, 1, 1);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(0x28), table);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3A), 64);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3C), (short)(sections.Length + 1));
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3E), (short)sections.Length);
        int at = 64;
        int name = 1;
        for (int i = 0; i < sections.Length; i++)
        {
            Span<byte> row = file.AsSpan(table + ((i + 1) * 64));
            BinaryPrimitives.WriteInt32LittleEndian(row, name);
            BinaryPrimitives.WriteInt64LittleEndian(row[0x18..], at);
            BinaryPrimitives.WriteInt64LittleEndian(row[0x20..], sections[i].Content.Length);
            sections[i].Content.CopyTo(file, at);
            at += sections[i].Content.Length;
            name += sections[i].Name.Length + 1;
        }

        return file;
    }
}
