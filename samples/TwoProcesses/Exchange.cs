using System.Diagnostics;
using Nub.Ipc;

namespace TwoProcesses;

/// <summary>The honest part, the same on both sides: records each way at once, then messages there and back.</summary>
internal static class Exchange
{
    /// <summary>Sends records and receives as many, on two threads.</summary>
    /// <exception cref="InvalidDataException">Another record came than was sent.</exception>
    public static void Stream(SharedRingProducer producer, SharedRingConsumer consumer, ulong count)
    {
        var sender = new Thread(() =>
        {
            for (ulong i = 0; i < count; i++)
            {
                producer.Write(Quote.Of(i));
            }
        });
        sender.Start();
        var several = new Quote[64];
        for (ulong next = 0; next < count;)
        {
            int read = consumer.ReadMany<Quote>(several.AsSpan(0, (int)Math.Min(64, count - next)));
            for (int i = 0; i < read; i++, next++)
            {
                Check(several[i], next);
            }

            if (read == 0 && !consumer.WaitToRead())
            {
                throw new InvalidDataException($"The other side has gone after {next} of {count} records.");
            }
        }

        sender.Join();
    }

    /// <summary>Sends a message and waits for the answer, again and again.</summary>
    /// <returns>The time of one round.</returns>
    public static TimeSpan Ask(SharedRingProducer producer, SharedRingConsumer consumer, ulong rounds)
    {
        long start = Stopwatch.GetTimestamp();
        for (ulong i = 0; i < rounds; i++)
        {
            producer.Write(Quote.Of(i));
            Check(consumer.Read<Quote>(), i);
        }

        return Stopwatch.GetElapsedTime(start) / rounds;
    }

    public static void Answer(SharedRingProducer producer, SharedRingConsumer consumer, ulong rounds)
    {
        for (ulong i = 0; i < rounds; i++)
        {
            producer.Write(consumer.Read<Quote>());
        }
    }

    private static void Check(in Quote quote, ulong number)
    {
        if (quote.Number != number || quote.Price != number * 0.5)
        {
            throw new InvalidDataException($"Record {quote.Number} came instead of {number}.");
        }
    }
}
