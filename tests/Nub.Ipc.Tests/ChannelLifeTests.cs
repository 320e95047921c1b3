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
