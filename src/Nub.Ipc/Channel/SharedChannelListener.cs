using Nub.Memory;

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

    // Shared by all calls, so that none waits for what another has begun and left. The list is also the lock of these and the fields below.
    private readonly List<Task<SharedChannel>> _handshakes = [];
    private Task<ChannelLink>? _accept;
    private TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private bool _isDisposed;

    internal SharedChannelListener(string path, SharedChannelOptions options)
    {
        _links = LinkListener.At(path);
        _options = options;
    }

    /// <summary>Waits for the next peer that says hello and makes a channel with it.</summary>
    /// <param name="cancellationToken">Ends the wait. Peers that are saying hello are left to other calls, and to the next one.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="SharedChannelException">
    /// A peer connected that is not wanted, does not speak the protocol, has gone, or left so many memories untaken that the system sends no further one. The listener goes on: call this
    /// again.
    /// </exception>
    /// <exception cref="SharedMemoryMapException">The system refused the memory for the channel, or a descriptor of it. The listener goes on.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The system refused the connection, as for want of a descriptor. The listener goes on.</exception>
    /// <exception cref="Exception">Whatever <see cref="SharedChannelOptions.Filter"/> throws, as it is. The listener goes on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed, and no peer was saying hello that no other call has got.</exception>
    public async Task<SharedChannel> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_handshakes)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _calls++;
        }

        try
        {
            while (true)
            {
                (Task<SharedChannel>? done, Task<ChannelLink>? accepted, Task? next) = Look();
                if (done is not null)
                {
                    return await done.ConfigureAwait(false);
                }

                await (accepted is not null ? BeginAsync(accepted) : next!.WaitAsync(cancellationToken)).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_handshakes)
            {
                // Also ends this call's own wait for what is still to come, which would be kept until then.
                _calls--;
                TellBegun();
            }

            EndIfUnused();
        }
    }

    /// <summary>Stops listening, and removes a socket's path. Channels live on, and calls that wait finish with the peers that are saying hello.</summary>
    public void Dispose()
    {
        lock (_handshakes)
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

    /// <summary>Looks what a call is to do next: take the first of these that is not null, which no other call gets then, or wait for the last.</summary>
    private (Task<SharedChannel>? Done, Task<ChannelLink>? Accepted, Task? Next) Look()
    {
        lock (_handshakes)
        {
            if (_handshakes.Find(static one => one.IsCompleted) is { } done)
            {
                _handshakes.Remove(done);
                return (done, null, null);
            }

            if (_accept is { IsCompleted: true } accepted)
            {
                _accept = null;
                return (null, accepted, null);
            }

            if (_accept is null && !_isDisposed && _handshakes.Count < MostHandshakes)
            {
                _accept = _links.AcceptAsync(_stop.Token);
                TellBegun();
            }

            ObjectDisposedException.ThrowIf(_accept is null && _handshakes.Count == 0, this);
            return (null, null, Task.WhenAny([.. _handshakes, .. _accept is null ? [] : new Task[] { _accept }, _begun.Task]));
        }
    }

    private async Task BeginAsync(Task<ChannelLink> accepted)
    {
        ChannelLink link;
        try
        {
            link = await accepted.ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectDisposedException or SharedChannelException && Volatile.Read(ref _isDisposed))
        {
            // The peers that are saying hello are served nevertheless.
            return;
        }

        Task<SharedChannel> handshake = SharedChannel.WelcomeAsync(link, _options, _stop.Token);
        lock (_handshakes)
        {
            _handshakes.Add(handshake);
            TellBegun();
        }
    }

    /// <summary>Has all calls look again, which know nothing yet of what this one has begun. With the lock held.</summary>
    private void TellBegun()
    {
        _begun.SetResult();
        _begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Gives up what no call will go on with, once the listener was disposed and the last call has ended.</summary>
    private void EndIfUnused()
    {
        List<Task<SharedChannel>> left;
        Task<ChannelLink>? accept;
        lock (_handshakes)
        {
            if (!_isDisposed || _calls != 0)
            {
                return;
            }

            left = [.. _handshakes];
            accept = _accept;
            _handshakes.Clear();
            _accept = null;
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
