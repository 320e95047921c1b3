namespace Nub.Ipc;

/// <summary>
/// The listening side of channels: one peer after the other, or many at once, each with a channel and a memory of its own. A peer that connects and says nothing
/// keeps no other waiting: up to 64 are listened to at the same time, and each is given up after <see cref="SharedChannelOptions.HandshakeTimeout"/>.
/// </summary>
public sealed class SharedChannelListener : IDisposable
{
    private const int MostHandshakes = 64;

    private readonly LinkListener _links;
    private readonly SharedChannelOptions _options;
    private readonly CancellationTokenSource _stop = new();

    // What a call has left: the next one goes on with it. Also the lock of the fields below.
    private readonly List<Task<SharedChannel>> _left = [];
    private Task<ChannelLink>? _leftAccept;
    private int _calls;
    private bool _isDisposed;

    internal SharedChannelListener(string path, SharedChannelOptions options)
    {
        _links = LinkListener.At(path);
        _options = options;
    }

    /// <summary>Waits for the next peer that says hello and makes a channel with it.</summary>
    /// <param name="cancellationToken">Ends the wait. Peers that are saying hello are left to the next call.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="SharedChannelException">
    /// A peer connected that is not wanted, or does not speak the protocol. The listener goes on: call this again.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public async Task<SharedChannel> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var handshakes = new List<Task<SharedChannel>>();
        Task<ChannelLink>? accept = Take(handshakes);
        try
        {
            while (true)
            {
                if (handshakes.Find(static one => one.IsCompleted) is { } done)
                {
                    handshakes.Remove(done);
                    return await done.ConfigureAwait(false);
                }

                if (accept is { IsCompleted: true })
                {
                    Task<ChannelLink> accepted = accept;
                    accept = null;
                    handshakes.Add(SharedChannel.WelcomeAsync(await accepted.ConfigureAwait(false), _options, _stop.Token));
                    continue;
                }

                // A listener that was disposed meanwhile finishes what it has begun.
                accept ??= handshakes.Count < MostHandshakes && (handshakes.Count == 0 || !Volatile.Read(ref _isDisposed)) ? _links.AcceptAsync(_stop.Token) : null;
                await Task.WhenAny(accept is null ? handshakes : [.. handshakes, accept]).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Leave(handshakes, accept);
        }
    }

    /// <summary>Stops listening, and removes a socket's path. Channels live on.</summary>
    public void Dispose()
    {
        lock (_left)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _links.Dispose();
        EndIfUnused();
    }

    private Task<ChannelLink>? Take(List<Task<SharedChannel>> handshakes)
    {
        lock (_left)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _calls++;
            handshakes.AddRange(_left);
            _left.Clear();
            Task<ChannelLink>? accept = _leftAccept;
            _leftAccept = null;
            return accept;
        }
    }

    private void Leave(List<Task<SharedChannel>> handshakes, Task<ChannelLink>? accept)
    {
        lock (_left)
        {
            _calls--;
            _left.AddRange(handshakes);
            if (accept is not null && _leftAccept is not null)
            {
                // Of two calls at once each may leave one: the link that comes of it is a peer that begins to say hello.
                _left.Add(WelcomeAsync(accept));
            }
            else
            {
                _leftAccept ??= accept;
            }
        }

        EndIfUnused();
    }

    private async Task<SharedChannel> WelcomeAsync(Task<ChannelLink> accept) =>
        await SharedChannel.WelcomeAsync(await accept.ConfigureAwait(false), _options, _stop.Token).ConfigureAwait(false);

    /// <summary>Gives up what no call will go on with, once the listener was disposed and the last call has ended.</summary>
    private void EndIfUnused()
    {
        List<Task<SharedChannel>> left;
        Task<ChannelLink>? accept;
        lock (_left)
        {
            if (!_isDisposed || _calls != 0)
            {
                return;
            }

            left = [.. _left];
            accept = _leftAccept;
            _left.Clear();
            _leftAccept = null;
        }

        _stop.Cancel();
        foreach (Task<SharedChannel> one in left)
        {
            _ = one.ContinueWith(static ended => Discard(ended), TaskScheduler.Default);
        }

        _ = accept?.ContinueWith(static ended => Discard(ended), TaskScheduler.Default);
    }

    /// <summary>Disposes what came of a task, and looks at its exception, which would be reported as unobserved otherwise.</summary>
    private static void Discard<T>(Task<T> ended) where T : IDisposable
    {
        if (ended.IsCompletedSuccessfully)
        {
            ended.Result.Dispose();
        }
        else
        {
            _ = ended.Exception;
        }
    }
}
