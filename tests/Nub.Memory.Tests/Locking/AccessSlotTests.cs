namespace Nub.Memory.Tests.Locking;

/// <summary>Every access that is inside is found, however many there are, of whatever thread and however deep; and what threads have left is used again.</summary>
[Collection(Alone.Name)]
public class AccessSlotTests
{
    [Fact]
    public void Each_of_many_threads_that_are_inside_at_once_is_found_until_it_leaves()
    {
        Region[] regions = [.. Enumerable.Range(0, 100).Select(_ => new Region())];
        using var inside = new CountdownEvent(regions.Length);
        using var leave = new ManualResetEventSlim();
        Thread[] threads = [.. regions.Select((region, i) => new Thread(
            () =>
            {
                AccessSlot slot = region.Enter();
                inside.Signal();
                if (i % 2 == 0)
                {
                    leave.Wait();
                }

                region.Leave(slot);
            },
            128 << 10))];
        Array.ForEach(threads, static thread => thread.Start());
        inside.Wait();
        for (int i = 1; i < threads.Length; i += 2)
        {
            threads[i].Join();
        }

        for (int i = 0; i < regions.Length; i++)
        {
            Assert.Equal(i % 2 == 0, AccessSlots.AnyInside(regions[i].Id));
        }

        leave.Set();
        Array.ForEach(threads, static thread => thread.Join());
        Assert.All(regions, static region => Assert.False(AccessSlots.AnyInside(region.Id)));
    }

    [Fact]
    public void Each_of_many_accesses_of_one_thread_is_found_until_it_leaves() => Nest([.. Enumerable.Range(0, 70).Select(_ => new Region())], 0);

    [Fact]
    public void Slots_of_threads_that_have_ended_are_used_again()
    {
        int before = 0;
        for (int i = 0; i < 20; i++)
        {
            var thread = new Thread(() => Nest([.. Enumerable.Range(0, 30).Select(_ => new Region())], 0));
            thread.Start();
            thread.Join();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            before = i == 2 ? ThreadSlot.Count : before;
        }

        // Each thread had thirty at once; a collection may leave a few of them to the next.
        Assert.InRange(ThreadSlot.Count, 30, before + 60);
        Assert.InRange(AccessSlots.Count, ThreadSlot.Count + 1, ThreadSlot.Count + (16 * AccessSlots.TableSize));
    }

    [Fact]
    public void A_gate_lets_one_thread_in_at_a_time()
    {
        var shared = new Gated();
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                shared.Gate.Enter();
                shared.Count++;
                shared.Gate.Exit();
            }
        });
        Assert.Equal(40_000, shared.Count);
    }

    private static void Nest(Region[] regions, int depth)
    {
        Region region = regions[depth];
        AccessSlot slot = region.Enter();
        Assert.True(AccessSlots.AnyInside(region.Id));
        if (depth + 1 < regions.Length)
        {
            Nest(regions, depth + 1);
            Assert.False(AccessSlots.AnyInside(regions[depth + 1].Id));
        }

        Assert.True(AccessSlots.AnyInside(region.Id));
        region.Leave(slot);
    }

    private sealed class Gated
    {
        public SpinGate Gate;
        public long Count;
    }
}
