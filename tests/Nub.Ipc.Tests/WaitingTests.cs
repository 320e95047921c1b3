using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>Ends that sleep until the other has done something.</summary>
[Collection(Alone.Name)]
public class WaitingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void A_message_there_and_back_wakes_each_side(int spinMicroseconds)
    {
        using var there = new RingMemory();
        using var back = new RingMemory();
        using var patience = new CancellationTokenSource(Patience.Limit);
        const int Count = 2000;
        RingEnd[] ends = [there.Consumer, there.Producer, back.Consumer, back.Producer];
        foreach (RingEnd end in ends)
        {
            end.SpinTime = TimeSpan.FromMicroseconds(spinMicroseconds);
        }

        var echo = new Thread(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                back.Producer.Write(there.Consumer.Read<long>(patience.Token) + 1, patience.Token);
            }
        });
        echo.Start();
        for (long i = 0; i < Count; i++)
        {
            there.Producer.Write(i, patience.Token);
            Assert.Equal(i + 1, back.Consumer.Read<long>(patience.Token));
        }

        echo.Join();

        // A lost wake-up is made good after a while. One now and then may be a coincidence.
        int rescues = ends.Sum(static end => end.Rescues);
        Assert.True(rescues < Count / 20, $"{rescues} of {Count} messages were found without a wake");
    }

    [Fact]
    public void The_machines_processors_are_counted_and_not_those_that_this_process_may_use()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Equal(Environment.ProcessorCount, SystemProcessors.Online);
            return;
        }

        int listed = File.ReadLines("/proc/cpuinfo").Count(static line => line.StartsWith("processor", StringComparison.Ordinal));
        Assert.Equal(listed, SystemProcessors.Online);
    }

    [Fact]
    public void A_full_ring_holds_the_producer_back_and_an_empty_one_the_consumer()
    {
        using var memory = new RingMemory();
        using var patience = new CancellationTokenSource(Patience.Limit);
        memory.Producer.SpinTime = memory.Consumer.SpinTime = TimeSpan.Zero;
        const int Count = 20_000;
        var writer = new Thread(() =>
        {
            byte[] record = new byte[100];
            for (int i = 0; i < Count; i++)
            {
                record.AsSpan().Fill((byte)i);
                memory.Producer.Write(record.AsSpan(0, i % 100), patience.Token);
            }

            memory.Producer.Complete();
        });
        writer.Start();
        byte[] buffer = new byte[100];
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(i % 100, memory.Consumer.Read(buffer, patience.Token));
            Assert.Equal(-1, buffer.AsSpan(0, i % 100).IndexOfAnyExcept((byte)i));
        }

        Assert.False(memory.Consumer.WaitToRead(patience.Token));
        Assert.Throws<EndOfStreamException>(() => memory.Consumer.Read(buffer, patience.Token));
        writer.Join();
        int rescues = memory.Producer.Rescues + memory.Consumer.Rescues;
        Assert.True(rescues < Count / 200, $"{rescues} of {Count} messages were found without a wake");
    }

    [Fact]
    public async Task Awaited_ends_need_no_thread_of_their_own()
    {
        const int Rings = 150;
        const int Count = 100;
        using var patience = new CancellationTokenSource(Patience.Limit);
        RingMemory[] memories = [.. Enumerable.Range(0, Rings).Select(static _ => new RingMemory())];

        async Task WriteAsync(RingMemory memory)
        {
            for (long i = 0; i < Count; i++)
            {
                await memory.Producer.WriteAsync(i, patience.Token);
                if (i % 40 == 0)
                {
                    await Task.Yield();
                }
            }

            memory.Producer.Complete();
        }

        async Task ReadAsync(RingMemory memory)
        {
            long expected = 0;
            await foreach (long value in memory.Consumer.ReadAllAsync<long>(patience.Token))
            {
                Assert.Equal(expected++, value);
            }

            Assert.Equal(Count, expected);
        }

        await Task.WhenAll(memories.SelectMany(memory => new[] { Task.Run(() => ReadAsync(memory)), Task.Run(() => WriteAsync(memory)) }));
        foreach (RingMemory memory in memories)
        {
            memory.Ring.Dispose();
            memory.Dispose();
        }
    }

    [SkippableFact]
    public async Task No_path_allocates_once_it_is_warm_the_awaited_ones_included()
    {
        Skip.If(OperatingSystem.IsWindows(), "A bare ring looks at most once a tick of the timer there, and this waits thousands of times.");
        using var there = new RingMemory();
        using var back = new RingMemory();
        using var patience = new CancellationTokenSource(Patience.Limit);
        byte[] buffer = new byte[16];
        const int Count = 3000;

        async Task EchoAsync()
        {
            while (await there.Consumer.WaitToReadAsync(patience.Token))
            {
                await back.Producer.WriteAsync(await there.Consumer.ReadAsync<Pair16>(patience.Token), patience.Token);
            }
        }

        async ValueTask RoundAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                await there.Producer.WriteAsync(new Pair16 { First = (ulong)i }, patience.Token);
                if (await back.Consumer.ReadAsync(buffer, patience.Token) != 16 || BitConverter.ToUInt64(buffer) != (ulong)i)
                {
                    throw new InvalidOperationException("Another record came back.");
                }
            }
        }

        Task echo = Task.Run(EchoAsync);
        await Task.Run(() => RoundAsync(Count).AsTask());

        // Of the whole process, in which other tests live too, and pools whose objects threads take from one another: so the least of several rounds counts. One
        // box for each await would be over 400 bytes a round trip in every one of them.
        long least = long.MaxValue;
        for (int round = 0; round < 12 && least >= Count * 32; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await Task.Run(() => RoundAsync(Count).AsTask());
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        there.Producer.Complete();
        await echo;
        Assert.True(least < Count * 32, $"{least} bytes for {Count} round trips, at the least");
        there.Ring.Dispose();
        back.Ring.Dispose();
    }

    [Fact]
    public void A_wait_ends_with_its_token_or_its_time()
    {
        using var memory = new RingMemory();
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.FromMilliseconds(1)));
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.Zero));
        using var cancelled = new CancellationTokenSource();
        Exception? caught = null;
        var reader = new Thread(() => caught = Record.Exception(() => memory.Consumer.Read<long>(cancelled.Token)));
        reader.Start();
        Patience.WaitUntil(() => memory.ConsumerSleeps);
        cancelled.Cancel();
        Assert.True(reader.Join(Patience.Limit));
        Assert.IsType<OperationCanceledException>(caught);
        Assert.Throws<OperationCanceledException>(() => memory.Consumer.WaitToRead(cancelled.Token));
        while (memory.Producer.TryWrite(1L))
        {
        }

        Assert.Throws<OperationCanceledException>(() => memory.Producer.Write(1L, cancelled.Token));
        Assert.False(memory.Producer.WaitToWrite(8, TimeSpan.FromMilliseconds(1)));
        Assert.True(memory.Consumer.WaitToRead(cancelled.Token));
    }

    [Fact]
    public async Task An_awaited_wait_ends_with_its_token_its_ring_and_its_memory()
    {
        using var memory = new RingMemory();
        using var cancelled = new CancellationTokenSource();
        ValueTask<long> reading = memory.Consumer.ReadAsync<long>(cancelled.Token);
        cancelled.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await reading);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await memory.Consumer.WaitToReadAsync(cancelled.Token));
        Task<bool> waiting = memory.Consumer.WaitToReadAsync().AsTask();
        memory.Ring.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience.Limit));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await memory.Consumer.WaitToReadAsync());

        SharedRing again = memory.Reopen();
        waiting = again.Consumer.WaitToReadAsync().AsTask();
        memory.Host.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience.Limit));
        again.Dispose();
    }

    [Fact]
    public void A_peer_that_never_wakes_cannot_hang_an_end()
    {
        using var memory = new RingMemory();
        using var patience = new CancellationTokenSource(Patience.Limit);
        var hostile = new Thread(() =>
        {
            Patience.WaitUntil(() => memory.ConsumerSleeps);
            memory.WriteData(8, 77);
            memory.WriteHeader(0, 0, RingLayout.Record, 8);
        });
        _ = memory.Consumer;
        hostile.Start();
        Assert.Equal(77, memory.Consumer.Read<long>(patience.Token));
        hostile.Join();
    }

    [SkippableFact]
    public async Task A_peer_that_wakes_without_end_is_not_listened_to()
    {
        Skip.If(OperatingSystem.IsWindows(), "A bare ring is not woken there, it looks every millisecond.");
        using var memory = new RingMemory();
        using var stop = new CancellationTokenSource();
        var hostile = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                memory.Consumer.Nudge();
            }
        });
        hostile.Start();
        Assert.False(memory.Consumer.WaitToRead(TimeSpan.FromMilliseconds(300)));
        Assert.InRange(memory.Consumer.EmptyWakes, 1, 9);

        Task<bool> awaited = memory.Consumer.WaitToReadAsync().AsTask();
        Patience.WaitUntil(() => memory.Consumer.Awaiting is { IsPolled: true });
        Assert.False(awaited.IsCompleted);
        memory.Producer.Write(1L);
        Assert.True(await awaited.WaitAsync(Patience.Limit));
        stop.Cancel();
        hostile.Join();
        memory.Ring.Dispose();
    }

    [Fact]
    public async Task What_a_peer_breaks_ends_the_waits()
    {
        using var memory = new RingMemory();
        _ = memory.Producer;
        Task<bool> awaited = memory.Consumer.WaitToReadAsync().AsTask();
        memory.WriteData(0, 5);
        SharedRingException broken = await Assert.ThrowsAsync<SharedRingException>(() => awaited.WaitAsync(Patience.Limit));
        Assert.Equal(SharedRingError.RecordOutOfPlace, broken.Error);
        Assert.Throws<SharedRingException>(() => memory.Consumer.Read<long>());
        Assert.Throws<SharedRingException>(() => memory.Consumer.WaitToRead());
        while (memory.Producer.TryWrite(new byte[100]))
        {
        }

        memory.ConsumerPosition = 12;
        Assert.Equal(SharedRingError.ConsumerPositionInvalid, Assert.Throws<SharedRingException>(() => memory.Producer.Write(new byte[100])).Error);
        Assert.Throws<SharedRingException>(() => memory.Producer.WaitToWrite(1));
        memory.Ring.Dispose();
    }

    [Fact]
    public async Task Whoever_takes_the_memory_exclusively_does_not_end_an_awaited_wait()
    {
        using var memory = new RingMemory();
        Task<bool> waiting = memory.Consumer.WaitToReadAsync().AsTask();
        for (int taken = 0; taken < 20;)
        {
            Patience.WaitUntil(() => memory.Consumer.Awaiting is { IsLockedOut: false });
            try
            {
                memory.Host.WithExclusivity(_ =>
                {
                    taken++;
                    WaitingThread.Kick();
                    Patience.WaitUntil(() => memory.Consumer.Awaiting is { IsLockedOut: true });
                });
            }
            catch (SharedMemoryLockedException)
            {
                Thread.Yield();
            }
        }

        Assert.False(waiting.IsCompleted);
        memory.Producer.Write(1L);
        Assert.True(await waiting.WaitAsync(Patience.Limit));
        memory.Ring.Dispose();
    }

    [Fact]
    public async Task An_end_that_is_awaited_refuses_a_second_wait_and_takes_the_next_one()
    {
        using var memory = new RingMemory();
        using var cancelled = new CancellationTokenSource();
        for (long i = 0; i < 3; i++)
        {
            Task<bool> first = memory.Consumer.WaitToReadAsync().AsTask();
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await memory.Consumer.WaitToReadAsync());
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await memory.Consumer.ReadAsync<long>());
            Assert.False(first.IsCompleted);
            memory.Producer.Write(i);
            Assert.True(await first.WaitAsync(Patience.Limit));
            Assert.Equal(i, await memory.Consumer.ReadAsync<long>());
        }

        Task<bool> given = memory.Consumer.WaitToReadAsync(cancelled.Token).AsTask();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.WaitAsync(Patience.Limit));
        Task<bool> next = memory.Consumer.WaitToReadAsync().AsTask();
        memory.Producer.Write(1L);
        Assert.True(await next.WaitAsync(Patience.Limit));
        memory.Ring.Dispose();
    }

    [Fact]
    public void A_wait_of_a_thread_ends_with_its_ring()
    {
        using var memory = new RingMemory();
        using var patience = new CancellationTokenSource(Patience.Limit);
        _ = memory.Consumer;
        Exception? caught = null;
        var reader = new Thread(() => caught = Record.Exception(() => memory.Consumer.WaitToRead(patience.Token)));
        reader.Start();
        Patience.WaitUntil(() => memory.ConsumerSleeps);
        memory.Ring.Dispose();
        reader.Join();
        Assert.IsType<ObjectDisposedException>(caught);
        Assert.Throws<ObjectDisposedException>(() => memory.Consumer.WaitToRead(patience.Token));
    }
}
