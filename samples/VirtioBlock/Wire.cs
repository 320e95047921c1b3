using Nub.Memory;

namespace VirtioBlock;

// What the driver and the device have in memory, as the virtio 1.2 specification lays it out. Every bit pattern of these structs is
// legal: what a number means is judged by who reads it.

/// <summary>A buffer of the driver's (<c>struct virtq_desc</c>, 16 bytes; section 2.7.5).</summary>
[AllValid]
internal partial struct QueueDescriptor
{
    public const ushort Next = 1;
    public const ushort DeviceWrites = 2;
    public const ushort Indirect = 4;

    /// <summary>The guest physical address of the buffer.</summary>
    public ulong Address;

    /// <summary>Its length in bytes.</summary>
    public uint Length;

    public ushort Flags;

    /// <summary>The next descriptor of the chain, where the flags say that there is one.</summary>
    public ushort NextIndex;
}

/// <summary>What the available ring and the used ring begin with (4 bytes; sections 2.7.6 and 2.7.8): the index of the next entry, which
/// only grows.</summary>
[AllValid]
internal partial struct RingHeader
{
    public ushort Flags;
    public ushort Index;
}

/// <summary>A chain that the device is done with (<c>struct virtq_used_elem</c>, 8 bytes; section 2.7.8).</summary>
[AllValid]
internal partial struct UsedElement
{
    /// <summary>The first descriptor of the chain.</summary>
    public uint Head;

    /// <summary>How many bytes the device has written to the chain's buffers.</summary>
    public uint Length;
}

/// <summary>What a request to a disk begins with (<c>struct virtio_blk_req</c>, 16 bytes; section 5.2.6).</summary>
[AllValid]
internal partial struct RequestHeader
{
    public const uint Read = 0;
    public const uint Write = 1;

    public uint Type;
    public uint Reserved;
    public ulong Sector;
}
