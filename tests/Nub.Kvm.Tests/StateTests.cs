using System.Runtime.Intrinsics.X86;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

public sealed class StateTests
{
    [SkippableFact]
    public void General_registers_are_read_back_as_they_were_set()
    {
        using var guest = new Guest(a => a.nop());
        var registers = new Registers
        {
            Rax = 1,
            Rbx = 2,
            Rcx = 3,
            Rdx = 4,
            Rsi = 5,
            Rdi = 6,
            Rsp = 7,
            Rbp = 8,
            R8 = 9,
            R9 = 10,
            R10 = 11,
            R11 = 12,
            R12 = 13,
            R13 = 14,
            R14 = 15,
            R15 = 16,
            Rip = 17,
            Rflags = 0x3002,
        };
        guest.Processor.SetRegisters(registers);
        Assert.Equal(registers, guest.Processor.GetRegisters());
    }

    [SkippableFact]
    public void The_guest_sees_registers_that_were_set_and_the_host_those_it_left()
    {
        using var guest = new Guest(a =>
        {
            a.add(rax, rbx);
            a.mov(r15, rax);
            a.@out(0x10, al);
        });
        Registers registers = guest.Processor.GetRegisters();
        registers.Rax = 0x1_0000_0000;
        registers.Rbx = 5;
        guest.Processor.SetRegisters(registers);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        Assert.Equal(0x1_0000_0005UL, guest.Processor.GetRegisters().R15);
    }

    [SkippableFact]
    public void Special_registers_are_read_back_as_they_were_set()
    {
        using var guest = new Guest(a => a.nop());
        SpecialRegisters special = guest.Processor.GetSpecialRegisters();
        Assert.Equal((0xD01UL, guest.Tables), (special.Efer, special.Cr3));
        Assert.Equal((byte)3, special.Cs.Dpl);
        special.Gs.Base = 0x1234_5000;
        special.Gdt = new DescriptorTable { Base = 0x6000, Limit = 0x37 };
        special.Cr2 = 0xABCD;
        guest.Processor.SetSpecialRegisters(special);
        Assert.Equal(special, guest.Processor.GetSpecialRegisters());
    }

    [SkippableFact]
    public void A_state_that_cannot_be_is_refused_with_the_call_and_its_error()
    {
        using var guest = new Guest(a => a.nop());
        SpecialRegisters special = guest.Processor.GetSpecialRegisters();
        special.Cr4 = 0; // Long mode without PAE.
        KvmException refusal = Assert.Throws<KvmException>(() => guest.Processor.SetSpecialRegisters(special));
        Assert.Equal(("KVM_SET_SREGS", 22), (refusal.Call, refusal.NativeErrorCode));
    }

    [SkippableFact]
    public void Floating_point_state_goes_to_the_guest_and_back()
    {
        using var guest = new Guest(a =>
        {
            a.addpd(xmm0, xmm1);
            a.movups(xmm15, xmm0);
            a.@out(0x10, al);
        });
        FloatingPointState state = guest.Processor.GetFloatingPointState();
        state.SetXmm(0, Pair(1.5, 2.5));
        state.SetXmm(1, Pair(10, 20));
        guest.Processor.SetFloatingPointState(state);
        Assert.Equal(state, guest.Processor.GetFloatingPointState());
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);

        FloatingPointState after = guest.Processor.GetFloatingPointState();
        Assert.Equal(Pair(11.5, 22.5), after.GetXmm(15));
        Assert.Equal(0x1F80u, after.Mxcsr);
        Assert.NotEqual(state, after);
        Assert.Throws<ArgumentOutOfRangeException>(() => after.GetXmm(16));
        Assert.Throws<ArgumentOutOfRangeException>(() => after.GetSt(8));

        static UInt128 Pair(double low, double high) => new(BitConverter.DoubleToUInt64Bits(high), BitConverter.DoubleToUInt64Bits(low));
    }

    [SkippableFact]
    public void Extended_state_keeps_vectors_of_256_bits()
    {
        using var guest = new Guest(a =>
        {
            a.vmovups(ymm3, __[Guest.DataAddress]);
            a.@out(0x10, al);
            a.vmovups(__[Guest.DataAddress + 64], ymm3);
            a.@out(0x11, al);
        });
        Skip.IfNot(Avx.IsSupported, "This processor has no AVX.");

        // Some KVMs offer the state of AVX (leaf 13) without naming AVX and XSAVE (leaf 1).
        CpuidEntry[] leaves = guest.System.GetSupportedCpuid();
        leaves[Array.FindIndex(leaves, leaf => leaf.Function == 1)].Ecx |= 1 << 26 | 1 << 28;
        guest.Processor.SetCpuid(leaves);
        SpecialRegisters special = guest.Processor.GetSpecialRegisters();
        special.Cr4 |= 1 << 18;
        guest.Processor.SetSpecialRegisters(special);
        guest.Processor.SetExtendedControlRegister(7);
        Assert.Equal(7UL, guest.Processor.GetExtendedControlRegister());
        byte[] vector = new byte[32];
        new Random(1).NextBytes(vector);
        guest.Host.CopyFrom(Guest.DataAddress, vector);

        Assert.Equal(0x10, guest.Processor.Run().Port);
        byte[] state = guest.Processor.GetExtendedState();
        guest.Processor.SetExtendedState(new byte[state.Length]);
        guest.Processor.SetExtendedState(state);
        Assert.Equal(0x11, guest.Processor.Run().Port);

        byte[] seen = new byte[32];
        guest.Host.CopyTo(Guest.DataAddress + 64, seen);
        Assert.Equal(vector, seen);
        Assert.Throws<ArgumentException>(() => guest.Processor.SetExtendedState(new byte[100]));
    }

    [SkippableFact]
    public void Msrs_are_read_and_set_one_by_one_and_together()
    {
        const uint star = 0xC000_0081;
        const uint kernelGsBase = 0xC000_0102;
        using var guest = new Guest(a => a.nop());
        guest.Processor.SetMsr(star, 0x0023_0010_0000_0000);
        guest.Processor.SetMsr(kernelGsBase, 0x1234_5678);
        Assert.Equal(0x0023_0010_0000_0000UL, guest.Processor.GetMsr(star));

        Span<MsrEntry> entries = [new MsrEntry(kernelGsBase), new MsrEntry(0xDEAD_BEEF), new MsrEntry(star)];
        Assert.Equal(1, guest.Processor.ReadMsrs(entries));
        Assert.Equal(new MsrEntry(kernelGsBase, 0x1234_5678), entries[0]);
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => guest.Processor.GetMsr(0xDEAD_BEEF));
        Assert.Contains("0xDEADBEEF", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Processor.SetMsr(0xDEAD_BEEF, 1));
        Assert.Throws<ArgumentException>(() => guest.Processor.WriteMsrs(new MsrEntry[257]));
    }

    [SkippableFact]
    public void A_register_that_refuses_its_saved_value_is_told_and_one_that_has_it_is_passed_over()
    {
        const uint systemEnterStack = 0x175;
        const uint memoryTypesOffered = 0xFE;
        using var guest = new Guest(a => a.nop());
        ProcessorState state = guest.Processor.SaveState();
        int at = Array.FindIndex(state.Msrs, static entry => entry.Index == systemEnterStack);
        Assert.True(at > 0);
        state.Msrs[at] = new MsrEntry(systemEnterStack, 0x1234);

        // Read-only: set to what it has already.
        MsrEntry first = state.Msrs[0];
        state.Msrs[0] = new MsrEntry(memoryTypesOffered, guest.Processor.GetMsr(memoryTypesOffered));
        Assert.Equal(0, guest.Processor.WriteMsrs(state.Msrs));
        guest.Processor.RestoreState(state);
        Assert.Equal(0x1234UL, guest.Processor.GetMsr(systemEnterStack));

        state.Msrs[0] = new MsrEntry(0xDEAD_BEEF, 1);
        KvmException refusal = Assert.Throws<KvmException>(() => guest.Processor.RestoreState(state));
        Assert.Contains("MSR 0xDEADBEEF of a saved state, to 0x1", refusal.Message, StringComparison.Ordinal);
        state.Msrs[0] = first;
        guest.Processor.RestoreState(state);
    }

    [SkippableFact]
    public void Debug_registers_and_events_are_read_back()
    {
        using var guest = new Guest(a => a.nop());
        var registers = new DebugRegisters { Dr0 = 0x1000, Dr1 = 0x2000, Dr6 = 0xFFFF_0FF0, Dr7 = 0x400 };
        guest.Processor.SetDebugRegisters(registers);
        Assert.Equal(registers, guest.Processor.GetDebugRegisters());

        ProcessorEvents events = guest.Processor.GetEvents();
        guest.Processor.SetEvents(events);
        Assert.Equal(events, guest.Processor.GetEvents());
    }

    [SkippableFact]
    public void A_hardware_breakpoint_is_an_exit_at_its_instruction()
    {
        Skip.If(IsEmulatedByQemu(), "The processor is QEMU's emulator, which does not arm a guest's breakpoints at VMRUN.");
        using var guest = new Guest(
            a =>
            {
                for (int i = 0; i < 8; i++)
                {
                    a.nop();
                }

                a.@out(0x10, al);
            },
            privilegeLevel: 0);
        guest.Processor.SetGuestDebug(GuestDebugModes.HardwareBreakpoints, new DebugRegisters { Dr0 = Guest.CodeAddress + 4, Dr7 = 0x402 });
        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.Debug, Guest.CodeAddress + 4), (exit.Reason, exit.Address));
        Assert.Equal(1UL, exit.Detail & 0xF);
        guest.Processor.SetGuestDebug(GuestDebugModes.None);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void Single_steps_are_exits_after_each_instruction()
    {
        using var guest = new Guest(
            a =>
            {
                a.nop();
                a.nop();
                a.nop();
                a.hlt();
            },
            privilegeLevel: 0);
        guest.Processor.SetGuestDebug(GuestDebugModes.SingleStep);
        for (ulong i = 1; i <= 3; i++)
        {
            VmExit exit = guest.Processor.Run();
            Assert.Equal((VmExitReason.Debug, Guest.CodeAddress + i), (exit.Reason, exit.Address));
        }
    }

    [SkippableFact]
    public void Cpuid_is_what_was_set()
    {
        using var guest = new Guest(a => a.nop());
        CpuidEntry[] supported = guest.System.GetSupportedCpuid();
        Assert.Contains(supported, leaf => leaf.Function == 0 && leaf.Ebx != 0);
        CpuidEntry[] set = guest.Processor.GetCpuid();
        Assert.Contains(set, leaf => leaf.Function == 0);
        Assert.Throws<ArgumentException>(() => guest.Processor.SetCpuid(new CpuidEntry[257]));
    }

    [SkippableFact]
    public void Linear_addresses_are_translated_by_the_guests_own_tables()
    {
        using var guest = new Guest(a => a.nop());
        Assert.Equal(0x1234UL, guest.Processor.Translate(0x1234));
        Assert.Null(guest.Processor.Translate(Guest.Mapped));
    }

    [SkippableFact]
    public void Real_mode_code_runs()
    {
        using var guest = new Guest(a => a.nop());
        guest.Host.CopyFrom(0x3000, Guest.Assemble(
            a =>
            {
                a.mov(ax, 0x1234);
                a.mov(__[0x4000], ax);
                a.push(ax);
                a.pop(bx);
                a.@out(0x10, ax);
                a.hlt();
            },
            bitness: 16,
            address: 0));
        RealMode.SetUp(guest.Processor, codeSegment: 0x300, entryPoint: 0, stackPointer: 0x2000);
        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoOut, (ushort)0x10, 2), (exit.Reason, exit.Port, exit.Size));
        Assert.Equal(0x1234, BitConverter.ToInt16(exit.Data));
        Assert.Equal(0x1234, guest.Host.Read<ushort>(0x4000));
        Assert.Equal(0x1234, guest.Host.Read<ushort>(0x1FFE));
        Assert.Equal(VmExitReason.Halt, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void Protected_mode_code_runs()
    {
        using var guest = new Guest(a => a.nop());
        guest.Host.CopyFrom(0x3000, Guest.Assemble(
            a =>
            {
                a.mov(eax, 0x1234_5678);
                a.mov(__[0xF_0000], eax);
                a.call(0x3000 + 0x20);
                a.hlt();
            },
            bitness: 32,
            address: 0x3000));
        guest.Host.CopyFrom(0x3020, Guest.Assemble(
            a =>
            {
                a.@out(0x10, eax);
                a.ret();
            },
            bitness: 32,
            address: 0x3020));
        ProtectedMode.SetUp(guest.Processor, entryPoint: 0x3000, stackPointer: 0x8000);
        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoOut, 4), (exit.Reason, exit.Size));
        Assert.Equal(0x1234_5678, BitConverter.ToInt32(exit.Data));
        Assert.Equal(0x1234_5678u, guest.Host.Read<uint>(0xF_0000));
        Assert.Equal(VmExitReason.Halt, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void Long_mode_refuses_what_it_cannot_set_up()
    {
        using var guest = new Guest(a => a.nop());
        Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.SetUp(guest.Processor, guest.Tables, 0, 0, privilegeLevel: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.SetUp(guest.Processor, guest.Tables + 8, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.WritePageTables(guest.Host, 8, 0, 4096));
        Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.PageTablesSize(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.PageTablesSize((512UL << 30) + 1));
        Assert.Equal(3 * 4096UL, LongMode.PageTablesSize(1));
        Assert.Equal(6 * 4096UL, LongMode.PageTablesSize((3UL << 30) + 1));
        Assert.Throws<Nub.Memory.SharedMemoryBoundsException>(() => LongMode.WritePageTables(guest.Host, Guest.Size - 4096, 0, 4096));
    }

    /// <summary>Whether the processor tells by CPUID leaf 0x40000000 that it is the emulator ("TCGTCGTCGTCG").</summary>
    private static bool IsEmulatedByQemu()
    {
        if (!X86Base.IsSupported)
        {
            return false;
        }

        const int hypervisorLeaf = 0x4000_0000;
        const int letters = 0x5447_4354; // "TCGT"
        return X86Base.CpuId(hypervisorLeaf, 0).Ebx == letters;
    }
}
