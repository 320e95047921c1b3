namespace Nub.Memory.Tests.Locking;

/// <summary>A callback of WithExclusivity that gives the memory to threads of its own: what these do as a whole they do alone.</summary>
public sealed class LentMemoryTests : IDisposable
{
    private readonly SteppedMapping _mapping = new();
    private readonly HostSharedMemory _host;
    private readonly ManualResetEventSlim _reached = new();
    private readonly ManualResetEventSlim _goOn = new();

    public LentMemoryTests() => _host = HostSharedMemory.Over(() => _mapping);

    public static TheoryData<string> Changes => ["Zero", "Restore", "TakeSnapshot"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void While_one_thread_changes_the_memory_the_others_are_refused(string change)
    {
        _host.WithExclusivity(lent =>
        {
            Task changing = StopWithin(() => Change(lent, change));
            foreach (Action use in (Action[])
            [
                lent.Zero, lent.Restore, () => lent.TakeSnapshot(), () => lent.CopyFrom(0, [1]), () => lent.CopyTo(0, new byte[1]),
                () => _ = lent.AsSpan(0, 1).Length, () => lent.WithExclusivity(_ => { }), () => _host.Read<byte>(0), () => _host.Enter(),
            ])
            {
                Assert.Throws<SharedMemoryLockedException>(use);
            }

            GoOn(changing);
            lent.CopyFrom(0, [1]);
            lent.Zero();
        });
        _host.Write(0, 1);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_is_refused_while_a_copy_of_another_thread_is_under_way(string change)
    {
        _host.WithExclusivity(lent =>
        {
            Task copying = StopWithin(() => lent.CopyFrom(0, [7]));
            Assert.Throws<SharedMemoryLockedException>(() => Change(lent, change));
            GoOn(copying);
            byte[] read = new byte[1];
            lent.CopyTo(0, read);
            Assert.Equal(7, read[0]);
            Change(lent, change);

            // And while one of the callback's own thread is.
            _mapping.Step = () =>
            {
                _mapping.Step = null;
                Task.Factory.StartNew(() => Assert.Throws<SharedMemoryLockedException>(() => Change(lent, change)), TaskCreationOptions.LongRunning).GetAwaiter().GetResult();
            };
            lent.CopyFrom(0, [8]);
            Assert.Null(_mapping.Step);
        });
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Memory_that_is_nobody_elses_and_not_lent_is_changed_by_one_thread_at_a_time(string change)
    {
        var mapping = new SteppedMapping();
        using ExclusiveSharedMemory memory = ExclusiveSharedMemory.Over(() => mapping);
        Task changing = StopWithin(() => Change(memory, change), mapping: mapping);
        foreach (Action use in (Action[])[memory.Zero, memory.Restore, () => memory.TakeSnapshot(), () => memory.CopyFrom(0, [1]), () => _ = memory.AsSpan(0, 1).Length])
        {
            Assert.Throws<SharedMemoryLockedException>(use);
        }

        GoOn(changing);
        Task copying = StopWithin(() => memory.CopyFrom(0, [7]), mapping: mapping);
        Assert.Throws<SharedMemoryLockedException>(() => Change(memory, change));
        GoOn(copying);
        Change(memory, change);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Exclusivity_ends_when_a_change_that_a_thread_left_behind_makes_has_ended(string change)
    {
        bool hasChanged = false, wasChanged = false, wasInterrupted = false;
        Task? changing = null;
        using var waiting = new ManualResetEventSlim();
        var lender = new Thread(() =>
        {
            _host.WithExclusivity(lent =>
            {
                changing = StopWithin(() => Change(lent, change), () => hasChanged = true);
                waiting.Set();
            });
            wasChanged = Volatile.Read(ref hasChanged);
            try
            {
                Thread.Sleep(Patience.Limit);
            }
            catch (ThreadInterruptedException)
            {
                wasInterrupted = true;
            }
        })
        { IsBackground = true };
        lender.Start();
        waiting.Wait();
        Patience.WaitUntil(() => (lender.ThreadState & ThreadState.WaitSleepJoin) != 0);
        Assert.Throws<SharedMemoryLockedException>(() => _host.Enter());

        // An interrupt that comes meanwhile is left for the next wait of the thread.
        lender.Interrupt();
        Patience.WaitUntil(() => (lender.ThreadState & ThreadState.WaitSleepJoin) != 0);
        Assert.False(wasInterrupted);
        GoOn(changing!);
        Assert.True(lender.Join(Patience.Limit));
        Assert.True(wasChanged, "The exclusivity ended in the middle of a change.");
        Assert.True(wasInterrupted);
        _mapping.Step = null;
        _host.Zero();
    }

    [Fact]
    public void What_a_thread_copies_beside_snapshots_of_another_is_there()
    {
        using var pair = new Pair(4);
        int copied = 0, taken = 0;
        bool isOver = false;
        long start = Environment.TickCount64;
        pair.Host.WithExclusivity(lent => Parallel.Invoke(
            () =>
            {
                byte[] bytes = new byte[8];
                for (long i = 1; !Volatile.Read(ref isOver); i++)
                {
                    BitConverter.TryWriteBytes(bytes, i);
                    if (Try(() => lent.CopyFrom(0, bytes)))
                    {
                        Volatile.Write(ref copied, copied + 1);
                        while (!Try(() => lent.CopyTo(0, bytes)))
                        {
                        }

                        Assert.Equal(i, BitConverter.ToInt64(bytes));
                    }
                }
            },
            () =>
            {
                try
                {
                    // A copy finds a gap between two snapshots sooner or later.
                    while ((taken < 300 || Volatile.Read(ref copied) == 0) && Environment.TickCount64 - start < Patience.Limit.TotalMilliseconds)
                    {
                        taken += Try(() => lent.TakeSnapshot().Dispose()) ? 1 : 0;
                    }
                }
                finally
                {
                    Volatile.Write(ref isOver, true);
                }
            }));
        Assert.True(copied > 0 && taken >= 300, $"{copied} copies, {taken} snapshots");
    }

    [Fact]
    public void A_span_that_a_thread_left_behind_asks_for_is_none_when_the_callback_has_ended()
    {
        Task? asking = null;
        _host.WithExclusivity(lent => asking = StopWithin(() => _ = lent.AsSpan(0, 1).Length));
        Assert.Throws<ObjectDisposedException>(() => GoOn(asking!));
        AssertNoSpan(_mapping);

        var mapping = new SteppedMapping();
        ExclusiveSharedMemory built = ExclusiveSharedMemory.Over(() => mapping);
        asking = StopWithin(() => _ = built.AsSpan(0, 1).Length, mapping: mapping);
        (HostSharedMemory host, GuestSharedMemory guest) = built.Build();
        Assert.Throws<ObjectDisposedException>(() => GoOn(asking));
        AssertNoSpan(mapping);
        guest.Dispose();
        host.Dispose();

        // A guest may write where there is no span.
        static void AssertNoSpan(HostMapping mapping)
        {
            mapping.MakeWritable();
            Assert.True(mapping.IsWrittenThrough);
        }
    }

    public void Dispose()
    {
        _goOn.Set();
        _host.Dispose();
        _reached.Dispose();
        _goOn.Dispose();
    }

    private static void Change(ExclusiveSharedMemory memory, string change)
    {
        switch (change)
        {
            case "Zero":
                memory.Zero();
                break;
            case "Restore":
                memory.Restore();
                break;
            default:
                memory.TakeSnapshot().Dispose();
                break;
        }
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (SharedMemoryLockedException)
        {
            return false;
        }
    }

    /// <summary>Starts an action in a thread of its own, which is in the middle of it when this returns.</summary>
    private Task StopWithin(Action action, Action? atEnd = null, SteppedMapping? mapping = null)
    {
        mapping ??= _mapping;
        _reached.Reset();
        _goOn.Reset();
        mapping.Step = () =>
        {
            _reached.Set();
            Assert.True(_goOn.Wait(Patience.Limit));
            atEnd?.Invoke();
        };
        Task task = Task.Factory.StartNew(action, TaskCreationOptions.LongRunning);
        Assert.True(_reached.Wait(Patience.Limit));
        mapping.Step = null;
        return task;
    }

    private void GoOn(Task task)
    {
        _goOn.Set();
        task.GetAwaiter().GetResult();
    }
}
