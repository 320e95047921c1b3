using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// Which memories a virtual machine has and where: the place that keeps them from being pulled away and from being held exclusively while a
/// guest runs.
/// </summary>
/// <remarks>
/// <para><b>Never pulled away.</b> Each slot is an owner of its mapping, from before the kernel hears of it until the kernel has deleted
/// it. A mapping that were unmapped under a live slot would let the guest write into whatever is mapped there next.</para>
/// <para><b>Never exclusive under a guest.</b> The machine holds one lease of each distinct mapping, from when its first processor enters
/// until its last one leaves. A memory that is mapped in between is leased before its slot exists, so there is no moment at which a guest
/// could touch memory that somebody has exclusively.</para>
/// </remarks>
internal sealed class MemoryMap(Descriptor machine, int mostSlots)
{
    private readonly Lock _gate = new();
    private readonly List<MemorySlot> _slots = [];
    private readonly List<Holding> _holdings = [];
    private readonly List<(ulong First, ulong Last, string What)> _reserved = [];
    private int _running;
    private bool _closed;

    /// <summary>Keeps a range, that the kernel uses itself, free of slots.</summary>
    public void Reserve(ulong guestAddress, ulong size, string what) => _reserved.Add((guestAddress, guestAddress + (size - 1), what));

    /// <summary>Begins a run of a processor: the memories are held until <see cref="LeaveGuest"/>.</summary>
    /// <exception cref="SharedMemoryLockedException">Somebody holds one of the memories exclusively. Nothing is held.</exception>
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
                    for (; held < _holdings.Count; held++)
                    {
                        _holdings[held].Mapping.EnterLease();
                    }
                }
                catch
                {
                    while (--held >= 0)
                    {
                        _holdings[held].Mapping.LeaveLease();
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
        lock (_gate)
        {
            if (--_running == 0)
            {
                foreach (Holding holding in _holdings)
                {
                    holding.Mapping.LeaveLease();
                }
            }
        }
    }

    /// <summary>Maps a part of a memory.</summary>
    public MemorySlot Map(LockedMapping mapping, ulong offset, ulong size, ulong guestAddress, MemorySlotFlags flags)
    {
        CheckRange(mapping, offset, size, guestAddress);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(VirtualMachine));
            int number = FindPlace(guestAddress, size);
            var slot = new MemorySlot(this, mapping, number, guestAddress, offset, size, flags);
            mapping.AddOwner();
            bool held = false;
            try
            {
                Hold(mapping);
                held = true;
                SetRegion(slot, size);
            }
            catch
            {
                if (held)
                {
                    LetGo(mapping);
                }

                mapping.RemoveOwner();
                throw;
            }

            _slots.Add(slot);
            AdviseHugePages(slot);
            NubKvmEventSource.Log.SlotMapped(number, (long)guestAddress, (long)size);
            return slot;
        }
    }

    /// <summary>Deletes a slot, if it exists still.</summary>
    public void Delete(MemorySlot slot)
    {
        lock (_gate)
        {
            if (!slot.IsDeleted)
            {
                DeleteHeld(slot);
            }
        }
    }

    /// <summary>Deletes every slot and takes no more.</summary>
    /// <returns>How many there were.</returns>
    public int Close()
    {
        lock (_gate)
        {
            int count = _slots.Count;
            _closed = true;
            while (_slots.Count > 0)
            {
                DeleteHeld(_slots[^1]);
            }

            return count;
        }
    }

    /// <summary>Reads and clears the kernel's log of the slot's dirty pages.</summary>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public unsafe void ReadDirtyLog(MemorySlot slot, ReadOnlySpan<ulong> bitmap)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(slot.IsDeleted, slot);

            // Sound: pinned for the call. The kernel writes one bit for each page of the slot, in whole 64-bit words (api.rst, section
            // 4.8), and the bitmap has as many.
            fixed (ulong* words = bitmap)
            {
                var argument = new DirtyLogArgument { Slot = (uint)slot.Number, Bitmap = (ulong)words };
                Requests.GetDirtyLog.Call(machine, ref argument);
            }
        }
    }

    /// <summary>The slot with a number.</summary>
    public MemorySlot? FindSlot(int number)
    {
        lock (_gate)
        {
            return _slots.Find(slot => slot.Number == number);
        }
    }

    private static void AdviseHugePages(MemorySlot slot)
    {
        if (slot.Flags.HasFlag(MemorySlotFlags.HugePages)
            && LinuxNative.MAdvise(slot.Mapping.Mapping.Address + (nint)slot.Offset, (nuint)slot.Size, LibC.AdviseHugePage) != 0)
        {
            // It was advice: the memory works all the same.
            NubKvmEventSource.Log.HugePagesRefused(slot.Number, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        }
    }

    private void DeleteHeld(MemorySlot slot)
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
            // The guest may have the memory still, so this slot stays its owner for good. A leak is safe; unmapping is not.
            NubKvmEventSource.Log.SlotDeleteFailed(slot.Number, refusal.NativeErrorCode);
            return;
        }

        LetGo(slot.Mapping);
        slot.Mapping.RemoveOwner();
        NubKvmEventSource.Log.SlotDeleted(slot.Number);
    }

    private void Hold(LockedMapping mapping)
    {
        Holding? holding = Find(mapping);
        if (holding is null)
        {
            if (_running > 0)
            {
                mapping.EnterLease();
            }

            _holdings.Add(holding = new Holding(mapping));
        }

        holding.Slots++;
    }

    private void LetGo(LockedMapping mapping)
    {
        Holding holding = Find(mapping)!;
        if (--holding.Slots == 0)
        {
            _holdings.Remove(holding);
            if (_running > 0)
            {
                mapping.LeaveLease();
            }
        }
    }

    private Holding? Find(LockedMapping mapping) => _holdings.Find(holding => ReferenceEquals(holding.Mapping, mapping));

    private void SetRegion(MemorySlot slot, ulong size)
    {
        var region = new UserspaceMemoryRegion
        {
            Slot = (uint)slot.Number,
            Flags = size == 0 ? 0 : (uint)(slot.Flags & ~MemorySlotFlags.HugePages),
            GuestPhysicalAddress = slot.GuestAddress,
            MemorySize = size,
            UserspaceAddress = (ulong)slot.Mapping.Mapping.Address + slot.Offset,
        };
        Requests.SetUserMemoryRegion.Call(machine, ref region);
    }

    private static void CheckRange(LockedMapping mapping, ulong offset, ulong size, ulong guestAddress)
    {
        CheckAligned(guestAddress, nameof(guestAddress));
        CheckAligned(offset, nameof(offset));
        CheckAligned(size, nameof(size));
        ArgumentOutOfRangeException.ThrowIfZero(size);
        mapping.CheckBounds(offset, size);
        if (guestAddress > ulong.MaxValue - (size - 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(guestAddress), guestAddress, $"{size} bytes at guest address 0x{guestAddress:X} would end beyond 2^64.");
        }
    }

    private static void CheckAligned(ulong value, string name)
    {
        if (value % HostMapping.PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(name, value, $"0x{value:X} is not a multiple of the page size, {HostMapping.PageSize} bytes.");
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

    /// <summary>A mapping, and how many slots are of it.</summary>
    private sealed class Holding(LockedMapping mapping)
    {
        public LockedMapping Mapping { get; } = mapping;

        public int Slots { get; set; }
    }
}
