using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>Interrupts, in real mode, where a handler is two words in a table at address 0.</summary>
public sealed class InterruptTests
{
    private const ushort Code = 0x3000;
    private const ushort Handler = 0x3800;
    private const ushort Counter = 0x5000;

    [SkippableFact]
    public void The_host_injects_an_interrupt_where_the_kernel_has_no_controller()
    {
        using var guest = Make(inKernel: false, vector: 0x40, Loop);

        // Interrupts are disabled at first: the window opens with STI.
        guest.Processor.IsInterruptWindowRequested = true;
        Assert.True(guest.Processor.IsInterruptWindowRequested);
        Assert.Equal(VmExitReason.InterruptWindowOpen, Run(guest).Reason);
        Assert.True(guest.Processor.IsReadyForInterrupt);
        guest.Processor.IsInterruptWindowRequested = false;
        guest.Processor.Interrupt(0x40);
        Assert.Equal(0x10, Run(guest).Port);
        Assert.Equal(1, guest.Host.Read<ushort>(Counter));
        Assert.Throws<KvmException>(() => guest.Machine.SetInterruptLine(4, true));
    }

    [SkippableFact]
    public async Task A_halted_guest_is_woken_by_a_line_of_the_kernels_controller()
    {
        using var guest = Make(inKernel: true, vector: 0x24, a =>
        {
            SetUpPic(a);
            WaitForCounter(a);
        });
        Task raiser = Raise(guest, () =>
        {
            guest.Machine.SetInterruptLine(4, true);
            guest.Machine.SetInterruptLine(4, false);
        });
        Assert.Equal(0x10, RunToPort(guest));
        await raiser;
        Assert.Equal(1, guest.Host.Read<ushort>(Counter));
        Assert.Throws<KvmException>(() => guest.Processor.Interrupt(0x24));
    }

    [SkippableFact]
    public async Task A_halted_guest_is_woken_by_an_event()
    {
        using var guest = Make(inKernel: true, vector: 0x24, a =>
        {
            SetUpPic(a);
            WaitForCounter(a);
        });
        using InterruptEvent line = guest.Machine.CreateInterruptEvent(4);
        Task raiser = Raise(guest, line.Signal);
        Assert.Equal(0x10, RunToPort(guest));
        await raiser;
        Assert.Equal(1, guest.Host.Read<ushort>(Counter));
    }

    [SkippableFact]
    public async Task A_halted_guest_is_woken_by_a_message_and_by_an_event_routed_to_one()
    {
        using var guest = Make(inKernel: true, vector: 0x55, a =>
        {
            EnableLocalApic(a);
            a.sti();
            for (ushort n = 1; n <= 2; n++)
            {
                Label wait = a.CreateLabel();
                Label done = a.CreateLabel();
                a.Label(ref wait);
                a.cmp(__word_ptr[Counter], n);
                a.jae(done);
                a.hlt();
                a.jmp(wait);
                a.Label(ref done);
                a.@out(0x10, al);
            }
        });
        guest.Machine.SetInterruptRoutes([InterruptRoute.ToMessage(24, 0xFEE0_0000, 0x55), InterruptRoute.ToPin(4, InterruptChip.IoApic, 4)]);
        Task raiser = Raise(guest, () => Patience.WaitUntil(() => guest.Machine.SignalMessage(0xFEE0_0000, 0x55)));
        Assert.Equal(0x10, RunToPort(guest));
        await raiser;
        ushort before = guest.Host.Read<ushort>(Counter);
        Assert.InRange(before, 1, ushort.MaxValue);

        guest.Host.Write<ushort>(Counter, 1);
        using InterruptEvent message = guest.Machine.CreateInterruptEvent(24);
        raiser = Raise(guest, message.Signal);
        Assert.Equal(0x10, RunToPort(guest));
        await raiser;
        Assert.Throws<ArgumentException>(() => guest.Machine.SetInterruptRoutes(new InterruptRoute[4097]));
    }

    [SkippableFact]
    public void The_timer_in_the_kernel_interrupts_again_and_again()
    {
        using var guest = Make(inKernel: true, vector: 0x20, a =>
        {
            SetUpPic(a);

            // Channel 0, low and high byte, rate generator, every 10 ms.
            const int divisor = 11932;
            a.mov(al, 0x34);
            a.@out(0x43, al);
            a.mov(al, divisor & 0xFF);
            a.@out(0x40, al);
            a.mov(al, divisor >> 8);
            a.@out(0x40, al);
            WaitForCounter(a, atLeast: 5);
        });
        Assert.Equal(0x10, Run(guest).Port);
        Assert.InRange(guest.Host.Read<ushort>(Counter), 5, ushort.MaxValue);
    }

    [SkippableFact]
    public void An_nmi_is_taken_with_interrupts_disabled()
    {
        using var guest = Make(inKernel: false, vector: 2, a =>
        {
            a.@out(0x11, al);
            a.nop();
            a.@out(0x10, al);
        });
        Assert.Equal(0x11, Run(guest).Port);
        guest.Processor.InjectNmi();
        Assert.Equal(0x10, Run(guest).Port);
        Assert.Equal(1, guest.Host.Read<ushort>(Counter));
    }

    [SkippableFact]
    public void A_halted_guest_that_nothing_wakes_can_be_cancelled()
    {
        using var guest = Make(inKernel: true, vector: 0x24, a =>
        {
            a.cli();
            a.hlt();
        });
        using var stop = new CancellationTokenSource(50);
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        Assert.Equal(MultiprocessingState.Halted, guest.Processor.GetMultiprocessingState());
    }

    [SkippableFact]
    public void Devices_that_cannot_be_are_refused_with_the_call_and_its_error()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        using (VirtualMachine bare = system.CreateVirtualMachine())
        {
            // Newer kernels ask for the controller first; 6.1 does not.
            if (Record.Exception(bare.CreatePit) is { } refusal)
            {
                KvmException early = Assert.IsType<KvmException>(refusal);
                Assert.Equal(("KVM_CREATE_PIT2", 2), (early.Call, early.NativeErrorCode));
                Assert.False(bare.HasPit);
            }
        }

        using VirtualMachine machine = system.CreateVirtualMachine();
        machine.CreateInterruptController();
        Assert.True(machine.HasInterruptController);
        KvmException twice = Assert.Throws<KvmException>(machine.CreateInterruptController);
        Assert.Equal(("KVM_CREATE_IRQCHIP", 17), (twice.Call, twice.NativeErrorCode));
        machine.CreatePit();
        Assert.True(machine.HasPit);
        twice = Assert.Throws<KvmException>(machine.CreatePit);
        Assert.Equal(("KVM_CREATE_PIT2", 17), (twice.Call, twice.NativeErrorCode));
    }

    private static Guest Make(bool inKernel, byte vector, Action<Assembler> program)
    {
        var guest = new Guest(a => a.nop(), prepare: machine =>
        {
            if (inKernel)
            {
                machine.CreateInterruptController();
                machine.CreatePit();
            }
        });
        guest.Host.CopyFrom(Code, Guest.Assemble(program, bitness: 16, address: Code));
        guest.Host.CopyFrom(Handler, Guest.Assemble(
            a =>
            {
                a.push(ax);
                a.inc(__word_ptr[Counter]);
                a.mov(al, 0x20);
                a.@out(0x20, al); // The end of the interrupt, to the i8259. Without one in the kernel it is an exit, so:
                a.pop(ax);
                a.iret();
            },
            bitness: 16,
            address: Handler));
        if (!inKernel)
        {
            guest.Host.CopyFrom(Handler, Guest.Assemble(
                a =>
                {
                    a.inc(__word_ptr[Counter]);
                    a.iret();
                },
                bitness: 16,
                address: Handler));
        }

        if (vector == 0x55)
        {
            // A message ends at the local controller, whose register is out of a 16-bit segment's reach but for a segment that was loaded
            // unreal.
            guest.Host.CopyFrom(Handler, Guest.Assemble(
                a =>
                {
                    a.inc(__word_ptr[Counter]);
                    a.mov(__dword_ptr.gs[0xB0], 0);
                    a.iret();
                },
                bitness: 16,
                address: Handler));
        }

        guest.Host.Write(vector * 4UL, (uint)Handler);
        RealMode.SetUp(guest.Processor, 0, Code, 0x2000);
        SpecialRegisters special = guest.Processor.GetSpecialRegisters();
        special.Gs.Base = 0xFEE0_0000;
        guest.Processor.SetSpecialRegisters(special);
        return guest;
    }

    // An interrupt that is lost is not to hang the tests.
    private static VmExit Run(Guest guest)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        return guest.Processor.Run(patience.Token);
    }

    private static ushort RunToPort(Guest guest) => Run(guest).Port;

    private static Task Raise(Guest guest, Action raise) => Task.Run(() =>
    {
        // The guest says that it is ready by the word behind the counter.
        Patience.WaitUntil(() => guest.Host.Read<ushort>(Counter + 2) != 0);
        raise();
    });

    private static void Loop(Assembler a)
    {
        Label loop = a.CreateLabel();
        Label done = a.CreateLabel();
        a.sti();
        a.Label(ref loop);
        a.cmp(__word_ptr[Counter], 1);
        a.jae(done);
        a.jmp(loop);
        a.Label(ref done);
        a.@out(0x10, al);
    }

    private static void WaitForCounter(Assembler a, ushort atLeast = 1)
    {
        Label wait = a.CreateLabel();
        Label done = a.CreateLabel();
        a.mov(__word_ptr[Counter + 2], 1);
        a.Label(ref wait);
        a.cli();
        a.cmp(__word_ptr[Counter], atLeast);
        a.jae(done);
        a.sti();
        a.hlt();
        a.jmp(wait);
        a.Label(ref done);
        a.@out(0x10, al);
    }

    private static void SetUpPic(Assembler a)
    {
        // ICW1 to ICW4: edge, cascade, vectors from 0x20 on, 8086. Everything but lines 0 and 4 is masked.
        foreach ((byte port, byte value) in (ReadOnlySpan<(byte, byte)>)[(0x20, 0x11), (0x21, 0x20), (0x21, 0x04), (0x21, 0x01), (0x21, 0xEE)])
        {
            a.mov(al, value);
            a.@out(port, al);
        }
    }

    private static void EnableLocalApic(Assembler a)
    {
        // The spurious vector register: enabled, vector 0xFF.
        a.mov(__dword_ptr.gs[0xF0], 0x1FF);
        a.mov(__word_ptr[Counter + 2], 1);
    }
}
