using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>
/// All of a processor's state, to go back to (<see cref="VirtualProcessor.SaveState"/>): registers, floating point and vectors, control
/// and debug registers, pending events, the local interrupt controller. The time stamp counter is not in it: the guest's time goes on.
/// Immutable.
/// </summary>
[DebuggerDisplay("{Registers}")]
public sealed class ProcessorState
{
    internal ProcessorState()
    {
    }

    /// <summary>The general registers.</summary>
    public Registers Registers { get; init; }

    /// <summary>The segments, tables and control registers.</summary>
    public SpecialRegisters SpecialRegisters { get; init; }

    internal byte[] ExtendedState { get; init; } = [];

    internal ulong ExtendedControlRegister { get; init; }

    internal MsrEntry[] Msrs { get; init; } = [];

    internal DebugRegisters DebugRegisters { get; init; }

    internal ProcessorEvents Events { get; init; }

    // Only where the kernel has the interrupt controller.
    internal LocalApicState? LocalApic { get; init; }

    internal MultiprocessingState? MultiprocessingState { get; init; }
}
