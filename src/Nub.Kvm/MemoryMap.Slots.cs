namespace Nub.Kvm;

// What is asked about the slots.
internal sealed partial class MemoryMap
{
    /// <summary>Reads and clears the kernel's log of the slot's dirty pages.</summary>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public unsafe void ReadDirtyLog(MemorySlot slot, Span<ulong> bitmap)
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

    /// <summary>The first slot of each memory that a guest may write, in the order in which they were mapped.</summary>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public MemorySlot[] WritableMemories()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(VirtualMachine));
            var first = new List<MemorySlot>(_memories.Count);
            foreach (MemorySlot slot in _slots)
            {
                if ((slot.Flags & MemorySlotFlags.ReadOnly) == 0 && !first.Exists(other => other.Memory == slot.Memory))
                {
                    first.Add(slot);
                }
            }

            return [.. first];
        }
    }

    /// <summary>The other slots by which a guest may write bytes of the memory that a slot has.</summary>
    public MemorySlot[] WritableOverlapping(MemorySlot slot)
    {
        lock (_gate)
        {
            return
            [
                .. _slots.Where(other => other != slot && other.Memory == slot.Memory && (other.Flags & MemorySlotFlags.ReadOnly) == 0
                    && other.Offset < slot.Offset + slot.Size && slot.Offset < other.Offset + other.Size),
            ];
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

    /// <summary>The slots for a debugger, which may look while a thread that changes them stands still: then <see langword="null"/>.</summary>
    /// <param name="running">How many processors run their guest.</param>
    public MemorySlot[]? Peek(out int running)
    {
        running = _running;
        if (!_gate.TryEnter())
        {
            return null;
        }

        try
        {
            return [.. _slots];
        }
        finally
        {
            _gate.Exit();
        }
    }
}
