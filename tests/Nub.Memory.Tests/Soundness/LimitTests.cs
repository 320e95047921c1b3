namespace Nub.Memory.Tests.Soundness;

/// <summary>What a guest or other threads could have gone without a bound: how much a pop allocates, how long exclusivity is waited for.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class LimitTests
{
    [Fact]
    public void An_element_as_large_as_the_guest_likes_is_refused_by_a_limit_before_it_is_copied()
    {
        const int Large = 64 << 20;
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Large).Build();
        using HostSharedMemory owner = host;
        using GuestSharedMemory guestOwner = guest;
        SharedStack stack = host.StackAt(0, Large);

        // What a guest writes: one element that fills the buffer, with a prefix that says so.
        host.Write(0, (ulong)Large);
        host.Write(Large - 8, 8UL);
        host.Write(8, (uint)(Large - 8 - 8 - 4));
        _ = TryPop(stack);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal((false, SharedStackError.ElementTooLarge), TryPop(stack));
        }

        // One copy would be 64 MiB; the assertions allocate a little themselves.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        SharedStackException exception = Assert.Throws<SharedStackException>(() => stack.Pop(element => element.Length));
        Assert.Equal(SharedStackError.ElementTooLarge, exception.Error);
        Assert.Equal((ulong)SharedStack.DefaultMaxLength, exception.Maximum);
        Assert.Equal(SharedStackError.ElementTooLarge, Assert.Throws<SharedStackException>(() => stack.Pop()).Error);
        Assert.Equal(Large, (int)host.Read<ulong>(0));

        // The host may say that it wants it.
        Assert.Equal(Large - 16, stack.Pop(element => element.Length, maxLength: Large));
        Assert.True(stack.IsEmpty);
    }

    [Fact]
    public void Exclusivity_with_patience_gets_in_beside_eight_threads_that_copy_without_a_pause()
    {
        using var pair = new Pair(16);
        bool end = false;
        int inside = 0;
        long copies = 0;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(i => new Thread(() =>
        {
            byte[] buffer = new byte[4096];
            while (!Volatile.Read(ref end))
            {
                try
                {
                    pair.Host.CopyTo((ulong)i * 4096, buffer);
                    pair.Host.CopyFrom((ulong)i * 4096, buffer);
                    Interlocked.Increment(ref copies);
                }
                catch (SharedMemoryLockedException)
                {
                }
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        try
        {
            Patience.WaitUntil(() => Interlocked.Read(ref copies) > 0);
            for (int i = 0; i < 50; i++)
            {
                // On any machine: the time is for a thread that the scheduler has put to sleep inside of a copy.
                pair.Host.WithExclusivity(
                    _ =>
                    {
                        Assert.Equal(1, ++inside);
                        inside--;
                    },
                    TimeSpan.FromMinutes(1));
            }

            // Leases are not waited for.
            GuestLease lease = pair.Guest.EnterGuest();
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.WithExclusivity(_ => { }, TimeSpan.FromMinutes(10)));
            lease.Dispose();
        }
        finally
        {
            Volatile.Write(ref end, true);
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
        }

        Assert.InRange(copies, 1, long.MaxValue);
        pair.Host.WithExclusivity(_ => { });
    }

    private static (bool, SharedStackError) TryPop(SharedStack stack) => (stack.TryPop(Parse, out int _, out SharedStackError error), error);

    private static bool Parse(ReadOnlySpan<byte> element, out int length)
    {
        length = element.Length;
        return true;
    }
}
