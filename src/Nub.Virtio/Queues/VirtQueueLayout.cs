namespace Nub.Virtio;

/// <summary>Where a virtqueue stands, in guest addresses, as the driver has set it up.</summary>
/// <param name="Size">The number of entries: 1 to 32768; of a split queue a power of two.</param>
/// <param name="DescriptorArea">The descriptor table, or the packed descriptor ring: 16 bytes an entry, at a multiple of 16.</param>
/// <param name="DriverArea">
/// What the driver writes: the available ring (6 bytes and 2 an entry, at a multiple of 2), or the event suppression structure of a packed queue (4 bytes, at a multiple of 4).
/// </param>
/// <param name="DeviceArea">
/// What the device writes: the used ring (6 bytes and 8 an entry, at a multiple of 4), or the event suppression structure of a packed queue (4 bytes, at a multiple of 4).
/// </param>
public readonly record struct VirtQueueLayout(uint Size, ulong DescriptorArea, ulong DriverArea, ulong DeviceArea);
