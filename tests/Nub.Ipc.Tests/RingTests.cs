using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>What two honest ends of a ring do.</summary>
public class RingTests
{
    private static byte[] Bytes(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => (byte)(seed + (i * 7)))];

    [Fact]
    public void A_record_comes_out_as_it_went_in_and_the_ring_is_empty_again()
    {
        using var memory = new RingMemory();
        byte[] buffer = new byte[256];
        for (int length = 0; length <= memory.Ring.MaxRecordLength; length++)
        {
            Assert.False(memory.Consumer.TryRead(buffer, out int none));
            Assert.Equal((0, SharedRingError.None), (none, memory.Consumer.Error));
            Assert.True(memory.Producer.TryWrite(Bytes(length, length)));
            Assert.True(memory.Consumer.TryPeekLength(out int peeked));
            Assert.True(memory.Consumer.TryRead(buffer, out int read));
            Assert.Equal((length, length), (peeked, read));
            Assert.Equal(Bytes(length, length), buffer[..read]);
        }
    }

    [Theory]
    [InlineData(1024, 0)]
    [InlineData(1024, 128)]
    [InlineData(1088, 0)]
    [InlineData(2111, 256)]
    [InlineData(70000, 0)]
    public void Random_work_goes_as_in_a_queue_whoever_takes_over(int size, int offset)
    {
        var (host, guest) = new ExclusiveSharedMemory(0x2_0000).Build();
        var random = new Random(size + offset);
        SharedRing ring = SharedRing.Create(host, (ulong)offset, (ulong)size);
        SharedRingProducer producer = ring.Producer;
        SharedRingConsumer consumer = ring.Consumer;
        var model = new Queue<byte[]>();
        byte[] buffer = new byte[ring.MaxRecordLength];
        int written = 0, refused = 0;
        for (int step = 0; step < 60_000; step++)
        {
            switch (random.Next(40))
            {
                case < 19:
                    int length = random.Next(4) == 0 ? random.Next(ring.MaxRecordLength + 1) : random.Next(Math.Min(64, ring.MaxRecordLength));
                    byte[] record = Bytes(length, step);
                    if (producer.TryWrite(record))
                    {
                        model.Enqueue(record);
                        written++;
                    }
                    else
                    {
                        refused++;
                        Assert.NotEmpty(model);
                    }

                    break;
                case < 36:
                    bool any = consumer.TryRead(buffer, out int read);
                    Assert.Equal(model.Count != 0, any);
                    if (any)
                    {
                        Assert.Equal(model.Dequeue(), buffer[..read]);
                    }

                    break;
                case 36:
                    Assert.Equal(model.TryDequeue(out _), consumer.TrySkip());
                    break;
                case 37:
                    int[] lengths = new int[random.Next(1, 6)];
                    int many = consumer.ReadMany(buffer, lengths);
                    int from = 0;
                    foreach (int one in lengths[..many])
                    {
                        Assert.Equal(model.Dequeue(), buffer[from..(from + one)]);
                        from += one;
                    }

                    break;
                case 38:
                    producer = SharedRing.Open(host, (ulong)offset, (ulong)size).Producer;
                    break;
                default:
                    consumer = SharedRing.Open(host, (ulong)offset, (ulong)size).Consumer;
                    break;
            }

            Assert.False(producer.IsBroken || consumer.IsBroken);
        }

        Assert.True(written > 1000 && refused > 10, $"{written} written, {refused} refused");
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void Typed_records_keep_their_byte_order()
    {
        using var memory = new RingMemory();
        var value = new Wire12 { Length = 0x01020304, Flags = 5, Next = 0x0607 };
        byte[] bytes = new byte[12];
        for (int lap = 0; lap < 100; lap++)
        {
            Assert.True(memory.Producer.TryWrite(value));
            Assert.True(memory.Producer.TryWriteMany([value, value]));
            Assert.True(memory.Consumer.TryRead(bytes, out int length));
            Assert.Equal((12, 1, 4), (length, bytes[0], bytes[3]));
            Assert.True(memory.Consumer.TryRead(out Wire12 read));
            Assert.Equal((value.Length, value.Flags, value.Next), (read.Length, read.Flags, read.Next));
            Wire12[] many = new Wire12[3];
            Assert.Equal(1, memory.Consumer.ReadMany<Wire12>(many));
            Assert.Equal(value.Length, many[0].Length);
        }
    }

    [Fact]
    public void A_group_is_written_at_once_and_read_as_one_likes()
    {
        using var memory = new RingMemory();
        var random = new Random(7);
        long next = 0, expected = 0;
        long[] buffer = new long[40];
        for (int step = 0; step < 20_000; step++)
        {
            long[] group = [.. Enumerable.Range(0, random.Next(0, 25)).Select(i => next + i)];
            if (memory.Producer.TryWriteMany<long>(group))
            {
                next += group.Length;
            }

            if (random.Next(2) == 0 && memory.Producer.TryWrite(next))
            {
                next++;
            }

            for (int reads = random.Next(4); reads > 0; reads--)
            {
                if (random.Next(2) == 0)
                {
                    if (memory.Consumer.TryRead(out long one))
                    {
                        Assert.Equal(expected++, one);
                    }
                }
                else
                {
                    int count = memory.Consumer.ReadMany<long>(buffer.AsSpan(0, random.Next(buffer.Length)));
                    for (int i = 0; i < count; i++)
                    {
                        Assert.Equal(expected++, buffer[i]);
                    }
                }
            }
        }

        Assert.True(expected > 10_000);
    }

    [Fact]
    public void A_consumer_that_takes_over_gets_the_group_in_hand_again_and_nothing_else()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(1L));
        Assert.True(memory.Producer.TryWriteMany([2L, 3L, 4L]));
        Assert.True(memory.Consumer.TryRead(out long value) && value == 1);
        Assert.True(memory.Consumer.TryRead(out value) && value == 2);
        long[] rest = new long[8];
        Assert.Equal(3, memory.Reopen().Consumer.ReadMany<long>(rest));
        Assert.Equal([2, 3, 4], rest[..3]);
    }

    [Fact]
    public void A_record_that_does_not_fit_stays_and_can_be_read_otherwise()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(Bytes(20, 1)));
        byte[] small = new byte[19];
        Assert.False(memory.Consumer.TryRead(small, out int length));
        Assert.Equal((20, SharedRingError.DestinationTooSmall, false), (length, memory.Consumer.Error, memory.Consumer.IsBroken));
        Assert.Contains("20 bytes, and the destination 19", memory.Consumer.GetException()!.Message, StringComparison.Ordinal);
        Assert.False(memory.Consumer.TryRead(out ulong _));
        Assert.Equal(SharedRingError.RecordSizeMismatch, memory.Consumer.Error);
        Assert.Equal(0, memory.Consumer.ReadMany<ulong>(new ulong[1]));
        Assert.Equal(0, memory.Consumer.ReadMany(small, new int[1]));
        Assert.True(memory.Consumer.TryRead(new byte[20], out _));
        Assert.False(memory.Consumer.TryRead(small, out _));
        Assert.Equal(SharedRingError.None, memory.Consumer.Error);
        Assert.Null(memory.Consumer.GetException());
    }

    [Fact]
    public void A_full_ring_refuses_and_takes_again_what_was_given_back()
    {
        using var memory = new RingMemory();
        int written = 0;
        while (memory.Producer.TryWrite((long)written))
        {
            written++;
        }

        // 16 bytes each, and 8 that are always free.
        Assert.Equal((512 - 8) / 16, written);
        Assert.Equal((SharedRingError.None, false), (memory.Producer.Error, memory.Producer.IsBroken));
        Assert.True(memory.Consumer.TrySkip());
        Assert.True(memory.Producer.TryWrite((long)written));
        Assert.False(memory.Producer.TryWrite(0L));
        for (int i = 1; i <= written; i++)
        {
            Assert.True(memory.Consumer.TryRead(out long value));
            Assert.Equal(i, value);
        }

        Assert.False(memory.Consumer.TryRead(out long _));
    }

    [Fact]
    public void Completion_comes_after_the_last_record_even_when_the_ring_is_full()
    {
        using var memory = new RingMemory();
        while (memory.Producer.TryWrite(1L))
        {
        }

        memory.Producer.Complete();
        memory.Producer.Complete();
        Assert.Throws<InvalidOperationException>(() => memory.Producer.TryWrite(2L));
        int read = 0;
        while (memory.Consumer.TryRead(out long _))
        {
            Assert.False(memory.Consumer.IsCompleted);
            read++;
        }

        Assert.True(read > 30 && memory.Consumer.IsCompleted && !memory.Consumer.IsBroken);
        SharedRingProducer next = memory.Reopen().Producer;
        Assert.True(next.TryWrite(3L));
        Assert.True(memory.Consumer.TryRead(out long value) && value == 3);
        Assert.False(memory.Consumer.IsCompleted);
    }

    [Fact]
    public void A_write_that_exclusivity_interrupts_leaves_the_ring_as_it_was()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(1L));
        Assert.True(memory.Consumer.TryPeekLength(out _));
        memory.Host.WithExclusivity(_ =>
        {
            Assert.Throws<SharedMemoryLockedException>(() => memory.Producer.TryWrite(2L));
            Assert.Throws<SharedMemoryLockedException>(() => memory.Consumer.TryRead(out long _));
            Assert.Throws<SharedMemoryLockedException>(() => memory.Consumer.ReadMany<long>(new long[1]));
        });
        Assert.True(memory.Producer.TryWrite([]));
        Assert.True(memory.Producer.TryWrite(3L));
        Assert.True(memory.Consumer.TryRead(out long value) && value == 1);
        Assert.True(memory.Consumer.TryRead(new byte[8], out int length) && length == 0);
        Assert.True(memory.Consumer.TryRead(out value) && value == 3);
    }

    [Fact]
    public void Wrong_arguments_are_refused_with_the_numbers()
    {
        var (host, guest) = new ExclusiveSharedMemory(4096).Build();
        Assert.Throws<ArgumentNullException>(() => SharedRing.Create(null!, 0, 1024));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedRing.Create(host, 64, 1024));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedRing.Create(host, 0, 1023));
        Assert.Throws<SharedMemoryBoundsException>(() => SharedRing.Create(host, 0, 4097));
        Assert.Throws<SharedMemoryBoundsException>(() => SharedRing.Create(host, 128, 4096));
        Assert.Throws<SharedMemoryBoundsException>(() => SharedRing.Create(host, ulong.MaxValue - 127, 1024));
        SharedRing ring = SharedRing.Create(host, 0, 4096);
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Producer.TryWrite(new byte[ring.MaxRecordLength + 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Producer.TryWriteMany<long>(new long[ring.MaxRecordLength / 8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedRing.SizeFor(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedRing.SizeFor(1, 0));
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ring.Producer.TryWrite(1L));
        guest.Dispose();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 100)]
    [InlineData(16, 64)]
    [InlineData(4096, 3)]
    [InlineData(65536, 1)]
    public void A_ring_of_the_size_that_it_was_asked_for_holds_that_many_records_wherever_they_begin(int length, int count)
    {
        ulong size = SharedRing.SizeFor(length, count);
        var (host, guest) = new ExclusiveSharedMemory((size + 4095) & ~4095UL).Build();
        SharedRing ring = SharedRing.Create(host, 0, size);
        Assert.True(ring.MaxRecordLength >= length);
        byte[] record = new byte[length];
        for (int lap = 0; lap < 50; lap++)
        {
            for (int i = 0; i < count; i++)
            {
                Assert.True(ring.Producer.TryWrite(record));
            }

            for (int i = 0; i < count; i++)
            {
                Assert.True(ring.Consumer.TrySkip());
            }

            Assert.True(ring.Producer.TryWrite(new byte[Math.Max(0, length - (lap % 9))]) && ring.Consumer.TrySkip());
        }

        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void A_producer_that_is_reset_takes_its_completion_back()
    {
        using var memory = new RingMemory();
        memory.Producer.Complete();
        Assert.False(memory.Consumer.TryPeekLength(out _));
        Assert.True(memory.Consumer.IsCompleted);
        memory.Producer.Reset();
        Assert.False(memory.Consumer.TryPeekLength(out _));
        Assert.False(memory.Consumer.IsCompleted);
    }

    [Fact]
    public void What_was_read_in_part_and_then_skipped_takes_nothing_from_the_next_record()
    {
        using var memory = new RingMemory();
        byte[] buffer = new byte[4];
        memory.Producer.Write([1, 2, 3, 4, 5, 6]);
        memory.Producer.Write([7, 8]);
        Assert.True(memory.Consumer.TryReadPart(buffer, out int read) && read == 4);
        Assert.True(memory.Consumer.TrySkip());
        Assert.True(memory.Consumer.TryReadPart(buffer, out read) && read == 2);
        Assert.Equal([7, 8], buffer[..2]);
    }

    [Fact]
    public void One_call_passes_over_some_empty_records_for_a_byte_and_not_over_any_number()
    {
        using var memory = new RingMemory();
        const int Empty = 40;
        for (int i = 0; i < Empty; i++)
        {
            Assert.True(memory.Producer.TryWrite([]));
        }

        memory.Producer.Write([7]);
        byte[] buffer = new byte[4];
        int calls = 1, read;
        while (!memory.Consumer.TryReadPart(buffer, out read))
        {
            calls++;
        }

        Assert.Equal((1, 7), (read, buffer[0]));
        Assert.InRange(calls, 2, Empty);
    }

    [Fact]
    public void A_memory_whose_words_are_not_aligned_holds_no_ring_and_no_broadcast()
    {
        var (host, guest) = ExclusiveSharedMemory.CreateShareable(8192).Build();
        using (System.Runtime.InteropServices.SafeHandle handle = host.DuplicateHandle())
        using (HostSharedMemory part = HostSharedMemory.Open(handle, 4, 4096))
        {
            Assert.Equal("memory", Assert.Throws<ArgumentException>(() => SharedRing.Create(part, 0, 1024)).ParamName);
            Assert.Equal("memory", Assert.Throws<ArgumentException>(() => SharedRing.TryOpen(part, 0, 1024, out _)).ParamName);
            Assert.Equal("memory", Assert.Throws<ArgumentException>(() => SharedBroadcast.Create(part, 0, 1024, 16)).ParamName);
        }

        host.Dispose();
        guest.Dispose();
    }
}
