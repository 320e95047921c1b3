using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>Reads a chunk of a memory into private bytes.</summary>
internal delegate void ChunkReader(uint chunk, Span<byte> destination);

/// <summary>
/// Writes a snapshot's file from the first chunk to the last: pages, then the table, the sections and, at the end, the header. Each byte of
/// the memory is read once, and all is judged on that copy.
/// </summary>
internal sealed class SnapshotWriter
{
    // Zero chunks between others are stored, as a hole of the file, up to this many: else a memory full of gaps would be mapped in as many pieces.
    private const uint LongestHole = 16;

    private readonly SafeFileHandle _file;
    private readonly SnapshotLayout _layout;
    private readonly SharedMemorySnapshot? _below;
    private readonly byte[] _chunk = ArrayPool<byte>.Shared.Rent(SnapshotLayout.ChunkSize);
    private readonly byte[] _other = ArrayPool<byte>.Shared.Rent(SnapshotLayout.ChunkSize);
    private readonly List<ChunkEntry> _entries = [];
    private ulong _end;
    private uint _next;

    private SnapshotWriter(SafeFileHandle file, in SnapshotLayout layout, SharedMemorySnapshot? below)
    {
        _file = file;
        _layout = layout;
        _below = below;
        _end = (ulong)layout.PageSize;
    }

    /// <summary>Saves a memory.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="layout">The memory's.</param>
    /// <param name="guestMappedSize">How much of it a guest is to see, in bytes.</param>
    /// <param name="read">How it is read.</param>
    /// <param name="chunks">The chunks that may not be zero or as in the base, by number.</param>
    /// <param name="below">What it is to be saved as a layer of; null for a whole snapshot.</param>
    /// <param name="sections">What travels with it.</param>
    /// <returns>The contents.</returns>
    public static SnapshotContents Save(
        string path, in SnapshotLayout layout, ulong guestMappedSize, ChunkReader read, IEnumerable<uint> chunks, SharedMemorySnapshot? below,
        SharedMemorySnapshotSection[] sections)
    {
        using var file = ReplacingFile.Create(path);
        var writer = new SnapshotWriter(file.Handle, layout, below);
        try
        {
            foreach (uint chunk in chunks)
            {
                Span<byte> bytes = writer._chunk.AsSpan(0, layout.LengthOf(chunk));
                read(chunk, bytes);
                writer.Add(chunk, bytes);
            }

            SnapshotContents contents = writer.End(guestMappedSize, sections);
            file.Commit();
            return contents;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer._chunk);
            ArrayPool<byte>.Shared.Return(writer._other);
        }
    }

    private void Add(uint chunk, ReadOnlySpan<byte> bytes)
    {
        ushort nonZero = SnapshotPages.NonZero(bytes, _layout.PageSize);
        ushort changed = _layout.PagesOf(chunk);
        if (_below is null)
        {
            if (nonZero == 0)
            {
                return;
            }

            StoreHoles(chunk);
        }
        else
        {
            changed = nonZero;
            if (_below.Contents.TryGet(chunk, out _))
            {
                Span<byte> other = _other.AsSpan(0, bytes.Length);
                _below.ReadChunk(chunk, other);
                changed = SnapshotPages.Different(bytes, other, _layout.PageSize);
            }
        }

        if (changed == 0)
        {
            return;
        }

        // A layer has a zero page as a bit; of a whole snapshot it is a hole within its chunk.
        ushort stored = _below is null ? changed : (ushort)(changed & nonZero);
        _entries.Add(new ChunkEntry(chunk, stored, (ushort)(changed & ~stored), ChunkChecksum.Compute(bytes)));
        _next = chunk + 1;
        Store(bytes, stored, nonZero);
    }

    private void Store(ReadOnlySpan<byte> bytes, ushort stored, ushort nonZero)
    {
        // A run ends where the next page in the file is not the next in memory, or is to be a hole.
        ushort written = (ushort)(stored & nonZero);
        while (SnapshotPages.TryTakeRun(ref written, out int first, out int count))
        {
            int before = System.Numerics.BitOperations.PopCount(stored & ((1u << first) - 1));
            RandomAccess.Write(_file, bytes.Slice(first * _layout.PageSize, count * _layout.PageSize), (long)(_end + (ulong)(before * _layout.PageSize)));
        }

        _end += (ulong)(System.Numerics.BitOperations.PopCount(stored) * _layout.PageSize);
    }

    private void StoreHoles(uint chunk)
    {
        for (uint hole = chunk - _next <= LongestHole ? _next : chunk; hole < chunk; hole++)
        {
            _entries.Add(new ChunkEntry(hole, _layout.PagesOf(hole), 0, _layout.ZeroChecksum(hole)));
            _end += (ulong)_layout.LengthOf(hole);
        }
    }

    private SnapshotContents End(ulong guestMappedSize, SharedMemorySnapshotSection[] sections)
    {
        ReadOnlySpan<ChunkEntry> entries = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_entries);
        SnapshotContents contents = SnapshotContents.Of(_layout, _below?.Contents, entries);
        ulong at = _end;
        SharedMemorySnapshotHash tableHash = WriteTable(entries, ref at);
        byte[] sectionBytes = SnapshotSections.ToBytes(sections);
        RandomAccess.Write(_file, sectionBytes, (long)at);
        var header = new SnapshotHeader
        {
            Layout = _layout,
            GuestMappedSize = guestMappedSize,
            BaseHash = _below?.Contents.Hash,
            ContentHash = contents.Hash,
            TableOffset = _end,
            EntryCount = (ulong)entries.Length,
            TableHash = tableHash,
            SectionCount = (uint)sections.Length,
            SectionsLength = (ulong)sectionBytes.Length,
            SectionsHash = SnapshotSections.HashOf(sectionBytes),
        };
        RandomAccess.Write(_file, header.ToBytes(), 0);
        return contents;
    }

    private SharedMemorySnapshotHash WriteTable(ReadOnlySpan<ChunkEntry> entries, ref ulong at)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (!entries.IsEmpty)
        {
            int count = Math.Min(entries.Length, SnapshotLayout.ChunkSize / ChunkEntry.Size);
            Span<byte> batch = _chunk.AsSpan(0, count * ChunkEntry.Size);
            for (int i = 0; i < count; i++)
            {
                entries[i].Write(batch[(i * ChunkEntry.Size)..]);
            }

            sha.AppendData(batch);
            RandomAccess.Write(_file, batch, (long)at);
            at += (ulong)batch.Length;
            entries = entries[count..];
        }

        return new SharedMemorySnapshotHash(sha.GetHashAndReset());
    }
}
