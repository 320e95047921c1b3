using System.Diagnostics;
using System.IO.Pipelines;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Tasks.Sources;
using Nub.Ipc.Child;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>Two rings and a socket.</summary>
[Collection(Alone.Name)]
public sealed class ChannelTests : IDisposable
{
    private static readonly SocketError[] s_nothingListens = [SocketError.ConnectionRefused, SocketError.AddressNotAvailable];

    private readonly string _folder = Directory.CreateTempSubdirectory("nub-ipc-").FullName;
    private readonly CancellationTokenSource _patience = new(Patience.Limit);

    private string ChannelPath => Path.Combine(_folder, "channel");

    public void Dispose()
    {
        _patience.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(SharedChannelListener Listener, SharedChannel Server, SharedChannel Client)> ConnectAsync(SharedChannelOptions? options = null)
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, options);
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
        return (listener, await accepting, client);
    }

    /// <summary>
    /// A lost wake is made good by the look every 100 ms, which then is a rescue. So is a wake that is late, as it is whenever the machine lets the other side stand for that long: some are
    /// no fault, and grow with the time that the waits take.
    /// </summary>
    private static void AssertWoken(int rescues, int ofWaits)
    {
        int bearable = Math.Max(20, ofWaits / 1000);
        Assert.True(rescues <= bearable, $"{rescues} of {ofWaits} waits were over without a wake, where {bearable} may be");
    }

    [SkippableFact]
    public async Task Records_go_both_ways_and_each_side_knows_who_the_other_is()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        Assert.Equal(Environment.ProcessId, server.Peer.ProcessId);
        Assert.Equal(server.Peer, client.Peer);
        for (long i = 0; i < 1000; i++)
        {
            client.Producer.Write(i);
            Assert.Equal(i, await server.Consumer.ReadAsync<long>(_patience.Token));
            await server.Producer.WriteAsync(-i, _patience.Token);
            Assert.Equal(-i, client.Consumer.Read<long>(_patience.Token));
        }

        Assert.False(server.IsPeerGone || client.IsPeerGone);
        await client.DisposeAsync();
        Assert.False(await server.Consumer.WaitToReadAsync(_patience.Token));
        await server.DisposeAsync();
        listener.Dispose();
        Assert.False(File.Exists(ChannelPath));
    }

    [SkippableFact]
    public async Task A_peer_that_goes_leaves_what_was_complete_and_the_next_one_is_taken()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        for (int peer = 0; peer < 3; peer++)
        {
            client.Producer.Write(1L);
            client.Producer.Write(2L);
            Task<bool> waiting = Task.Run(async () => await server.Consumer.WaitToReadAsync(_patience.Token) && await server.Consumer.WaitToReadAsync(_patience.Token));
            await client.DisposeAsync();
            Assert.True(await waiting);
            Assert.Equal(1, server.Consumer.Read<long>(_patience.Token));
            Assert.Equal(2, server.Consumer.Read<long>(_patience.Token));
            Assert.Throws<EndOfStreamException>(() => server.Consumer.Read<long>(_patience.Token));
            Action fill = () =>
            {
                while (true)
                {
                    server.Producer.Write(0L, _patience.Token);
                }
            };
            SharedRingException gone = Assert.Throws<SharedRingException>(fill);
            Assert.Equal(SharedRingError.PeerGone, gone.Error);
            Assert.True(server.IsPeerGone);
            await server.DisposeAsync();
            Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
            client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
            server = await accepting;
        }

        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task After_kill_9_everything_that_was_written_is_read_and_then_the_end_comes()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath);
        using Process child = SharedFile.Start("channel", ChannelPath, 0, 0, 0);
        await using SharedChannel channel = await listener.AcceptAsync(_patience.Token);
        Assert.Equal(child.Id, channel.Peer.ProcessId);
        ulong next = 0;
        for (; next < 1000; next++)
        {
            Assert.Equal(next, (await channel.Consumer.ReadAsync<Numbered>(_patience.Token)).Number);
        }

        child.Kill();
        await foreach (Numbered one in channel.Consumer.ReadAllAsync<Numbered>(_patience.Token))
        {
            Assert.Equal((next, ~next), (one.Number, one.Check));
            next++;
        }

        Assert.True(channel.IsPeerGone);
        await child.WaitForExitAsync();
    }

    [SkippableFact]
    public async Task A_stream_over_it_carries_bytes_in_any_pieces()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync(new SharedChannelOptions { RingSize = 8192 });
        await using Stream to = client.AsStream();
        await using Stream from = server.AsStream();
        byte[] bytes = new byte[200_000];
        new Random(4).NextBytes(bytes);
        Task writing = Task.Run(async () =>
        {
            var sizes = new Random(5);
            for (int at = 0; at < bytes.Length;)
            {
                int size = Math.Min(sizes.Next(10_000), bytes.Length - at);
                if (sizes.Next(2) == 0)
                {
                    await to.WriteAsync(bytes.AsMemory(at, size), _patience.Token);
                }
                else
                {
                    to.Write(bytes.AsSpan(at, size));
                }

                at += size;
            }

            await to.DisposeAsync();
        });
        var read = new MemoryStream();
        byte[] buffer = new byte[777];
        var lengths = new Random(6);
        while (true)
        {
            Memory<byte> piece = buffer.AsMemory(0, lengths.Next(1, buffer.Length));
            int count = lengths.Next(2) == 0 ? await from.ReadAsync(piece, _patience.Token) : from.Read(piece.Span);
            if (count == 0)
            {
                break;
            }

            read.Write(piece.Span[..count]);
        }

        await writing;
        Assert.Equal(bytes, read.ToArray());
        listener.Dispose();
    }

    [SkippableFact]
    public async Task Pipes_over_it_carry_lines()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        IDuplexPipe here = client.AsDuplexPipe();
        IDuplexPipe there = server.AsDuplexPipe();
        await here.Output.WriteAsync(Encoding.UTF8.GetBytes("hello\nworld\n"), _patience.Token);
        ReadResult result = await there.Input.ReadAtLeastAsync(12, _patience.Token);
        Assert.Equal("hello\nworld\n", Encoding.UTF8.GetString(result.Buffer));
        there.Input.AdvanceTo(result.Buffer.End);
        await client.DisposeAsync();
        Assert.True((await there.Input.ReadAsync(_patience.Token)).IsCompleted);
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_filter_refuses_whom_it_does_not_want_and_the_next_is_served()
    {
        bool wanted = false;
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { Filter = peer => wanted && peer.ProcessId == Environment.ProcessId });
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        Assert.Equal(SharedChannelError.PeerGone, (await Assert.ThrowsAsync<SharedChannelException>(() => SharedChannel.ConnectAsync(ChannelPath))).Error);
        Assert.Equal(SharedChannelError.PeerRefused, (await Assert.ThrowsAsync<SharedChannelException>(() => accepting)).Error);
        wanted = true;
        accepting = listener.AcceptAsync(_patience.Token);
        using SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath);
        using SharedChannel server = await accepting;
        client.Producer.Write(1L);
        Assert.Equal(1, server.Consumer.Read<long>(_patience.Token));
    }

    [SkippableFact]
    public async Task What_is_not_a_channel_is_a_typed_error_on_both_sides()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        Skip.If(OperatingSystem.IsWindows(), "A pipe is not a socket; WindowsChannelTests says the same of it.");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(ChannelPath));
        socket.Listen();
        byte[][] hellos = [new byte[24], [.. "NubChan\0"u8, 2, .. new byte[15]], [.. "NubChan\0"u8, 1, .. new byte[15]], [.. "NubChan\0"u8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0], [1]];
        SharedChannelError[] errors =
            [SharedChannelError.NotAChannel, SharedChannelError.VersionMismatch, SharedChannelError.SizesInvalid, SharedChannelError.MemoryInvalid, SharedChannelError.PeerGone];
        for (int i = 0; i < hellos.Length; i++)
        {
            Task<SharedChannel> connecting = SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
            using (Socket peer = await socket.AcceptAsync(_patience.Token))
            {
                peer.Send(hellos[i]);
                peer.Shutdown(SocketShutdown.Send);
                Assert.Equal(errors[i], (await Assert.ThrowsAsync<SharedChannelException>(() => connecting)).Error);
            }
        }

        var options = new SharedChannelOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(50) };
        Assert.Equal(SharedChannelError.HandshakeTimedOut, (await Assert.ThrowsAsync<SharedChannelException>(() => SharedChannel.ConnectAsync(ChannelPath, options))).Error);
        socket.Dispose();
    }

    [SkippableFact]
    public async Task Where_nothing_listens_or_somebody_does_already_is_a_socket_error()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { RingSize = 0 }));
        Assert.Contains((await Assert.ThrowsAsync<SocketException>(() => SharedChannel.ConnectAsync(ChannelPath))).SocketErrorCode, s_nothingListens);
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath);
        Skip.If(OperatingSystem.IsWindows() && NativeLibrary.TryGetExport(NativeLibrary.Load("ntdll"), "wine_get_version", out _), "Wine 8 makes a second pipe of a name that is to be the first.");
        Assert.Equal(SocketError.AddressAlreadyInUse, (await Assert.ThrowsAsync<SocketException>(() => SharedChannel.ListenAsync(ChannelPath))).SocketErrorCode);
    }

    [SkippableFact]
    public async Task An_accept_ends_with_its_token_and_with_its_listener_and_the_next_one_works()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath);
        using (var soon = new CancellationTokenSource(20))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listener.AcceptAsync(soon.Token));
        }

        Task<SharedChannel>[] accepting = [listener.AcceptAsync(_patience.Token), listener.AcceptAsync(_patience.Token)];
        using (SharedChannel first = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token))
        using (SharedChannel second = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token))
        {
            first.Producer.Write(1L);
            second.Producer.Write(1L);
            foreach (Task<SharedChannel> accepted in accepting)
            {
                using SharedChannel channel = await accepted;
                Assert.Equal(1, channel.Consumer.Read<long>(_patience.Token));
            }
        }

        Task<SharedChannel> last = listener.AcceptAsync(_patience.Token);
        listener.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => last);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => listener.AcceptAsync(_patience.Token));
    }

    [SkippableFact]
    public async Task A_memory_that_its_sender_may_shorten_is_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "On Windows no memory can be shortened.");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(ChannelPath));
        socket.Listen();
        using var file = File.OpenHandle(Path.Combine(_folder, "file"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.SetLength(file, 8192);
        Task<SharedChannel> connecting = SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
        using Socket peer = await socket.AcceptAsync(_patience.Token);
        SocketHandles.Send(peer, [.. "NubChan\0"u8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0], [file]);
        SharedChannelException refusal = await Assert.ThrowsAsync<SharedChannelException>(() => connecting);
        Assert.Equal(SharedChannelError.MemoryInvalid, refusal.Error);
        Assert.Contains("sealed against shrinking", refusal.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_handle_that_a_connecting_side_sends_is_let_go_at_once()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Handles go over a socket, which there is none of.");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { RingSize = 4096 });
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(ChannelPath), _patience.Token);
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        byte[] hello = [.. "NubChan\0"u8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0];
        SocketHandles.Send(client, hello, [reader.ClientSafePipeHandle]);
        using SharedChannel channel = await accepting;
        reader.DisposeLocalCopyOfClientHandle();

        // The pipe ends when no writer of it is left.
        Assert.Equal(0, await reader.ReadAsync(new byte[1], _patience.Token));
        Assert.False(channel.IsPeerGone);
    }

    [SkippableFact]
    public async Task A_channel_whose_memory_was_disposed_still_tells_its_peer_that_it_goes()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        client.Producer.Ring.Memory.Dispose();
        await client.DisposeAsync();
        Assert.False(await server.Consumer.WaitToReadAsync(_patience.Token));
        Assert.True(server.PeerGone.WaitHandle.WaitOne(Patience.Limit));
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task Ends_that_wait_on_a_thread_wake_one_another()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        RingEnd[] ends = [server.Producer, server.Consumer, client.Producer, client.Consumer];
        foreach (RingEnd end in ends)
        {
            end.SpinTime = TimeSpan.Zero;
        }

        var echo = new Thread(() =>
        {
            while (server.Consumer.WaitToRead(_patience.Token))
            {
                server.Producer.Write(server.Consumer.Read<long>(_patience.Token), _patience.Token);
            }
        });
        echo.Start();
        for (long i = 0; i < 2000; i++)
        {
            client.Producer.Write(i, _patience.Token);
            Assert.Equal(i, client.Consumer.Read<long>(_patience.Token));
        }

        // A wait for nothing ends with its token, and one that is not woken ends with its peer.
        using (var soon = new CancellationTokenSource(20))
        {
            Assert.ThrowsAny<OperationCanceledException>(() => client.Consumer.WaitToRead(soon.Token));
        }

        AssertWoken(client.Consumer.Rescues + server.Consumer.Rescues, ofWaits: 4000);
        await client.DisposeAsync();
        echo.Join();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task An_awaited_end_is_woken_by_the_socket()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        HostSharedMemory memory = server.Consumer.Memory;
        ValueTask<bool> waiting = server.Consumer.WaitToReadAsync(_patience.Token);
        const ulong byLink = 4;
        Assert.Equal(byLink, memory.Read<ulong>(server.Consumer.RequestOffset) & byLink);
        uint futex = memory.Read<uint>(server.Consumer.FutexOffset);
        Assert.False(waiting.IsCompleted);
        client.Producer.Write(1L);
        Assert.True(await waiting);
        Assert.Equal(futex, memory.Read<uint>(server.Consumer.FutexOffset));
        Assert.Equal(1, server.Consumer.Read<long>(_patience.Token));

        // A wait that is not woken is ended by its token, and the next one works.
        using (var soon = new CancellationTokenSource(20))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await server.Consumer.WaitToReadAsync(soon.Token));
        }

        Task echo = Task.Run(async () =>
        {
            for (long i = 0; i < 50_000; i++)
            {
                await server.Producer.WriteAsync(await server.Consumer.ReadAsync<long>(_patience.Token), _patience.Token);
            }
        });
        for (long i = 0; i < 50_000; i++)
        {
            if (i % 1000 == 0)
            {
                // For what hangs: on a busy machine, all of them together may take longer.
                _patience.CancelAfter(Patience.Limit);
            }

            await client.Producer.WriteAsync(i, _patience.Token);
            Assert.Equal(i, await client.Consumer.ReadAsync<long>(_patience.Token));
        }

        await echo;
        AssertWoken(server.Consumer.Waker!.Rescues + client.Consumer.Waker!.Rescues, ofWaits: 100_000);
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_wait_whose_byte_came_before_it_was_noted_is_over_at_once()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        client.Producer.Write(1L);
        var wait = new AsyncWait(server.Consumer);
        server.Consumer.Waker!.Add(wait);
        Assert.Equal(ValueTaskSourceStatus.Succeeded, wait.GetStatus(0));
        wait.Dispose();
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_token_that_is_cancelled_when_its_wait_is_over_does_not_end_the_next_wait()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        var wait = new AsyncWait(server.Consumer);
        ValueTask<bool> waiting = wait.Start(CancellationToken.None);

        // As by the token of the wait before, on a thread that was at it when that one was over.
        wait.Cancel();
        Assert.False(waiting.IsCompleted);
        client.Producer.Write(1L);
        Assert.True(await waiting);
        wait.Dispose();
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_continuation_that_runs_at_once_may_begin_the_next_wait()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        while (server.Producer.TryWrite(0L))
        {
        }

        Task writing = server.Producer.WriteAsync(0L, _patience.Token).AsTask();
        Assert.False(writing.IsCompleted);
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new InlineContext());
        Task<Task<bool>> reading = ReadAndWaitAgainAsync();
        SynchronizationContext.SetSynchronizationContext(before);
        client.Producer.Write(1L);
        Task<bool> waiting = await reading.WaitAsync(Patience.Limit);
        client.Producer.Write(2L);
        Assert.True(await waiting.WaitAsync(Patience.Limit));
        _ = client.Consumer.Read<long>(_patience.Token);
        await writing;
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();

        async Task<Task<bool>> ReadAndWaitAgainAsync()
        {
            Assert.True(await server.Consumer.WaitToReadAsync(_patience.Token));
            Assert.Equal(1, server.Consumer.Read<long>(_patience.Token));
            return server.Consumer.WaitToReadAsync(_patience.Token).AsTask();
        }
    }

    private sealed class InlineContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }

    [SkippableFact]
    public async Task Awaiting_a_channel_allocates_nothing_once_it_is_warm()
    {
        Skip.If(OperatingSystem.IsWindows(), "There each wake allocates what a PipeStream does for a read and a write, some 90 bytes.");
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        Task echo = Task.Run(async () =>
        {
            while (await server.Consumer.WaitToReadAsync(_patience.Token))
            {
                while (server.Consumer.TryRead(out long value))
                {
                    Assert.True(server.Producer.TryWrite(value));
                }
            }
        });
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            // Of the whole process: what other threads of the runtime allocate now and then is in some rounds and not in all.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (long i = 0; i < 1000; i++)
            {
                Assert.True(client.Producer.TryWrite(i));
                if (!await client.Consumer.WaitToReadAsync(_patience.Token) || !client.Consumer.TryRead(out long _))
                {
                    break;
                }
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 0, 1000);
        await client.DisposeAsync();
        await echo;
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_peer_that_wakes_without_end_is_listened_to_less()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        ValueTask<bool> waiting = server.Consumer.WaitToReadAsync(_patience.Token);
        for (int i = 0; i < 300_000; i++)
        {
            client.Producer.Waker!.WakePeer();
        }

        Assert.False(waiting.IsCompleted);
        client.Producer.Write(7L);
        Assert.True(await waiting);
        Assert.Equal(7, server.Consumer.Read<long>(_patience.Token));
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }

    [SkippableFact]
    public async Task A_peer_that_talks_without_end_or_dies_with_its_memory_in_disorder_is_survived()
    {
        (SharedChannelListener listener, SharedChannel server, SharedChannel client) = await ConnectAsync();
        client.Producer.Ring.Memory.Fill(0, client.Producer.Ring.Memory.Size, 0xFF);
        Assert.Throws<SharedRingException>(() => server.Consumer.Read<long>(_patience.Token));
        await client.DisposeAsync();
        await server.DisposeAsync();
        listener.Dispose();
    }
}
