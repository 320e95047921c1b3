using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// Where things stand in the memory of a ring, in bytes from its start, and how a record begins. Whatever one side writes
/// often has two cache lines to itself (the x64 prefetcher fetches lines in pairs), so that neither side disturbs the other.
/// </summary>
/// <remarks>
/// <para><b>Positions</b> count bytes since the ring was made and never wrap round; a position's place is its remainder by the
/// capacity. So a jump shows in a comparison with the capacity, and "empty" and "full" are different.</para>
/// <para><b>A record</b> is a header of 8 bytes, at a multiple of 8, and its bytes, which never wrap round: where they do not fit before
/// the end of the ring, a header for padding fills the rest. A header is 0 until its record is complete; one store with release semantics
/// then reveals the record, so that a reader needs no line but the record's own.
/// Bits 0 to 29 are the length, 30 and 31 the kind, 32 to 63 the mark: the position divided by 8, with its top bit set.</para>
/// <para><b>The rule that makes this sound</b>: before a header is stored, the place of the next one is 0. So what a reader finds there is never
/// a rest of an earlier lap, and at least 8 bytes of a ring are always free.</para>
/// </remarks>
internal static class RingLayout
{
    /// <summary>"NubRing1", little-endian: the version is the last byte.</summary>
    public const ulong Magic = 0x3167_6E69_5262_754E;

    public const ulong MagicOffset = 0;
    public const ulong CapacityOffset = 8;

    /// <summary>To where the consumer has read; the consumer writes it, and the producer reads it when the ring seems full.</summary>
    public const ulong ConsumerPositionOffset = 128;

    /// <summary>What the consumer waits for. The producer reads it after each record, the consumer writes it before it sleeps.</summary>
    public const ulong ConsumerRequestOffset = 256;

    /// <summary>What the producer waits for. The consumer reads it after each record, the producer writes it before it sleeps.</summary>
    public const ulong ProducerRequestOffset = 384;

    /// <summary>The futex beside each request, from the request's offset.</summary>
    public const ulong FutexFromRequest = 8;

    public const ulong DataOffset = 512;

    /// <summary>The least capacity: room for padding, a record, and the next header, many times over.</summary>
    public const ulong LeastCapacity = 512;

    public const ulong HeaderSize = 8;

    /// <summary>Beyond, a position is nothing that a ring can have reached; sums with it cannot overflow.</summary>
    public const ulong PositionLimit = 1UL << 62;

    public const ulong KindMask = 0xC000_0000;
    public const ulong Record = 0;
    public const ulong Group = 0x4000_0000;
    public const ulong Padding = 0x8000_0000;
    public const ulong End = 0xC000_0000;
    public const ulong LengthMask = 0x3FFF_FFFF;

    /// <summary>Judges where a ring or a broadcast is to stand.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="size">The size in bytes.</param>
    /// <param name="least">The least size that it may have.</param>
    /// <param name="what">Which of the two, for the message.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not a multiple of 128, or the size is less.</exception>
    /// <exception cref="ArgumentException">Words would not be aligned in this process, as atomic operations want them: a part of a file may have been opened at any offset.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    public static void CheckPlace(HostSharedMemory memory, ulong offset, ulong size, ulong least, string what)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (offset % 128 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{what} begins at a multiple of 128 bytes.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(size, least);
        if (((ulong)memory.BaseAddress + offset) % 8 != 0)
        {
            throw new ArgumentException($"{what} begins at an address that is a multiple of 8, and this memory at {memory.BaseAddress:x}.", nameof(memory));
        }

        ulong memorySize = memory.Size;
        if (offset > memorySize || size > memorySize - offset)
        {
            throw new SharedMemoryBoundsException(offset, size, memorySize);
        }
    }

    public static ulong CapacityOf(ulong size) => (size - DataOffset) & ~63UL;

    /// <summary>Half the ring: then a record fits an empty ring wherever it begins, with the padding before it.</summary>
    public static int MaxRecordLengthOf(ulong capacity) => (int)Math.Min((capacity / 2 & ~7UL) - HeaderSize, LengthMask & ~7UL);

    /// <summary>The bytes that a record of a length takes, its header included.</summary>
    public static ulong SpanOf(ulong length) => HeaderSize + ((length + 7) & ~7UL);

    public static ulong MarkOf(ulong position) => (position >> 3 & 0x7FFF_FFFF | 0x8000_0000) << 32;
}
