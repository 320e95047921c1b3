using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Nub.Memory;

/// <summary>
/// The checksums of all chunks of a memory that are not zero, by number, and the hash over them that names the contents. The same bytes have
/// the same hash, however they were saved: so a layer can be laid over its base as it was, over the base flattened, or over the memory itself.
/// </summary>
internal sealed class SnapshotContents
{
    private readonly uint[] _chunks;
    private readonly UInt128[] _checksums;

    private SnapshotContents(in SnapshotLayout layout, uint[] chunks, UInt128[] checksums)
    {
        _chunks = chunks;
        _checksums = checksums;
        Hash = ComputeHash(layout, chunks, checksums);
    }

    public SharedMemorySnapshotHash Hash { get; }

    /// <summary>The numbers of the chunks that are not zero, ascending.</summary>
    public IReadOnlyList<uint> Chunks => _chunks;

    /// <summary>The contents of a base after the entries of a layer, or those of the entries alone where there is no base.</summary>
    /// <param name="layout">The memory's.</param>
    /// <param name="below">The base's contents.</param>
    /// <param name="entries">What the table says, by number.</param>
    public static SnapshotContents Of(in SnapshotLayout layout, SnapshotContents? below, ReadOnlySpan<ChunkEntry> entries)
    {
        ReadOnlySpan<uint> old = below?._chunks;
        int most = old.Length + entries.Length;
        uint[] chunks = GC.AllocateUninitializedArray<uint>(most);
        UInt128[] checksums = GC.AllocateUninitializedArray<UInt128>(most);
        int count = 0;
        int next = 0;
        foreach (ref readonly ChunkEntry entry in entries)
        {
            // What the entry does not speak of stays.
            int end = next;
            while (end < old.Length && old[end] < entry.Chunk)
            {
                end++;
            }

            Keep(next, end);
            next = end < old.Length && old[end] == entry.Chunk ? end + 1 : end;
            if (entry.Checksum != layout.ZeroChecksum(entry.Chunk))
            {
                chunks[count] = entry.Chunk;
                checksums[count++] = entry.Checksum;
            }
        }

        Keep(next, old.Length);
        return count == most ? new SnapshotContents(layout, chunks, checksums) : new SnapshotContents(layout, chunks[..count], checksums[..count]);

        void Keep(int from, int to)
        {
            below?._chunks.AsSpan(from, to - from).CopyTo(chunks.AsSpan(count));
            below?._checksums.AsSpan(from, to - from).CopyTo(checksums.AsSpan(count));
            count += to - from;
        }
    }

    /// <summary>Whether a chunk has bytes that are not zero.</summary>
    public bool TryGet(uint chunk, out UInt128 checksum)
    {
        int at = Array.BinarySearch(_chunks, chunk);
        checksum = at >= 0 ? _checksums[at] : default;
        return at >= 0;
    }

    private static SharedMemorySnapshotHash ComputeHash(in SnapshotLayout layout, uint[] chunks, UInt128[] checksums)
    {
        const int EntrySize = sizeof(uint) + 16;
        const int Batch = 256;
        Span<byte> buffer = stackalloc byte[Batch * EntrySize];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, layout.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[8..], SnapshotLayout.ChunkSize);
        sha.AppendData(buffer[..12]);
        for (int i = 0; i < chunks.Length;)
        {
            int used = 0;
            for (; i < chunks.Length && used < buffer.Length; i++, used += EntrySize)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(buffer[used..], chunks[i]);
                BinaryPrimitives.WriteUInt128LittleEndian(buffer[(used + sizeof(uint))..], checksums[i]);
            }

            sha.AppendData(buffer[..used]);
        }

        _ = sha.GetHashAndReset(buffer);
        return new SharedMemorySnapshotHash(buffer[..SharedMemorySnapshotHash.Size]);
    }
}
