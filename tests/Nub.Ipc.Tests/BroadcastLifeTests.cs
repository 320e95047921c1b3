using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>How a broadcast is opened, goes on after it was broken, and ends.</summary>
[Collection(Alone.Name)]
public sealed class BroadcastLifeTests : IDisposable
{
    private static readonly ulong s_size = SharedBroadcast.SizeFor(16, 8);

    private readonly HostSharedMemory _host;
    private readonly SharedBroadcast _broadcast;

    public BroadcastLifeTests()
    {
        (_host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        guest.Dispose();
        _broadcast = SharedBroadcast.Create(_host, 0, s_size, 16);
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void What_is_not_the_broadcast_that_was_asked_for_is_not_opened()
    {
        Assert.True(SharedBroadcast.TryOpen(_host, 0, s_size, 16, out SharedBroadcast? broadcast));
        Assert.Equal((8UL, 16), (broadcast.Capacity, broadcast.MaxRecordLength));
        Assert.False(SharedBroadcast.TryOpen(_host, 0, s_size, 8, out SharedBroadcast? other));
        Assert.Null(other);
        Assert.False(SharedBroadcast.TryOpen(_host, 128, s_size, 16, out _));
        SharedRingException refusal = Assert.Throws<SharedRingException>(() => SharedBroadcast.Open(_host, 0, s_size, 8));
        Assert.Equal((SharedRingError.LayoutMismatch, 8UL), (refusal.Error, refusal.Position));
        Assert.Throws<ArgumentOutOfRangeException>("maxRecordLength", () => SharedBroadcast.TryOpen(_host, 0, s_size, -1, out _));
        Assert.Throws<ArgumentOutOfRangeException>("offset", () => SharedBroadcast.TryOpen(_host, 1, s_size, 16, out _));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => SharedBroadcast.TryOpen(_host, 0, 512, 16, out _));
        Assert.Throws<ArgumentNullException>("memory", () => SharedBroadcast.TryOpen(null!, 0, s_size, 16, out _));
        Assert.Throws<SharedMemoryBoundsException>(() => SharedBroadcast.TryOpen(_host, 3968, s_size, 16, out _));
    }

    [Theory]
    [InlineData(2UL * 5)]
    [InlineData(ulong.MaxValue)]
    public void A_producer_that_finds_a_mark_where_it_does_not_belong_writes_again_after_a_reset(ulong mark)
    {
        for (ulong i = 0; i < 3; i++)
        {
            Assert.True(_broadcast.Producer.TryWrite(i));
        }

        _host.Write(_broadcast.SlotAt(6), mark);
        SharedBroadcast again = SharedBroadcast.Open(_host, 0, s_size, 16);
        Assert.False(again.Producer.TryWrite(3UL));
        Assert.True(again.Producer.IsBroken);
        Assert.Equal(SharedRingError.RecordOutOfPlace, again.Producer.GetException()!.Error);
        again.Producer.Reset();
        Assert.Equal((false, SharedRingError.None, 3UL), (again.Producer.IsBroken, again.Producer.Error, again.Producer.Written));
        Assert.Null(again.Producer.GetException());
        SharedBroadcastConsumer consumer = again.CreateConsumer();
        Assert.False(consumer.IsBroken);
        for (ulong i = 3; i < 20; i++)
        {
            Assert.True(again.Producer.TryWrite(i));
            Assert.True(consumer.TryRead(out ulong value, out ulong lost));
            Assert.Equal((i, 0UL), (value, lost));
        }
    }

    [Fact]
    public void A_producer_that_is_reset_goes_on_behind_what_it_has_written_whatever_the_marks_say()
    {
        for (ulong i = 0; i < 11; i++)
        {
            Assert.True(_broadcast.Producer.TryWrite(i));
        }

        _host.Fill(512, s_size - 512, 0);
        _broadcast.Producer.Reset();
        Assert.Equal(11UL, _broadcast.Producer.Written);
        Assert.True(_broadcast.Producer.TryWrite(11UL));
        Assert.Equal(2UL * 11 + 2, _host.Read<ulong>(_broadcast.SlotAt(3)));
    }

    [Fact]
    public void A_wait_without_a_time_ends_with_a_record_or_its_token()
    {
        SharedBroadcastConsumer consumer = _broadcast.CreateConsumer();
        Assert.True(_broadcast.Producer.TryWrite(7UL));
        Assert.True(consumer.WaitToRead());
        Assert.True(consumer.TryRead(out ulong value, out _) && value == 7);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => consumer.WaitToRead(cancelled.Token));
    }

    [Fact]
    public async Task A_broadcast_that_is_disposed_ends_the_waits_of_its_consumers_and_makes_no_ends()
    {
        SharedBroadcastConsumer awaited = _broadcast.CreateConsumer();
        SharedBroadcastConsumer slept = _broadcast.CreateConsumer();
        SharedBroadcastConsumer later = _broadcast.CreateConsumer();
        Exception? caught = null;
        var sleeper = new Thread(() => caught = Record.Exception(() => slept.WaitToRead()));
        sleeper.Start();
        Patience.WaitUntil(() => _host.Read<ulong>(SharedBroadcast.RequestOffset) != 0 || !slept.CanBeWoken);
        Task<bool> waiting = awaited.WaitToReadAsync().AsTask();
        _broadcast.Dispose();
        _broadcast.Dispose();
        Exception?[] ends = [await Record.ExceptionAsync(() => waiting.WaitAsync(Patience.Limit)), Joined(), Record.Exception(() => later.WaitToRead())];
        Assert.All(ends, static end => Assert.Equal(typeof(SharedBroadcastConsumer).FullName, Assert.IsType<ObjectDisposedException>(end).ObjectName));
        Assert.Throws<ObjectDisposedException>(() => _broadcast.Producer);
        Assert.Throws<ObjectDisposedException>(() => _broadcast.CreateConsumer());

        Exception? Joined()
        {
            Assert.True(sleeper.Join(Patience.Limit));
            return caught;
        }
    }

    [Fact]
    public void A_consumer_that_is_let_go_of_is_not_kept_by_its_broadcast()
    {
        WeakReference made = Make();
        Patience.WaitUntil(() =>
        {
            GC.Collect();
            return !made.IsAlive;
        });
        GC.KeepAlive(_broadcast);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Make() => new(_broadcast.CreateConsumer());
    }

    [Fact]
    public void A_record_that_is_too_long_names_the_callers_parameter()
    {
        using var memory = new RingMemory();
        Assert.Throws<ArgumentOutOfRangeException>("record", () => memory.Producer.TryWrite(new byte[249]));
        Assert.Throws<ArgumentOutOfRangeException>("record", () => memory.Producer.Write(new byte[249]));
        Assert.Throws<ArgumentOutOfRangeException>("values", () => memory.Producer.TryWriteMany<long>(new long[31]));
        Assert.Throws<ArgumentOutOfRangeException>("record", () => _broadcast.Producer.TryWrite(new byte[17]));
        Assert.Throws<ArgumentOutOfRangeException>("value", () => _broadcast.Producer.TryWrite(default(Block32)));
        Assert.Throws<ArgumentOutOfRangeException>("value", () => memory.Producer.TryWrite(default(Block256)));
    }

    [Fact]
    public async Task A_ring_that_is_disposed_makes_no_ends_and_those_it_has_made_wait_no_longer()
    {
        using var memory = new RingMemory();
        SharedRingConsumer consumer = memory.Consumer;
        memory.Ring.Dispose();
        Assert.Equal(typeof(SharedRing).FullName, Assert.Throws<ObjectDisposedException>(() => memory.Ring.Producer).ObjectName);
        Assert.Throws<ObjectDisposedException>(() => memory.Ring.Consumer);
        Assert.Equal(typeof(SharedRingConsumer).FullName, Assert.Throws<ObjectDisposedException>(() => consumer.WaitToRead()).ObjectName);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.WaitToReadAsync());

        // What stands in the memory remains, for others too.
        Assert.True(memory.Reopen().Producer.TryWrite(1L));
        Assert.True(consumer.TryRead(out long value) && value == 1);
    }
}
