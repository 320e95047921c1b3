namespace Nub.Memory.Attack;

/// <summary>
/// The heap is full while threads get their slots, so that some step of that fails. A slot that was given out but is not looked at
/// makes accesses invisible: exclusivity is granted beside them and memory unmapped under them.
/// Run with DOTNET_GCHeapHardLimit=0x4000000 DOTNET_gcConcurrent=0.
/// </summary>
internal static class UnknownSlot
{
    private const int Holders = 900;
    private const int Victims = 200;
    private const ulong Size = 64 << 20;

    private static volatile int s_go;
    private static int s_over;

    public static void Run(string[] args)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        Judge.AccessFromManyPages(host);

        // Threads that hold what slots there are, so that more must be made.
        using var hold = new ManualResetEventSlim();
        using var ready = new CountdownEvent(Holders);
        Thread[] holders = [.. Enumerable.Range(0, Holders).Select(_ => Start(() =>
        {
            host.Read<byte>(0);
            ready.Signal();
            hold.Wait();
        }))];
        Judge.Require(ready.Wait(Judge.Hang), "a thread hangs");

        Exception?[] seen = new Exception?[Victims];
        Thread[] victims = [.. Enumerable.Range(0, Victims).Select(i => Start(() => Victim(host, seen, i)))];
        object?[] fill = new object?[200_000];
        int arrays = Fill(fill);
        s_go = 1;
        while (Volatile.Read(ref s_over) < Victims)
        {
            // Nothing here may allocate.
            Thread.Yield();
        }

        Array.Clear(fill);
        s_go = 2;
        foreach (Thread victim in victims)
        {
            Judge.Require(victim.Join(Judge.Hang), "a thread hangs");
        }

        Console.WriteLine($"{arrays} arrays filled the heap; {seen.Count(e => e is not null)} of {Victims} threads were refused");
        foreach (Exception? exception in seen)
        {
            Judge.Require(exception is null || Judge.IsTyped(exception), $"when the heap is full: {exception}");
        }

        Judge.Collect();
        LookForInvisibleThreads();
        hold.Set();
        foreach (Thread thread in holders)
        {
            Judge.Require(thread.Join(Judge.Hang), "a thread hangs");
        }

        host.Dispose();
        guest.Dispose();
    }

    private static void Victim(HostSharedMemory host, Exception?[] seen, int index)
    {
        while (s_go == 0)
        {
            Thread.Yield();
        }

        try
        {
            host.Read<byte>(0);
        }
#pragma warning disable CA1031 // Judged later, when there is memory to judge it with.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            seen[index] = exception;
        }

        // Its thread may end, for which the runtime allocates, when there is memory again.
        Interlocked.Increment(ref s_over);
        while (s_go != 2)
        {
            Thread.Yield();
        }
    }

    /// <summary>As many threads as had trouble fill a memory one after another, while it is taken exclusively.</summary>
    private static void LookForInvisibleThreads()
    {
        (HostSharedMemory large, GuestSharedMemory guest) = new ExclusiveSharedMemory(Size).Build();
        using var turns = new SemaphoreSlim(0);
        using var finished = new SemaphoreSlim(0);
        int begun = 0, granted = 0;
        Thread[] threads = [.. Enumerable.Range(0, Victims + 2).Select(_ => Start(() =>
        {
            large.Read<byte>(0);
            finished.Release();
            turns.Wait();
            for (int i = 0; i < 3; i++)
            {
                try
                {
                    Interlocked.Increment(ref begun);
                    large.Fill(0, Size, 0xAB);
                }
                catch (SharedMemoryLockedException)
                {
                }
            }

            finished.Release();
        }))];
        foreach (Thread _ in threads)
        {
            Judge.Require(finished.Wait(Judge.Hang), "a thread hangs");
        }

        foreach (Thread _ in threads)
        {
            int before = begun;
            turns.Release();
            var wait = new SpinWait();
            while (Volatile.Read(ref begun) == before)
            {
                wait.SpinOnce();
            }

            for (int i = 0; i < 20 && finished.CurrentCount == 0; i++)
            {
                try
                {
                    large.WithExclusivity(mine =>
                    {
                        granted++;
                        for (ulong at = 0; at < Size; at += 1 << 20)
                        {
                            mine.WriteByte(at, 0);
                        }

                        Thread.Sleep(2);
                        for (ulong at = 0; at < Size; at += 1 << 20)
                        {
                            Judge.Require(mine.ReadByte(at) == 0, "exclusivity was granted beside an access");
                        }
                    });
                }
                catch (SharedMemoryLockedException)
                {
                    Thread.Yield();
                }
            }

            Judge.Require(finished.Wait(Judge.Hang), "a thread hangs");
        }

        Console.WriteLine($"{threads.Length} threads looked at, exclusivity was granted {granted} times");
        large.Dispose();
        guest.Dispose();
        foreach (Thread thread in threads)
        {
            Judge.Require(thread.Join(Judge.Hang), "a thread hangs");
        }
    }

    private static int Fill(object?[] into)
    {
        int count = 0;
        for (int round = 0; round < 4; round++)
        {
            foreach (int size in (int[])[1 << 20, 90_000, 16_000, 8_000, 3_000])
            {
                try
                {
                    while (count < into.Length)
                    {
                        into[count] = new byte[size];
                        count++;
                    }
                }
                catch (OutOfMemoryException)
                {
                }
            }

            GC.Collect();
        }

        return count;
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action(), 128 << 10) { IsBackground = true };
        thread.Start();
        return thread;
    }
}
