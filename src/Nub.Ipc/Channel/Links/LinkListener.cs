namespace Nub.Ipc;

/// <summary>Where peers connect.</summary>
internal abstract class LinkListener : IDisposable
{
    /// <summary>Begins to listen: at a Unix domain socket, on Windows at a named pipe.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system refused.</exception>
    public static LinkListener At(string path) => OperatingSystem.IsWindows() ? new PipeListener(path) : new SocketListener(path);

    /// <summary>Waits for the next peer.</summary>
    /// <exception cref="SharedChannelException">A peer connected and had gone again; the listener goes on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public abstract Task<ChannelLink> AcceptAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract void Dispose();
}
