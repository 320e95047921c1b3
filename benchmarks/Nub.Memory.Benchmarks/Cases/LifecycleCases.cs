namespace Nub.Memory.Benchmarks;

/// <summary>What happens once for a guest, or once for a request: making, zeroing, restoring, taking exclusively.</summary>
internal static unsafe class LifecycleCases
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

        foreach (ulong size in (ulong[])[4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20])
        {
            yield return Zero(size, everyPage: 1);
        }

        yield return Zero(16 << 20, everyPage: 8);
        yield return Zero(16 << 20, everyPage: 64);

        yield return Restore(touched: 16);
        yield return Restore(touched: 4096);
        yield return Exclusive(readers: 0);
        yield return Exclusive(readers: 1);
        yield return Exclusive(readers: 64);
    }

    // Pages are written before all is zeroed, on both sides: giving pages back pays only when the faults that follow are counted.
    // The peer takes no lock, which is most of a small Zero, and its memory never gives a page back.
    private static Contest Zero(ulong size, int everyPage)
    {
        var memory = new ExclusiveSharedMemory(size);
        var filled = new ExclusiveSharedMemory(size);
        return new Contest("lifecycle", $"write {(everyPage == 1 ? "all pages" : $"1 page in {everyPage}")} and Zero {BulkCases.Words((long)size)}",
            new Side("Nub", times => Repeat(times, () =>
            {
                Touch(memory, (int)size, everyPage);
                memory.Zero();
            })),
            [
                new Side("Span.Clear", times => Repeat(times, () =>
                {
                    Touch(filled, (int)size, everyPage);
                    filled.AsSpan(0, (int)size).Clear();
                })),
            ],
            size >= 1 << 20 && everyPage == 1 ? [new Limit("Span.Clear", 2)] : []);
    }

    private static Contest Restore(int touched)
    {
        const int Pages = 16384;
        ReadOnlySharedMemory snapshot = ReadOnlySharedMemory.FromBytes(new byte[Pages * 4096]);
        ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        ExclusiveSharedMemory copied = snapshot.CopyToWritable();
        byte[] original = new byte[touched * 4096];
        return new Contest("lifecycle", $"write {touched} of {Pages} pages and Restore",
            new Side("Nub", times => Repeat(times, () =>
            {
                Touch(view, touched * 4096);
                view.Restore();
            })),
            [
                new Side("copy them back", times => Repeat(times, () =>
                {
                    Touch(copied, touched * 4096);
                    copied.CopyFrom(0, original);
                })),
            ],
            []);
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

    private static void Touch(ExclusiveSharedMemory memory, int length, int everyPage = 1)
    {
        Span<byte> bytes = memory.AsSpan(0, length);
        for (int i = 0; i < length; i += everyPage * 4096)
        {
            bytes[i] = 1;
        }
    }

    private static void Repeat(int times, Action operation)
    {
        for (int i = 0; i < times; i++)
        {
            operation();
        }
    }
}
