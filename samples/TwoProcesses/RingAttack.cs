using Nub.Ipc;

namespace TwoProcesses;

/// <summary>What a peer does to a ring with plain stores to the memory that it shares (docs/ipc.md has the layout), and what the other side says of it.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Expected">What the victim reports.</param>
/// <param name="Commit">Does it; the rings to and from the victim.</param>
internal sealed record RingAttack(string Name, string Expected, Action<SharedRing, SharedRing> Commit)
{
    private const ulong Data = 512;
    private const ulong Group = 1UL << 30;
    private const ulong Padding = 2UL << 30;

    public static RingAttack[] All { get; } =
    [
        new("jumps to another position", nameof(SharedRingError.RecordOutOfPlace), static (to, _) => Header(to, 0, Mark(64) | 16)),
        new("lies about a length", nameof(SharedRingError.RecordTooLong), static (to, _) => Header(to, 0, Mark(0) | 0x3FFF_FFFF)),
        new("overlaps two records", nameof(SharedRingError.RecordOutOfPlace), static (to, _) =>
        {
            Header(to, 16, Mark(24) | 8);
            Header(to, 0, Mark(0) | 8);
        }),
        new("pads to the middle", nameof(SharedRingError.PaddingInvalid), static (to, _) => Header(to, 0, Mark(0) | Padding | 8)),
        new("lies about a group", nameof(SharedRingError.GroupInvalid), static (to, _) =>
        {
            Header(to, 8, 8UL | 1000UL << 32);
            Header(to, 0, Mark(0) | Group | 24);
        }),
        new("has read what was not written", nameof(SharedRingError.ConsumerPositionInvalid), static (_, from) => from.Memory.Write(from.Offset + 128, 1UL << 40)),
        new("has read half a record", nameof(SharedRingError.ConsumerPositionInvalid), static (_, from) => from.Memory.Write(from.Offset + 128, 12UL)),
        new("never wakes", "read", static (to, _) =>
        {
            Header(to, 8, 77);
            Header(to, 0, Mark(0) | 8);
        }),
        new("wakes without end", "nothing there", static (to, _) =>
        {
            // The futex beside the consumer's request, and the request itself, for as long as the victim needs to give up.
            for (long end = Environment.TickCount64 + 1000; Environment.TickCount64 < end;)
            {
                to.Memory.Add(to.Offset + 264, 1U);
                to.Memory.Write(to.Offset + 256, ulong.MaxValue);
            }
        }),
    ];

    /// <summary>Meets the attack, on the other side.</summary>
    /// <returns>What is reported.</returns>
    public string Meet(SharedRingProducer producer, SharedRingConsumer consumer)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            if (Expected == "nothing there")
            {
                return consumer.WaitToRead(TimeSpan.FromMilliseconds(300), patience.Token) ? "a record" : Expected;
            }

            if (Expected == "read")
            {
                return consumer.Read<ulong>(patience.Token) == 77 ? Expected : "another record";
            }

            if (Expected == nameof(SharedRingError.ConsumerPositionInvalid))
            {
                while (true)
                {
                    producer.Write(0UL, patience.Token);
                }
            }

            while (true)
            {
                _ = consumer.Read<ulong>(patience.Token);
            }
        }
        catch (SharedRingException e)
        {
            return e.Error.ToString();
        }
        catch (Exception e) when (e is OperationCanceledException or EndOfStreamException)
        {
            return e.GetType().Name;
        }
    }

    private static void Header(SharedRing ring, ulong place, ulong value) => ring.Memory.Write(ring.Offset + Data + place, value);

    private static ulong Mark(ulong position) => (position >> 3 | 0x8000_0000) << 32;
}
