using System.Buffers.Binary;
using System.Text;

namespace Nub.Tool.Btf;

/// <summary>Finds BTF in a file: the file itself, as in /sys/kernel/btf, or the section <c>.BTF</c> of an ELF file.</summary>
internal static class BtfFile
{
    private const string SectionName = ".BTF";
    private const int ElfHeader = 64;
    private const int SectionHeader = 64;
    private const ulong Compressed = 0x800;

    // A kernel's has some 5 MB.
    private const long MaximumSize = 256L << 20;

    /// <exception cref="ToolException">There is none, or it is damaged.</exception>
    public static BtfReader Open(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] start = new byte[ElfHeader];
        int length = file.ReadAtLeast(start, ElfHeader, throwOnEndOfStream: false);
        bool isElf = length >= 4 && start.AsSpan(0, 4).SequenceEqual("\u007fELF"u8);
        return new BtfReader(isElf ? Section(file, start.AsSpan(0, length), path) : Read(file, 0, file.Length, path));
    }

    private static byte[] Section(FileStream file, ReadOnlySpan<byte> header, string path)
    {
        if (header.Length < ElfHeader || header[4] != 2 || header[5] != 1)
        {
            throw new ToolException($"{path} is no ELF file of 64 bits and little-endian, as those are whose layouts are compared.");
        }

        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[0x28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header[0x3A..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[0x3C..]);
        int nameIndex = BinaryPrimitives.ReadUInt16LittleEndian(header[0x3E..]);
        if (size != SectionHeader || nameIndex >= count)
        {
            throw new ToolException($"{path} has no table of sections ({count} of {size} bytes, names in {nameIndex}), so that its {SectionName} cannot be found.");
        }

        byte[] table = Read(file, offset, count * SectionHeader, path);
        byte[] names = SectionAt(file, table.AsSpan(nameIndex * SectionHeader), path);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = table.AsSpan(i * SectionHeader, SectionHeader);
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(section);
            if (name < names.Length && names.AsSpan((int)name).StartsWith(Encoding.ASCII.GetBytes(SectionName + '\0')))
            {
                return (BinaryPrimitives.ReadUInt64LittleEndian(section[8..]) & Compressed) == 0 ? SectionAt(file, section, path)
                    : throw new ToolException($"The section {SectionName} of {path} is compressed; write it out first (objcopy --decompress-debug-sections).");
            }
        }

        throw new ToolException($"{path} has no section {SectionName}: compile it with BTF (for the kernel CONFIG_DEBUG_INFO_BTF), or compare with the header.");
    }

    private static byte[] SectionAt(FileStream file, ReadOnlySpan<byte> section, string path)
    {
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(section[0x20..]);
        return Read(file, BinaryPrimitives.ReadUInt64LittleEndian(section[0x18..]), size > long.MaxValue ? long.MaxValue : (long)size, path);
    }

    private static byte[] Read(FileStream file, ulong offset, long length, string path)
    {
        if (offset > (ulong)file.Length || length > file.Length - (long)offset || length > MaximumSize)
        {
            throw new ToolException($"{path} is damaged or cut off: {length} bytes at {offset} are asked for, and it has {file.Length} (at most {MaximumSize} are read).");
        }

        byte[] bytes = new byte[length];
        file.Position = (long)offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
