using System.Reflection;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>
/// A thread that gives something back, finds a lock held, and has been interrupted (<see cref="Thread.Interrupt"/>): it gives it back all the same, and the next wait
/// hears of the interrupt.
/// </summary>
[Trait("Kind", "hostile")]
public sealed class InterruptedThreadTests
{
    [SkippableTheory]
    [InlineData("map")]
    [InlineData("processor")]
    public void A_run_ends_and_leaves_nothing_held(string lockOf)
    {
        using var guest = new Guest(ExitWhenTold);
        VmExitReason? reason = null;
        Interrupted(
            lockOf == "map" ? guest.Machine.Memory : guest.Processor,
            () => reason = guest.Processor.Run().Reason,
            () => guest.Host.Read<ulong>(Guest.DataAddress) > 0,
            () => guest.Host.Write<byte>(Guest.DataAddress + 8, 1));
        Assert.Equal(VmExitReason.IoOut, reason);
        Assert.NotEqual(0UL, guest.Processor.GetRegisters().Rip);
        guest.Host.WithExclusivity(static _ => { });
    }

    [SkippableFact]
    public void A_run_that_waits_for_a_late_cancellation_keeps_its_exit()
    {
        using var guest = new Guest(ExitWhenTold);
        using var stop = new CancellationTokenSource();
        VmExitReason? reason = null;
        Thread? canceller = null;
        Interrupted(
            guest.Processor,
            () => reason = guest.Processor.Run(stop.Token).Reason,
            () => guest.Host.Read<ulong>(Guest.DataAddress) > 0,
            () =>
            {
                canceller = new Thread(stop.Cancel) { IsBackground = true };
                canceller.Start();
                Patience.WaitUntil(() => Waits(canceller));
                guest.Host.Write<byte>(Guest.DataAddress + 8, 1);
            });
        Assert.True(canceller!.Join(Patience.Limit));
        Assert.Equal(VmExitReason.IoOut, reason);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
    }

    [SkippableFact]
    public void A_cancellation_reaches_its_run()
    {
        using var guest = new Guest(ExitWhenTold);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        Interrupted(guest.Processor, stop.Cancel);
        runner.Join();
        Assert.Equal(VmExitReason.Cancelled, runner.Reason);
    }

    [SkippableTheory]
    [InlineData("machine")]
    [InlineData("map")]
    [InlineData("processor")]
    public void A_machine_is_taken_down(string lockOf)
    {
        using var guest = new Guest(ExitWhenTold);
        object owner = lockOf switch { "machine" => guest.Machine, "map" => guest.Machine.Memory, _ => guest.Processor };
        nint address = guest.Host.BaseAddress;
        Interrupted(owner, guest.Machine.Dispose);
        Assert.True(guest.Slot.IsDeleted);
        Assert.Throws<ObjectDisposedException>(() => guest.Processor.GetRegisters());
        Assert.True(guest.Processor.Descriptor.IsClosed);
        guest.Host.WithExclusivity(static _ => { });
    }

    [SkippableFact]
    public void A_slot_is_deleted()
    {
        using var guest = new Guest(ExitWhenTold);
        Interrupted(guest.Machine.Memory, guest.Slot.Dispose);
        Assert.True(guest.Slot.IsDeleted);
    }

    [SkippableFact]
    public async Task An_event_that_is_disposed_ends_its_wait()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "An eventfd is Linux's.");
        var written = new EventDescriptor(typeof(IoEvent));
        Task<ulong> waiting = written.WaitAsync(CancellationToken.None);
        Interrupted(written, written.Dispose);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience.Limit));
    }

    [SkippableFact]
    public async Task A_wait_for_an_event_is_cancelled()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "An eventfd is Linux's.");
        using var written = new EventDescriptor(typeof(IoEvent));
        using var stop = new CancellationTokenSource();
        Task<ulong> waiting = written.WaitAsync(stop.Token);
        Interrupted(written, stop.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit));
    }

    /// <summary>Does something on a thread that is interrupted before it comes to a lock, which is held until it waits.</summary>
    /// <param name="lockOwner">The object whose lock it is.</param>
    /// <param name="action">What the thread does. Nothing may come of the interrupt before its next wait.</param>
    /// <param name="hasBegun">When the lock is taken; from the beginning where there is none.</param>
    /// <param name="goOn">Has the thread come to the lock, where it does not by itself.</param>
    private static void Interrupted(object lockOwner, Action action, Func<bool>? hasBegun = null, Action? goOn = null)
    {
        var gate = (Lock)lockOwner.GetType().GetField("_gate", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(lockOwner)!;
        bool isHeld = hasBegun is not null, wasInterrupted = false;
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref isHeld));
            if (hasBegun is null)
            {
                Thread.CurrentThread.Interrupt();
            }

            thrown = Record.Exception(action);
            try
            {
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                wasInterrupted = true;
            }
        })
        { IsBackground = true };
        thread.Start();
        if (hasBegun is not null)
        {
            Patience.WaitUntil(hasBegun);
        }

        lock (gate)
        {
            Volatile.Write(ref isHeld, true);
            if (hasBegun is not null)
            {
                thread.Interrupt();
                goOn!();
            }

            Patience.WaitUntil(() => Waits(thread) || !thread.IsAlive);
        }

        Assert.True(thread.Join(Patience.Limit));
        Assert.Null(thrown);
        Assert.True(wasInterrupted);
    }

    private static bool Waits(Thread thread) => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

    /// <summary>Counts, and exits when the byte behind the count is set.</summary>
    private static void ExitWhenTold(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.@lock.inc(__qword_ptr[Guest.DataAddress]);
        a.cmp(__byte_ptr[Guest.DataAddress + 8], 0);
        a.je(loop);
        a.@out(0x10, al);
        a.jmp(loop);
    }
}
