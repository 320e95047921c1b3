using System.Net.Sockets;

namespace Nub.Virtio;

/// <summary>
/// Serves a <see cref="VirtioDevice"/> to QEMU, Cloud Hypervisor and others over a Unix domain socket (the vhost-user protocol, as QEMU documents it in docs/interop/vhost-user.rst): one front
/// end at a time, and the next when it has gone. On Linux.
/// </summary>
/// <remarks>
/// <para>The front end is not trusted. Each of its messages is judged, and one that breaks a rule ends the connection with a <see cref="VhostUserException"/> that the
/// event <see cref="Disconnected"/> reports. Its memory may be shortened at any time, which costs the queues that need it; it is memory alone, since a front end could
/// serve any other file itself (<see cref="AllowUnsealed"/>).</para>
/// <para>A front end that records requests in flight (VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD, as QEMU does) loses none when this process ends, however it ends: what was in
/// flight is executed again by the back end that serves the device next, and each request is completed once.</para>
/// <para>Events are raised on the connection's thread or on a queue's, and hold it up. What a handler throws ends nothing that runs: it is kept, and when the front end has gone the task that serves it
/// ends with the first of these, also <see cref="ListenAsync"/>, which then serves no other. What the device throws out of <see cref="VirtioDevice.Process"/> ends that queue; out of its other methods, called for a message of the front end's, it ends the connection and the task with it.</para>
/// </remarks>
public sealed class VhostUserBackend : IDisposable
{
    private readonly VirtioDevice _device;
    private readonly Lock _gate = new();
    private Socket? _socket;
    private volatile VhostUserSession? _session;
    private int _connections;
    private Exception? _thrown;
    private bool _isServing;
    private readonly CancellationTokenSource _end = new();
    private bool _disposed;

    /// <summary>Creates a back end. It does not serve yet.</summary>
    /// <param name="device">The device, which is served to one front end at a time and by this back end alone; of its queues the first 256, which are what the protocol's messages can number. It stays the caller's.</param>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public VhostUserBackend(VirtioDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("vhost-user needs descriptors over Unix domain sockets, eventfd and epoll: Linux.");
        }

        _device = device;
        NubVirtioMeter.Prepare();
        Features = (VirtioFeatures)device.DeviceFeatures | VirtioFeatures.Version1 | VirtioFeatures.RingPacked | VirtioFeatures.IndirectDescriptors | VirtioFeatures.EventIndex;
    }

    /// <summary>A front end has connected.</summary>
    public event EventHandler<VhostUserConnectionEventArgs>? Connected;

    /// <summary>The first queue starts: a driver has chosen its features.</summary>
    public event EventHandler<VhostUserConnectionEventArgs>? Negotiated;

    /// <summary>A queue stands still, because its driver broke a rule or the device threw.</summary>
    public event EventHandler<VhostUserQueueFailedEventArgs>? QueueFailed;

    /// <summary>A front end has gone, or was refused. The next one can be served when the task that serves this one has ended.</summary>
    public event EventHandler<VhostUserConnectionEventArgs>? Disconnected;

    /// <summary>Whether there is vhost-user here: on Linux.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>
    /// The feature bits that front ends may choose from. At first all: the device's own, version 1, packed queues, indirect descriptors and the event index.
    /// </summary>
    public VirtioFeatures Features { get; init; }

    /// <summary>
    /// Whether front ends are trusted not to end or hold up this process by their memory. Without it, what is neither a memfd nor of tmpfs or hugetlbfs is refused, such as QEMU's
    /// <c>memory-backend-file</c> on a disk: a front end could serve such a file itself, and never answer an access. Also what can be shortened where no access survives that (arm64).
    /// </summary>
    public bool AllowUnsealed { get; init; }

    /// <summary>Listens at a path, and serves one front end after another until cancelled or disposed.</summary>
    /// <param name="path">The socket's path. What stands there is replaced if it is a socket at which no process listens, as one that was killed leaves it.</param>
    /// <param name="cancellationToken">Ends the serving, after the request that each queue is at.</param>
    /// <returns>When all is stopped.</returns>
    /// <exception cref="SocketException">The path cannot be listened at, or another socket listens there already.</exception>
    /// <exception cref="InvalidOperationException">The back end serves already.</exception>
    /// <exception cref="ObjectDisposedException">The back end was disposed.</exception>
    public async Task ListenAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        SocketPath.RemoveIfDead(path);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end.Token);

        // Removes the path that it has bound, once, whatever the current directory is by then.
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(ended.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            using (socket)
            {
                if (!TryBegin(socket))
                {
                    return;
                }

                await ServeBegunAsync(socket, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Connects to a front end that listens (QEMU's <c>server=on</c>), and serves it until it goes.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="cancellationToken">Ends the serving, after the request that each queue is at.</param>
    /// <returns>When all is stopped.</returns>
    /// <exception cref="SocketException">No front end listens there.</exception>
    /// <exception cref="InvalidOperationException">The back end serves already.</exception>
    /// <exception cref="ObjectDisposedException">The back end was disposed.</exception>
    public async Task ConnectAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        await ServeAsync(socket, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Serves the front end at the other end of a socket until it goes.</summary>
    /// <param name="socket">The connected Unix domain socket, which is this object's from now on.</param>
    /// <param name="cancellationToken">Ends the serving, after the request that each queue is at.</param>
    /// <returns>When all is stopped.</returns>
    /// <exception cref="InvalidOperationException">The back end serves already.</exception>
    /// <exception cref="ObjectDisposedException">The back end was disposed.</exception>
    public async Task ServeAsync(Socket socket, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ObjectDisposedException.ThrowIf(!TryBegin(socket), this);
        await ServeBegunAsync(socket, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How the device fares now. From any thread.</summary>
    /// <returns>Whether a front end is connected, and which of its queues run or have failed.</returns>
    public VirtioHealth GetHealth() => _session?.Health ?? new VirtioHealth(hasDriver: false, []);

    /// <summary>Ends the connection that there is, after the request that each queue is at, and the listening.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        Hang();
        _end.Cancel();
    }

    internal void OnNegotiated(VhostUserConnection connection) => Raise(Negotiated, new VhostUserConnectionEventArgs(connection));

    internal void OnQueueFailed(VhostUserConnection connection, int index, VirtQueueError error, Exception? exception) =>
        Raise(QueueFailed, new VhostUserQueueFailedEventArgs(connection, index, error, exception));

    /// <summary>Takes a front end to be served by <see cref="ServeBegunAsync"/>.</summary>
    /// <returns>Whether it was taken: not when the back end was disposed.</returns>
    /// <exception cref="InvalidOperationException">The back end serves already.</exception>
    private bool TryBegin(Socket socket)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return false;
            }

            if (_isServing)
            {
                throw new InvalidOperationException("The back end serves a front end already.");
            }

            _isServing = true;
            _socket = socket;
            _thrown = null;
            return true;
        }
    }

    private async Task ServeBegunAsync(Socket socket, CancellationToken cancellationToken)
    {
        // The thread waits for messages for as long as the front end lives: none of the pool's.
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            Exception? failure = null;
            try
            {
                Serve(socket);
                failure = Volatile.Read(ref _thrown);
            }
            catch (Exception e)
            {
                failure = e;
            }

            // Before the task ends: the caller that waits for it may serve the next front end at once.
            lock (_gate)
            {
                _isServing = false;
                _socket = null;
            }

            if (failure is null)
            {
                ended.SetResult();
            }
            else
            {
                ended.SetException(failure);
            }
        })
        {
            IsBackground = true,
            Name = "vhost-user",
        };
        try
        {
            thread.Start();
        }
        catch
        {
            lock (_gate)
            {
                _isServing = false;
                _socket = null;
            }

            throw;
        }

        using (cancellationToken.UnsafeRegister(static me => ((VhostUserBackend)me!).Hang(), this))
        {
            await ended.Task.ConfigureAwait(false);
        }
    }

    private void Raise<TArguments>(EventHandler<TArguments>? handlers, TArguments arguments)
    {
        try
        {
            handlers?.Invoke(this, arguments);
        }
        catch (Exception e)
        {
            _ = Interlocked.CompareExchange(ref _thrown, e, null);
        }
    }

    private void Serve(Socket socket)
    {
        // A front end that does not read what it asked for is given up.
        socket.SendTimeout = 30_000;
        var connection = new VhostUserConnection(this, Interlocked.Increment(ref _connections));
        try
        {
            using (var session = new VhostUserSession(socket, _device, (ulong)Features, connection))
            {
                QueueCounts.AddConnection(1);
                _session = session;
                try
                {
                    Raise(Connected, new VhostUserConnectionEventArgs(connection));
                    session.Run();
                }
                catch (VhostUserException refusal)
                {
                    connection.Refusal = refusal;
                    QueueCounts.Refuse();
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // The front end has died, or this back end ends.
                }
                finally
                {
                    QueueCounts.AddConnection(-1);
                    _session = null;
                }
            }
        }
        finally
        {
            Raise(Disconnected, new VhostUserConnectionEventArgs(connection));
        }
    }

    /// <summary>Ends the connection, whose thread then finds it closed.</summary>
    private void Hang()
    {
        lock (_gate)
        {
            try
            {
                _socket?.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended by itself.
            }
        }
    }
}
