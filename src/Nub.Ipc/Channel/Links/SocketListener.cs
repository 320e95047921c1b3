using System.Net.Sockets;

namespace Nub.Ipc;

/// <summary>A Unix domain socket at which peers connect.</summary>
internal sealed class SocketListener : LinkListener
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public SocketListener(string path)
    {
        try
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            _socket.Listen(16);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public override async Task<ChannelLink> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new SocketLink(await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false), takesMemory: false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
        {
            throw new ObjectDisposedException(nameof(SharedChannelListener));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionAborted)
        {
            throw new SharedChannelException(SharedChannelError.PeerGone, "The peer has gone before it was spoken to.", e);
        }
    }

    /// <summary>Stops listening. The socket removes the path that it has bound, once, whatever the current directory is by now.</summary>
    public override void Dispose() => _socket.Dispose();
}
