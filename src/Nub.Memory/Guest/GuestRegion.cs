namespace Nub.Memory;

/// <summary>One region of a guest's addresses, and the part of a memory that stands there. It has an owner of its own, which keeps the mapping.</summary>
internal sealed unsafe class GuestRegion
{
    public GuestRegion(ulong start, HostSharedMemory memory, ulong offset, ulong length)
    {
        Start = start;
        Memory = memory;
        Offset = offset;
        Length = length;
        Mapping = memory.Live;

        // To be dereferenced while the mapping is held only; the caller has judged the range.
        Address = Mapping.Base + offset;
    }

    /// <summary>The first guest address.</summary>
    public ulong Start { get; }

    /// <summary>The length in bytes, at least 1.</summary>
    public ulong Length { get; }

    /// <summary>The last guest address; the end itself may be 2^64.</summary>
    public ulong Last => Start + (Length - 1);

    public HostSharedMemory Memory { get; }

    public LockedMapping Mapping { get; }

    /// <summary>Where the region begins in the memory, in bytes.</summary>
    public ulong Offset { get; }

    public byte* Address { get; }

    /// <summary>Whether some bytes can be neither read nor written on the fast path, because they can go or are too few.</summary>
    public bool IsIndirect => Mapping.IsIndirect;

    public bool IsReadOnly => Mapping.IsReadOnly;
}
