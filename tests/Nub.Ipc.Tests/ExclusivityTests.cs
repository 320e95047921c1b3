using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>Somebody in this process takes the memory exclusively, again and again, while ends are at work: what was refused can be done again, and what was done is not refused.</summary>
[Collection(Alone.Name)]
public sealed class ExclusivityTests
{
    [Fact]
    public void Each_record_is_written_once_and_read_once_whoever_takes_the_memory_meanwhile()
    {
        using var memory = new RingMemory();
        _ = (memory.Producer, memory.Consumer);
        byte[] bytes = new byte[40];
        WhileTaken(memory.Host, i =>
        {
            // What has waited is asked to be woken, and takes that back when it has gone round the ring.
            if (i % 16 == 0)
            {
                Again(() => memory.Consumer.WaitToRead(TimeSpan.Zero));
                Again(() => memory.Producer.WaitToWrite(240, TimeSpan.Zero));
            }

            BitConverter.TryWriteBytes(bytes, i);
            Assert.True(Again(() => memory.Producer.TryWrite(bytes)));
            bytes.AsSpan().Clear();
            Assert.True(Again(() => memory.Consumer.TryRead(bytes, out _)));
            Assert.Equal(i, BitConverter.ToInt64(bytes));
            Assert.True(Again(() => memory.Producer.TryWriteMany<long>([i, i + 1])));
            long first = 0, second = 0;
            Assert.True(Again(() => memory.Consumer.TryRead(out first)));
            Assert.True(Again(() => memory.Consumer.TryRead(out second)));
            Assert.Equal((i, i + 1), (first, second));
            Assert.False(Again(() => memory.Consumer.TryPeekLength(out _)));
        });
        Assert.False(memory.Producer.IsBroken || memory.Consumer.IsBroken);
    }

    [Fact]
    public void Each_record_is_broadcast_once_whoever_takes_the_memory_meanwhile()
    {
        ulong size = SharedBroadcast.SizeFor(16, 8);
        var (host, guest) = new ExclusiveSharedMemory(4096).Build();
        SharedBroadcast broadcast = SharedBroadcast.Create(host, 0, size, 16);
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        _ = broadcast.Producer;
        WhileTaken(host, i =>
        {
            Again(() => consumer.WaitToRead(TimeSpan.Zero));
            Assert.True(Again(() => broadcast.Producer.TryWrite(i)));
            long value = 0;
            Assert.True(Again(() => consumer.TryRead(out value, out _)));
            Assert.Equal(i, value);
            Assert.Equal((ulong)i + 1, broadcast.Producer.Written);
        });
        consumer.Dispose();
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void An_awaited_end_that_was_locked_out_is_polled_until_it_was_looked_at_again()
    {
        using var memory = new RingMemory();
        using var wait = new AsyncWait(memory.Consumer);
        bool polledAnyway = wait.IsPolled;
        Assert.False(wait.TryComplete(always: true));
        memory.Host.WithExclusivity(_ =>
        {
            Assert.False(wait.TryComplete(always: true));
            Assert.True(wait.IsPolled);
        });
        Assert.False(wait.TryComplete(always: true));
        Assert.Equal(polledAnyway, wait.IsPolled);
    }

    /// <summary>Does something many times while another thread takes the memory exclusively without end.</summary>
    private static void WhileTaken(HostSharedMemory host, Action<long> action)
    {
        const int Count = 20_000;
        bool stop = false;
        var taker = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    host.WithExclusivity(static _ => Thread.SpinWait(20));
                }
                catch (SharedMemoryLockedException)
                {
                    // An access was under way for too long.
                }

                Thread.SpinWait(200);
            }
        });
        taker.Start();
        try
        {
            for (long i = 0; i < Count; i++)
            {
                action(i);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            taker.Join();
        }
    }

    private static bool Again(Func<bool> action)
    {
        while (true)
        {
            try
            {
                return action();
            }
            catch (SharedMemoryLockedException)
            {
                Thread.Yield();
            }
        }
    }
}
