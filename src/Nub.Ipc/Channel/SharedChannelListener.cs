namespace Nub.Ipc;

/// <summary>The listening side of channels: one peer after the other, or many at once, each with a channel and a memory of its own.</summary>
public sealed class SharedChannelListener : IDisposable
{
    private readonly LinkListener _links;
    private readonly SharedChannelOptions _options;

    internal SharedChannelListener(string path, SharedChannelOptions options)
    {
        _links = LinkListener.At(path);
        _options = options;
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
        ChannelLink link = await _links.AcceptAsync(cancellationToken).ConfigureAwait(false);
        return await SharedChannel.WelcomeAsync(link, _options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops listening, and removes a socket's path. Channels live on.</summary>
    public void Dispose() => _links.Dispose();
}
