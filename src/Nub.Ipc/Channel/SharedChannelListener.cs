using System.Net.Sockets;

namespace Nub.Ipc;

/// <summary>The listening side of channels: one peer after the other, or many at once, each with a channel and a memory of its own.</summary>
public sealed class SharedChannelListener : IDisposable
{
    private readonly Socket _socket;
    private readonly SharedChannelOptions _options;
    private readonly string _path;

    internal SharedChannelListener(string path, SharedChannelOptions options)
    {
        _path = path;
        _options = options;
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
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

    /// <summary>Waits for the next peer and makes a channel with it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="SharedChannelException">
    /// Somebody connected who is not wanted, or does not speak the protocol. The listener goes on: call this again.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public async Task<SharedChannel> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Socket peer = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
        return await SharedChannel.WelcomeAsync(peer, _options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops listening, and removes the socket's path. Channels live on.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_path);
    }
}
