using System.Diagnostics;
using System.Reflection;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>What a debugger shows: without an access to the memory, whatever state that is in.</summary>
[Collection(Alone.Name)]
public sealed class DebuggerTests
{
    private const BindingFlags Anything = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    [Fact]
    public void A_ring_and_its_ends_show_where_they_are_and_what_is_wrong()
    {
        using var memory = new RingMemory();
        Assert.Equal("ring of 512 bytes at 0", Display(memory.Ring));
        AssertMakesNone(memory.Ring, "Producer", "Consumer");
        memory.Producer.Write(1L);
        Assert.Equal("producer at 16", Display(memory.Producer));
        Assert.Equal("consumer at 0", Display(memory.Consumer));
        memory.Producer.Complete();
        Assert.Equal("producer at 16, completed", Display(memory.Producer));
        Assert.False(memory.Consumer.TryRead(new byte[1], out _));
        Assert.Equal("consumer at 0, DestinationTooSmall", Display(memory.Consumer));
        memory.Consumer.TrySkip();
        memory.WriteData(16, ulong.MaxValue);
        Assert.False(memory.Consumer.TrySkip());
        Assert.Equal("consumer at 16, RecordOutOfPlace, broken", Display(memory.Consumer));
        (SharedRingProducer producer, SharedRingConsumer consumer) = (memory.Producer, memory.Consumer);
        memory.Ring.Dispose();
        memory.Host.Dispose();
        Assert.Equal("ring of 512 bytes at 0, disposed", Display(memory.Ring));
        Assert.Equal("producer at 16, completed", Display(producer));
        Assert.Equal("consumer at 16, RecordOutOfPlace, broken", Display(consumer));
    }

    [Fact]
    public void A_broadcast_and_its_ends_show_where_they_are()
    {
        var (host, guest) = new ExclusiveSharedMemory(4096).Build();
        guest.Dispose();
        SharedBroadcast broadcast = SharedBroadcast.Create(host, 0, SharedBroadcast.SizeFor(16, 8), 16);
        Assert.Equal("broadcast of 8 records of up to 16 bytes at 0", Display(broadcast));
        AssertMakesNone(broadcast, "Producer");
        SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        SharedBroadcastProducer producer = broadcast.Producer;
        Assert.True(producer.TryWrite(1L));
        host.Dispose();
        broadcast.Dispose();
        Assert.Equal("broadcast of 8 records of up to 16 bytes at 0, disposed", Display(broadcast));
        Assert.Equal("producer at record 1", Display(producer));
        Assert.Equal("consumer at record 0", Display(consumer));
    }

    [SkippableFact]
    public async Task A_channel_shows_its_peer_and_whether_that_has_gone()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        string folder = Directory.CreateTempSubdirectory("nub-ipc-").FullName;
        using (SharedChannelListener listener = await SharedChannel.ListenAsync(Path.Combine(folder, "channel")))
        {
            Task<SharedChannel> accepting = listener.AcceptAsync();
            SharedChannel client = await SharedChannel.ConnectAsync(Path.Combine(folder, "channel"));
            SharedChannel server = await accepting;
            string peer = $"channel with process {Environment.ProcessId}";
            Assert.Equal(peer, Display(server));
            await client.DisposeAsync();
            Assert.Equal($"{peer}, disposed", Display(client));
            Patience.WaitUntil(() => server.IsPeerGone);
            Assert.Equal($"{peer}, which has gone", Display(server));
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>What a debugger shows in one line: the property that the attribute names.</summary>
    private static string Display(object shown)
    {
        DebuggerDisplayAttribute attribute = shown.GetType().GetCustomAttribute<DebuggerDisplayAttribute>(inherit: true)!;
        Assert.Equal("{DebuggerDisplay,nq}", attribute.Value);
        return (string)shown.GetType().GetProperty("DebuggerDisplay", Anything)!.GetValue(shown)!;
    }

    /// <summary>To ask for an end makes it, which a debugger that opens the object must not do.</summary>
    private static void AssertMakesNone(object shown, params string[] ends) => Assert.All(ends, end =>
        Assert.Equal(DebuggerBrowsableState.Never, shown.GetType().GetProperty(end)!.GetCustomAttribute<DebuggerBrowsableAttribute>()!.State));
}
