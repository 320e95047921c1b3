using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Threads that read one memory at once: they must not slow one another.</summary>
internal static class ContentionCases
{
    /// <summary>The total throughput of a number of readers over that of one, the best of interleaved rounds.</summary>
    /// <returns>
    /// Of one memory that all read, and of one that each has to itself: what this machine's processors have to give, where another
    /// guest's work may share a core with one of them.
    /// </returns>
    public static (double Nub, double Alone) Speedup(HostSharedMemory host, int readers)
    {
        // Or the first rounds, and those of one side alone, would run what the JIT makes in a hurry of a loop that is running already.
        Referee.WarmUp(times => Read(host, 0, times));
        (HostSharedMemory Host, GuestSharedMemory Guest)[] own = [.. Enumerable.Range(0, readers).Select(static _ => new ExclusiveSharedMemory(1 << 16).Build())];
        double one = 0, all = 0, oneAlone = 0, allAlone = 0;
        for (int round = 0; round < 15; round++)
        {
            one = Math.Max(one, Throughput(reader => Read(host, (ulong)reader * 4096, Reads), 1));
            oneAlone = Math.Max(oneAlone, Throughput(reader => Read(own[reader].Host, 0, Reads), 1));
            all = Math.Max(all, Throughput(reader => Read(host, (ulong)reader * 4096, Reads), readers));
            allAlone = Math.Max(allAlone, Throughput(reader => Read(own[reader].Host, 0, Reads), readers));
        }

        foreach ((HostSharedMemory memory, GuestSharedMemory guest) in own)
        {
            memory.Dispose();
            guest.Dispose();
        }

        return (all / one, allAlone / oneAlone);
    }

    private const int Reads = 4_000_000;

    // From when the first of them begins to when the last one ends, by their own clocks: the thread that started them may find no
    // processor free to look at its own.
    private static double Throughput(Action<int> read, int readers)
    {
        using var start = new Barrier(readers);
        var threads = new Thread[readers];
        var times = new (long Began, long Ended)[readers];
        for (int i = 0; i < readers; i++)
        {
            int reader = i;
            threads[i] = new Thread(() =>
            {
                start.SignalAndWait();
                long began = Stopwatch.GetTimestamp();
                read(reader);
                times[reader] = (began, Stopwatch.GetTimestamp());
            });
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return readers / Stopwatch.GetElapsedTime(times.Min(static one => one.Began), times.Max(static one => one.Ended)).TotalNanoseconds;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Read(HostSharedMemory host, ulong offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += host.Read<ulong>(offset);
        }

        return sum;
    }
}
