namespace Nub.Virtio;

/// <summary>A disk in this process's memory. A part of it takes memory when it is first written.</summary>
public sealed class MemoryStorage : BlockStorage
{
    private const int ChunkSize = 64 * 1024;

    private readonly byte[]?[] _chunks;

    /// <summary>Creates a disk of zeroes.</summary>
    /// <param name="size">The size in bytes, a multiple of 512, at most 64 TiB.</param>
    /// <param name="isReadOnly">Whether a driver may not write it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not one of these.</exception>
    public MemoryStorage(ulong size, bool isReadOnly = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(size % 512, 0UL, nameof(size));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 1UL << 46);
        Size = size;
        IsReadOnly = isReadOnly;
        _chunks = new byte[]?[(size + ChunkSize - 1) / ChunkSize];
    }

    /// <inheritdoc/>
    public override ulong Size { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly { get; }

    /// <summary>Reads for the host.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="destination">Where to.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the disk.</exception>
    public void CopyTo(ulong position, Span<byte> destination)
    {
        Check(position, destination.Length);
        while (!destination.IsEmpty)
        {
            int part = PartOf(position, (ulong)destination.Length);
            if (Chunk(position) is { } chunk)
            {
                chunk.AsSpan((int)(position % ChunkSize), part).CopyTo(destination);
            }
            else
            {
                destination[..part].Clear();
            }

            position += (ulong)part;
            destination = destination[part..];
        }
    }

    /// <summary>Writes for the host.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the disk.</exception>
    public void CopyFrom(ulong position, ReadOnlySpan<byte> source)
    {
        Check(position, source.Length);
        while (!source.IsEmpty)
        {
            int part = PartOf(position, (ulong)source.Length);
            source[..part].CopyTo(ChunkToWrite(position).AsSpan((int)(position % ChunkSize), part));
            position += (ulong)part;
            source = source[part..];
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(ulong position, ChainWriter destination, ulong length)
    {
        while (length != 0)
        {
            int part = PartOf(position, length);
            bool written = Chunk(position) is { } chunk
                ? destination.TryCopyFrom(chunk.AsSpan((int)(position % ChunkSize), part))
                : destination.TryFill((ulong)part, 0);
            if (!written)
            {
                return false;
            }

            position += (ulong)part;
            length -= (ulong)part;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool TryWrite(ulong position, ChainReader source, ulong length)
    {
        while (length != 0)
        {
            int part = PartOf(position, length);
            if (!source.TryCopyTo(ChunkToWrite(position).AsSpan((int)(position % ChunkSize), part)))
            {
                return false;
            }

            position += (ulong)part;
            length -= (ulong)part;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool TryDiscard(ulong position, ulong length) => TryWriteZeroes(position, length, mayUnmap: true);

    /// <inheritdoc/>
    public override bool TryWriteZeroes(ulong position, ulong length, bool mayUnmap)
    {
        while (length != 0)
        {
            // Cleared rather than given back: another queue's thread may be in the middle of the chunk.
            int part = PartOf(position, length);
            Chunk(position)?.AsSpan((int)(position % ChunkSize), part).Clear();
            position += (ulong)part;
            length -= (ulong)part;
        }

        return true;
    }

    private static int PartOf(ulong position, ulong length) => (int)Math.Min(length, ChunkSize - position % ChunkSize);

    private byte[]? Chunk(ulong position) => Volatile.Read(ref _chunks[position / ChunkSize]);

    private byte[] ChunkToWrite(ulong position)
    {
        ref byte[]? chunk = ref _chunks[position / ChunkSize];
        return Volatile.Read(ref chunk) ?? Interlocked.CompareExchange(ref chunk, new byte[ChunkSize], null) ?? chunk;
    }

    private void Check(ulong position, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)length, Size - position, nameof(length));
    }
}
