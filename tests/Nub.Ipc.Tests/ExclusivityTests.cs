using System.Diagnostics;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>Another thread of this process takes the memory exclusively, again and again, while ends are at work: what was refused can be done again, and what was done is not refused.</summary>
[Collection(Alone.Name)]
public sealed class ExclusivityTests
{
    // How often the memory was taken, and how often an end was refused for it.
    private int _taken;
    private int _refused;

    [Fact]
    public void Each_record_is_written_once_and_read_once_whoever_takes_the_memory_meanwhile()
    {
        using var memory = new RingMemory();
        long written = 0;

        // The producer wants to be woken, and writes wherever room was given back.
        void Fill()
        {
            while (Again(() => memory.Producer.TryWrite(written)))
            {
                written++;
            }

            Again(() => memory.Producer.WaitToWrite(8, TimeSpan.Zero));
        }

        memory.Consumer.SpinTime = memory.Producer.SpinTime = TimeSpan.Zero;
        WhileTaken(memory.Host, i =>
        {
            Fill();
            long value = -1;
            Assert.True(Again(() => memory.Consumer.TryRead(out value), refused: Fill));
            Assert.Equal(i, value);
        });
        Assert.False(memory.Producer.IsBroken || memory.Consumer.IsBroken);
    }

    [Fact]
    public void What_is_refused_while_the_peer_is_woken_is_done_all_the_same()
    {
        using var memory = new RingMemory();
        using var waker = new ChannelWaker(new LockedLink());
        memory.Producer.Waker = memory.Consumer.Waker = waker;

        // Each end sleeps for the other's next step, and is to be woken by the link: 1 and 4 of a request.
        memory.Host.Write(RingLayout.ConsumerRequestOffset, 5UL);
        Assert.True(memory.Producer.TryWrite(1L));
        Assert.Equal(0UL, memory.Host.Read<ulong>(RingLayout.ConsumerRequestOffset));
        Assert.True(memory.Producer.TryWrite(2L));
        memory.Host.Write(RingLayout.ProducerRequestOffset, 5UL);
        Assert.True(memory.Consumer.TryRead(out long value) && value == 1);
        Assert.Equal(0UL, memory.Host.Read<ulong>(RingLayout.ProducerRequestOffset));
        Assert.True(memory.Consumer.TryRead(out value) && value == 2);
        Assert.False(memory.Consumer.TryPeekLength(out _));
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

    /// <summary>
    /// Does something many times while another thread takes the memory exclusively without end. A round takes from a tenth of a millisecond to some milliseconds, as the two
    /// threads happen to fall: after some seconds it is enough, where the memory was taken and an end was refused by then.
    /// </summary>
    private void WhileTaken(HostSharedMemory host, Action<long> action)
    {
        const int Count = 20_000;
        const int Least = 200;
        var clock = Stopwatch.StartNew();
        bool stop = false;
        var taker = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    host.WithExclusivity(_ =>
                    {
                        Interlocked.Increment(ref _taken);
                        Thread.SpinWait(20);
                    });
                }
                catch (SharedMemoryLockedException)
                {
                    // An access was under way for too long.
                }

                Thread.SpinWait(20);
            }
        });
        taker.Start();
        try
        {
            for (long i = 0; (i < Count && (i < Least || clock.ElapsedMilliseconds < 3000)) || (!IsContended() && clock.Elapsed < Patience.Limit); i++)
            {
                action(i);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            taker.Join();
        }

        Assert.True(IsContended(), $"{_taken} times taken, {_refused} times refused");
    }

    private bool IsContended() => Volatile.Read(ref _taken) != 0 && _refused != 0;

    private bool Again(Func<bool> action, Action? refused = null)
    {
        while (true)
        {
            try
            {
                return action();
            }
            catch (SharedMemoryLockedException)
            {
                _refused++;
                refused?.Invoke();
                Thread.Yield();
            }
        }
    }

    /// <summary>A link at which a wake finds the memory held exclusively.</summary>
    private sealed class LockedLink : ChannelLink
    {
        public override PeerCredentials Peer => default;

        public override Task SendHelloAsync(ulong ringSize, SafeHandle? memory, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task<ChannelHello> ReceiveHelloAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public override SafeHandle TakeMemory(in ChannelHello hello) => throw new NotSupportedException();

        public override ValueTask<int> ReceiveHintsAsync(Memory<byte> buffer) => throw new NotSupportedException();

        public override void Wake() => throw new SharedMemoryLockedException();

        public override void Dispose()
        {
        }
    }
}
