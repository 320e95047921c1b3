using Nub.Memory;

namespace Nub.Ipc.Child;

/// <summary>A record whose content tells whether it is whole.</summary>
[AllValid]
public partial struct Numbered
{
    public ulong Number;
    public ulong Check;
}

/// <summary>
/// What a process does that may be killed at any moment. Behind the ring it notes how far it has come, each time after the fact, so that a process that
/// outlives it knows what must have been done.
/// </summary>
/// <param name="memory">The memory.</param>
/// <param name="ledger">Where the notes stand: the epoch of the writer; how many records it has written; what the reader has read.</param>
public sealed class Work(HostSharedMemory memory, ulong ledger)
{
    /// <summary>The most records that a reader has in hand at once.</summary>
    public const int Batch = 64;

    private const int EpochShift = 40;

    /// <summary>How many records the writer of an epoch has completed, at least.</summary>
    public ulong Written
    {
        get => memory.Read<ulong>(ledger);
        set => memory.Write(ledger, value);
    }

    /// <summary>The next record that the reader expects, after what it has given back.</summary>
    public ulong Next
    {
        get => memory.Read<ulong>(ledger + 64);
        set => memory.Write(ledger + 64, value);
    }

    /// <summary>The length of a record, which follows from its number.</summary>
    public static int LengthOf(ulong number) => 16 + (int)(number * 7 % 120);

    public static ulong NumberOf(ulong epoch, ulong index) => epoch << EpochShift | index;

    public static (ulong Epoch, ulong Index) Split(ulong number) => (number >> EpochShift, number & ((1UL << EpochShift) - 1));

    /// <summary>Whether a record is what was written with its number.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> record, out ulong number)
    {
        number = record.Length >= 16 ? BitConverter.ToUInt64(record) : 0;
        return record.Length == LengthOf(number) && record[8..].IndexOfAnyExcept((byte)(number * 31)) < 0;
    }

    /// <summary>Writes records of an epoch for ever, or until a number of them.</summary>
    public void Write(SharedRingProducer producer, ulong epoch, ulong count = ulong.MaxValue, CancellationToken cancellationToken = default)
    {
        byte[] record = new byte[256];
        for (ulong index = 0; index < count; index++)
        {
            ulong number = NumberOf(epoch, index);
            Span<byte> bytes = record.AsSpan(0, LengthOf(number));
            bytes.Fill((byte)(number * 31));
            BitConverter.TryWriteBytes(bytes, number);
            producer.Write(bytes, cancellationToken);
            Written = index + 1;
        }
    }

    /// <summary>Reads records for ever, several at once, and stops with an exception at one that is wrong.</summary>
    public void Read(SharedRingConsumer consumer)
    {
        byte[] buffer = new byte[Batch * 256];
        int[] lengths = new int[Batch];
        ulong least = Next;
        bool first = true;
        while (consumer.WaitToRead())
        {
            int count = consumer.ReadMany(buffer, lengths);
            int from = 0;
            ulong next = least;
            foreach (int length in lengths.AsSpan(0, count))
            {
                if (!IsWhole(buffer.AsSpan(from, length), out ulong number))
                {
                    throw new InvalidDataException($"A record of {length} bytes is not whole: {number:X}.");
                }

                // The first may be behind by what was given back and not noted; and never before what was noted.
                if (first ? number < least || number > least + Batch : number != next)
                {
                    throw new InvalidDataException($"Record {number:X} came, and {next:X} was next.");
                }

                first = false;
                next = number + 1;
                from += length;
            }

            least = next;
            Next = next;
        }
    }

    /// <summary>Writes records of 16 bytes as fast as it can, in groups and one at a time.</summary>
    public void Stream(SharedRingProducer producer, ulong count)
    {
        var group = new Numbered[64];
        for (ulong next = 0; next < count;)
        {
            int size = next / 64 % 2 == 0 && count - next >= 64 ? 64 : 1;
            for (int i = 0; i < size; i++)
            {
                group[i] = new Numbered { Number = next + (ulong)i, Check = ~(next + (ulong)i) };
            }

            while (!(size == 1 ? producer.TryWrite(group[0]) : producer.TryWriteMany<Numbered>(group.AsSpan(0, size))))
            {
                producer.WaitToWrite(16 * size + 8);
            }

            next += (ulong)size;
            Written = next;
        }

        producer.Complete();
    }
}
