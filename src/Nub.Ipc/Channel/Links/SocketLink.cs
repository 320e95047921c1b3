using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>A Unix domain socket. The memory's descriptor goes with the hello (SCM_RIGHTS).</summary>
internal sealed class SocketLink : ChannelLink
{
    private static readonly byte[] s_wake = Once.Make(static () => new byte[] { 1 });

    private readonly Socket _socket;
    private readonly bool _takesMemory;

    // What came with the peer's hello, until it is taken.
    private SafeFileHandle? _received;

    /// <param name="socket">The socket.</param>
    /// <param name="takesMemory">Whether this is the connecting side, which is sent a memory. What the other one is sent is let go at once.</param>
    public SocketLink(Socket socket, bool takesMemory)
    {
        _socket = socket;
        _takesMemory = takesMemory;

        // A wake must not wait: where the peer has not read the bytes before, it is not needed either.
        socket.Blocking = false;
    }

    /// <summary>Connects to a peer that listens.</summary>
    /// <exception cref="SocketException">Nothing listens there.</exception>
    public static new async Task<SocketLink> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new SocketLink(socket, takesMemory: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override PeerCredentials Peer => PeerCredentials.Of(_socket);

    public override Task SendHelloAsync(ulong ringSize, SafeHandle? memory, CancellationToken cancellationToken)
    {
        Span<byte> bytes = stackalloc byte[ChannelHello.Layout.Size];
        ChannelHello.Of(ringSize).WriteTo(bytes);
        ReadOnlySpan<SafeHandle> handles = memory is null ? [] : [memory];

        try
        {
            // A new socket has room for so little.
            return SocketHandles.Send(_socket, bytes, handles) == bytes.Length ? Task.CompletedTask
                : throw new SharedChannelException(SharedChannelError.NotAChannel, "The peer's socket has no room for a hello.");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
            throw new SharedChannelException(
                SharedChannelError.NotAChannel, "As many memories as this user may have descriptors of are on their way to peers that have not taken them: the system takes no further one.", e);
        }
    }

    public override async Task<ChannelHello> ReceiveHelloAsync(CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[ChannelHello.Layout.Size];
        var handles = new SafeFileHandle?[1];
        for (int count = 0; count < bytes.Length;)
        {
            // Waits until there is something, and receives it without waiting.
            await _socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            SocketHandlesResult received;
            try
            {
                received = SocketHandles.Receive(_socket, bytes.AsSpan(count), handles);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                continue;
            }

            if (received.HandleCount != 0)
            {
                DropReceived();
                _received = handles[0];
            }

            if (received.ByteCount == 0)
            {
                throw new SharedChannelException(SharedChannelError.PeerGone, $"The peer has gone after {count} bytes of a hello.");
            }

            if ((received.Flags & SocketFlags.ControlDataTruncated) != 0)
            {
                throw new SharedChannelException(SharedChannelError.MemoryInvalid, "The peer sent more than one handle with its hello.");
            }

            count += received.ByteCount;
        }

        if (!_takesMemory)
        {
            DropReceived();
        }

        return ChannelHello.ReadFrom(bytes);
    }

    public override SafeHandle TakeMemory(in ChannelHello hello)
    {
        SafeFileHandle handle = Interlocked.Exchange(ref _received, null)
            ?? throw new SharedChannelException(SharedChannelError.MemoryInvalid, "The peer sent no memory with its hello.");

        // Only a memfd has seals. The server of a file of another kind may shorten it, or never answer an access.
        if (Seals.Of(handle) is not { } seals || !seals.HasFlag(FileSeals.Shrink))
        {
            handle.Dispose();
            throw new SharedChannelException(SharedChannelError.MemoryInvalid, "What the peer sent is not a memory that is sealed against shrinking.");
        }

        return handle;
    }

    public override ValueTask<int> ReceiveHintsAsync(Memory<byte> buffer) => _socket.ReceiveAsync(buffer);

    public override void Wake()
    {
        try
        {
            _ = _socket.Send(s_wake, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The channel was disposed meanwhile, which tells the peer more than a byte.
        }
    }

    public override void Dispose()
    {
        _socket.Dispose();
        DropReceived();
    }

    private void DropReceived() => Interlocked.Exchange(ref _received, null)?.Dispose();
}
