using System.Diagnostics;
using Nub.Memory;

namespace Nub.Ipc.Benchmarks;

/// <summary>16 bytes.</summary>
[AllValid]
public partial struct Record16
{
    public ulong First;
    public ulong Second;
}

/// <summary>What the two processes do: the child sends without end, or answers; the parent counts.</summary>
internal static class Side
{
    public const double Seconds = 0.3;
    private const double WarmUp = 0.2;

    /// <summary>The child's part, until the parent has gone.</summary>
    public static void Play(SharedChannel channel, string what, int size)
    {
        SharedRingProducer producer = channel.Producer;
        SharedRingConsumer consumer = channel.Consumer;
        if (what is "ask" or "ask-futex")
        {
            consumer.SpinTime = what == "ask" ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
            while (consumer.WaitToRead())
            {
                _ = consumer.TryRead(out ulong value);
                _ = producer.TryWrite(value);
            }

            return;
        }

        byte[] bytes = new byte[size];
        var batch = new Record16[64];
        var one = default(Record16);
        for (int i = 0; ; i++)
        {
            _ = what == "batch" ? producer.TryWriteMany<Record16>(batch) : size == 16 ? producer.TryWrite(one) : producer.TryWrite(bytes);
            if ((i & 1023) == 0 && channel.IsPeerGone)
            {
                return;
            }
        }
    }

    /// <summary>The parent's part.</summary>
    /// <returns>Records per second, or nanoseconds for a round trip.</returns>
    public static double Measure(SharedChannel channel, string what, int size)
    {
        _ = Run(channel, what, size, WarmUp);
        return Run(channel, what, size, Seconds);
    }

    private static double Run(SharedChannel channel, string what, int size, double seconds)
    {
        SharedRingProducer producer = channel.Producer;
        SharedRingConsumer consumer = channel.Consumer;
        byte[] bytes = new byte[size];
        var batch = new Record16[64];
        consumer.SpinTime = what == "ask-futex" ? TimeSpan.Zero : TimeSpan.FromSeconds(1);
        long count = 0;
        long start = Stopwatch.GetTimestamp();
        long end = start + (long)(seconds * Stopwatch.Frequency);
        for (int i = 0; ; i++)
        {
            switch (what)
            {
                case "ask":
                case "ask-futex":
                    _ = producer.TryWrite((ulong)i);
                    consumer.WaitToRead();
                    _ = consumer.TryRead(out ulong _);
                    count++;
                    break;
                case "batch":
                    count += consumer.ReadMany<Record16>(batch);
                    break;
                default:
                    count += (size == 16 ? consumer.TryRead(out Record16 _) : consumer.TryRead(bytes, out _)) ? 1 : 0;
                    break;
            }

            if ((i & 63) == 0 && Stopwatch.GetTimestamp() > end)
            {
                break;
            }
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return what is "ask" or "ask-futex" ? elapsed / count * 1e9 : count / elapsed;
    }
}
