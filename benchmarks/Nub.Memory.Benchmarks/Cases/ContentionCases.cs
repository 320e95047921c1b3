using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Threads that read one memory at once: they must not slow one another.</summary>
internal static class ContentionCases
{
    /// <summary>The total throughput of a number of readers over that of one, the best of interleaved rounds.</summary>
    /// <returns>Of locked reads, and of the same loop over each thread's own array: what this machine's processors have to give.</returns>
    public static (double Nub, double Alone) Speedup(HostSharedMemory host, int readers)
    {
        double one = 0, all = 0, oneAlone = 0, allAlone = 0;
        for (int round = 0; round < 15; round++)
        {
            one = Math.Max(one, Throughput(reader => Read(host, (ulong)reader * 4096, Reads), 1));
            oneAlone = Math.Max(oneAlone, Throughput(static _ => Read(new ulong[512], 4 * Reads), 1));
            all = Math.Max(all, Throughput(reader => Read(host, (ulong)reader * 4096, Reads), readers));
            allAlone = Math.Max(allAlone, Throughput(static _ => Read(new ulong[512], 4 * Reads), readers));
        }

        return (all / one, allAlone / oneAlone);
    }

    private const int Reads = 4_000_000;

    private static double Throughput(Action<int> read, int readers)
    {
        using var start = new Barrier(readers + 1);
        Thread[] threads = new Thread[readers];
        for (int i = 0; i < readers; i++)
        {
            int reader = i;
            threads[i] = new Thread(() =>
            {
                start.SignalAndWait();
                read(reader);
            });
            threads[i].Start();
        }

        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return readers / Stopwatch.GetElapsedTime(began).TotalNanoseconds;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Read(ulong[] own, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += Volatile.Read(ref own[i & 511]) ^ (sum << 1);
        }

        return sum;
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
