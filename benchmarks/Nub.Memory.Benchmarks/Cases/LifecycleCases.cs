namespace Nub.Memory.Benchmarks;

/// <summary>What happens once for a guest, or once for a request: making, taking exclusively.</summary>
internal static class LifecycleCases
{
    public static IEnumerable<Contest> All()
    {
        yield return new Contest("lifecycle", "create, build, dispose 64 KiB",
            new Side("Nub", times =>
            {
                for (int i = 0; i < times; i++)
                {
                    (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(64 << 10).Build();
                    host.Dispose();
                    guest.Dispose();
                }
            }),
            [], []);

        yield return Exclusive(readers: 0);
        yield return Exclusive(readers: 1);
        yield return Exclusive(readers: 64);
    }

    private static Contest Exclusive(int readers)
    {
        (HostSharedMemory host, _) = new ExclusiveSharedMemory(4096).Build();
        var gathered = new CountdownEvent(Math.Max(1, readers));
        for (int i = 0; i < readers; i++)
        {
            // Threads that have read the memory, and so have a slot that has to be looked at.
            new Thread(() =>
            {
                _ = host.Read<ulong>(0);
                gathered.Signal();
                Thread.Sleep(Timeout.Infinite);
            })
            { IsBackground = true }.Start();
        }

        if (readers > 0)
        {
            gathered.Wait();
        }

        var gate = new ReaderWriterLockSlim();
        return new Contest("lifecycle", $"WithExclusivity, {readers} reader threads",
            new Side("Nub", times => Repeat(times, () => host.WithExclusivity(static _ => { }))),
            [
                new Side("ReaderWriterLockSlim", times => Repeat(times, () =>
                {
                    gate.EnterWriteLock();
                    gate.ExitWriteLock();
                })),
            ],
            []);
    }

    private static void Repeat(int times, Action operation)
    {
        for (int i = 0; i < times; i++)
        {
            operation();
        }
    }
}
