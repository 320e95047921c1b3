using System.Net.Sockets;

namespace Nub.Ipc.Tests;

/// <summary>How channels begin and end.</summary>
[Collection(Alone.Name)]
public sealed class ChannelLifeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-ipc-").FullName;
    private readonly CancellationTokenSource _patience = new(Patience.Limit);

    private string ChannelPath => Path.Combine(_folder, "channel");

    public void Dispose()
    {
        _patience.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [SkippableFact]
    public async Task A_handler_that_is_told_that_the_peer_has_gone_may_throw_and_may_dispose_the_channel()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        var disposed = new TaskCompletionSource();
        client.PeerGone.Register(() =>
        {
            // Blocks on purpose.
            client.DisposeAsync().AsTask().WaitAsync(_patience.Token).GetAwaiter().GetResult();
            disposed.SetResult();
            throw new InvalidOperationException("A handler's own.");
        });
        await server.DisposeAsync();
        await disposed.Task.WaitAsync(_patience.Token);
        await client.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_stream_whose_peer_writes_empty_records_looks_at_its_token()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        using var cancelled = new CancellationTokenSource();
        await using Stream stream = client.AsStream();
        for (int i = 0; i < 40; i++)
        {
            Assert.True(server.Producer.TryWrite([]));
        }

        server.Producer.Write([7]);
        byte[] buffer = new byte[4];
        cancelled.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(async () => Assert.Equal(0, await stream.ReadAsync(buffer, cancelled.Token)));
        Assert.Equal(1, await stream.ReadAsync(buffer, _patience.Token));
        Assert.Equal(7, buffer[0]);
        await server.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_listener_that_is_disposed_twice_leaves_the_next_ones_socket_alone()
    {
        Skip.IfNot(SharedChannel.IsSupported && !OperatingSystem.IsWindows(), "There is a socket on Linux only.");
        SharedChannelListener first = await SharedChannel.ListenAsync(ChannelPath);
        first.Dispose();
        using SharedChannelListener second = await SharedChannel.ListenAsync(ChannelPath);
        first.Dispose();
        Assert.True(File.Exists(ChannelPath));
    }

    [SkippableFact]
    public async Task A_listener_at_a_relative_path_leaves_a_file_of_that_name_in_a_later_directory_alone()
    {
        Skip.IfNot(SharedChannel.IsSupported && !OperatingSystem.IsWindows(), "There is a socket on Linux only.");
        string later = Directory.CreateDirectory(Path.Combine(_folder, "later")).FullName;
        string others = Path.Combine(later, "channel");
        File.WriteAllText(others, "another's");
        string before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = _folder;
        try
        {
            SharedChannelListener listener = await SharedChannel.ListenAsync("channel");
            Assert.True(File.Exists(ChannelPath));
            Environment.CurrentDirectory = later;
            listener.Dispose();
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }

        Assert.True(File.Exists(others));
        Assert.False(File.Exists(ChannelPath));
    }

    [SkippableFact]
    public async Task A_listener_whose_path_cannot_be_removed_ends_nevertheless()
    {
        Skip.IfNot(SharedChannel.IsSupported && !OperatingSystem.IsWindows(), "There is a socket on Linux only.");
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "gone")).FullName;

        // One in a folder that is no longer there, and one in Linux's abstract name space, which has no files.
        string[] paths = [Path.Combine(folder, "channel"), $"\0nub-{Guid.NewGuid()}"];
        foreach (string path in paths)
        {
            SharedChannelListener listener = await SharedChannel.ListenAsync(path, new SharedChannelOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
            using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await silent.ConnectAsync(new UnixDomainSocketEndPoint(path), _patience.Token);
            using var soon = new CancellationTokenSource();
            Task<SharedChannel> accepting = listener.AcceptAsync(soon.Token);

            // The hello says that the handshake was begun; the cancelled call leaves it to a next one, and there is none.
            Assert.NotEqual(0, await silent.ReceiveAsync(new byte[1], _patience.Token));
            soon.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            listener.Dispose();
            await ReceiveToEndAsync(silent);
        }
    }

    [SkippableFact]
    public async Task A_side_that_disposes_its_channel_is_not_told_that_its_peer_has_gone()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        CancellationToken gone = client.PeerGone;
        bool wasTold = false;
        gone.Register(() => wasTold = true);
        await client.DisposeAsync();
        Assert.False(client.IsPeerGone);
        Assert.False(gone.IsCancellationRequested || client.PeerGone.IsCancellationRequested || wasTold);

        // The other side is.
        Patience.WaitUntil(() => server.IsPeerGone && server.PeerGone.IsCancellationRequested);
        await server.DisposeAsync();
        Assert.True(server.IsPeerGone && server.PeerGone.IsCancellationRequested);
    }

    [SkippableFact]
    public async Task Each_way_to_write_that_may_wait_says_that_the_peer_has_gone_while_there_is_room()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        Stream stream = server.AsStream();
        await client.DisposeAsync();
        Patience.WaitUntil(() => server.IsPeerGone);
        (string What, Func<ValueTask> Write)[] ways =
        [
            ("bytes", () => { server.Producer.Write([1]); return default; }),
            ("a value", () => { server.Producer.Write(1L); return default; }),
            ("bytes, awaited", () => server.Producer.WriteAsync(new byte[1])),
            ("a value, awaited", () => server.Producer.WriteAsync(1L)),
            ("room", () => { server.Producer.WaitToWrite(1); return default; }),
            ("room, awaited", async () => await server.Producer.WaitToWriteAsync(1)),
            ("a stream", () => { stream.Write([1]); return default; }),
            ("a stream, awaited", () => stream.WriteAsync(new byte[1])),
        ];
        foreach ((string what, Func<ValueTask> write) in ways)
        {
            Exception? thrown = await Record.ExceptionAsync(async () => await write());
            Assert.True(thrown is SharedRingException { Error: SharedRingError.PeerGone }, $"{what}: {thrown?.GetType().Name ?? "written"}");
        }

        // The one that never waits writes the memory, and says nothing of who reads it.
        Assert.True(server.Producer.TryWrite(1L));
        await server.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_record_that_another_thread_has_just_revealed_is_not_lost_when_the_channel_is_disposed()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        client.Producer.Write(1L);

        // As a thread leaves it between its store of the second record's header and its own note of that.
        SharedRing ring = client.Producer.Ring;
        ring.Memory.Write(ring.Offset + RingLayout.DataOffset + 24, 2L);
        ring.Memory.Write(ring.Offset + RingLayout.DataOffset + 16, RingLayout.MarkOf(16) | RingLayout.Record | 8);
        client.Dispose();
        Assert.Equal(1, server.Consumer.Read<long>(_patience.Token));
        Assert.Equal(2, server.Consumer.Read<long>(_patience.Token));
        Assert.False(server.Consumer.WaitToRead(_patience.Token));
        Assert.True(server.Consumer.IsCompleted);
        await server.DisposeAsync();
    }

    [SkippableFact]
    public async Task What_a_filter_throws_is_thrown_as_it_is_and_the_listener_goes_on()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        Exception? filters = null;
        var options = new SharedChannelOptions { Filter = _ => filters is null ? true : throw filters };
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, options);

        // Of the types that would say of a peer that it has gone, or has said nothing in time.
        Exception[] errors = [new IOException("The filter's list cannot be read."), new OperationCanceledException(), new InvalidOperationException()];
        foreach (Exception error in errors)
        {
            filters = error;
            Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
            await Assert.ThrowsAsync<SharedChannelException>(() => SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token));
            Assert.Same(error, await Record.ExceptionAsync(() => accepting));
            filters = null;
            accepting = listener.AcceptAsync(_patience.Token);
            SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
            SharedChannel server = await accepting;
            await client.DisposeAsync();
            await server.DisposeAsync();

            accepting = listener.AcceptAsync(_patience.Token);
            Assert.Same(error, await Record.ExceptionAsync(
                () => SharedChannel.ConnectAsync(ChannelPath, new SharedChannelOptions { Filter = _ => throw error }, _patience.Token)));
            Assert.Equal(SharedChannelError.PeerGone, (await Assert.ThrowsAsync<SharedChannelException>(() => accepting)).Error);
        }
    }

    [SkippableFact]
    public async Task Options_that_no_channel_can_have_are_refused_before_anything_is_opened()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        SharedChannelOptions[] wrong =
        [
            new() { HandshakeTimeout = TimeSpan.FromMilliseconds(-2) },
            new() { HandshakeTimeout = TimeSpan.MaxValue },
            new() { MaxRingSize = ulong.MaxValue },
            new() { MaxRingSize = 1UL << 63 },
        ];
        foreach (SharedChannelOptions options in wrong)
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SharedChannel.ListenAsync(ChannelPath, options));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SharedChannel.ConnectAsync(ChannelPath, options, _patience.Token));
        }

        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
    }

    [SkippableFact]
    public async Task Peers_that_say_nothing_keep_no_other_waiting_and_are_let_go_with_the_listener()
    {
        Skip.IfNot(SharedChannel.IsSupported && !OperatingSystem.IsWindows(), "There is a socket on Linux only.");
        SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
        Socket[] silent = [.. Enumerable.Range(0, 5).Select(static _ => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))];
        foreach (Socket socket in silent)
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(ChannelPath), _patience.Token);
        }

        for (int i = 0; i < 2; i++)
        {
            Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
            using SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
            using SharedChannel server = await accepting;
            client.Producer.Write((long)i);
            Assert.Equal(i, server.Consumer.Read<long>(_patience.Token));
        }

        // One that goes is an error of its own.
        Task<SharedChannel> late = listener.AcceptAsync(_patience.Token);
        silent[0].Dispose();
        Assert.Equal(SharedChannelError.PeerGone, (await Assert.ThrowsAsync<SharedChannelException>(() => late)).Error);
        listener.Dispose();
        foreach (Socket socket in silent[1..])
        {
            await ReceiveToEndAsync(socket);
            socket.Dispose();
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => listener.AcceptAsync(_patience.Token));
    }

    [SkippableFact]
    public async Task A_wait_that_spins_ends_with_its_time_and_with_its_token()
    {
        (SharedChannel server, SharedChannel client) = await ConnectAsync();
        client.Consumer.SpinTime = 2 * Patience.Limit;
        Assert.False(client.Consumer.WaitToRead(TimeSpan.FromMilliseconds(10), _patience.Token));
        using var soon = new CancellationTokenSource(10);
        Assert.Throws<OperationCanceledException>(() => client.Consumer.WaitToRead(soon.Token));
        Assert.False(_patience.IsCancellationRequested);
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [SkippableFact]
    public async Task A_call_goes_on_with_what_another_that_was_cancelled_has_left()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
        using var first = new CancellationTokenSource();
        Task<SharedChannel> cancelled = listener.AcceptAsync(first.Token);
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        first.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        using SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
        using SharedChannel server = await accepting;
        client.Producer.Write(5L);
        Assert.Equal(5, server.Consumer.Read<long>(_patience.Token));
    }

    [SkippableFact]
    public async Task A_call_that_waits_when_its_listener_is_disposed_serves_the_peer_that_has_connected()
    {
        Skip.IfNot(SharedChannel.IsSupported && !OperatingSystem.IsWindows(), "There is a socket on Linux only.");
        SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath, new SharedChannelOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
        using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await peer.ConnectAsync(new UnixDomainSocketEndPoint(ChannelPath), _patience.Token);
        Task<SharedChannel>[] accepting = [listener.AcceptAsync(_patience.Token), listener.AcceptAsync(_patience.Token)];

        // The listener's hello: its call is in the middle of the handshake. The same bytes are the answer.
        byte[] hello = new byte[64];
        int length = await peer.ReceiveAsync(hello, _patience.Token);
        listener.Dispose();
        peer.Send(hello.AsSpan(0, length));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Task.WhenAll(accepting).WaitAsync(_patience.Token));
        using SharedChannel server = await accepting.Single(static one => one.IsCompletedSuccessfully);
    }

    /// <summary>Receives what comes before the end; a connection that was cut has ended, too.</summary>
    private async Task ReceiveToEndAsync(Socket socket)
    {
        try
        {
            byte[] bytes = new byte[64];
            while (await socket.ReceiveAsync(bytes, _patience.Token) != 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    private async Task<(SharedChannel Server, SharedChannel Client)> ConnectAsync()
    {
        Skip.IfNot(SharedChannel.IsSupported, "Channels are made on Linux and Windows.");
        using SharedChannelListener listener = await SharedChannel.ListenAsync(ChannelPath);
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        SharedChannel client = await SharedChannel.ConnectAsync(ChannelPath, cancellationToken: _patience.Token);
        return (await accepting, client);
    }
}
