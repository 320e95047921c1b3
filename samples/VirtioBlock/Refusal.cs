namespace VirtioBlock;

/// <summary>Why the device refused what a driver did. After most it needs a reset (virtio 1.2, section 2.1.2).</summary>
internal enum Refusal
{
    None,
    QueueSizeImpossible,
    QueueOutsideMemory,
    AvailableIndexJumped,
    HeadOutOfRange,
    NextOutOfRange,
    ChainLoops,
    IndirectNotNegotiated,
    BufferOutsideMemory,
    RequestTooShort,
    HeaderNotReadable,
    StatusNotWritable,

    /// <summary>Answered with the status IOERR.</summary>
    WrongDirection,

    /// <summary>Answered with the status IOERR.</summary>
    NotWholeSectors,

    /// <summary>Answered with the status IOERR.</summary>
    BeyondTheDisk,

    /// <summary>Answered with the status UNSUPP.</summary>
    UnknownRequest,
}
