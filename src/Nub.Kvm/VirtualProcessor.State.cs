using System.Runtime.InteropServices;

namespace Nub.Kvm;

// The state beyond the general and special registers.
public sealed unsafe partial class VirtualProcessor
{
    /// <summary>How many model-specific registers the kernel takes in one call (MAX_IO_MSRS).</summary>
    internal const int MostMsrs = 256;

    // Where the XSAVE area says which of its parts are stored; the others are as after a reset (Intel SDM volume 1, section 13.4.2).
    private const int StoredPartsOffset = 512;

    // x87 and SSE.
    private const ulong FloatingPointParts = 0b11;

    /// <summary>The x87 and SSE registers.</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public FloatingPointState GetFloatingPointState() => MemoryMarshal.Read<FloatingPointState>(GetExtendedState());

    /// <summary>Sets the x87 and SSE registers; what else the extended state has stays.</summary>
    /// <param name="state">The registers.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetFloatingPointState(in FloatingPointState state)
    {
        // Not KVM_GET_FPU and KVM_SET_FPU: these touch the stored registers without a look at which parts are stored, so what they set or
        // give may be neither the guest's before nor after.
        byte[] extended = GetExtendedState();
        MemoryMarshal.Write(extended, in state);
        ref ulong stored = ref MemoryMarshal.AsRef<ulong>(extended.AsSpan(StoredPartsOffset));
        stored |= FloatingPointParts;
        SetExtendedState(extended);
    }

    /// <summary>
    /// The extended state: x87, SSE, AVX and what else the processor has, as its XSAVE instruction stores it (KVM_GET_XSAVE2; api.rst,
    /// sections 4.42 and 4.134).
    /// </summary>
    /// <returns>The state, 4,096 bytes or more; to be given to <see cref="SetExtendedState"/>.</returns>
    /// <inheritdoc cref="GetRegisters"/>
    public byte[] GetExtendedState()
    {
        byte[] state = new byte[_machine.ExtendedStateSize];
        Call(state.Length > XsaveRegion.LeastSize ? Requests.GetXsave2 : Requests.GetXsave, state);
        return state;
    }

    /// <summary>Sets the extended state (KVM_SET_XSAVE; api.rst, section 4.43).</summary>
    /// <param name="state">What <see cref="GetExtendedState"/> gave, of a processor of the same machine or of one like it.</param>
    /// <exception cref="ArgumentException">The state has another size than this machine's.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetExtendedState(ReadOnlySpan<byte> state)
    {
        if (state.Length != _machine.ExtendedStateSize)
        {
            throw new ArgumentException($"The state has {state.Length} bytes, and this machine's has {_machine.ExtendedStateSize}.", nameof(state));
        }

        Call(Requests.SetXsave, state);
    }

    /// <summary>XCR0: which parts of the extended state the guest may use (KVM_GET_XCRS; api.rst, section 4.44).</summary>
    /// <returns>A bit for each: 0 x87, 1 SSE, 2 AVX.</returns>
    /// <inheritdoc cref="GetRegisters"/>
    public ulong GetExtendedControlRegister()
    {
        XcrsArgument registers = Get<XcrsArgument>(Requests.GetXcrs);
        return registers.Count > 0 && registers.Register == 0 ? registers.Value : 1;
    }

    /// <summary>Sets XCR0 (KVM_SET_XCRS; api.rst, section 4.45).</summary>
    /// <param name="value">A bit for each part of the extended state that the guest may use.</param>
    /// <exception cref="KvmException">The kernel refused: EINVAL (22) for a part that CPUID does not offer.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetExtendedControlRegister(ulong value) => Set(Requests.SetXcrs, new XcrsArgument { Count = 1, Value = value });

    /// <summary>Reads model-specific registers (KVM_GET_MSRS; api.rst, section 4.18).</summary>
    /// <param name="entries">Which; their values are filled in.</param>
    /// <returns>How many, from the first, were read: the next one does not exist, or the kernel does not give it.</returns>
    /// <exception cref="ArgumentException">There are more than 256.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public int ReadMsrs(Span<MsrEntry> entries)
    {
        byte[] table = MsrTable(entries);
        int count = Call(Requests.GetMsrs, table);
        MemoryMarshal.Cast<byte, MsrEntry>(table.AsSpan(sizeof(FlexibleArrayHeader)))[..count].CopyTo(entries);
        return count;
    }

    /// <summary>Sets model-specific registers (KVM_SET_MSRS; api.rst, section 4.19).</summary>
    /// <param name="entries">Which, and their values.</param>
    /// <returns>How many, from the first, were set: the next one does not exist, or refuses the value.</returns>
    /// <exception cref="ArgumentException">There are more than 256.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public int WriteMsrs(ReadOnlySpan<MsrEntry> entries) => Call(Requests.SetMsrs, MsrTable(entries));

    /// <summary>Reads a model-specific register.</summary>
    /// <param name="index">Its number.</param>
    /// <returns>Its value.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It does not exist, or the kernel does not give it.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public ulong GetMsr(uint index)
    {
        Span<MsrEntry> entry = [new MsrEntry(index)];
        return ReadMsrs(entry) == 1 ? entry[0].Value
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"MSR 0x{index:X} does not exist, or KVM does not give it.");
    }

    /// <summary>Sets a model-specific register.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not exist, or refuses the value.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetMsr(uint index, ulong value)
    {
        if (WriteMsrs([new MsrEntry(index, value)]) != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"MSR 0x{index:X} does not exist, or refuses the value 0x{value:X}.");
        }
    }

    /// <summary>The debug registers, which are the guest's own (KVM_GET_DEBUGREGS; api.rst, section 4.33).</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public DebugRegisters GetDebugRegisters() => Get<DebugRegistersArgument>(Requests.GetDebugRegs).Registers;

    /// <summary>Sets the debug registers (KVM_SET_DEBUGREGS; api.rst, section 4.34).</summary>
    /// <param name="registers">The registers.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetDebugRegisters(in DebugRegisters registers) =>
        Set(Requests.SetDebugRegs, new DebugRegistersArgument { Registers = registers });

    /// <summary>
    /// Says which of the guest's steps are exits (<see cref="VmExitReason.Debug"/>; KVM_SET_GUEST_DEBUG; api.rst, section 4.87).
    /// </summary>
    /// <param name="modes">Which.</param>
    /// <param name="breakpoints">For <see cref="GuestDebugModes.HardwareBreakpoints"/>, DR0 to DR3 and DR7; the guest does not see
    /// them.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetGuestDebug(GuestDebugModes modes, in DebugRegisters breakpoints = default)
    {
        var argument = new GuestDebugArgument
        {
            Control = (modes != 0 ? GuestDebugArgument.Enable : 0)
                | (modes.HasFlag(GuestDebugModes.SingleStep) ? GuestDebugArgument.SingleStep : 0)
                | (modes.HasFlag(GuestDebugModes.SoftwareBreakpoints) ? GuestDebugArgument.UseSoftwareBreakpoints : 0)
                | (modes.HasFlag(GuestDebugModes.HardwareBreakpoints) ? GuestDebugArgument.UseHardwareBreakpoints : 0),
        };
        argument.DebugRegisters[0] = breakpoints.Dr0;
        argument.DebugRegisters[1] = breakpoints.Dr1;
        argument.DebugRegisters[2] = breakpoints.Dr2;
        argument.DebugRegisters[3] = breakpoints.Dr3;
        argument.DebugRegisters[7] = breakpoints.Dr7;
        Set(Requests.SetGuestDebug, argument);
    }

    /// <summary>What CPUID answers (KVM_GET_CPUID2; api.rst, section 4.48).</summary>
    /// <returns>The leaves.</returns>
    /// <inheritdoc cref="GetRegisters"/>
    public CpuidEntry[] GetCpuid()
    {
        Enter(running: false);
        try
        {
            return CpuidTable.Get(Requests.GetCpuid2, _descriptor);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Where a linear address of the guest leads, by its page tables as they are now (KVM_TRANSLATE; api.rst, section
    /// 4.15).</summary>
    /// <param name="linearAddress">The address.</param>
    /// <returns>The guest physical address; <see langword="null"/> when it is not mapped.</returns>
    /// <inheritdoc cref="GetRegisters"/>
    public ulong? Translate(ulong linearAddress)
    {
        var argument = new TranslationArgument { LinearAddress = linearAddress };
        Enter(running: false);
        try
        {
            Requests.Translate.Call(_descriptor, ref argument);
        }
        finally
        {
            Leave();
        }

        return argument.Valid != 0 ? argument.PhysicalAddress : null;
    }

    private static byte[] MsrTable(ReadOnlySpan<MsrEntry> entries)
    {
        if (entries.Length > MostMsrs)
        {
            throw new ArgumentException($"{entries.Length} registers were given; the kernel takes at most {MostMsrs}.", nameof(entries));
        }

        byte[] table = new byte[sizeof(FlexibleArrayHeader) + entries.Length * sizeof(MsrEntry)];
        MemoryMarshal.AsRef<FlexibleArrayHeader>(table.AsSpan()).Count = (uint)entries.Length;
        MemoryMarshal.AsBytes(entries).CopyTo(table.AsSpan(sizeof(FlexibleArrayHeader)));
        return table;
    }

    private int Call(Request request, ReadOnlySpan<byte> buffer)
    {
        Enter(running: false);
        try
        {
            // Sound: pinned for the call, and at least as long as the request's number or the count in it says.
            fixed (byte* pointer = buffer)
            {
                return request.Call(_descriptor, (nint)pointer);
            }
        }
        finally
        {
            Leave();
        }
    }
}
