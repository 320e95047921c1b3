using Nub.Memory;

namespace Nub.Virtio;

/// <summary>The header of a block request (virtio 1.2, section 5.2.6).</summary>
[AllValid]
internal partial struct BlockRequest
{
    public const uint Read = 0;
    public const uint Write = 1;
    public const uint Flush = 4;
    public const uint GetId = 8;
    public const uint Discard = 11;
    public const uint WriteZeroes = 13;

    public const byte Ok = 0;
    public const byte IoError = 1;
    public const byte Unsupported = 2;

    public uint Type;
    public uint Reserved;
    public ulong Sector;
}

/// <summary>A range of a discard or of a write of zeroes.</summary>
[AllValid]
internal partial struct BlockRange
{
    /// <summary>Of a write of zeroes: the storage may be given back.</summary>
    public const uint Unmap = 1;

    public ulong Sector;
    public uint SectorCount;
    public uint Flags;
}
