using Nub.Memory;
using Nub.Memory.Testing;

namespace Nub.Ipc.Tests;

/// <summary>Ends of a ring and of a broadcast read each byte of the peer's once: proved by a peer that changes every byte right after it was read.</summary>
public sealed class SingleFetchTests
{
    [Fact]
    public void A_consumer_reads_each_record_once()
    {
        using var memory = new RingMemory();
        using HostileMemory hostile = Consumer(memory, producer =>
        {
            Assert.True(producer.TryWrite("a record"u8));
            Assert.True(producer.TryWrite(new Pair16 { First = 1, Second = 2 }));
            Assert.True(producer.TryWrite("skipped"u8));
            Assert.True(producer.TryWrite("another record"u8));
        });
        SingleFetchReport report = hostile.AssertSingleFetch(() =>
        {
            SharedRingConsumer consumer = SharedRing.Open(hostile.Host, 0, memory.Size).Consumer;
            byte[] buffer = new byte[64];
            bool isFirst = consumer.TryRead(buffer, out int length);
            bool isSecond = consumer.TryRead(out Pair16 pair);
            bool isThird = consumer.TrySkip();
            bool isFourth = consumer.TryPeekLength(out int peeked) & consumer.TryRead(buffer.AsSpan(length), out int last);
            bool isFifth = consumer.TryRead(out Pair16 _);
            return (isFirst, isSecond, isThird, isFourth, isFifth, length, pair.First, pair.Second, peeked, last, Convert.ToHexString(buffer), consumer.Error);
        });
        Assert.Contains("True, True, True, True, False, 8, 1, 2, 14, 14", report.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void A_consumer_reads_each_record_of_many_once()
    {
        using var memory = new RingMemory();
        using HostileMemory hostile = Consumer(memory, producer =>
        {
            Assert.True(producer.TryWriteMany<ulong>([1, 2, 3, 4, 5]));
            Assert.True(producer.TryWrite(6UL));
        });
        SingleFetchReport report = hostile.AssertSingleFetch(() =>
        {
            SharedRingConsumer consumer = SharedRing.Open(hostile.Host, 0, memory.Size).Consumer;
            ulong[] values = new ulong[8];
            int count = consumer.ReadMany<ulong>(values);
            return (count, string.Join(' ', values), consumer.Error);
        });
        Assert.Contains("6, \"1 2 3 4 5 6 0 0\"", report.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void A_producer_reads_nothing_twice_but_where_the_consumer_is()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(new byte[200]));
        Assert.True(memory.Producer.TryWrite(new byte[200]));
        Assert.True(memory.Consumer.TrySkip());
        using HostileMemory hostile = Copy(memory.Host);
        hostile.AllowReread(RingLayout.ConsumerRequestOffset, 8);
        hostile.AllowReread(RingLayout.ConsumerPositionOffset, 8);
        SingleFetchReport report = hostile.AssertSingleFetch(() =>
        {
            SharedRingProducer producer = SharedRing.Open(hostile.Host, 0, memory.Size).Producer;
            return (producer.TryWrite(new byte[100]), producer.Error);
        });
        Assert.Contains("True, None", report.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void A_consumer_of_a_broadcast_reads_each_record_once_between_two_looks_at_its_mark()
    {
        ulong size = SharedBroadcast.SizeFor(16, 8);
        using var hostile = new HostileMemory((size + 4095) & ~4095UL);
        SharedBroadcast made = SharedBroadcast.Create(hostile.Host, 0, size, 16);
        hostile.KeepContent();
        hostile.AllowReread(SharedBroadcast.RequestOffset, 8);
        for (ulong i = 0; i < made.Capacity; i++)
        {
            hostile.AllowReread(made.SlotAt(i), 8);
        }

        SingleFetchReport report = hostile.AssertSingleFetch(() =>
        {
            SharedBroadcast broadcast = SharedBroadcast.Open(hostile.Host, 0, size, 16);
            SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
            broadcast.Producer.TryWrite(new Pair16 { First = 1, Second = 2 });
            broadcast.Producer.TryWrite("text"u8);
            bool isFirst = consumer.TryRead(out Pair16 pair, out ulong lost);
            byte[] buffer = new byte[16];
            bool isSecond = consumer.TryRead(buffer, out int length, out ulong lostToo);
            return (isFirst, isSecond, pair.First, pair.Second, length, lost, lostToo, Convert.ToHexString(buffer), consumer.Error);
        });
        Assert.Contains("True, True, 1, 2, 4, 0, 0", report.Outcome, StringComparison.Ordinal);
    }

    private static HostileMemory Consumer(RingMemory memory, Action<SharedRingProducer> write)
    {
        write(memory.Producer);
        HostileMemory hostile = Copy(memory.Host);

        // A consumer looks after each record whether the producer waits.
        hostile.AllowReread(RingLayout.ProducerRequestOffset, 8);
        return hostile;
    }

    private static HostileMemory Copy(HostSharedMemory memory)
    {
        byte[] content = new byte[memory.Size];
        memory.CopyTo(0, content);
        var hostile = new HostileMemory(memory.Size);
        hostile.Write(0, content);
        return hostile;
    }
}
