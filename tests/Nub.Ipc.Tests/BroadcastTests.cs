using System.Diagnostics;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>One producer that never waits, and consumers that may be slow.</summary>
[Collection(Alone.Name)]
public class BroadcastTests
{
    private static (HostSharedMemory Host, SharedBroadcast Broadcast) New(int maxRecordLength = 16, int count = 8)
    {
        ulong size = SharedBroadcast.SizeFor(maxRecordLength, count);
        var (host, guest) = new ExclusiveSharedMemory((size + 4095) & ~4095UL).Build();
        guest.Dispose();
        return (host, SharedBroadcast.Create(host, 0, size, maxRecordLength));
    }

    [Fact]
    public void Every_consumer_gets_every_record_while_it_keeps_up()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New(100);
        SharedBroadcastConsumer[] consumers = [broadcast.CreateConsumer(), broadcast.CreateConsumer(), broadcast.CreateConsumer()];
        byte[] buffer = new byte[100];
        for (int i = 0; i < 1000; i++)
        {
            byte[] record = [.. Enumerable.Repeat((byte)i, i % 101)];
            Assert.True(broadcast.Producer.TryWrite(record));
            foreach (SharedBroadcastConsumer consumer in consumers)
            {
                Assert.True(consumer.TryRead(buffer, out int length, out ulong lost));
                Assert.Equal((record.Length, 0UL), (length, lost));
                Assert.Equal(record, buffer[..length]);
                Assert.False(consumer.TryRead(buffer, out _, out _));
                Assert.Equal(SharedRingError.None, consumer.Error);
            }
        }

        host.Dispose();
    }

    [Fact]
    public void A_consumer_that_was_overtaken_is_told_by_exactly_how_much()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        var random = new Random(5);
        ulong written = 0, next = 0, losses = 0;
        for (int i = 0; i < 20_000; i++)
        {
            for (int burst = random.Next(20); burst > 0; burst--)
            {
                Assert.True(broadcast.Producer.TryWrite(new Pair16 { First = written, Second = ~written }));
                written++;
            }

            for (int reads = random.Next(12); reads > 0 && consumer.TryRead(out Pair16 value, out ulong lost); reads--)
            {
                next += lost;
                losses += lost;
                Assert.Equal((next, ~next), (value.First, value.Second));
                next++;
                Assert.Equal(next, consumer.Next);
            }
        }

        Assert.True(losses > 1000 && next > 10_000);
        host.Dispose();
    }

    [Fact]
    public void A_torn_record_is_never_given_out_however_fast_the_producer_is()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New(256, 4);
        var clock = Stopwatch.StartNew();
        const ulong Count = 100_000;
        var writer = new Thread(() =>
        {
            byte[] record = new byte[256];
            for (ulong i = 0; i < Count; i++)
            {
                record.AsSpan().Fill((byte)i);
                BitConverter.TryWriteBytes(record, i);
                broadcast.Producer.TryWrite(record);
            }
        });
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        _ = broadcast.Producer;
        writer.Start();
        byte[] buffer = new byte[256];
        ulong expected = 0;
        while (expected < Count && clock.Elapsed < Patience.Limit)
        {
            if (consumer.TryRead(buffer, out int length, out ulong lost))
            {
                expected += lost;
                Assert.Equal((256, expected), (length, BitConverter.ToUInt64(buffer)));
                Assert.Equal(-1, buffer.AsSpan(8).IndexOfAnyExcept((byte)expected));
                expected++;
            }
            else
            {
                Assert.False(consumer.IsBroken);
            }
        }

        writer.Join();
        Assert.Equal(Count, expected);
        host.Dispose();
    }

    [Fact]
    public async Task Consumers_sleep_until_a_record_comes()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        using var patience = new CancellationTokenSource(Patience.Limit);
        _ = broadcast.Producer;
        SharedBroadcastConsumer[] consumers = [.. Enumerable.Range(0, 6).Select(_ => broadcast.CreateConsumer())];
        ulong[] have = new ulong[consumers.Length];
        Task[] readers = [.. consumers.Select((consumer, i) => Task.Run(async () =>
        {
            consumer.SpinTime = TimeSpan.Zero;
            for (ulong last = 0; last < 200;)
            {
                Assert.True(i % 2 == 0 ? consumer.WaitToRead(Timeout.InfiniteTimeSpan, patience.Token) : await consumer.WaitToReadAsync(patience.Token));
                while (consumer.TryRead(out ulong value, out ulong lost))
                {
                    Assert.Equal(last + lost + 1, value);
                    last = value;
                }

                Volatile.Write(ref have[i], last);
            }
        }))];

        // Each record finds the consumers asleep, or about to be: all have the one before it.
        for (ulong i = 1; i <= 200; i++)
        {
            Assert.True(broadcast.Producer.TryWrite(i));
            Patience.WaitUntil(() => Array.TrueForAll(have, last => last == i) || Array.Exists(readers, static reader => reader.IsFaulted));
        }

        await Task.WhenAll(readers);
        foreach (SharedBroadcastConsumer consumer in consumers)
        {
            consumer.Dispose();
        }

        host.Dispose();
    }

    [Fact]
    public void A_producer_that_takes_over_goes_on_and_writes_again_what_its_predecessor_died_in()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        for (ulong i = 0; i < 11; i++)
        {
            Assert.True(broadcast.Producer.TryWrite(i));
            Assert.True(consumer.TryRead(out ulong _, out _));
        }

        // Record 11 was begun, in slot 3 of 8.
        host.Write(broadcast.SlotAt(3), 2UL * 11 + 1);
        SharedBroadcast again = SharedBroadcast.Open(host, 0, SharedBroadcast.SizeFor(16, 8), 16);
        Assert.False(consumer.TryRead(out ulong _, out _));
        Assert.Equal(11UL, again.Producer.Written);
        Assert.True(again.Producer.TryWrite(77UL));
        Assert.True(consumer.TryRead(out ulong value, out ulong lost) && value == 77 && lost == 0);
        Assert.Equal(12UL, again.CreateConsumer().Next);
        host.Dispose();
    }

    [Fact]
    public void Whatever_a_hostile_producer_writes_is_a_typed_error_at_most()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        byte[] buffer = new byte[64];
        host.Write(broadcast.SlotAt(0) + 8, 17UL);
        host.Write(broadcast.SlotAt(0), 2UL);
        Assert.False(consumer.TryRead(buffer, out int length, out _));
        Assert.Equal((0, SharedRingError.RecordTooLong, true), (length, consumer.Error, consumer.IsBroken));
        Assert.Throws<SharedRingException>(() => consumer.WaitToRead(TimeSpan.Zero));

        // A mark of a record that does not belong into the slot.
        host.Write(broadcast.SlotAt(0), 2UL * 8);
        consumer.Reset();
        Assert.Equal(SharedRingError.RecordOutOfPlace, consumer.Error);
        host.Write(broadcast.SlotAt(0), ulong.MaxValue);
        consumer.Reset();
        Assert.True(consumer.IsBroken);
        host.Write(broadcast.SlotAt(0), 0UL);
        consumer.Reset();
        Assert.False(consumer.IsBroken);

        var random = new Random(9);
        int read = 0;
        for (int i = 0; i < 50_000; i++)
        {
            ulong slot = broadcast.SlotAt((ulong)random.Next(8));
            host.Write(slot, (consumer.Next * 2) + (ulong)random.Next(40) - 10);
            host.Write(slot + 8, (ulong)random.Next(20));
            read += consumer.TryRead(buffer, out _, out _) ? 1 : 0;
            read += consumer.TryRead(out Pair16 _, out _) ? 1 : 0;
            if (consumer.IsBroken)
            {
                host.Fill(512, 8 * 32, 0);
                consumer.Reset();
            }
        }

        Assert.True(read > 100);
        host.Dispose();
    }

    [Fact]
    public void A_value_that_is_longer_than_any_record_is_told_from_no_record()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New(8);
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        Assert.False(consumer.TryRead(out Pair16 _, out _));
        Assert.Equal(SharedRingError.None, consumer.Error);
        Assert.True(broadcast.Producer.TryWrite(5UL));
        Assert.False(consumer.TryRead(out Pair16 pair, out _));
        Assert.Equal((0UL, SharedRingError.RecordSizeMismatch, false), (pair.First, consumer.Error, consumer.IsBroken));
        Assert.True(consumer.TryRead(out ulong value, out _) && value == 5);

        // A hostile producer's length that the value would have.
        host.Write(broadcast.SlotAt(1) + 8, 16UL);
        host.Write(broadcast.SlotAt(1), 4UL);
        Assert.False(consumer.TryRead(out pair, out _));
        Assert.Equal((SharedRingError.RecordTooLong, true), (consumer.Error, consumer.IsBroken));
        host.Dispose();
    }

    [Fact]
    public void A_length_beyond_the_slot_brings_no_byte_behind_it_into_a_larger_destination()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        foreach (ulong length in (ulong[])[17, 200, 8192, ulong.MaxValue])
        {
            host.Fill(broadcast.SlotAt(0), 8 * 32, 0);
            consumer.Reset();
            host.Fill(broadcast.SlotAt(1), 7 * 32, 0xEE);
            host.Write(broadcast.SlotAt(0) + 8, length);
            host.Write(broadcast.SlotAt(0), 2UL);
            byte[] destination = new byte[8192];
            Assert.False(consumer.TryRead(destination, out int read, out _));
            Assert.Equal((0, SharedRingError.RecordTooLong, true), (read, consumer.Error, consumer.IsBroken));
            Assert.Equal((length, 16UL), (consumer.GetException()!.Value, consumer.GetException()!.Limit));
            Assert.Equal(-1, destination.AsSpan().IndexOfAnyExcept((byte)0));

            // As a value, too: a record of another size could be skipped, and this is none.
            host.Fill(broadcast.SlotAt(0), 8 * 32, 0);
            consumer.Reset();
            host.Write(broadcast.SlotAt(0) + 8, length);
            host.Write(broadcast.SlotAt(0), 2UL);
            Assert.False(consumer.TryRead(out ulong _, out _));
            Assert.Equal((SharedRingError.RecordTooLong, true), (consumer.Error, consumer.IsBroken));
        }

        host.Dispose();
    }

    [Fact]
    public void A_wait_of_a_thread_ends_with_its_consumer()
    {
        (HostSharedMemory host, SharedBroadcast broadcast) = New();
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        using var begun = new ManualResetEventSlim();
        using var patience = new CancellationTokenSource(Patience.Limit);
        Exception? caught = null;
        var reader = new Thread(() =>
        {
            begun.Set();
            caught = Record.Exception(() => consumer.WaitToRead(Timeout.InfiniteTimeSpan, patience.Token));
        });
        reader.Start();
        begun.Wait();
        consumer.Dispose();
        reader.Join();
        Assert.IsType<ObjectDisposedException>(caught);
        host.Dispose();
    }

    [Fact]
    public void A_wait_on_memory_that_was_opened_for_reading_ends_with_its_token()
    {
        ulong size = SharedBroadcast.SizeFor(16, 8);
        var (host, guest) = ExclusiveSharedMemory.CreateShareable(4096).Build();
        _ = SharedBroadcast.Create(host, 0, size, 16);
        using (SafeHandle handle = host.DuplicateHandle())
        using (HostSharedMemory reading = HostSharedMemory.Open(handle, 0, 4096, SharedMemoryAccess.Read))
        {
            SharedBroadcastConsumer consumer = SharedBroadcast.Open(reading, 0, size, 16).CreateConsumer();
            using var cancelled = new CancellationTokenSource();
            Exception? caught = null;
            var reader = new Thread(() => caught = Record.Exception(() => consumer.WaitToRead(Timeout.InfiniteTimeSpan, cancelled.Token)));
            reader.Start();
            Patience.WaitUntil(() => !consumer.CanBeWoken);
            cancelled.Cancel();
            reader.Join();
            Assert.IsType<OperationCanceledException>(caught);
            consumer.Dispose();
        }

        host.Dispose();
        guest.Dispose();
    }
}
