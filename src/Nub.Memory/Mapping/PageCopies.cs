using System.Buffers;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>Copies a memory into a snapshot and back, page by page, where nothing tells what was written: each page is looked at.</summary>
/// <remarks>The caller holds the memory exclusively. Other processes that have it too may change it meanwhile: each page is then copied as it was at some time.</remarks>
internal static unsafe class PageCopies
{
    private const int ChunkSize = 1 << 16;

    /// <summary>Copies a part into a new snapshot, where pages of zeroes stay holes.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte of the part: a multiple of the page size.</param>
    /// <param name="length">Its length in bytes: a multiple of the page size.</param>
    /// <param name="snapshot">The snapshot, whose bytes are zero.</param>
    /// <exception cref="SharedMemoryFaultException">Bytes have gone.</exception>
    public static void CopyOut(HostMapping memory, ulong offset, ulong length, HostMapping snapshot)
    {
        byte[]? buffer = memory.Indirect is null ? null : ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (ulong end = offset + length; offset < end;)
            {
                ReadOnlySpan<byte> chunk = Bytes(memory, offset, (int)Math.Min(end - offset, ChunkSize), buffer);
                CopyOut(chunk, offset, snapshot);
                offset += (ulong)chunk.Length;
            }
        }
        finally
        {
            Return(buffer);
        }
    }

    /// <summary>Copies all pages that differ from a snapshot of the same size back.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="snapshot">The snapshot, which stays meanwhile.</param>
    /// <exception cref="SharedMemoryFaultException">Bytes have gone. Those before were brought back.</exception>
    public static void CopyBack(HostMapping memory, HostMapping snapshot)
    {
        byte[]? target = memory.Indirect is null ? null : ArrayPool<byte>.Shared.Rent(ChunkSize);
        byte[]? source = snapshot.Indirect is null ? null : ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            int page = (int)HostMapping.PageSize;
            for (ulong offset = 0; offset < memory.Size;)
            {
                int length = (int)Math.Min(memory.Size - offset, ChunkSize);
                ReadOnlySpan<byte> wanted = Bytes(snapshot, offset, length, source);
                ReadOnlySpan<byte> found = Bytes(memory, offset, length, target);
                for (int at = 0; at < length; at += page)
                {
                    // Pages that are alike are not written, or each would come into being.
                    ReadOnlySpan<byte> bytes = wanted.Slice(at, page);
                    if (!bytes.SequenceEqual(found.Slice(at, page)))
                    {
                        Write(memory, offset + (ulong)at, bytes);
                    }
                }

                offset += (ulong)length;
            }
        }
        finally
        {
            Return(target);
            Return(source);
        }
    }

    private static void CopyOut(ReadOnlySpan<byte> chunk, ulong offset, HostMapping snapshot)
    {
        int page = (int)HostMapping.PageSize;
        int start = 0;
        for (int at = 0; at < chunk.Length; at += page)
        {
            if (!chunk.Slice(at, page).ContainsAnyExcept((byte)0))
            {
                Write(chunk, start, at);
                start = at + page;
            }
        }

        Write(chunk, start, chunk.Length);

        void Write(ReadOnlySpan<byte> chunk, int start, int end)
        {
            if (start < end)
            {
                snapshot.Initialize(offset + (ulong)start, chunk[start..end]);
            }
        }
    }

    /// <summary>The bytes themselves, or a copy in the buffer where they may go.</summary>
    private static ReadOnlySpan<byte> Bytes(HostMapping mapping, ulong offset, int length, byte[]? buffer)
    {
        // Sound: within the mapping, which stays. Where there is no indirect access its bytes do, too.
        byte* place = (byte*)mapping.Address + offset;
        if (mapping.Indirect is not { } indirect)
        {
            return new ReadOnlySpan<byte>(place, length);
        }

        return indirect.TryCopyOut(ref MemoryMarshal.GetArrayDataReference(buffer!), place, (nuint)length)
            ? buffer.AsSpan(0, length)
            : throw new SharedMemoryFaultException(offset, (ulong)length);
    }

    private static void Write(HostMapping memory, ulong offset, ReadOnlySpan<byte> bytes)
    {
        byte* place = (byte*)memory.Address + offset;
        if (memory.Indirect is not { } indirect)
        {
            BulkCopy.CopyIn(place, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);
        }
        else if (!indirect.TryCopyIn(place, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length))
        {
            throw new SharedMemoryFaultException(offset, (ulong)bytes.Length);
        }
    }

    private static void Return(byte[]? buffer)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
