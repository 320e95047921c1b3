using Nub.Memory;

namespace Nub.Kvm;

// Saving the state of all but the memory, and going back to it.
public sealed unsafe partial class VirtualMachine
{
    /// <summary>Saves the state of the processors and of the kernel's devices (api.rst, sections 4.26 and 4.72). No thread may be running a
    /// processor.</summary>
    /// <returns>The state, to be given to <see cref="RestoreState"/> as often as wanted.</returns>
    /// <exception cref="InvalidOperationException">A processor is in use, or in the middle of an instruction
    /// (<see cref="VirtualProcessor.SaveState"/>).</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public MachineState SaveState()
    {
        var processors = new Dictionary<uint, ProcessorState>();
        foreach (VirtualProcessor processor in Processors())
        {
            processors.Add(processor.Id, processor.SaveState());
        }

        var chips = new IrqchipState[HasInterruptController ? MachineState.ChipCount : 0];
        for (uint i = 0; i < chips.Length; i++)
        {
            chips[i].ChipId = i;
            Requests.GetIrqchip.Call(_descriptor, ref chips[i]);
        }

        return new MachineState(processors, chips, HasPit ? Requests.GetPit2.Get<PitState>(_descriptor) : null);
    }

    /// <summary>
    /// Goes back to a state that was saved. Restore the memory after this: an instruction that the last exit left in the middle is ended
    /// here and may write it.
    /// </summary>
    /// <param name="state">The state, of this machine or of one that was made like it.</param>
    /// <exception cref="ArgumentException">
    /// A processor, interrupt controller or timer of this machine is not in the state, or the other way round; or the processors of the state have other extended state. Nothing was changed.
    /// </exception>
    /// <exception cref="InvalidOperationException">A processor is in use.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void RestoreState(MachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        SetState(Check(state), state);
    }

    /// <summary>
    /// Takes a snapshot of the whole machine: processors, the kernel's devices, and every memory that a guest may write, which stays where it is and becomes a
    /// copy-on-write view (<see cref="SharedMemory.TakeSnapshot"/>), so that <see cref="Restore"/> takes time in proportion to what was written since. No thread may be
    /// running a processor or be inside one of the memories.
    /// </summary>
    /// <remarks>
    /// An instruction that the last exit left in the middle is ended first. The memories are copied one after the other: when one fails, those before it are what they were, and
    /// <see cref="SharedMemory.Restore()"/> of such a one brings back this moment instead of an earlier one. What is yours, such as devices of your own and which slots there are, is not in the snapshot;
    /// nor is read-only memory, which a guest does not change.
    /// </remarks>
    /// <returns>The snapshot, to be given to <see cref="Restore"/> as often as wanted, and to be disposed.</returns>
    /// <exception cref="InvalidOperationException">A processor is in use, or in the middle of an instruction
    /// (<see cref="VirtualProcessor.SaveState"/>).</exception>
    /// <exception cref="NotSupportedException">A slot is <see cref="MemorySlotFlags.WriteThrough"/>: what others share cannot be brought back for one.</exception>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside one of the memories.</exception>
    /// <exception cref="SharedMemoryFaultException">Bytes of a memory are gone.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the memory for a copy.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public MachineSnapshot TakeSnapshot()
    {
        MemorySlot[] slots = _memory.WritableMemories();
        if (Array.Find(slots, slot => slot.Memory.Owner is ReadOnlySharedMemory) is { } through)
        {
            throw new NotSupportedException($"{through} is written through to every sharer of its memory, which cannot be brought back for one machine.");
        }

        foreach (VirtualProcessor processor in Processors())
        {
            processor.PrepareToSave();
        }

        // From here on no processor can run, so that state and memory are of one moment.
        return Alone(slots, held =>
        {
            MachineState state = SaveState();
            var memories = new MachineMemory[slots.Length];
            int taken = 0;
            try
            {
                for (; taken < slots.Length; taken++)
                {
                    memories[taken] = new MachineMemory(slots[taken].GuestAddress, slots[taken].Offset, held[taken].TakeSnapshot());
                }

                return new MachineSnapshot(state, memories);
            }
            catch
            {
                while (--taken >= 0)
                {
                    memories[taken].Contents.Dispose();
                }

                throw;
            }
        });
    }

    /// <summary>
    /// Brings a snapshot of the whole machine back, in time proportional to what was written since: memory, the kernel's devices and processors. No thread may be running
    /// a processor or be inside one of the memories.
    /// </summary>
    /// <remarks>
    /// An instruction that the last exit left in the middle is ended first. A slot's dirty log and a <see cref="DirtyBitmap"/> tell what guest and host have written, and
    /// nothing of what is brought back.
    /// </remarks>
    /// <param name="snapshot">The snapshot, of this machine or of one that was made like it: the same processors, and at the same addresses memories of the same
    /// sizes.</param>
    /// <exception cref="ArgumentException">The machine has other processors, other devices in the kernel, or other memories. Nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">A processor is in use, and nothing was changed; or the machine was brought back in part only, and what failed is the inner
    /// exception. The machine can be used, and brought back again.</exception>
    /// <exception cref="SharedMemoryLockedException">
    /// An access, a lease or a guest is inside one of the memories. Nothing was changed; where it came in while an instruction was being ended, that instruction alone was.
    /// </exception>
    /// <exception cref="NotSupportedException">A slot is <see cref="MemorySlotFlags.WriteThrough"/>, which a machine of a snapshot has none of. Nothing was changed.</exception>
    /// <exception cref="KvmException">The kernel refused to end an instruction.</exception>
    /// <exception cref="ObjectDisposedException">The machine or the snapshot was disposed.</exception>
    public void Restore(MachineSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        VirtualProcessor[] processors = Check(snapshot.State);
        MemorySlot[] slots = Find(snapshot);
        EndInstructions(processors, slots);

        // Exclusivity first: a user that is inside is found before anything is changed.
        _ = Alone(slots, held =>
        {
            int restored = 0;
            try
            {
                for (; restored < held.Length; restored++)
                {
                    held[restored].Restore(snapshot.Memories[restored].Contents);
                }

                SetState(processors, snapshot.State);
                return true;
            }
            catch (Exception failure) when (failure is SharedMemoryException or KvmException or OutOfMemoryException or (InvalidOperationException and not ObjectDisposedException))
            {
                throw new InvalidOperationException(
                    $"The machine was brought back in part only: {restored} of {held.Length} memories, "
                    + $"and its processors {(restored < held.Length ? "not" : "in part")}. It can be brought back again. {failure.Message}",
                    failure);
            }
        });
    }

    /// <summary>
    /// Ends the instructions that last exits left in the middle. That cannot be taken back, and a processor holds the memories meanwhile: so exclusivity is tried first, and a user that
    /// is inside is found before anything is changed.
    /// </summary>
    private static void EndInstructions(VirtualProcessor[] processors, MemorySlot[] slots)
    {
        VirtualProcessor[] inInstruction = Array.FindAll(processors, static processor => processor.IsInInstruction());
        if (inInstruction.Length != 0)
        {
            _ = Alone(slots, static _ => true);
            foreach (VirtualProcessor processor in inInstruction)
            {
                processor.EndInstruction();
            }
        }
    }

    /// <summary>Runs an action while holding the memories of all slots exclusively.</summary>
    private static TResult Alone<TResult>(MemorySlot[] slots, Func<ExclusiveSharedMemory[], TResult> action)
    {
        var held = new ExclusiveSharedMemory[slots.Length];
        return Next(0);

        TResult Next(int taken) => taken == held.Length
            ? action(held)
            : slots[taken].Memory.Owner.WithExclusivity(memory =>
            {
                held[taken] = memory;
                return Next(taken + 1);
            });
    }

    /// <summary>The slots whose memories a snapshot has, in its order.</summary>
    private MemorySlot[] Find(MachineSnapshot snapshot)
    {
        MemorySlot[] slots = _memory.WritableMemories();
        return slots.Length == snapshot.Memories.Count && Same(slots, snapshot) ? slots : throw new ArgumentException(
            $"The snapshot has {Words(snapshot.Memories.Select(memory => (memory.Contents.Size, memory.GuestAddress)))}, "
            + $"and the machine {Words(slots.Select(slot => (slot.Memory.Owner.Size, slot.GuestAddress)))}.",
            nameof(snapshot));

        static string Words(IEnumerable<(ulong Size, ulong Address)> memories) =>
            string.Join(", ", memories.Select(memory => $"a memory of {memory.Size} bytes with a slot at 0x{memory.Address:X}").DefaultIfEmpty("no memory"));
    }

    private static bool Same(MemorySlot[] slots, MachineSnapshot snapshot)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            MachineMemory memory = snapshot.Memories[i];
            if ((slots[i].GuestAddress, slots[i].Offset, slots[i].Memory.Owner.Size) != (memory.GuestAddress, memory.Offset, memory.Contents.Size))
            {
                return false;
            }
        }

        return true;
    }

    private void SetState(VirtualProcessor[] processors, MachineState state)
    {
        foreach (IrqchipState saved in state.Chips)
        {
            IrqchipState chip = saved;
            Requests.SetIrqchip.Call(_descriptor, ref chip);
        }

        if (state.Pit is { } pit)
        {
            Requests.SetPit2.Call(_descriptor, ref pit);
        }

        foreach (VirtualProcessor processor in processors)
        {
            processor.RestoreState(state.Processors[processor.Id]);
        }
    }

    /// <summary>Refuses a state that has other processors or devices.</summary>
    /// <returns>The machine's processors.</returns>
    /// <exception cref="ArgumentException">What one has the other has not.</exception>
    private VirtualProcessor[] Check(MachineState state)
    {
        VirtualProcessor[] processors = Processors();
        if (processors.Length != state.Processors.Count || !Array.TrueForAll(processors, processor => state.Processors.ContainsKey(processor.Id)))
        {
            throw new ArgumentException(
                $"The state has the processors {string.Join(", ", state.Processors.Keys)}, "
                + $"and the machine {string.Join(", ", processors.Select(processor => processor.Id))}.",
                nameof(state));
        }

        int chips = HasInterruptController ? MachineState.ChipCount : 0;
        if (state.Chips.Length != chips || (state.Pit is not null) != HasPit)
        {
            throw new ArgumentException(
                $"The state has {state.Chips.Length} interrupt controllers and {(state.Pit is null ? "no" : "a")} timer, and the machine {chips} and {(HasPit ? "a" : "no")} timer.",
                nameof(state));
        }

        foreach (VirtualProcessor processor in processors)
        {
            processor.Check(state.Processors[processor.Id]);
        }

        return processors;
    }

    private VirtualProcessor[] Processors()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return [.. _processors];
        }
    }
}
