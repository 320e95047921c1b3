namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// What threads leave behind when they end, or come back out of a deep recursion: places in the table of slots that others need.
/// </summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class SlotTests
{
    // Of stack: more than the table has places.
    private const int Pages = 3 * AccessSlots.TableSize;

    [Fact]
    public void A_deep_recursion_takes_the_places_of_the_table_for_a_while_only()
    {
        using var pair = new Pair();
        OnThread(() => Descend(pair.Host, Pages), (Pages + 1000) * 4400);
        int without = 0;
        for (int i = 0; i < 16; i++)
        {
            OnThread(
                () =>
                {
                    for (int n = 0; n < (1 << 20) + 1000; n++)
                    {
                        pair.Host.Read<byte>(0);
                    }

                    without += HasPlace() ? 0 : 1;
                },
                128 << 10);
        }

        // The first that goes without a place for long has the table replaced; after that all find one.
        Assert.InRange(without, 0, 3);
        pair.Host.WithExclusivity(_ => { });
    }

    [Fact]
    public void Threads_that_have_ended_leave_no_slots_behind()
    {
        using var pair = new Pair();
        OnThread(() => Descend(pair.Host, Pages), (Pages + 1000) * 4400);
        Threads(300);
        int before = AccessSlots.Count;
        Threads(3000);

        // A tenth of the threads: where a stack lies is the system's choice, and pages that are new take places until they are collected.
        Assert.InRange(AccessSlots.Count, 0, before + 300);
        pair.Host.WithExclusivity(_ => { });

        void Threads(int count)
        {
            for (int i = 0; i < count; i++)
            {
                OnThread(() => pair.Host.Read<byte>(0), 128 << 10);
                if (i % 50 == 0)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>
    /// An access that begins while another of the same thread is under way: of a handler that the runtime calls, or of a property that a
    /// debugger evaluates. Each is seen until it ends, and the outer one after the inner one has ended.
    /// </summary>
    [Fact]
    public void An_access_inside_of_an_access_hides_nothing_of_it()
    {
        using var outer = new Pair();
        using var inner = new Pair();
        Nest(depth: 40);

        void Nest(int depth)
        {
            AccessSlot slot = outer.Host.Live.Enter();
            Assert.Throws<SharedMemoryLockedException>(() => outer.Host.WithExclusivity(_ => { }));
            AccessSlot inside = inner.Host.Live.Enter();
            Assert.Throws<SharedMemoryLockedException>(() => inner.Host.WithExclusivity(_ => { }));
            Assert.Throws<SharedMemoryLockedException>(() => outer.Host.WithExclusivity(_ => { }));
            _ = inner.Host.Read<int>(0);
            if (depth > 0)
            {
                Nest(depth - 1);
            }

            inner.Host.Live.Leave(inside);
            Assert.Throws<SharedMemoryLockedException>(() => outer.Host.WithExclusivity(_ => { }));
            outer.Host.Live.Leave(slot);
            if (depth == 40)
            {
                inner.Host.WithExclusivity(_ => { });
                outer.Host.WithExclusivity(_ => { });
            }
        }
    }

    /// <summary>Whether an access from here has a place in the table: an idle slot of a thread's own holds nothing.</summary>
    private static bool HasPlace() => AccessSlots.Current.Idle != 0;

    private static void Descend(HostSharedMemory memory, int pages)
    {
        Span<byte> page = stackalloc byte[4096];
        page[0] = 1;
        memory.Read<byte>(0);
        if (pages > 0)
        {
            Descend(memory, pages - 1);
        }
    }

    private static void OnThread(Action action, int stack)
    {
        Exception? thrown = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    action();
                }
#pragma warning disable CA1031 // Judged by the waiting thread.
                catch (Exception exception)
#pragma warning restore CA1031
                {
                    thrown = exception;
                }
            },
            stack);
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
    }
}
