using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Nub.Tool.Tests.Dwarf;

/// <summary>Writes an object file with debugging information that no compiler would write.</summary>
internal sealed class DwarfImage
{
    private readonly List<byte> _forms = [];

    /// <summary>The section <c>.debug_info</c>.</summary>
    public List<byte> Info { get; } = [];

    /// <summary>The section <c>.debug_str</c>.</summary>
    public byte[] Texts { get; set; } = [];

    /// <summary>Whether <see cref="Info"/> is to be decompressed.</summary>
    public bool IsCompressed { get; set; }

    /// <summary>Whether the section <c>.debug_abbrev</c> is to be compressed.</summary>
    public bool AreFormsCompressed { get; set; }

    /// <summary>A section as a compressor leaves it.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> content)
    {
        using var zlib = new MemoryStream();
        using (var stream = new ZLibStream(zlib, CompressionLevel.Optimal, leaveOpen: true))
        {
            stream.Write(content);
        }

        return [.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes((long)content.Length), .. BitConverter.GetBytes(1L), .. zlib.ToArray()];
    }

    /// <summary>How entries of a number are written: pairs of attribute and form.</summary>
    public void Form(byte number, int tag, bool hasChildren, params int[] pairs)
    {
        Unsigned(_forms, number);
        Unsigned(_forms, tag);
        _forms.Add((byte)(hasChildren ? 1 : 0));
        foreach (int one in pairs)
        {
            Unsigned(_forms, one);
        }

        _forms.AddRange([0, 0]);
    }

    /// <summary>A unit with these entries.</summary>
    public void Unit(IReadOnlyCollection<byte> entries, int version = 5, byte addressSize = 8, int forms = 0)
    {
        byte[] header = new byte[version == 5 ? 12 : 11];
        BinaryPrimitives.WriteInt32LittleEndian(header, header.Length - 4 + entries.Count);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(4), (short)version);
        (header[6], header[7]) = version == 5 ? ((byte)1, addressSize) : default;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(version == 5 ? 8 : 6), forms);
        header[^1] = version == 5 ? header[^1] : addressSize;
        Info.AddRange(header);
        Info.AddRange(entries);
    }

    public byte[] ToBytes()
    {
        (string Name, byte[] Content)[] sections = [(".debug_info", [.. Info]), (".debug_abbrev", AreFormsCompressed ? Compress([.. _forms, 0]) : [.. _forms, 0]), (".debug_str", Texts), (".shstrtab", [])];
        byte[] names = [0, .. sections.SelectMany(static one => Encoding.ASCII.GetBytes(one.Name + '\0'))];
        sections[^1].Content = names;
        byte[] file = new byte[64 + sections.Sum(static one => one.Content.Length) + ((sections.Length + 1) * 64)];
        "\u007fELF"u8.CopyTo(file);
        (file[4], file[5]) = (2, 1);
        int table = file.Length - ((sections.Length + 1) * 64);
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
            BinaryPrimitives.WriteInt64LittleEndian(row[0x08..], (IsCompressed && i == 0) || (AreFormsCompressed && i == 1) ? 0x800 : 0);
            BinaryPrimitives.WriteInt64LittleEndian(row[0x18..], at);
            BinaryPrimitives.WriteInt64LittleEndian(row[0x20..], sections[i].Content.Length);
            sections[i].Content.CopyTo(file, at);
            at += sections[i].Content.Length;
            name += sections[i].Name.Length + 1;
        }

        return file;
    }

    private static void Unsigned(List<byte> to, int value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            to.Add((byte)(value | 0x80));
        }

        to.Add((byte)value);
    }
}
