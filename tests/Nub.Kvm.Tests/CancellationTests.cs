using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

[Trait("Kind", "slow")]
public sealed class CancellationTests
{
    [SkippableFact]
    public void A_run_that_was_cancelled_before_does_not_enter_the_guest()
    {
        using var guest = new Guest(Count);
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        Assert.Equal(0UL, guest.Host.Read<ulong>(Guest.DataAddress));
    }

    [SkippableFact]
    public async Task An_endless_loop_is_cancelled_a_hundred_times_and_goes_on_each_time()
    {
        using var guest = new Guest(Count);
        ulong before = 0;
        for (int i = 0; i < 100; i++)
        {
            using var stop = new CancellationTokenSource();
            Task canceller = Task.Run(() =>
            {
                Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > before);
                stop.Cancel();
            });
            Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
            await canceller;

            // What a kick leaves for the kernel to find, had its signal come before the entry.
            Assert.Equal(1, RunHeader.At(guest.Processor.Page, 0).ImmediateExit);
            ulong now = guest.Host.Read<ulong>(Guest.DataAddress);
            Assert.True(now > before);
            before = now;
        }
    }

    [SkippableFact]
    public async Task Cancelling_at_any_moment_is_never_lost()
    {
        // No wait for the guest to have begun: the kick comes before, on and after the entry, as chance has it.
        using var guest = new Guest(Count);
        var random = new Random(1);
        for (int i = 0; i < 1000; i++)
        {
            using var stop = new CancellationTokenSource();
            int spin = random.Next(2000);
            Task canceller = Task.Run(() =>
            {
                Thread.SpinWait(spin);
                stop.Cancel();
            });
            Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
            await canceller;
        }
    }

    [SkippableFact]
    public void A_token_that_is_cancelled_after_the_run_does_not_touch_the_next_one()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x10, al);
            a.@out(0x11, al);
        });
        using var stop = new CancellationTokenSource();
        Assert.Equal(0x10, guest.Processor.Run(stop.Token).Port);
        stop.Cancel();
        VmExit next = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoOut, (ushort)0x11), (next.Reason, next.Port));
    }

    [SkippableFact]
    public void A_cancelled_run_does_not_lose_the_answer_to_a_port_read()
    {
        using var guest = new Guest(a =>
        {
            a.@in(al, 0x20);
            a.mov(__[Guest.DataAddress], al);
            a.@out(0x21, al);
        });
        VmExit read = guest.Processor.Run();
        read.Data[0] = 0x5A;
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        Assert.Equal(0x5A, guest.Host.Read<byte>(Guest.DataAddress));
    }

    [SkippableFact]
    public void A_signal_that_nobody_meant_for_the_guest_does_not_end_its_run()
    {
        using var guest = new Guest(Count);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);

        // The very signal that kicks, without the kick: KVM_RUN is interrupted, and is to be entered again.
        for (int i = 0; i < 50; i++)
        {
            ulong before = guest.Host.Read<ulong>(Guest.DataAddress);
            KickSignal.Send(runner.ThreadId);
            Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > before);
            Assert.True(runner.IsAlive);
        }

        stop.Cancel();
        runner.Join();
        Assert.Equal(VmExitReason.Cancelled, runner.Reason);
    }

    [SkippableFact]
    public unsafe void The_signal_is_nobody_elses_and_the_runtimes_own_is_as_it_was()
    {
        Guest.SkipWithoutKvm();
        const int runtimes = 34; // SIGRTMIN
        LibC.SignalActionData before = default;
        Assert.Equal(0, LibC.SignalAction(runtimes, null, &before));
        A_run_that_was_cancelled_before_does_not_enter_the_guest();
        LibC.SignalActionData after = default;
        LibC.SignalActionData ours = default;
        Assert.Equal(0, LibC.SignalAction(runtimes, null, &after));
        Assert.Equal(0, LibC.SignalAction(KickSignal.Number, null, &ours));
        Assert.NotEqual(0, before.Handler);
        Assert.Equal(before.Handler, after.Handler);
        Assert.NotEqual(before.Handler, ours.Handler);
        Assert.InRange(KickSignal.Number, runtimes + 1, 64);
    }

    [SkippableFact]
    public void The_garbage_collector_does_not_wait_for_a_guest()
    {
        using var guest = new Guest(Count);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        for (int i = 0; i < 20; i++)
        {
            GC.Collect();
        }

        Assert.True(runner.IsAlive);
        stop.Cancel();
        runner.Join();
    }

    [SkippableFact]
    public void A_processor_that_runs_refuses_a_second_thread_instead_of_making_it_wait()
    {
        using var guest = new Guest(Count);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);

        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => guest.Processor.GetRegisters());
        Assert.Contains("in use by thread", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => { guest.Processor.Run(); });
        stop.Cancel();
        runner.Join();
        Assert.NotEqual(0UL, guest.Processor.GetRegisters().Rip);
    }

    internal static void Count(Iced.Intel.Assembler a)
    {
        Iced.Intel.Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.@lock.inc(__qword_ptr[Guest.DataAddress]);
        a.jmp(loop);
    }
}
