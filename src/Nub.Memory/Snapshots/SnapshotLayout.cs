namespace Nub.Memory;

/// <summary>How a memory is divided into chunks, each of which has one checksum, and chunks into pages, each of which is stored or not.</summary>
internal readonly struct SnapshotLayout
{
    /// <summary>The size of a chunk in bytes: it stays in a processor's second cache while it is read, checked and written.</summary>
    public const int ChunkSize = 1 << 16;

    /// <summary>The smallest page, of which a chunk has as many as a mask has bits.</summary>
    public const uint LeastPageSize = 1 << 12;

    /// <summary>The largest memory in bytes, 2^45 (32 TiB): as many chunks as two arrays can hold together.</summary>
    public const ulong LargestSize = 1UL << 45;

    /// <summary>Describes a memory.</summary>
    /// <param name="size">Its size in bytes, which <see cref="IsValid"/> accepts.</param>
    /// <param name="pageSize">The page size in bytes.</param>
    public SnapshotLayout(ulong size, uint pageSize)
    {
        Size = size;
        PageSize = (int)pageSize;
        ChunkCount = (uint)((size + ChunkSize - 1) / ChunkSize);
    }

    /// <summary>The size of the memory in bytes.</summary>
    public ulong Size { get; }

    /// <summary>The page size in bytes, 4,096 to 65,536.</summary>
    public int PageSize { get; }

    /// <summary>How many chunks there are. The last may be shorter.</summary>
    public uint ChunkCount { get; }

    /// <summary>Whether a memory can have these sizes.</summary>
    public static bool IsValid(ulong size, uint pageSize) =>
        pageSize is >= LeastPageSize and <= ChunkSize && uint.IsPow2(pageSize) && size is > 0 and <= LargestSize && size % pageSize == 0;

    /// <summary>Where a chunk begins in the memory.</summary>
    public static ulong OffsetOf(uint chunk) => (ulong)chunk * ChunkSize;

    /// <summary>The size of a chunk in bytes: a multiple of the page size.</summary>
    public int LengthOf(uint chunk) => (int)Math.Min(ChunkSize, Size - OffsetOf(chunk));

    /// <summary>A bit for each page of a chunk.</summary>
    public ushort PagesOf(uint chunk) => (ushort)((1u << (LengthOf(chunk) / PageSize)) - 1);

    /// <summary>The checksum of a chunk whose bytes are all zero.</summary>
    public UInt128 ZeroChecksum(uint chunk)
    {
        int length = LengthOf(chunk);
        return length == ChunkSize ? ZeroChunk.Checksum : ChunkChecksum.Compute(ZeroChunk.Bytes.AsSpan(0, length));
    }

    private static class ZeroChunk
    {
        public static readonly byte[] Bytes = Once.Make(static () => new byte[ChunkSize]);
        public static readonly UInt128 Checksum = ChunkChecksum.Compute(Bytes);
    }
}
