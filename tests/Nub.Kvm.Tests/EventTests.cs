using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

public sealed class EventTests
{
    private const ulong Device = 0x1000_0000;

    [SkippableFact]
    public async Task Writes_to_a_port_are_events_and_no_exits()
    {
        using var guest = new Guest(a =>
        {
            for (int i = 0; i < 5; i++)
            {
                a.@out(0x30, eax);
            }

            a.@out(0x10, al);
        });
        using IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Port, 0x30, 4);
        Assert.False(written.TryTake(out ulong none));
        Assert.Equal(0UL, none);
        Assert.Equal(0x10, RunToPort(guest));
        Assert.True(written.Wait(Patience.Limit, out ulong count));
        Assert.Equal(5UL, count);
        Assert.False(written.Wait(TimeSpan.FromMilliseconds(1), out _));
        Task<ulong> waiting = written.WaitAsync();
        Assert.Throws<InvalidOperationException>(() => { _ = written.WaitAsync(); });
        Assert.False(waiting.IsCompleted);
        Restart(guest);
        Assert.Equal(0x10, RunToPort(guest));
        ulong more = await waiting.WaitAsync(Patience.Limit);
        Assert.InRange(more, 1UL, 5UL);
        while (more < 5)
        {
            more += await written.WaitAsync().WaitAsync(Patience.Limit);
        }

        Assert.Equal(5UL, more);
    }

    [SkippableFact]
    public void Only_the_value_and_size_that_were_asked_for_are_events()
    {
        using var guest = new Guest(a =>
        {
            a.mov(rbx, Device);
            a.mov(__word_ptr[rbx], 6);
            a.mov(__word_ptr[rbx], 7);
            a.mov(__byte_ptr[rbx], 7);
            a.@out(0x10, al);
        });
        using IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Mmio, Device, 2, 7);
        VmExit other = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, Device, 2, (byte)6), (other.Reason, other.Address, other.Size, other.Data[0]));
        VmExit size = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, 1), (size.Reason, size.Size));
        Assert.Equal(0x10, RunToPort(guest));
        Assert.True(written.TryTake(out ulong count));
        Assert.Equal(1UL, count);
    }

    [SkippableFact]
    public void Writes_are_exits_again_when_the_event_is_disposed()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x30, eax);
            a.@out(0x30, eax);
        });
        IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Port, 0x30, 4);
        KvmException twice = Assert.Throws<KvmException>(() => guest.Machine.CreateIoEvent(IoSpace.Port, 0x30, 4));
        Assert.Equal(("KVM_IOEVENTFD", 17), (twice.Call, twice.NativeErrorCode));
        written.Dispose();
        written.Dispose();
        Assert.Equal(0x30, RunToPort(guest));
        Assert.Throws<ObjectDisposedException>(() => written.TryTake(out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Machine.CreateIoEvent(IoSpace.Port, 0x30, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Machine.CreateIoEvent(IoSpace.Port, 0x30, 0, 5));
        Assert.Throws<KvmException>(() => guest.Machine.CreateInterruptEvent(1));
    }

    [SkippableFact]
    public async Task A_wait_ends_when_it_is_cancelled_and_when_the_event_is_disposed()
    {
        using var guest = new Guest(a => a.nop());
        IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Port, 0x30);
        using (var stop = new CancellationTokenSource())
        {
            Task<ulong> cancelled = written.WaitAsync(stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        Task<ulong> disposed = written.WaitAsync();
        Exception? inWait = null;
        Task waiter = Task.Run(() => inWait = Record.Exception(() => written.Wait(Timeout.InfiniteTimeSpan, out _)));
        written.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => disposed);
        await waiter.WaitAsync(Patience.Limit);
        Assert.IsType<ObjectDisposedException>(inWait);
    }

    [SkippableFact]
    public void An_event_may_outlive_its_machine()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        VirtualMachine machine = system.CreateVirtualMachine();
        machine.CreateInterruptController();
        IoEvent written = machine.CreateIoEvent(IoSpace.Port, 0x30);
        InterruptEvent line = machine.CreateInterruptEvent(4);
        CoalescedZone zone = machine.CoalesceWrites(IoSpace.Mmio, Device, 16);
        machine.Dispose();
        line.Signal();
        Assert.False(written.TryTake(out _));
        line.Dispose();
        written.Dispose();
        zone.Dispose();
    }

    [SkippableFact]
    public void Gathered_writes_come_in_order_and_without_exits()
    {
        using var guest = new Guest(a =>
        {
            a.mov(rbx, Device);
            for (int i = 0; i < 20; i++)
            {
                a.mov(__dword_ptr[rbx + 4 * i], 1000 + i);
            }

            a.@out(0x31, ax);
            a.@out(0x10, al);
        });
        using CoalescedZone zone = guest.Machine.CoalesceWrites(IoSpace.Mmio, Device, 0x1000);
        Assert.False(guest.Machine.TryTakeCoalescedWrite(out _));
        Assert.Equal(0x31, RunToPort(guest));
        for (int i = 0; i < 20; i++)
        {
            Assert.True(guest.Machine.TryTakeCoalescedWrite(out CoalescedWrite write));
            Assert.Equal(new CoalescedWrite(IoSpace.Mmio, Device + 4 * (ulong)i, 4, 1000 + (ulong)i), write);
        }

        Assert.False(guest.Machine.TryTakeCoalescedWrite(out _));
        zone.Dispose();
        Restart(guest);
        Assert.Equal(VmExitReason.MmioWrite, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void A_full_ring_of_gathered_writes_is_an_exit_and_loses_none()
    {
        const int writes = 1000;
        using var guest = new Guest(a =>
        {
            Iced.Intel.Label loop = a.CreateLabel();
            a.mov(rbx, Device);
            a.xor(ecx, ecx);
            a.Label(ref loop);
            a.mov(__[rbx], rcx);
            a.inc(rcx);
            a.cmp(rcx, writes);
            a.jb(loop);
            a.@out(0x10, al);
        });
        using CoalescedZone zone = guest.Machine.CoalesceWrites(IoSpace.Mmio, Device, 8);
        ulong next = 0;
        int exits = 0;
        while (true)
        {
            VmExit exit = guest.Processor.Run();
            while (guest.Machine.TryTakeCoalescedWrite(out CoalescedWrite write))
            {
                Assert.Equal(next++, write.Value);
            }

            if (exit.Reason == VmExitReason.IoOut)
            {
                break;
            }

            Assert.Equal(VmExitReason.MmioWrite, exit.Reason);
            Assert.Equal(next++, BitConverter.ToUInt64(exit.Data));
            exits++;
        }

        Assert.Equal((ulong)writes, next);
        Assert.InRange(exits, 1, writes / 100);
    }

    private static ushort RunToPort(Guest guest)
    {
        VmExit exit = guest.Processor.Run();
        Assert.Equal(VmExitReason.IoOut, exit.Reason);
        return exit.Port;
    }

    private static void Restart(Guest guest)
    {
        _ = guest.Processor.CompleteExit();
        Registers registers = guest.Processor.GetRegisters();
        registers.Rip = Guest.CodeAddress;
        guest.Processor.SetRegisters(registers);
    }
}
