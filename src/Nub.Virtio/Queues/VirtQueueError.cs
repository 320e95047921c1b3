namespace Nub.Virtio;

/// <summary>The rule that a driver broke. Sections are of virtio 1.2.</summary>
public enum VirtQueueError
{
    /// <summary>None.</summary>
    None,

    /// <summary>The size is 0, above 32768, or, of a split queue, no power of two (2.7, 2.8).</summary>
    SizeInvalid,

    /// <summary>An area does not stand at a multiple of what it must (2.7, 2.8.10.1).</summary>
    AreaMisaligned,

    /// <summary>An area is not wholly mapped, would end beyond 2^64, or cannot be written where the device must write.</summary>
    AreaNotMapped,

    /// <summary>Two areas of the queue overlap.</summary>
    AreasOverlap,

    /// <summary>The start position is not one of a queue of this size.</summary>
    PositionInvalid,

    /// <summary>An area that was mapped is not any more, or its bytes are gone.</summary>
    AreaGone,

    /// <summary>The driver's index is further ahead than the queue has entries (2.7.6).</summary>
    AvailableIndexJumped,

    /// <summary>The available ring names a descriptor that the table does not have (2.7.6).</summary>
    HeadOutOfRange,

    /// <summary>A chain goes on at a descriptor that the table does not have (2.7.5).</summary>
    NextOutOfRange,

    /// <summary>A chain has more descriptors than the queue or its indirect table, because it loops or is too long (2.7.5.2, 2.8.17).</summary>
    ChainTooLong,

    /// <summary>The buffers of a chain have more than 2^32 - 1 bytes (2.7.5.2, 2.8.17).</summary>
    ChainTooLarge,

    /// <summary>A packed chain goes on at a descriptor that was not made available.</summary>
    ChainNotComplete,

    /// <summary>A buffer's address plus its length is beyond 2^64.</summary>
    BufferWraps,

    /// <summary>A buffer has no bytes (2.7.5, 2.8.4).</summary>
    BufferEmpty,

    /// <summary>A buffer that the device may read comes after one that it may write (2.7.4.2, 2.8.17).</summary>
    ReadableAfterWritable,

    /// <summary>An indirect descriptor, though <see cref="VirtioFeatures.IndirectDescriptors"/> was not negotiated.</summary>
    IndirectNotNegotiated,

    /// <summary>An indirect table has no entries, or its length is not a multiple of 16 (2.7.5.3.1, 2.8.19).</summary>
    IndirectTableSizeInvalid,

    /// <summary>An indirect table's address plus its length is beyond 2^64, or it is not mapped.</summary>
    IndirectTableNotMapped,

    /// <summary>An indirect table has an indirect descriptor (2.7.5.3.1, 2.8.19).</summary>
    IndirectNested,

    /// <summary>An indirect descriptor has the flag NEXT, or stands in a packed chain of several (2.7.5.3.1, 2.8.19).</summary>
    IndirectWithNext,

    /// <summary>A chain was made available that the device still has (2.7.13, 2.8.21).</summary>
    HeadInFlight,

    /// <summary>More chains, or descriptors, were made available than the queue has room for while the device has the others.</summary>
    TooManyInFlight,
}
