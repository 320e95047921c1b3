using System.Diagnostics;

namespace Nub.Memory.Attack;

/// <summary>
/// A struct in a field that one thread assigns while another copies it can come out with parts of two values. What was checked when
/// each value was made proves nothing of the mixture.
/// </summary>
internal static class TornValues
{
    private static SharedStack s_stack;
    private static GuestLease s_lease;
    private static volatile bool s_end;

    /// <summary>A stack of a small memory and one far into a large memory: the mixture reaches far beyond the small one.</summary>
    public static void Stack(string[] args)
    {
        (HostSharedMemory small, GuestSharedMemory smallGuest) = new ExclusiveSharedMemory(4096).Build();
        (HostSharedMemory large, GuestSharedMemory largeGuest) = new ExclusiveSharedMemory(1UL << 30).Build();
        SharedStack inSmall = small.StackAt(0, 4096);
        SharedStack inLarge = large.StackAt(512UL << 20, 4096);
        inSmall.Reset();
        inLarge.Reset();
        s_stack = inSmall;
        var writer = new Thread(() =>
        {
            while (!s_end)
            {
                s_stack = inLarge;
                s_stack = inSmall;
            }
        });
        writer.Start();
        byte[] element = new byte[4096];
        long done = 0, refused = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Seconds(args))
        {
            for (int i = 0; i < 1000; i++)
            {
                try
                {
                    Use(s_stack, i, element);
                    done++;
                }
                catch (SharedMemoryException)
                {
                    refused++;
                }
            }
        }

        s_end = true;
        writer.Join();
        Console.WriteLine($"{done} calls done, {refused} refused");
        inSmall.Reset();
        inSmall.Push([1, 2, 3]);
        Judge.Require(inSmall.Pop().SequenceEqual(new byte[] { 1, 2, 3 }), "the small stack does not work any more");
        foreach (SharedMemory memory in (SharedMemory[])[small, smallGuest, large, largeGuest])
        {
            memory.Dispose();
        }
    }

    /// <summary>Leases of two memories: a mixture must end neither memory's lease, and each lease ends once.</summary>
    public static void Lease(string[] args)
    {
        (HostSharedMemory first, GuestSharedMemory firstGuest) = new ExclusiveSharedMemory(4096).Build();
        (HostSharedMemory second, GuestSharedMemory secondGuest) = new ExclusiveSharedMemory(4096).Build();
        var ended = new long[1];
        var thief = new Thread(() =>
        {
            while (!s_end)
            {
                try
                {
                    s_lease.Dispose();
                    ended[0]++;
                }
                catch (Exception exception) when (exception is ObjectDisposedException or InvalidOperationException)
                {
                }
            }
        });
        thief.Start();
        long leases = 0, left = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Seconds(args))
        {
            GuestLease ofFirst = firstGuest.EnterGuest();
            GuestLease ofSecond = secondGuest.EnterGuest();
            for (int i = 0; i < 20; i++)
            {
                s_lease = ofFirst;
                s_lease = ofSecond;
            }

            s_lease = default;
            leases += 2;
            foreach (GuestLease lease in (GuestLease[])[ofFirst, ofSecond])
            {
                try
                {
                    lease.Dispose();
                    left++;
                }
                catch (ObjectDisposedException)
                {
                }
            }
        }

        s_end = true;
        thief.Join();
        Console.WriteLine($"{leases} leases, of which {ended[0]} were ended through a copy");

        // Whatever was ended through whichever copy: no lease is left, and none was counted off twice.
        first.WithExclusivity(_ => { });
        second.WithExclusivity(_ => { });
        nint[] addresses = [first.BaseAddress, second.BaseAddress];
        GuestLease last = firstGuest.EnterGuest();
        first.Dispose();
        firstGuest.Dispose();
        second.Dispose();
        secondGuest.Dispose();
        Judge.Require(Judge.IsMapped(addresses[0]), "a memory was released under a lease");
        last.Dispose();
        Judge.Require(!addresses.Any(Judge.IsMapped), "a memory is still mapped after its last user");
    }

    private static void Use(SharedStack stack, int turn, byte[] element)
    {
        switch (turn % 10)
        {
            case 7:
                stack.TryPop(element, out _);
                break;
            case 8:
                _ = stack.IsEmpty;
                break;
            case 9:
                stack.Reset();
                break;
            default:
                stack.TryPush("x"u8);
                break;
        }
    }

    private static TimeSpan Seconds(string[] args) => TimeSpan.FromSeconds(args is [string seconds] ? int.Parse(seconds, null) : 10);
}
