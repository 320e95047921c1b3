namespace Nub.Virtio;

/// <summary>How a virtqueue stands in memory.</summary>
public enum VirtQueueFormat
{
    /// <summary>Descriptor table, available ring and used ring (virtio 1.2, section 2.7).</summary>
    Split,

    /// <summary>One ring of descriptors that both sides write (section 2.8). Negotiated by <see cref="VirtioFeatures.RingPacked"/>.</summary>
    Packed,
}
