using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Nub.Memory;

/// <summary>
/// The first page of a snapshot's file, which says where the rest is. docs/snapshots.md has the format byte by byte. All numbers are little
/// endian.
/// </summary>
internal sealed record SnapshotHeader
{
    public const uint CurrentVersion = 1;

    /// <summary>What is read first, and tells how long the header is.</summary>
    public const int PrefixLength = 32;

    // Where fields begin that are named when a file is refused.
    public const int FlagsOffset = 20;
    public const int SizeOffset = 32;
    public const int ContentHashOffset = 96;
    public const int BaseHashOffset = 128;

    private const int HashOffset = 224;
    private const int FieldsEnd = 256;
    private const uint LayerFlag = 1;

    private static ReadOnlySpan<byte> Magic => "NUBSNAP\u001A"u8;

    public required SnapshotLayout Layout { get; init; }

    public required ulong GuestMappedSize { get; init; }

    /// <summary>What the bytes in the file are a difference to; null of a whole snapshot.</summary>
    public required SharedMemorySnapshotHash? BaseHash { get; init; }

    public required SharedMemorySnapshotHash ContentHash { get; init; }

    public required ulong TableOffset { get; init; }

    public required ulong EntryCount { get; init; }

    public required SharedMemorySnapshotHash TableHash { get; init; }

    public required uint SectionCount { get; init; }

    public required ulong SectionsLength { get; init; }

    public required SharedMemorySnapshotHash SectionsHash { get; init; }

    /// <summary>Where the stored pages begin: the header takes a page.</summary>
    public int Length => Layout.PageSize;

    public ulong StoredPages => (TableOffset - (ulong)Length) / (ulong)Layout.PageSize;

    public ulong SectionsOffset => TableOffset + EntryCount * ChunkEntry.Size;

    public ulong FileLength => SectionsOffset + SectionsLength;

    /// <summary>The header as it stands in the file.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];
        Span<byte> header = bytes;
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], CurrentVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)Layout.PageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], SnapshotLayout.ChunkSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header[FlagsOffset..], BaseHash is null ? 0 : LayerFlag);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], FileLength);
        BinaryPrimitives.WriteUInt64LittleEndian(header[SizeOffset..], Layout.Size);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], GuestMappedSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], TableOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[56..], EntryCount);
        BinaryPrimitives.WriteUInt64LittleEndian(header[64..], SectionsLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[72..], SectionCount);
        ContentHash.CopyTo(header[ContentHashOffset..]);
        BaseHash.GetValueOrDefault().CopyTo(header[BaseHashOffset..]);
        TableHash.CopyTo(header[160..]);
        SectionsHash.CopyTo(header[192..]);
        HashOf(header).CopyTo(header[HashOffset..]);
        return bytes;
    }

    /// <summary>Finds out from the first bytes of a file how long its header is.</summary>
    /// <exception cref="SharedMemorySnapshotException">It is no snapshot, of another version, or has another length than it says.</exception>
    public static int LengthFrom(string path, ReadOnlySpan<byte> prefix, ulong fileLength)
    {
        int alike = Math.Min(prefix.Length, Magic.Length);
        if (!prefix[..alike].SequenceEqual(Magic[..alike]))
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.NotASnapshot, path, 0,
                $"The file of {fileLength} bytes does not begin as a snapshot does.");
        }

        if (prefix.Length < PrefixLength)
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.Truncated, path, fileLength,
                $"The file ends within its header, of whose first {PrefixLength} bytes it has {prefix.Length}.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(prefix[8..]);
        if (version != CurrentVersion)
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.UnknownVersion, path, 8,
                $"The format has version {version}, and this library reads version {CurrentVersion}.");
        }

        uint pageSize = BinaryPrimitives.ReadUInt32LittleEndian(prefix[12..]);
        if (pageSize is < SnapshotLayout.LeastPageSize or > SnapshotLayout.ChunkSize || !uint.IsPow2(pageSize))
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.HeaderDamaged, path, 12,
                $"The page size is {pageSize}, and no power of two from {SnapshotLayout.LeastPageSize} to {SnapshotLayout.ChunkSize}.");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix[24..]);
        return length == fileLength && length >= pageSize ? (int)pageSize : throw new SharedMemorySnapshotException(
            length > fileLength || length < pageSize ? SharedMemorySnapshotError.Truncated : SharedMemorySnapshotError.TooLong,
            path, Math.Min(length, fileLength), $"The file has {fileLength} bytes, and its header says {length}.");
    }

    /// <summary>Reads a header, whose length <see cref="LengthFrom"/> has found.</summary>
    /// <exception cref="SharedMemorySnapshotException">It is damaged or contradicts itself.</exception>
    public static SnapshotHeader Read(string path, ReadOnlySpan<byte> header)
    {
        var stated = new SharedMemorySnapshotHash(header.Slice(HashOffset, SharedMemorySnapshotHash.Size));
        SharedMemorySnapshotHash actual = HashOf(header);
        if (stated != actual)
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.HeaderDamaged, path, HashOffset,
                $"The header's hash is {actual}, and it says {stated}.");
        }

        ulong fileLength = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[SizeOffset..]);
        uint pageSize = (uint)header.Length;
        Require(SnapshotLayout.IsValid(size, pageSize), path, SizeOffset, $"A memory of {size} bytes is no multiple of {pageSize}, or more than {SnapshotLayout.LargestSize}.");
        uint chunkSize = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        Require(chunkSize == SnapshotLayout.ChunkSize, path, 16, $"The chunk size is {chunkSize}, and not {SnapshotLayout.ChunkSize}.");
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(header[FlagsOffset..]);
        Require((flags & ~LayerFlag) == 0, path, FlagsOffset, $"The flags are 0x{flags:X}, of which only {LayerFlag} is known.");
        ulong guestMappedSize = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        Require(guestMappedSize > 0 && guestMappedSize <= size && guestMappedSize % pageSize == 0, path, 40,
            $"The guest is to see {guestMappedSize} of {size} bytes, in pages of {pageSize}.");

        // Each number is within the file before it is added to another.
        ulong tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(header[48..]);
        Require(tableOffset >= pageSize && tableOffset <= fileLength && tableOffset % pageSize == 0, path, 48,
            $"The table begins at {tableOffset} of {fileLength} bytes, in pages of {pageSize}.");
        ulong entryCount = BinaryPrimitives.ReadUInt64LittleEndian(header[56..]);
        Require(entryCount <= (fileLength - tableOffset) / ChunkEntry.Size, path, 56, $"A table of {entryCount} chunks at {tableOffset} leaves the file of {fileLength} bytes.");
        ulong sectionsLength = BinaryPrimitives.ReadUInt64LittleEndian(header[64..]);
        Require(sectionsLength == fileLength - tableOffset - entryCount * ChunkEntry.Size && sectionsLength <= SharedMemorySnapshotSection.MostBytes, path, 64,
            $"The sections have {sectionsLength} bytes, of which there may be {SharedMemorySnapshotSection.MostBytes}, and the file of {fileLength} bytes does not end with them.");
        uint sectionCount = BinaryPrimitives.ReadUInt32LittleEndian(header[72..]);
        Require(sectionCount <= SharedMemorySnapshotSection.MostSections, path, 72,
            $"There are {sectionCount} sections, of which there may be {SharedMemorySnapshotSection.MostSections}.");
        Require(!header[76..ContentHashOffset].ContainsAnyExcept((byte)0), path, 76, $"The bytes that are kept free are not zero.");
        Require(!header[FieldsEnd..].ContainsAnyExcept((byte)0), path, FieldsEnd, $"The bytes after the header are not zero.");
        return new SnapshotHeader
        {
            Layout = new SnapshotLayout(size, pageSize),
            GuestMappedSize = guestMappedSize,
            ContentHash = HashAt(header, ContentHashOffset),
            BaseHash = flags == LayerFlag ? HashAt(header, BaseHashOffset) : null,
            TableOffset = tableOffset,
            EntryCount = entryCount,
            TableHash = HashAt(header, 160),
            SectionCount = sectionCount,
            SectionsLength = sectionsLength,
            SectionsHash = HashAt(header, 192),
        };
    }

    private static SharedMemorySnapshotHash HashAt(ReadOnlySpan<byte> header, int offset) => new(header.Slice(offset, SharedMemorySnapshotHash.Size));

    /// <summary>The hash of a header in which its own is zero.</summary>
    private static SharedMemorySnapshotHash HashOf(ReadOnlySpan<byte> header)
    {
        Span<byte> hash = stackalloc byte[SharedMemorySnapshotHash.Size];
        hash.Clear();
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(header[..HashOffset]);
        sha.AppendData(hash);
        sha.AppendData(header[FieldsEnd..]);
        _ = sha.GetHashAndReset(hash);
        return new SharedMemorySnapshotHash(hash);
    }

    private static void Require(bool condition, string path, ulong offset, FormattableString detail)
    {
        if (!condition)
        {
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.HeaderInvalid, path, offset, FormattableString.Invariant(detail));
        }
    }
}
