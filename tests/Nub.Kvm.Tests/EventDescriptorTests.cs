using System.Reflection;
using System.Runtime.CompilerServices;

namespace Nub.Kvm.Tests;

/// <summary>Waits for an event that are cancelled, or cannot begin, leave the next one alone. Alone, because the process has too few descriptors for a moment.</summary>
[Collection(Alone.Name)]
public sealed class EventDescriptorTests
{
    private static readonly FieldInfo s_gate = typeof(EventDescriptor).GetField("_gate", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private static readonly FieldInfo s_epoll = typeof(EventLoop).GetField("_epoll", BindingFlags.Instance | BindingFlags.NonPublic)!;

    [SkippableFact]
    public async Task A_cancellation_that_comes_late_ends_no_other_wait()
    {
        SkipElsewhere();
        using var written = new EventDescriptor(typeof(IoEvent));
        using var stop = new CancellationTokenSource();
        Task<ulong> second = WaitTwice(written, stop);
        Assert.False(second.IsCompleted);
        written.Signal();
        Assert.Equal(1UL, await second.WaitAsync(Patience.Limit));

        // The callback of the first wait has begun, and waits for the gate until the second wait is there.
        static Task<ulong> WaitTwice(EventDescriptor written, CancellationTokenSource stop)
        {
            Task<ulong> first = written.WaitAsync(stop.Token);
            var canceller = new Thread(stop.Cancel) { IsBackground = true };
            Task<ulong> second;
            var gate = (Lock)s_gate.GetValue(written)!;
            lock (gate)
            {
                canceller.Start();
                Assert.True(SpinWait.SpinUntil(() => canceller.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Patience.Limit));
                written.Signal();
                written.Arrived();
                Assert.True(first.IsCompletedSuccessfully);
                second = written.WaitAsync(CancellationToken.None);
            }

            Assert.True(canceller.Join(Patience.Limit));
            return second;
        }
    }

    [SkippableFact]
    public async Task An_event_that_was_disposed_names_the_public_type_that_it_is_of()
    {
        SkipElsewhere();
        var written = new EventDescriptor(typeof(IoEvent));
        Task<ulong> waiting = written.WaitAsync(CancellationToken.None);
        written.Dispose();
        ObjectDisposedException[] thrown =
        [
            await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience.Limit)),
            Assert.Throws<ObjectDisposedException>(() => { _ = written.WaitAsync(CancellationToken.None); }),
            Assert.Throws<ObjectDisposedException>(() => written.TryTake(out _)),
            Assert.Throws<ObjectDisposedException>(() => written.Wait(TimeSpan.Zero, out _)),
            Assert.Throws<ObjectDisposedException>(written.Signal),
        ];
        Assert.All(thrown, static one => Assert.Equal(typeof(IoEvent).FullName, one.ObjectName));
    }

    /// <summary>Of an event that is signalled, so that what is not refused returns at once.</summary>
    [SkippableTheory]
    [InlineData(-1)]
    [InlineData(-5_000)]
    [InlineData(-9_999)]
    [InlineData(-10_001)]
    [InlineData(-15_000)]
    [InlineData(-20_000)]
    [InlineData(long.MinValue)]
    public void A_negative_time_is_refused_unless_it_is_the_infinite_one(long ticks)
    {
        SkipElsewhere();
        using var written = new EventDescriptor(typeof(IoEvent));
        written.Signal();
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => written.Wait(new TimeSpan(ticks), out _));
        Assert.True(written.Wait(Timeout.InfiniteTimeSpan, out ulong count));
        Assert.Equal(1UL, count);
        Assert.False(written.Wait(new TimeSpan(1), out _));
    }

    [SkippableFact]
    public void The_loop_keeps_nothing_of_the_first_wait()
    {
        SkipElsewhere();
        using var written = new EventDescriptor(typeof(IoEvent), new EventLoop());
        WeakReference local = Await(written);
        for (int i = 0; i < 50 && local.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(local.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Await(EventDescriptor written)
        {
            var local = new AsyncLocal<object?> { Value = new object() };
            var reference = new WeakReference(local.Value);
            _ = written.WaitAsync(CancellationToken.None);
            local.Value = null;
            return reference;
        }
    }

    [SkippableFact]
    public async Task A_token_that_is_cancelled_already_ends_a_wait_at_once_and_no_other()
    {
        SkipElsewhere();
        using var written = new EventDescriptor(typeof(IoEvent));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => written.WaitAsync(new CancellationToken(canceled: true)));
        Task<ulong> next = written.WaitAsync(CancellationToken.None);
        written.Signal();
        Assert.Equal(1UL, await next.WaitAsync(Patience.Limit));
    }

    [SkippableFact]
    public async Task A_wait_that_could_not_begin_leaves_the_next_one_everything()
    {
        SkipElsewhere();
        await WaitOnce(new EventLoop());
        var loop = new EventLoop();
        using var written = new EventDescriptor(typeof(IoEvent), loop);
        KvmException? refused;
        using (new DescriptorLimit(0))
        {
            refused = Record.Exception(() => { _ = written.WaitAsync(CancellationToken.None); }) as KvmException;
        }

        Assert.Equal(("epoll_create1", 24), (refused?.Call, refused?.NativeErrorCode));
        Assert.Equal(0, loop.Count);
        Task<ulong> next = written.WaitAsync(CancellationToken.None);
        written.Signal();
        Assert.Equal(1UL, await next.WaitAsync(Patience.Limit));

        // What is needed for the failure is there before.
        static async Task WaitOnce(EventLoop loop)
        {
            Assert.NotNull(new KvmException("epoll_create1", 24).Message);
            using var written = new EventDescriptor(typeof(IoEvent), loop);
            Task<ulong> waiting = written.WaitAsync(CancellationToken.None);
            written.Signal();
            Assert.Equal(1UL, await waiting.WaitAsync(Patience.Limit));
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_kernel_refuses_is_told_to_who_waits_and_can_be_tried_again(bool isKnown)
    {
        SkipElsewhere();
        var loop = new EventLoop();
        using var other = new EventDescriptor(typeof(IoEvent), loop);
        using var written = new EventDescriptor(typeof(IoEvent), loop);
        using var stop = new CancellationTokenSource();
        Task<ulong> waiting = other.WaitAsync(CancellationToken.None);
        if (isKnown)
        {
            Task<ulong> first = written.WaitAsync(stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        // An eventfd, which the kernel refuses as an epoll.
        object? epoll = s_epoll.GetValue(loop);
        s_epoll.SetValue(loop, other.Descriptor);
        other.Arrived();
        Assert.Equal(22, (await Assert.ThrowsAsync<KvmException>(() => waiting.WaitAsync(Patience.Limit))).NativeErrorCode);
        for (int i = 0; i < 2; i++)
        {
            KvmException refused = Assert.Throws<KvmException>(() => { _ = written.WaitAsync(CancellationToken.None); });
            Assert.Equal(("epoll_ctl", 22), (refused.Call, refused.NativeErrorCode));
        }

        Assert.Equal(0, loop.Count);
        s_epoll.SetValue(loop, epoll);
        Task<ulong> next = written.WaitAsync(CancellationToken.None);
        written.Signal();
        Assert.Equal(1UL, await next.WaitAsync(Patience.Limit));
    }

    private static void SkipElsewhere() => Skip.IfNot(OperatingSystem.IsLinux(), "An eventfd is Linux's.");
}
