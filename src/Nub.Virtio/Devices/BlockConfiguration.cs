using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>The configuration space of a block device (virtio 1.2, section 5.2.4). A sector has 512 bytes everywhere.</summary>
[AllValid]
[StructLayout(LayoutKind.Sequential)]
public partial struct BlockConfiguration
{
    /// <summary>The size in sectors.</summary>
    public ulong Capacity;

    /// <summary>The most bytes of a segment, with feature 1.</summary>
    public uint SizeMax;

    /// <summary>The most segments of a request, with feature 2.</summary>
    public uint SegMax;

    /// <summary>A disk's cylinders, with feature 4.</summary>
    public ushort Cylinders;

    /// <summary>A disk's heads, with feature 4.</summary>
    public byte Heads;

    /// <summary>A disk's sectors, with feature 4.</summary>
    public byte Sectors;

    /// <summary>The size of a block in bytes, with feature 6: what the driver should use.</summary>
    public uint BlockSize;

    /// <summary>The logarithm of a physical block's number of blocks, with feature 10.</summary>
    public byte PhysicalBlockExponent;

    /// <summary>The first aligned block, with feature 10.</summary>
    public byte AlignmentOffset;

    /// <summary>The least size of a request that is fast, in blocks, with feature 10.</summary>
    public ushort MinIoSize;

    /// <summary>The best size of a request in blocks, with feature 10.</summary>
    public uint OptIoSize;

    /// <summary>Whether there is a cache that is written back, with feature 11.</summary>
    public byte Writeback;

    /// <summary>Nothing.</summary>
    public byte Unused0;

    /// <summary>The number of queues, with feature 12.</summary>
    public ushort QueueCount;

    /// <summary>The most sectors of a discarded range, with feature 13.</summary>
    public uint MaxDiscardSectors;

    /// <summary>The most ranges of a discard, with feature 13.</summary>
    public uint MaxDiscardSegments;

    /// <summary>What a discarded range should be a multiple of, in sectors, with feature 13.</summary>
    public uint DiscardSectorAlignment;

    /// <summary>The most sectors of a range of zeroes, with feature 14.</summary>
    public uint MaxWriteZeroesSectors;

    /// <summary>The most ranges of a write of zeroes, with feature 14.</summary>
    public uint MaxWriteZeroesSegments;

    /// <summary>Whether a write of zeroes may give the storage back, with feature 14.</summary>
    public byte WriteZeroesMayUnmap;

    /// <summary>Nothing.</summary>
    public byte Unused1;

    /// <summary>Nothing.</summary>
    public ushort Unused2;

    /// <summary>The most sectors of a range that is erased for good, with feature 16.</summary>
    public uint MaxSecureEraseSectors;

    /// <summary>The most ranges that are erased at once, with feature 16.</summary>
    public uint MaxSecureEraseSegments;

    /// <summary>What such a range should be a multiple of, in sectors, with feature 16.</summary>
    public uint SecureEraseSectorAlignment;
}
