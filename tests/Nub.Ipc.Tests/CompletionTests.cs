using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>The end that a producer sets, another thread sets for it, and a next producer takes back.</summary>
[Collection(Alone.Name)]
public sealed class CompletionTests
{
    [Fact]
    public void A_producer_that_takes_over_takes_the_completion_back_before_it_writes()
    {
        using var memory = new RingMemory();
        memory.Producer.Write(1L);
        memory.Producer.Complete();
        Assert.Equal(1, memory.Consumer.Read<long>());
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
        Assert.True(memory.Consumer.IsCompleted);

        SharedRingProducer successor = memory.Reopen().Producer;
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
        Assert.False(memory.Consumer.IsCompleted);
        Assert.True(successor.TryWrite(2L));
        Assert.True(memory.Consumer.WaitToRead(TimeSpan.Zero));
        Assert.Equal(2, memory.Consumer.Read<long>());
        successor.Complete();
        Assert.False(memory.Consumer.WaitToRead(Patience.Limit));
        Assert.True(memory.Consumer.IsCompleted);
    }

    /// <summary>A producer that takes over writes: a second one that is made beside the first would write over what that has written by then.</summary>
    [Fact]
    public void Threads_that_ask_for_the_producer_at_once_have_it_take_over_once()
    {
        // So many records that the second thread comes while the first still follows their headers.
        const int Records = 10_000;
        for (int round = 0; round < 20; round++)
        {
            using var memory = new RingMemory(256 << 10);
            for (long i = 0; i < Records; i++)
            {
                Assert.True(memory.Producer.TryWrite(i));
            }

            memory.Producer.Complete();
            SharedRing again = memory.Reopen();
            using var both = new Barrier(2);
            var other = new Thread(() =>
            {
                both.SignalAndWait();
                _ = again.Producer;
            });
            other.Start();
            both.SignalAndWait();
            Assert.True(again.Producer.TryWrite((long)Records));
            again.Producer.Complete();
            other.Join();
            for (long i = 0; i <= Records; i++)
            {
                Assert.True(memory.Consumer.TryRead(out long value));
                Assert.Equal(i, value);
            }

            Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
            Assert.True(memory.Consumer.IsCompleted, $"round {round}");
        }
    }

    [Fact]
    public async Task An_end_of_a_disposed_ring_that_is_awaited_takes_no_share_of_the_memory()
    {
        using var memory = new RingMemory();
        SharedRingConsumer consumer = memory.Consumer;
        memory.Ring.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.WaitToReadAsync());
        Assert.Null(consumer.Awaiting);
    }

    /// <summary>As another thread leaves a record: with its header stored, and not yet counted by the end.</summary>
    [Fact]
    public void An_end_that_is_set_for_another_thread_stands_behind_what_that_has_revealed()
    {
        using var memory = new RingMemory();
        memory.Producer.Write(1L);
        memory.WriteData(24, 2);
        memory.WriteHeader(16, 16, RingLayout.Record, 8);
        memory.Producer.CompleteFor(memory.Host);
        memory.Producer.CompleteFor(memory.Host);
        Assert.Equal(1, memory.Consumer.Read<long>());
        Assert.Equal(2, memory.Consumer.Read<long>());
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
        Assert.Equal((true, SharedRingError.None), (memory.Consumer.IsCompleted, memory.Consumer.Error));
    }

    [Fact]
    public void An_end_that_is_set_for_another_thread_goes_round_the_ring_and_stops_at_what_breaks_a_rule()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(new byte[240]));
        Assert.True(memory.Consumer.TrySkip());

        // Padding, and the record behind it, as a thread has just revealed both.
        memory.WriteHeader(0, 512, RingLayout.Record, 100);
        memory.WriteHeader(248, 248, RingLayout.Padding, 256);
        memory.Producer.CompleteFor(memory.Host);
        Assert.Equal(RingLayout.MarkOf(624) | RingLayout.End, memory.Host.Read<ulong>(RingLayout.DataOffset + 112));
        Assert.True(memory.Consumer.TryRead(new byte[100], out int length));
        Assert.Equal(100, length);
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
        Assert.True(memory.Consumer.IsCompleted);

        foreach (ulong hostile in (ulong[])[1, ulong.MaxValue, RingLayout.MarkOf(248) | RingLayout.LengthMask])
        {
            memory.WriteData(248, hostile);
            memory.Producer.CompleteFor(memory.Host);
            Assert.Equal(hostile, memory.Host.Read<ulong>(RingLayout.DataOffset + 248));
        }
    }

    /// <summary>A thread writes until the memory that it has is disposed at any of its steps, and another sets the end for it. What it was told to be written is read, and nothing else.</summary>
    [Theory]
    [InlineData(512UL)]
    [InlineData(4096UL)]
    public void Exactly_the_records_that_a_thread_has_revealed_stand_before_the_end_that_another_sets(ulong capacity)
    {
        int completions = 0;

        // A round takes Wine some 80 ms, which makes a system call of the barrier and has one processor.
        int rounds = OperatingSystem.IsWindows() ? 60 : 300;
        for (int round = 0; round < rounds; round++)
        {
            using var memory = new RingMemory(capacity);
            using HostSharedMemory other = memory.Host.Clone();
            SharedRingConsumer consumer = SharedRing.Open(other, 0, memory.Size).Consumer;
            SharedRingProducer producer = memory.Producer;
            int written = 0;
            var writer = new Thread(() =>
            {
                byte[] record = new byte[200];
                var sizes = new Random(round);
                try
                {
                    while (!producer.IsBroken)
                    {
                        BitConverter.TryWriteBytes(record, written);
                        if (producer.TryWrite(record.AsSpan(0, sizes.Next(4, 200))))
                        {
                            Volatile.Write(ref written, written + 1);
                        }
                        else
                        {
                            // It is full: on one processor nothing is read until this thread lets go of it.
                            Thread.Yield();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            });
            writer.Start();
            byte[] buffer = new byte[200];
            int read = 0;
            ReadUntil(() => read > round % 20);
            memory.Host.Dispose();
            Interlocked.MemoryBarrierProcessWide();
            producer.CompleteFor(other);
            writer.Join();
            ReadUntil(() => !consumer.TryPeekLength(out _));
            Assert.Equal((written, SharedRingError.None, SharedRingError.None), (read, consumer.Error, producer.Error));
            completions += consumer.IsCompleted ? 1 : 0;

            void ReadUntil(Func<bool> isEnough) => Patience.WaitUntil(() =>
            {
                if (consumer.TryRead(buffer, out _) && BitConverter.ToInt32(buffer) == read)
                {
                    read++;
                }

                return consumer.IsBroken || isEnough();
            });
        }

        // A header that the thread's last access stored may stand over the end, now and then.
        Assert.True(completions > rounds / 2, $"{completions} of {rounds}");
    }
}
