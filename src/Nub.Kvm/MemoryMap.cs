using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// Which memories a virtual machine has and where: the place that keeps them from being pulled away and from being held exclusively while a
/// guest runs.
/// </summary>
/// <remarks>
/// <para><b>Never pulled away.</b> The machine is an owner of each memory that it has a slot of, from before the kernel hears of the slot
/// until the kernel has deleted it. A mapping that were unmapped under a live slot would let the guest write into whatever is mapped
/// there next.</para>
/// <para><b>Never exclusive under a guest.</b> The machine holds one lease of each distinct memory, from when its first processor enters
/// until its last one leaves. A memory that is mapped in between is leased before its slot exists, so there is no moment at which a guest
/// could touch memory that is held exclusively.</para>
/// </remarks>
internal sealed partial class MemoryMap(Descriptor machine, int mostSlots)
{
    private const MemorySlotFlags KernelFlags = MemorySlotFlags.TrackDirtyPages | MemorySlotFlags.ReadOnly;

    private static readonly ulong s_pageSize = (ulong)Environment.SystemPageSize;

    private readonly Lock _gate = new();
    private readonly List<MemorySlot> _slots = [];
    private readonly List<SlotMemory> _memories = [];
    private readonly List<(ulong First, ulong Last, string What)> _reserved = [];
    private int _running;
    private int _slotsInTheEnd;
    private bool _closed;

    /// <summary>How many slots there are, for a debugger.</summary>
    public int Count => _slots.Count;

    /// <summary>Keeps a range, that the kernel uses itself, free of slots.</summary>
    public void Reserve(ulong guestAddress, ulong size, string what) => _reserved.Add((guestAddress, guestAddress + (size - 1), what));

    /// <summary>Begins a run of a processor: the memories are held until <see cref="LeaveGuest"/>.</summary>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively. Nothing is held.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void EnterGuest()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(VirtualMachine));
            if (_running == 0)
            {
                int held = 0;
                try
                {
                    for (; held < _memories.Count; held++)
                    {
                        _memories[held].EnterGuest();
                    }
                }
                catch
                {
                    while (--held >= 0)
                    {
                        _memories[held].LeaveGuest();
                    }

                    throw;
                }
            }

            _running++;
        }
    }

    /// <summary>Ends a run of a processor.</summary>
    public void LeaveGuest()
    {
        using (Uninterrupted.Enter(_gate))
        {
            if (--_running == 0)
            {
                foreach (SlotMemory memory in _memories)
                {
                    memory.LeaveGuest();
                }
            }
        }
    }

    /// <summary>Maps a part of a memory.</summary>
    /// <param name="candidate">Another owner of the memory, which this keeps or disposes.</param>
    /// <param name="guestAddress">The guest physical address of the first byte.</param>
    /// <param name="flags">How it is mapped.</param>
    /// <param name="offset">The first byte of the part.</param>
    /// <param name="size">The size of the part; <see langword="null"/> for the rest.</param>
    public MemorySlot Map(SlotMemory candidate, ulong guestAddress, MemorySlotFlags flags, ulong offset, ulong? size)
    {
        try
        {
            ulong length = CheckRange(candidate.Size, guestAddress, offset, size);
            MemorySlot slot;
            int adviceError;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closed, typeof(VirtualMachine));
                int number = FindPlace(guestAddress, length);

                // What allocates comes first: from the hold on only the kernel can refuse.
                SlotMemory memory = _memories.Find(other => other.Owner.IsSameMemory(candidate.Owner)) ?? candidate;
                slot = new MemorySlot(this, memory, number, guestAddress, offset, length, flags);
                _slots.EnsureCapacity(_slots.Count + 1);
                _memories.EnsureCapacity(_memories.Count + 1);
                Hold(memory);
                try
                {
                    SetRegion(slot, length);
                }
                catch
                {
                    LetGo(memory);
                    throw;
                }

                _slots.Add(slot);
                adviceError = AdviseHugePages(slot);
            }

            // Events are written without the gate: a listener may wait for another user of the machine.
            if (adviceError != 0)
            {
                // It was advice: the memory works all the same.
                NubKvmEventSource.Log.HugePagesRefused(slot.Number, adviceError);
            }

            NubKvmEventSource.Log.SlotMapped(slot.Number, (long)guestAddress, (long)length);
            return slot;
        }
        finally
        {
            // The machine has the memory mapped already, or it was not mapped.
            if (candidate.Slots == 0)
            {
                candidate.Owner.Dispose();
            }
        }
    }

    /// <summary>Deletes a slot, if it exists still.</summary>
    public void Delete(MemorySlot slot)
    {
        int errorCode;
        using (Uninterrupted.Enter(_gate))
        {
            if (slot.IsDeleted)
            {
                return;
            }

            errorCode = DeleteHeld(slot);
        }

        TellDeleted(slot, errorCode);
    }

    /// <summary>Deletes every slot and takes no more. To do so again does nothing.</summary>
    /// <returns>How many there were in the end.</returns>
    public int Close()
    {
        List<(MemorySlot Slot, int ErrorCode)> deleted;
        using (Uninterrupted.Enter(_gate))
        {
            deleted = new(_slots.Count);
            _closed = true;
            for (; _slots.Count > 0; _slotsInTheEnd++)
            {
                MemorySlot slot = _slots[^1];
                deleted.Add((slot, DeleteHeld(slot)));
            }
        }

        foreach ((MemorySlot slot, int errorCode) in deleted)
        {
            TellDeleted(slot, errorCode);
        }

        return _slotsInTheEnd;
    }

    /// <returns>The error with which the kernel refused, or 0.</returns>
    private static int AdviseHugePages(MemorySlot slot) =>
        slot.Flags.HasFlag(MemorySlotFlags.HugePages) && LibC.MAdvise(slot.HostAddress, (nuint)slot.Size, LibC.AdviseHugePage) != 0 ? Marshal.GetLastPInvokeError() : 0;

    private static void TellDeleted(MemorySlot slot, int errorCode)
    {
        if (errorCode == 0)
        {
            NubKvmEventSource.Log.SlotDeleted(slot.Number);
        }
        else
        {
            NubKvmEventSource.Log.SlotDeleteFailed(slot.Number, errorCode);
        }
    }

    /// <returns>The error with which the kernel refused, or 0.</returns>
    private int DeleteHeld(MemorySlot slot)
    {
        _slots.Remove(slot);
        slot.IsDeleted = true;
        try
        {
            // "Deleting a slot is done by passing zero for memory_size" (api.rst, section 4.35). The kernel returns when no processor can
            // reach the pages any more, one that runs included.
            SetRegion(slot, 0);
        }
        catch (KvmException refusal)
        {
            // The guest may have the memory still, so the machine stays its owner for good. A leak is safe; unmapping is not.
            return refusal.NativeErrorCode;
        }

        LetGo(slot.Memory);
        return 0;
    }

    /// <summary>Counts a slot of the memory, which for the first of them becomes one of the machine's. Allocates nothing where there is room in the list.</summary>
    private void Hold(SlotMemory memory)
    {
        if (memory.Slots == 0)
        {
            if (_running > 0)
            {
                memory.EnterGuest();
            }

            _memories.Add(memory);
        }

        memory.Slots++;
    }

    private void LetGo(SlotMemory memory)
    {
        if (--memory.Slots == 0)
        {
            _memories.Remove(memory);
            if (_running > 0)
            {
                memory.LeaveGuest();
            }

            memory.Owner.Dispose();
        }
    }

    private void SetRegion(MemorySlot slot, ulong size)
    {
        var region = new UserspaceMemoryRegion
        {
            Slot = (uint)slot.Number,
            Flags = size == 0 ? 0 : (uint)(slot.Flags & KernelFlags),
            GuestPhysicalAddress = slot.GuestAddress,
            MemorySize = size,
            UserspaceAddress = (ulong)slot.HostAddress,
        };
        Requests.SetUserMemoryRegion.Call(machine, ref region);
    }

    /// <summary>Refuses a range that no slot can have.</summary>
    /// <returns>Its size.</returns>
    private static ulong CheckRange(ulong memorySize, ulong guestAddress, ulong offset, ulong? size)
    {
        CheckAligned(guestAddress, nameof(guestAddress));
        CheckAligned(offset, nameof(offset));

        // The rest of what lies beyond the memory is taken to be a page, so that the error has the offset.
        ulong length = size ?? (offset < memorySize ? memorySize - offset : s_pageSize);
        CheckAligned(length, nameof(size));
        ArgumentOutOfRangeException.ThrowIfZero(length, nameof(size));
        if (offset > memorySize || length > memorySize - offset)
        {
            throw new SharedMemoryBoundsException(offset, length, memorySize);
        }

        if (guestAddress > ulong.MaxValue - (length - 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(guestAddress), guestAddress, $"{length} bytes at guest address 0x{guestAddress:X} would end beyond 2^64.");
        }

        return length;
    }

    private static void CheckAligned(ulong value, string name)
    {
        if (value % s_pageSize != 0)
        {
            throw new ArgumentOutOfRangeException(name, value, $"0x{value:X} is not a multiple of the page size, {s_pageSize} bytes.");
        }
    }

    /// <summary>The lowest number that no slot has, when no slot overlaps the range.</summary>
    private int FindPlace(ulong guestAddress, ulong size)
    {
        ulong last = guestAddress + (size - 1);
        foreach ((ulong first, ulong reservedLast, string what) in _reserved)
        {
            if (guestAddress <= reservedLast && first <= last)
            {
                throw new ArgumentException(
                    $"{size} bytes at guest address 0x{guestAddress:X} overlap {what} at 0x{first:X} to 0x{reservedLast:X}.", nameof(guestAddress));
            }
        }

        foreach (MemorySlot slot in _slots)
        {
            if (guestAddress <= slot.GuestLast && slot.GuestAddress <= last)
            {
                throw new ArgumentException($"{size} bytes at guest address 0x{guestAddress:X} overlap {slot}.", nameof(guestAddress));
            }
        }

        if (_slots.Count >= mostSlots)
        {
            throw new InvalidOperationException($"The virtual machine has {_slots.Count} slots, the most this KVM allows.");
        }

        int number = 0;
        while (_slots.Exists(slot => slot.Number == number))
        {
            number++;
        }

        return number;
    }
}
