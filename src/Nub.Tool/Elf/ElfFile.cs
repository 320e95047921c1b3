using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Nub.Tool.Elf;

/// <summary>The sections of an ELF file of 64 bits, little-endian, which may hold anything: each number is checked before it is followed.</summary>
internal sealed class ElfFile : IDisposable
{
    private const int Header = 64;
    private const int SectionHeader = 64;
    private const ulong Compressed = 0x800;
    private const uint Zlib = 1;
    private const ushort Relocatable = 1;

    // A kernel's DWARF has some 300 MB.
    private const long MaximumSize = 1L << 30;

    // What a byte of zlib can become at most (zlib.net/zlib_tech.html); where more is said the memory is not taken.
    private const long MaximumRatio = 1032;

    // All sections of a file together, so that many of them do not add up. A small file's may repeat itself.
    private const long AlwaysAllowed = 64L << 20;
    private const long AllowedRatio = 16;

    private readonly FileStream _file;
    private readonly string _path;
    private readonly byte[] _table;
    private readonly byte[] _names;
    private readonly int _count;
    private readonly bool _isRelocatable;
    private long _decompressed;

    /// <exception cref="ToolException">It is no such file, or damaged.</exception>
    public ElfFile(string path)
    {
        _path = path;
        _file = File.OpenRead(path);
        byte[] header = new byte[Header];
        int length = _file.ReadAtLeast(header, Header, throwOnEndOfStream: false);
        if (length < Header || !IsElf(header) || header[4] != 2 || header[5] != 1)
        {
            throw new ToolException($"{path} is no ELF file of 64 bits and little-endian, as those are whose layouts are compared.");
        }

        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x3A));
        int nameIndex = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x3E));
        _count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x3C));
        _isRelocatable = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x10)) == Relocatable;
        if (size != SectionHeader || nameIndex >= _count)
        {
            throw new ToolException($"{path} has no table of sections ({_count} of {size} bytes, names in {nameIndex}), so that nothing in it can be found.");
        }

        _table = Read(BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(0x28)), _count * SectionHeader);
        _names = Contents(nameIndex);
    }

    /// <summary>The length of the file in bytes.</summary>
    public long Length => _file.Length;

    public static bool IsElf(ReadOnlySpan<byte> start) => start.StartsWith("\u007fELF"u8);

    /// <summary>A section by its name, decompressed, and with the addresses of an object file filled in; null when there is none.</summary>
    /// <exception cref="ToolException">It is damaged, or compressed in a way that is not read.</exception>
    public byte[]? Section(string name)
    {
        if (Find(name) is not { } index)
        {
            return null;
        }

        byte[] bytes = Contents(index);
        if (_isRelocatable && Find(".rela" + name) is { } relocations)
        {
            Relocate(bytes, Contents(relocations), Find(".symtab") is { } symbols ? Contents(symbols) : []);
        }

        return bytes;
    }

    public void Dispose() => _file.Dispose();

    private int? Find(string name)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(name + '\0');
        for (int i = 0; i < _count; i++)
        {
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(Row(i));
            if (at < _names.Length && _names.AsSpan((int)at).StartsWith(wanted))
            {
                return i;
            }
        }

        return null;
    }

    private ReadOnlySpan<byte> Row(int index) => _table.AsSpan(index * SectionHeader, SectionHeader);

    private byte[] Contents(int index)
    {
        ReadOnlySpan<byte> row = Row(index);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(row[0x20..]);
        byte[] bytes = Read(BinaryPrimitives.ReadUInt64LittleEndian(row[0x18..]), size > long.MaxValue ? long.MaxValue : (long)size);
        return (BinaryPrimitives.ReadUInt64LittleEndian(row[8..]) & Compressed) == 0 ? bytes : Decompress(bytes);
    }

    private byte[] Decompress(byte[] bytes)
    {
        const int CompressionHeader = 24;
        uint kind = bytes.Length < CompressionHeader ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        ulong size = bytes.Length < CompressionHeader ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        if (kind != Zlib)
        {
            throw new ToolException($"A section of {_path} is compressed in a way that is not read (kind {kind}, {size} bytes); write it out first (objcopy --decompress-debug-sections).");
        }

        long most = Math.Min(Math.Min(AlwaysAllowed + (AllowedRatio * _file.Length) - _decompressed, bytes.Length * MaximumRatio), MaximumSize);
        if (size > (ulong)most)
        {
            throw new ToolException(
                $"A compressed section of {_path} is to become {size} bytes more; at most {most} are taken of it (the file has {_file.Length}, and {_decompressed} came of others). If it is right, write it out first (objcopy --decompress-debug-sections).");
        }

        _decompressed += (long)size;

        try
        {
            byte[] whole = new byte[size];
            using var stream = new ZLibStream(new MemoryStream(bytes, CompressionHeader, bytes.Length - CompressionHeader), CompressionMode.Decompress);
            stream.ReadExactly(whole);
            return whole;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new ToolException($"A compressed section of {_path} is damaged: {e.Message}", e);
        }
    }

    // What an object file leaves to the linker: offsets into other sections, of x86-64 and arm64, 4 or 8 bytes.
    private static void Relocate(byte[] bytes, ReadOnlySpan<byte> relocations, ReadOnlySpan<byte> symbols)
    {
        const int Entry = 24;
        for (; relocations.Length >= Entry; relocations = relocations[Entry..])
        {
            ulong at = BinaryPrimitives.ReadUInt64LittleEndian(relocations);
            ulong info = BinaryPrimitives.ReadUInt64LittleEndian(relocations[8..]);
            ulong symbol = (info >> 32) * Entry;
            int width = (uint)info switch { 1 or 257 => 8, 10 or 258 => 4, _ => 0 };
            if (width > 0 && at <= (ulong)bytes.Length && (ulong)bytes.Length - at >= (uint)width && symbol + Entry <= (ulong)symbols.Length)
            {
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(symbols[((int)symbol + 8)..]) + BinaryPrimitives.ReadUInt64LittleEndian(relocations[16..]);
                if (width == 8)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan((int)at), value);
                }
                else
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)at), (uint)value);
                }
            }
        }
    }

    private byte[] Read(ulong offset, long length)
    {
        if (offset > (ulong)_file.Length || length > _file.Length - (long)offset || length > MaximumSize)
        {
            throw new ToolException($"{_path} is damaged or cut off: {length} bytes at {offset} are asked for, and it has {_file.Length} (at most {MaximumSize} are read).");
        }

        byte[] bytes = new byte[length];
        _file.Position = (long)offset;
        _file.ReadExactly(bytes);
        return bytes;
    }
}
