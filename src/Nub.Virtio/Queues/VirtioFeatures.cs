namespace Nub.Virtio;

/// <summary>
/// The feature bits that belong to queues and transports (virtio 1.2, section 6). Bits 0 to 23 and 50 to 63 are the device's own, and are cast from numbers.
/// </summary>
[Flags]
public enum VirtioFeatures : ulong
{
    /// <summary>No feature.</summary>
    None = 0,

    /// <summary>VIRTIO_F_INDIRECT_DESC: a descriptor may refer to a table of descriptors.</summary>
    IndirectDescriptors = 1UL << 28,

    /// <summary>VIRTIO_F_EVENT_IDX: each side says at which entry it wants to be notified.</summary>
    EventIndex = 1UL << 29,

    /// <summary>VIRTIO_F_VERSION_1: the device follows the specification, not what came before it.</summary>
    Version1 = 1UL << 32,

    /// <summary>VIRTIO_F_ACCESS_PLATFORM: addresses go through the platform's translation.</summary>
    AccessPlatform = 1UL << 33,

    /// <summary>VIRTIO_F_RING_PACKED: queues are packed.</summary>
    RingPacked = 1UL << 34,

    /// <summary>VIRTIO_F_IN_ORDER: chains come back in the order in which they were made available.</summary>
    InOrder = 1UL << 35,

    /// <summary>VIRTIO_F_ORDER_PLATFORM: memory is ordered as the platform orders it for devices.</summary>
    OrderPlatform = 1UL << 36,

    /// <summary>VIRTIO_F_NOTIFICATION_DATA: a kick carries the driver's position.</summary>
    NotificationData = 1UL << 38,

    /// <summary>VIRTIO_F_RING_RESET: a queue can be reset alone.</summary>
    RingReset = 1UL << 40,
}
