using System.Net.Sockets;

namespace Nub.Ipc;

/// <summary>A Unix domain socket at which peers connect.</summary>
internal sealed class SocketListener : LinkListener
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _path;
    private int _disposed;

    public SocketListener(string path)
    {
        _path = path;
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
    }

    /// <summary>Stops listening, and removes the path, once: later another's socket may stand there.</summary>
    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _socket.Dispose();
            File.Delete(_path);
        }
    }
}
