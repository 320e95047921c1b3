using System.Runtime.CompilerServices;

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

    /// <summary>The address in this process behind the last byte.</summary>
    public byte* End => Address + Length;

    /// <summary>Whether some bytes can be neither read nor written on the fast path, because they can go or are too few.</summary>
    public bool IsIndirect => Mapping.IsIndirect;

    public bool IsReadOnly => Mapping.IsReadOnly;

    /// <summary>Reads a value where the fast path may not, and leaves the access.</summary>
    /// <param name="slot">The access, which was published and found no common case.</param>
    /// <param name="guestAddress">Where the value lies, wholly in this region.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <returns>Whether it was read; why not, a second try tells.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryLoadSlow<T>(AccessSlot slot, ulong guestAddress, out T value) where T : unmanaged
    {
        AccessFailure failure = Mapping.LoadSlow(slot, Offset + (guestAddress - Start), out value);
        GC.KeepAlive(Memory);
        return failure == AccessFailure.None;
    }

    /// <summary>Writes a value where the fast path may not, and leaves the access.</summary>
    /// <param name="slot">The access, which was published and found no common case.</param>
    /// <param name="guestAddress">Where the value is to lie, wholly in this region.</param>
    /// <param name="stored">The value as it is to stand.</param>
    /// <returns>Whether it was written; why not, a second try tells.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryStoreSlow<T>(AccessSlot slot, ulong guestAddress, T stored) where T : unmanaged
    {
        if (IsReadOnly)
        {
            Mapping.Leave(slot);
            return false;
        }

        AccessFailure failure = Mapping.StoreSlow(slot, Offset + (guestAddress - Start), stored);
        GC.KeepAlive(Memory);
        return failure == AccessFailure.None;
    }
}
