using Nub.Memory;

namespace Nub.Virtio;

// The messages of the vhost-user protocol ("Message Specification"). All numbers are in the machine's byte order, which is little-endian
// wherever this library runs. Every bit pattern of these structs is legal: what a number means is judged by its reader.

/// <summary>What every message begins with (12 bytes).</summary>
[AllValid]
internal partial struct MessageHeader
{
    public const uint VersionMask = 3;
    public const uint Version = 1;
    public const uint Reply = 1 << 2;
    public const uint NeedReply = 1 << 3;

    public uint Request;
    public uint Flags;

    /// <summary>The bytes of the payload.</summary>
    public uint Size;
}

/// <summary>A number of one ring's (8 bytes).</summary>
[AllValid]
internal partial struct VringState
{
    public uint Index;
    public uint Value;
}

/// <summary>Where a ring stands (40 bytes): user addresses, which the memory table translates.</summary>
[AllValid]
internal partial struct VringAddresses
{
    /// <summary>VHOST_VRING_F_LOG: writes to the used ring are logged.</summary>
    public const uint LogWrites = 1;

    public uint Index;
    public uint Flags;
    public ulong Descriptors;
    public ulong Used;
    public ulong Available;

    /// <summary>The guest address by which the used ring is logged.</summary>
    public ulong Log;
}

/// <summary>What a table of memory regions begins with (8 bytes).</summary>
[AllValid]
internal partial struct MemoryTableHeader
{
    public uint Count;
    public uint Padding;
}

/// <summary>A memory region (32 bytes).</summary>
[AllValid]
internal partial struct RegionDescription
{
    public ulong GuestAddress;
    public ulong Size;

    /// <summary>Where the front end has the region in its own process.</summary>
    public ulong UserAddress;

    /// <summary>Where the region begins in the file that comes with it.</summary>
    public ulong FileOffset;
}

/// <summary>One region to be added or removed (40 bytes).</summary>
[AllValid]
internal partial struct SingleRegion
{
    public ulong Padding;
    public RegionDescription Region;
}

/// <summary>Where the log of written pages stands in its file (16 bytes).</summary>
[AllValid]
internal partial struct LogDescription
{
    public ulong Size;
    public ulong Offset;
}

/// <summary>What an access to the configuration space begins with (12 bytes), before its bytes.</summary>
[AllValid]
internal partial struct ConfigurationAccess
{
    /// <summary>The most bytes that one message reads or writes: VHOST_USER_MAX_CONFIG_SIZE.</summary>
    public const uint MaxSize = 256;

    public uint Offset;
    public uint Size;

    /// <summary>0 for the driver's own writes, 1 for those of a live migration.</summary>
    public uint Flags;
}

/// <summary>The memory for requests in flight (24 bytes; the last four are C's padding and may be left out).</summary>
[AllValid]
internal partial struct InFlightDescription
{
    public const int SizeWithoutPadding = 20;

    public ulong MapSize;
    public ulong MapOffset;
    public ushort QueueCount;
    public ushort QueueSize;
    public uint Padding;
}
