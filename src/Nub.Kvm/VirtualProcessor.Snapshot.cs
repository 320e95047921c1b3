namespace Nub.Kvm;

// Saving a processor's state and going back to it.
public sealed partial class VirtualProcessor
{
    // A string instruction on ports is finished in parts of at most a page; nothing takes more parts than this.
    private const int MostParts = 4096;

    // The MSRs that are a guest's state, of those the kernel gives (KVM_GET_MSR_INDEX_LIST): system calls, segments, memory types, the
    // timer, the paravirtual clock. The others tell about the processor, or count on by themselves.
    private static ReadOnlySpan<uint> StateMsrs =>
    [
        0x174, 0x175, 0x176, // IA32_SYSENTER_CS, _ESP, _EIP
        0x1A0, // IA32_MISC_ENABLE
        0x277, // IA32_PAT
        0x6E0, // IA32_TSC_DEADLINE
        0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, // STAR, LSTAR, CSTAR, SFMASK
        0xC000_0102, // KERNEL_GS_BASE
        0xC000_0103, // TSC_AUX
        0x4B56_4D00, 0x4B56_4D01, 0x4B56_4D02, 0x4B56_4D03, 0x4B56_4D04, // KVM's own
    ];

    private uint[]? _savedMsrs;

    /// <summary>
    /// Saves the processor's state. If the last exit was in the middle of an instruction that exit is to have been handled: the
    /// instruction is finished first.
    /// </summary>
    /// <returns>The state, to be given to <see cref="RestoreState"/> as often as wanted.</returns>
    /// <exception cref="InvalidOperationException">
    /// The instruction of the last exit has another part, which is to be handled first (<see cref="CompleteExit"/>); or another thread is
    /// using the processor.
    /// </exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public ProcessorState SaveState()
    {
        PrepareToSave();
        return new ProcessorState
        {
            Registers = GetRegisters(),
            SpecialRegisters = GetSpecialRegisters(),
            ExtendedState = GetExtendedState(),
            ExtendedControlRegister = GetExtendedControlRegister(),
            Msrs = SaveMsrs(),
            DebugRegisters = GetDebugRegisters(),
            Events = GetEvents(),
            LocalApic = _machine.HasInterruptController ? Get<LocalApicState>(Requests.GetLapic) : null,
            MultiprocessingState = _machine.HasInterruptController ? GetMultiprocessingState() : null,
        };
    }

    /// <summary>
    /// Goes back to a state that was saved. An instruction that the last exit left in the middle is ended first, which may write the guest's memory: restore the memory
    /// after this. What it was to read is the exit's data: zeroes, unless others were put there; and zeroes for its further parts.
    /// </summary>
    /// <param name="state">The state, of this processor or of one like it.</param>
    /// <exception cref="ArgumentException">
    /// The processor of the state has extended state of another size, or a local interrupt controller where this one has none or the other way round. Nothing was changed.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">
    /// The kernel refused a part, or the value of a model-specific register that has another: the state is of a processor that is unlike this one. The parts before it are restored.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public void RestoreState(ProcessorState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Check(state);
        EndInstruction();
        SetSpecialRegisters(state.SpecialRegisters);
        SetRegisters(state.Registers);
        SetExtendedControlRegister(state.ExtendedControlRegister);
        SetExtendedState(state.ExtendedState);
        if (state.LocalApic is { } localApic)
        {
            Set(Requests.SetLapic, localApic);
        }

        RestoreMsrs(state.Msrs);
        SetDebugRegisters(state.DebugRegisters);
        if (state.MultiprocessingState is { } doing)
        {
            SetMultiprocessingState(doing);
        }

        SetEvents(state.Events);
    }

    /// <summary>Refuses a state of a processor that cannot be this one, before a part of it is set.</summary>
    /// <exception cref="ArgumentException">It is such a state.</exception>
    internal void Check(ProcessorState state)
    {
        if (state.ExtendedState.Length != _machine.ExtendedStateSize)
        {
            throw new ArgumentException(
                $"The state of processor {Id} has {state.ExtendedState.Length} bytes of extended state, and this machine's has {_machine.ExtendedStateSize}.", nameof(state));
        }

        if ((state.LocalApic is not null) != _machine.HasInterruptController || (state.MultiprocessingState is not null) != _machine.HasInterruptController)
        {
            throw new ArgumentException(
                $"The state of processor {Id} has {(state.LocalApic is null ? "no" : "a")} local interrupt controller, and the processor {(_machine.HasInterruptController ? "has one" : "has none")}.",
                nameof(state));
        }
    }

    /// <summary>Finishes the instruction of an exit that was handled.</summary>
    /// <exception cref="InvalidOperationException">It has another part.</exception>
    internal void PrepareToSave()
    {
        if (_isExitUnfinished && CompleteExit().Reason != VmExitReason.Cancelled)
        {
            throw new InvalidOperationException("The instruction of the last exit has another part: run the processor on before its state is saved.");
        }
    }

    /// <summary>Whether the last exit left an instruction in the middle.</summary>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    internal bool IsInInstruction()
    {
        lock (_gate)
        {
            CheckFree();
            return _isExitUnfinished;
        }
    }

    /// <summary>Ends an instruction that the last exit left in the middle, with what is in the exit's data for what it was to read.</summary>
    internal void EndInstruction()
    {
        for (int part = 0; _isExitUnfinished && part < MostParts; part++)
        {
            _ = CompleteExit();
        }
    }

    /// <summary>Sets all of them. The kernel stops at one that it does not let be set, which is no matter where it has the value already.</summary>
    private void RestoreMsrs(ReadOnlySpan<MsrEntry> entries)
    {
        while (!entries.IsEmpty)
        {
            entries = entries[WriteMsrs(entries)..];
            if (entries.IsEmpty)
            {
                return;
            }

            MsrEntry refused = entries[0];
            Span<MsrEntry> has = [new MsrEntry(refused.Index)];
            if (ReadMsrs(has) != 1 || has[0].Value != refused.Value)
            {
                // The call itself says only how many it has set.
                throw new KvmException(Requests.SetMsrs.Name, LibC.Invalid, $"MSR 0x{refused.Index:X} of a saved state, to 0x{refused.Value:X}");
            }

            entries = entries[1..];
        }
    }

    private MsrEntry[] SaveMsrs()
    {
        // Which there are is found out once: those the kernel does not give here are left out.
        _savedMsrs ??= Array.FindAll(StateMsrs.ToArray(), index => ReadMsrs([new MsrEntry(index)]) == 1);
        MsrEntry[] entries = Array.ConvertAll(_savedMsrs, index => new MsrEntry(index));
        _ = ReadMsrs(entries);
        return entries;
    }
}
