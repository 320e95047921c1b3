namespace Nub.Ipc;

/// <summary>The rule of a ring that was broken.</summary>
public enum SharedRingError
{
    /// <summary>No rule was broken: the ring is merely empty or full.</summary>
    None = 0,

    /// <summary>What stands at the start of the memory is not a ring of this version and capacity.</summary>
    LayoutMismatch,

    /// <summary>A record's mark names another position than the one it stands at: records overlap, or a position jumped.</summary>
    RecordOutOfPlace,

    /// <summary>A record's length leaves the ring, or is more than a record may have.</summary>
    RecordTooLong,

    /// <summary>Padding before the end of the ring does not reach to the end, or nothing follows it.</summary>
    PaddingInvalid,

    /// <summary>The sizes of a group of records contradict one another.</summary>
    GroupInvalid,

    /// <summary>The consumer says that it read to a position that it cannot have read to.</summary>
    ConsumerPositionInvalid,

    /// <summary>The record has another size than the type that was asked for. It stays in the ring; it can be skipped.</summary>
    RecordSizeMismatch,

    /// <summary>The record is longer than the caller's destination. It stays in the ring; it can be read into a larger one.</summary>
    DestinationTooSmall,

    /// <summary>The bytes of the ring have gone: the owner of the memory shortened it.</summary>
    MemoryLost,

    /// <summary>The process at the other end of the channel has gone: what is written will not be read.</summary>
    PeerGone,
}
