namespace Nub.Memory;

/// <summary>
/// All of the memory as the virtual processor has it. The thread that runs a guest holds a lease (<see cref="EnterGuest"/>) while the
/// guest runs, so that the memory is neither taken exclusively nor released under the guest.
/// </summary>
public sealed class GuestSharedMemory : SharedMemory
{
    internal GuestSharedMemory()
    {
    }

    /// <summary>Makes another owner of the same memory: what a hypervisor keeps for as long as it has the memory mapped.</summary>
    /// <returns>The other owner, to be disposed on its own.</returns>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public GuestSharedMemory Clone()
    {
        FaultPoint.Reach();
        var clone = new GuestSharedMemory();
        ShareWith(clone);
        return clone;
    }

    /// <summary>Begins a lease, to be held while a guest runs on the memory, and disposed from any thread.</summary>
    /// <returns>The lease.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public GuestLease EnterGuest()
    {
        GuestLease lease = new(Live);
        GC.KeepAlive(this);
        return lease;
    }

    /// <summary>Describes the memory as a region to be mapped into a virtual machine: readable, writable and executable.</summary>
    /// <param name="guestAddress">The guest physical address of the first byte.</param>
    /// <param name="type">What the region is for: <see cref="MemoryRegionType.Scratch"/> or <see cref="MemoryRegionType.Snapshot"/>.</param>
    /// <returns>The region.</returns>
    /// <exception cref="ArgumentException">Another type, or a region that would end beyond 2^64.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public MemoryRegion MappingAt(ulong guestAddress, MemoryRegionType type)
    {
        if (type is not (MemoryRegionType.Scratch or MemoryRegionType.Snapshot))
        {
            throw new ArgumentException($"Guest memory is mapped as Scratch or Snapshot, not as {type}.", nameof(type));
        }

        return Live.RegionAt(guestAddress, Size, type, MemoryRegionFlags.Read | MemoryRegionFlags.Write | MemoryRegionFlags.Execute);
    }
}
