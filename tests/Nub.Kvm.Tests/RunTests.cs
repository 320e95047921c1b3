using System.Buffers.Binary;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

public sealed class RunTests
{
    [SkippableFact]
    public void A_guest_reads_and_writes_shared_memory_and_leaves_by_a_port()
    {
        using var guest = new Guest(a =>
        {
            a.mov(rax, __[Guest.DataAddress]);
            a.add(rax, 1);
            a.mov(__[Guest.DataAddress + 8], rax);
            a.mov(eax, 0x1234);
            a.mov(dx, 0x10);
            a.@out(dx, ax);
        });
        guest.Host.Write<ulong>(Guest.DataAddress, 41);

        VmExit exit = guest.Processor.Run();

        Assert.Equal(VmExitReason.IoOut, exit.Reason);
        Assert.Equal(0x10, exit.Port);
        Assert.Equal(2, exit.Size);
        Assert.Equal(1, exit.Count);
        Assert.Equal(0x1234, BinaryPrimitives.ReadUInt16LittleEndian(exit.Data));
        Assert.Equal(42UL, guest.Host.Read<ulong>(Guest.DataAddress + 8));
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_port_read_gets_what_the_exit_was_given(int size)
    {
        using var guest = new Guest(a =>
        {
            a.mov(rax, 0x1111_1111_1111_1111);
            a.mov(dx, 0x20);
            switch (size)
            {
                case 1: a.@in(al, dx); break;
                case 2: a.@in(ax, dx); break;
                default: a.@in(eax, dx); break;
            }

            a.mov(__[Guest.DataAddress], rax);
            a.@out(0x21, al);
        });

        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoIn, size, (ushort)0x20), (exit.Reason, exit.Size, exit.Port));
        Assert.Equal(size, exit.Data.Length);
        Assert.True(exit.Data.IndexOfAnyExcept((byte)0) < 0);
        exit.Data.Fill(0xAB);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);

        // A 32-bit result clears the upper half of the register, smaller ones leave the rest: the processor's own rule.
        ulong expected = size switch { 1 => 0x1111_1111_1111_11AB, 2 => 0x1111_1111_1111_ABAB, _ => 0xABAB_ABAB };
        Assert.Equal(expected, guest.Host.Read<ulong>(Guest.DataAddress));
    }

    [SkippableFact]
    public void The_data_of_an_exit_is_dead_after_the_next_run()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x10, al);
            a.@out(0x11, al);
        });

        VmExit exit = guest.Processor.Run();
        Assert.Equal(1, exit.Data.Length);
        _ = guest.Processor.Run();
        bool threw = false;
        try
        {
            _ = exit.Data;
        }
        catch (InvalidOperationException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Memory_that_is_not_there_is_mmio(int size)
    {
        const ulong device = 0x1000_0000;
        using var guest = new Guest(a =>
        {
            a.mov(rbx, device);
            a.mov(rax, 0x1122_3344_5566_7788);
            switch (size)
            {
                case 1: a.mov(__[rbx + 8], al); a.mov(cl, __[rbx]); break;
                case 2: a.mov(__[rbx + 8], ax); a.mov(cx, __[rbx]); break;
                case 4: a.mov(__[rbx + 8], eax); a.mov(ecx, __[rbx]); break;
                default: a.mov(__[rbx + 8], rax); a.mov(rcx, __[rbx]); break;
            }

            a.mov(__[Guest.DataAddress], rcx);
            a.@out(0x10, al);
        });

        VmExit write = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, device + 8, size), (write.Reason, write.Address, write.Size));
        byte[] value = BitConverter.GetBytes(0x1122_3344_5566_7788);
        Assert.Equal(value[..size], write.Data.ToArray());

        VmExit read = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioRead, device, size), (read.Reason, read.Address, read.Size));
        value[..size].CopyTo(read.Data);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        byte[] seen = new byte[8];
        guest.Host.CopyTo(Guest.DataAddress, seen);
        Assert.Equal(value[..size], seen[..size]);
    }

    [SkippableFact]
    public void Halt_at_the_system_level_is_an_exit()
    {
        using var guest = new Guest(a => a.hlt(), privilegeLevel: 0);
        Assert.Equal(VmExitReason.Halt, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void A_triple_fault_is_a_shutdown()
    {
        // There is no descriptor table to handle the fault by.
        using var guest = new Guest(a => a.ud2());
        Assert.Equal(VmExitReason.Shutdown, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void Memory_cannot_be_taken_exclusively_while_a_guest_runs_and_can_the_moment_it_returns()
    {
        using var guest = new Guest(a =>
        {
            Iced.Intel.Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@lock.inc(__qword_ptr[Guest.DataAddress]);
            a.jmp(loop);
        });
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 1000);

        Assert.Throws<SharedMemoryLockedException>(() => guest.Host.WithExclusivity(_ => { }));
        stop.Cancel();
        runner.Join();

        Assert.Equal(VmExitReason.Cancelled, runner.Reason);
        ulong count = guest.Host.WithExclusivity(exclusive => BitConverter.ToUInt64(exclusive.AsSpan(Guest.DataAddress, 8)));
        Assert.Equal(count, guest.Host.Read<ulong>(Guest.DataAddress));
    }

    [SkippableFact]
    public void A_guest_does_not_run_on_memory_that_somebody_has_exclusively()
    {
        using var guest = new Guest(a => a.@out(0x10, al));
        guest.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => { guest.Processor.Run(); }));
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
    }
}
