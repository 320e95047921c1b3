using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>
/// The state of a machine's processors and of the devices that it has in the kernel, to go back to
/// (<see cref="VirtualMachine.SaveState"/>). Its memory is saved apart, as a copy-on-write view or as a <see cref="MemorySnapshot"/>.
/// Immutable.
/// </summary>
[DebuggerDisplay("{Processors.Count} processors, {Chips.Length} interrupt controllers")]
public sealed partial class MachineState
{
    internal MachineState(Dictionary<uint, ProcessorState> processors, IrqchipState[] chips, PitState? pit)
    {
        Processors = processors;
        Chips = chips;
        Pit = pit;
    }

    /// <summary>The state of each processor, by its id.</summary>
    public IReadOnlyDictionary<uint, ProcessorState> Processors { get; }

    internal IrqchipState[] Chips { get; }

    internal PitState? Pit { get; }
}
