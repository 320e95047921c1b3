using System.Buffers;

namespace Nub.Memory;

/// <summary>
/// Copies a snapshot's file, and what it is a layer of, into new memory, and compares each chunk with its checksum on the way: it is read once
/// into private bytes, judged there, and written from there. The memory is given out only when all of it was found whole.
/// </summary>
internal static class SnapshotCopy
{
    /// <summary>Copies.</summary>
    /// <param name="file">The file.</param>
    /// <param name="below">What it is a layer of; null of a whole snapshot.</param>
    /// <param name="contents">The checksums that are to come out.</param>
    /// <exception cref="SharedMemorySnapshotException">A chunk is damaged.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the memory.</exception>
    public static ReadOnlySharedMemory Read(SnapshotFile file, SharedMemorySnapshot? below, SnapshotContents contents)
    {
        SnapshotLayout layout = file.Header.Layout;
        byte[] chunkBuffer = ArrayPool<byte>.Shared.Rent(SnapshotLayout.ChunkSize);
        byte[] pageBuffer = ArrayPool<byte>.Shared.Rent(SnapshotLayout.ChunkSize);
        HostMapping? mapping = HostMapping.CreateSnapshot(layout.Size);
        try
        {
            ulong place = (ulong)file.Header.Length;
            int next = 0;
            foreach (uint chunk in contents.Chunks)
            {
                // Chunks that the layer makes zero are not among the contents, and are read for their checksum alone.
                for (; next < file.Entries.Length && file.Entries[next].Chunk < chunk; next++)
                {
                    _ = ReadEntry(file, below, file.Entries[next], chunkBuffer, pageBuffer, ref place);
                }

                Span<byte> bytes = chunkBuffer.AsSpan(0, layout.LengthOf(chunk));
                if (next < file.Entries.Length && file.Entries[next].Chunk == chunk)
                {
                    bytes = ReadEntry(file, below, file.Entries[next++], chunkBuffer, pageBuffer, ref place);
                }
                else
                {
                    below!.ReadChunk(chunk, bytes);
                }

                Write(mapping, layout, chunk, bytes);
            }

            for (; next < file.Entries.Length; next++)
            {
                _ = ReadEntry(file, below, file.Entries[next], chunkBuffer, pageBuffer, ref place);
            }

            HostMapping whole = mapping;
            mapping = null;
            return ReadOnlySharedMemory.Frozen(whole, file.Header.GuestMappedSize);
        }
        finally
        {
            mapping?.Release();
            ArrayPool<byte>.Shared.Return(chunkBuffer);
            ArrayPool<byte>.Shared.Return(pageBuffer);
        }
    }

    /// <summary>Writes what is not zero of a chunk into new memory, which stays without pages elsewhere.</summary>
    public static void Write(HostMapping mapping, in SnapshotLayout layout, uint chunk, ReadOnlySpan<byte> bytes)
    {
        ushort written = SnapshotPages.NonZero(bytes, layout.PageSize);
        while (SnapshotPages.TryTakeRun(ref written, out int first, out int count))
        {
            int at = first * layout.PageSize;
            mapping.Initialize(SnapshotLayout.OffsetOf(chunk) + (ulong)at, bytes.Slice(at, count * layout.PageSize));
        }
    }

    private static Span<byte> ReadEntry(SnapshotFile file, SharedMemorySnapshot? below, in ChunkEntry entry, byte[] chunkBuffer, byte[] pageBuffer, scoped ref ulong place)
    {
        SnapshotLayout layout = file.Header.Layout;
        Span<byte> bytes = chunkBuffer.AsSpan(0, layout.LengthOf(entry.Chunk));
        Span<byte> stored = pageBuffer.AsSpan(0, entry.StoredCount * layout.PageSize);
        int pages = layout.PagesOf(entry.Chunk);
        if (entry.Stored == pages)
        {
            file.Read(place, bytes);
        }
        else
        {
            if ((entry.Stored | entry.Zero) == pages)
            {
                bytes.Clear();
            }
            else
            {
                below!.ReadChunk(entry.Chunk, bytes);
            }

            file.Read(place, stored);
            Scatter(bytes, stored, entry, layout.PageSize);
        }

        UInt128 checksum = ChunkChecksum.Compute(bytes);
        if (checksum != entry.Checksum)
        {
            ulong offset = SnapshotLayout.OffsetOf(entry.Chunk);
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.ChunkDamaged, file.Path, place,
                $"Chunk {entry.Chunk} (the memory from 0x{offset:X} on), of which {stored.Length} bytes are stored here, has the checksum {checksum:x32}, and the table says {entry.Checksum:x32}.", offset);
        }

        place += (ulong)stored.Length;
        return bytes;
    }

    private static void Scatter(Span<byte> bytes, ReadOnlySpan<byte> stored, in ChunkEntry entry, int pageSize)
    {
        for (int page = 0; page * pageSize < bytes.Length; page++)
        {
            Span<byte> target = bytes.Slice(page * pageSize, pageSize);
            if ((entry.Zero >> page & 1) != 0)
            {
                target.Clear();
            }
            else if ((entry.Stored >> page & 1) != 0)
            {
                stored[..pageSize].CopyTo(target);
                stored = stored[pageSize..];
            }
        }
    }
}
