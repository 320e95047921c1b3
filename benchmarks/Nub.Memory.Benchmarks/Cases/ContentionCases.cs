using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Threads that read one memory at once: they must not slow one another.</summary>
internal static class ContentionCases
{
    /// <summary>The total throughput of a number of readers over that of one, the best of interleaved rounds.</summary>
    public static double Speedup(HostSharedMemory host, int readers)
    {
        double one = 0, all = 0;
        for (int round = 0; round < 15; round++)
        {
            one = Math.Max(one, Throughput(host, 1));
            all = Math.Max(all, Throughput(host, readers));
        }

        return all / one;
    }

    private static double Throughput(HostSharedMemory host, int readers)
    {
        const int Reads = 4_000_000;
        using var start = new Barrier(readers + 1);
        Thread[] threads = new Thread[readers];
        for (int i = 0; i < readers; i++)
        {
            ulong offset = (ulong)i * 4096;
            threads[i] = new Thread(() =>
            {
                start.SignalAndWait();
                Read(host, offset, Reads);
            });
            threads[i].Start();
        }

        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return (double)readers * Reads / Stopwatch.GetElapsedTime(began).TotalNanoseconds;
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
