using Nub.Tool.Elf;

namespace Nub.Tool.Btf;

/// <summary>Finds BTF in a file: the file itself, as in /sys/kernel/btf, or the section <c>.BTF</c> of an ELF file.</summary>
internal static class BtfFile
{
    private const string SectionName = ".BTF";

    // A kernel's has some 5 MB.
    private const long MaximumSize = 256L << 20;

    /// <exception cref="ToolException">There is none, or it is damaged.</exception>
    public static BtfReader Open(string path)
    {
        using (FileStream file = File.OpenRead(path))
        {
            byte[] start = new byte[4];
            int length = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            if (!ElfFile.IsElf(start.AsSpan(0, length)))
            {
                return new BtfReader(Whole(file, path));
            }
        }

        using var elf = new ElfFile(path);
        return new BtfReader(elf.Section(SectionName)
            ?? throw new ToolException($"{path} has no section {SectionName}: compile it with BTF (for the kernel CONFIG_DEBUG_INFO_BTF), or compare with the header or the DWARF."));
    }

    // The files of /sys/kernel/btf say their length.
    private static byte[] Whole(FileStream file, string path)
    {
        if (file.Length > MaximumSize)
        {
            throw new ToolException($"{path} has {file.Length} bytes, and BTF of at most {MaximumSize} is read.");
        }

        byte[] bytes = new byte[file.Length];
        file.Position = 0;
        file.ReadExactly(bytes);
        return bytes;
    }
}
