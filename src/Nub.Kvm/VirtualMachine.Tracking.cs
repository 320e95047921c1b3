using Nub.Memory;

namespace Nub.Kvm;

// What follows a guest's writes: rings of dirty pages, and gathered MMIO.
public sealed unsafe partial class VirtualMachine
{
    private readonly Lock _coalescedGate = new();
    private HostSharedMemory? _coalescedPage;
    private ulong _dirtyRingSize;

    /// <summary>
    /// Gives each processor a ring that the kernel tells dirty pages in, in place of a log for each slot (KVM_CAP_DIRTY_LOG_RING;
    /// api.rst, section 8.29). To be called before the first processor is created. A full ring is an exit
    /// (<see cref="VmExitReason.DirtyRingFull"/>).
    /// </summary>
    /// <param name="entries">The number of entries: a power of two, from 256 on; the kernel allows 65,536.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is no power of two, less than 256, or more than the kernel
    /// allows.</exception>
    /// <exception cref="InvalidOperationException">A processor was created already.</exception>
    /// <exception cref="NotSupportedException">This KVM has no dirty rings.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void EnableDirtyRings(int entries)
    {
        KvmCapability capability = KvmCapability.DirtyLogRingAcquireRelease;
        int largest = CheckExtension(capability);
        if (largest == 0)
        {
            capability = KvmCapability.DirtyLogRing;
            largest = CheckExtension(capability);
        }

        if (largest == 0)
        {
            throw new NotSupportedException("This KVM has no dirty rings (capabilities 192 and 223).");
        }

        // The kernel keeps some entries to itself, for what one entry of a guest can make dirty, so that a small ring is always full.
        int most = largest / (int)DirtyRing.EntrySize;
        if (entries < 256 || entries > most || (entries & (entries - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(entries), entries, $"A ring has a power of two of entries, 256 to {most}, not {entries}.");
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_coalescedPage is not null)
            {
                throw new InvalidOperationException("Dirty rings are to be enabled before the first processor is created.");
            }

            var argument = new EnableCapabilityArgument { Capability = (uint)capability };
            argument.Arguments[0] = (ulong)entries * DirtyRing.EntrySize;
            Requests.EnableCapability.Call(_descriptor, ref argument);
            _dirtyRingSize = (ulong)entries * DirtyRing.EntrySize;
        }
    }

    /// <summary>Frees the entries that were harvested (KVM_RESET_DIRTY_RINGS; api.rst, section 4.128): a write to their pages is told
    /// again.</summary>
    /// <returns>How many were freed.</returns>
    /// <exception cref="KvmException">The kernel refused: there are no dirty rings (EINVAL, 22).</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public int ResetDirtyRings() => Requests.ResetDirtyRings.Call(_descriptor);

    /// <summary>The slot with a number, such as a <see cref="DirtyPage.SlotNumber"/>.</summary>
    /// <param name="number">The number.</param>
    /// <returns>The slot; <see langword="null"/> when there is none any more.</returns>
    public MemorySlot? FindSlot(int number) => _memory.FindSlot(number);

    /// <summary>
    /// Gathers a guest's writes to a range in a ring, in place of an exit for each (KVM_REGISTER_COALESCED_MMIO; api.rst, section 4.116),
    /// for devices that do not mind when they are told. The ring has room for about 170; one that finds it full is an exit as before.
    /// </summary>
    /// <param name="space">Whether the range is of ports or of memory.</param>
    /// <param name="address">The first address.</param>
    /// <param name="size">The size in bytes.</param>
    /// <returns>The zone. Dispose it to have exits again.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public CoalescedZone CoalesceWrites(IoSpace space, ulong address, uint size)
    {
        var argument = new CoalescedZoneArgument { Address = address, Size = size, IsPort = space == IoSpace.Port ? 1u : 0u };
        Requests.RegisterCoalesced.Call(_descriptor, ref argument);
        return new CoalescedZone(this, argument);
    }

    /// <summary>Takes the oldest write that was gathered. To be called until there is none, before an exit is handled: they came before
    /// it.</summary>
    /// <param name="write">The write.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public bool TryTakeCoalescedWrite(out CoalescedWrite write)
    {
        lock (_coalescedGate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            write = default;
            return _coalescedPage is not null && CoalescedRing.TryTake(_coalescedPage, ref write);
        }
    }
}
