namespace Nub.Kvm;

// Saving the state of all but the memory, and going back to it.
public sealed unsafe partial class VirtualMachine
{
    private const uint ChipCount = 3;

    /// <summary>Saves the state of the processors and of the kernel's devices (api.rst, sections 4.26 and 4.72). Nobody may be running a
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

        var chips = new IrqchipState[HasInterruptController ? ChipCount : 0];
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
    /// <exception cref="ArgumentException">A processor of this machine is not in the state, or the other way round.</exception>
    /// <exception cref="InvalidOperationException">A processor is in use.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void RestoreState(MachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        VirtualProcessor[] processors = Processors();
        if (processors.Length != state.Processors.Count || !Array.TrueForAll(processors, processor => state.Processors.ContainsKey(processor.Id)))
        {
            throw new ArgumentException(
                $"The state has the processors {string.Join(", ", state.Processors.Keys)}, "
                + $"and the machine {string.Join(", ", processors.Select(processor => processor.Id))}.",
                nameof(state));
        }

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

    private VirtualProcessor[] Processors()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return [.. _processors];
        }
    }
}
