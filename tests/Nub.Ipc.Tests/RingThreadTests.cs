using System.Diagnostics;

namespace Nub.Ipc.Tests;

/// <summary>Both ends of a ring at once, on two threads, as fast as they can.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class RingThreadTests
{
    [Theory]
    [InlineData(512UL, 1, 10_000)]
    [InlineData(65536UL, 2, 200_000)]
    public void Records_of_all_sizes_arrive_in_order_and_whole(ulong capacity, int seed, int count)
    {
        using var memory = new RingMemory(capacity);
        var clock = Stopwatch.StartNew();
        var writer = new Thread(() =>
        {
            byte[] record = new byte[256];
            var sizes = new Random(seed);
            for (int i = 0; i < count; i++)
            {
                int length = sizes.Next(4, 200);
                record.AsSpan(0, length).Fill((byte)i);
                BitConverter.TryWriteBytes(record, i);
                while (!memory.Producer.TryWrite(record.AsSpan(0, length)) && !memory.Producer.IsBroken && clock.Elapsed < Patience.Limit)
                {
                    memory.Producer.WaitToWrite(length, Patience.Limit / 10);
                }
            }
        });
        writer.Start();
        byte[] buffer = new byte[256];
        var expectedSizes = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            int length;
            while (!memory.Consumer.TryRead(buffer, out length))
            {
                Assert.True(!memory.Consumer.IsBroken && clock.Elapsed < Patience.Limit, $"{i} read, {memory.Consumer.Error}, {memory.Producer.Error}");
                memory.Consumer.WaitToRead(Patience.Limit / 10);
            }

            Assert.Equal(expectedSizes.Next(4, 200), length);
            Assert.Equal(i, BitConverter.ToInt32(buffer));
            Assert.Equal(-1, buffer.AsSpan(4, length - 4).IndexOfAnyExcept((byte)i));
        }

        writer.Join();
    }

    [Fact]
    public void Values_arrive_in_order_one_at_a_time_and_in_groups()
    {
        using var memory = new RingMemory(8192);
        const ulong Count = 1_000_000;
        var clock = Stopwatch.StartNew();
        var writer = new Thread(() =>
        {
            var group = new Pair16[64];
            for (ulong next = 0; next < Count && clock.Elapsed < Patience.Limit;)
            {
                int size = next % 3 == 0 ? 1 : (int)Math.Min(64, Count - next);
                for (int i = 0; i < size; i++)
                {
                    group[i] = new Pair16 { First = next + (ulong)i, Second = ~(next + (ulong)i) };
                }

                if (size == 1 ? memory.Producer.TryWrite(group[0]) : memory.Producer.TryWriteMany<Pair16>(group.AsSpan(0, size)))
                {
                    next += (ulong)size;
                }
                else
                {
                    memory.Producer.WaitToWrite(1100, Patience.Limit / 10);
                }
            }
        });
        writer.Start();
        var many = new Pair16[100];
        for (ulong expected = 0; expected < Count;)
        {
            int count = expected % 5 == 0 ? memory.Consumer.ReadMany<Pair16>(many) : memory.Consumer.TryRead(out many[0]) ? 1 : 0;
            foreach (Pair16 value in many.AsSpan(0, count))
            {
                Assert.True(value.First == expected && value.Second == ~expected, $"{value.First:X} {value.Second:X}, expected {expected:X}");
                expected++;
            }

            if (count == 0)
            {
                Assert.True(!memory.Consumer.IsBroken && clock.Elapsed < Patience.Limit, $"{expected} read, {memory.Consumer.Error}, {memory.Producer.Error}");
                memory.Consumer.WaitToRead(Patience.Limit / 10);
            }
        }

        writer.Join();
    }
}
