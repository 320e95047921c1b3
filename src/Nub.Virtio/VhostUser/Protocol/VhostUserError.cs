namespace Nub.Virtio;

/// <summary>Why a front end's message was refused: a value for each rule that it can break.</summary>
public enum VhostUserError
{
    /// <summary>Nothing was broken.</summary>
    None,

    /// <summary>The connection ended within a message.</summary>
    Truncated,

    /// <summary>The header's version is not 1.</summary>
    VersionInvalid,

    /// <summary>The header's flags call a request a reply.</summary>
    FlagsInvalid,

    /// <summary>The request is none that this back end offers.</summary>
    RequestUnknown,

    /// <summary>The payload's size is not the request's.</summary>
    SizeInvalid,

    /// <summary>There are more or fewer descriptors than the request takes.</summary>
    DescriptorCountInvalid,

    /// <summary>A descriptor stands for something else than the request needs: an event, a socket, memory.</summary>
    DescriptorKindInvalid,

    /// <summary>The request is not legal in this state, or needs a feature that was not negotiated.</summary>
    OutOfOrder,

    /// <summary>Feature bits that were not offered, or that exclude one another.</summary>
    FeaturesInvalid,

    /// <summary>Protocol feature bits that were not offered.</summary>
    ProtocolFeaturesInvalid,

    /// <summary>A field has a value that the protocol has no meaning for.</summary>
    ValueInvalid,

    /// <summary>The device has no such queue.</summary>
    QueueIndexInvalid,

    /// <summary>A queue's size is 0, more than the device takes, or, of a split ring, no power of two.</summary>
    QueueSizeInvalid,

    /// <summary>A table of no regions, or of more than 8; or more than 32 regions by one at a time.</summary>
    RegionCountInvalid,

    /// <summary>A region of no bytes, one that ends beyond 2^64, or one whose offset in its file is not aligned as its guest address is.</summary>
    RegionInvalid,

    /// <summary>A region overlaps another, by its guest or its user addresses.</summary>
    RegionOverlaps,

    /// <summary>A region ends beyond its file.</summary>
    RegionBeyondFile,

    /// <summary>A region's file cannot be mapped.</summary>
    RegionNotMappable,

    /// <summary>There is no such region to remove.</summary>
    RegionUnknown,

    /// <summary>A ring is not within one of the regions.</summary>
    RingOutsideMemory,

    /// <summary>A ring is misaligned, overlaps another, or is else no queue.</summary>
    RingInvalid,

    /// <summary>An access beyond the configuration space, or to a field that the driver may not write.</summary>
    ConfigurationInvalid,

    /// <summary>The memory for requests in flight is too small, not of these queues, or says what cannot be.</summary>
    InFlightInvalid,

    /// <summary>The log of written pages is too small for the memory, or larger than this back end keeps.</summary>
    LogInvalid,
}
