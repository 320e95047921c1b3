namespace VirtioBlock;

// What the driver writes by itself: the device's side of all this is Nub.Virtio's.

/// <summary>The queue as the driver lays it out (<c>struct virtq_desc</c>, virtio 1.2, section 2.7.5).</summary>
internal static class Descriptor
{
    public const int Length = 8;
    public const int Flags = 12;
    public const int NextIndex = 14;

    public const ushort Next = 1;
    public const ushort DeviceWrites = 2;
    public const ushort Indirect = 4;

    /// <summary>How many the queue has.</summary>
    public const int Count = 64;
}

/// <summary>What a request to a disk begins with, and how it is answered (<c>struct virtio_blk_req</c>, section 5.2.6).</summary>
internal static class Request
{
    public const int HeaderSize = 16;
    public const uint Read = 0;
    public const uint Write = 1;

    public const byte Ok = 0;
    public const byte IoError = 1;
    public const byte Unsupported = 2;

    /// <summary>What the driver puts there before: the device has answered nothing.</summary>
    public const byte Unanswered = 0xFF;
}
