namespace Nub.Virtio;

/// <summary>One front end's connection to a <see cref="VhostUserBackend"/>, as its events show it.</summary>
public sealed class VhostUserConnection
{
    private readonly VhostUserBackend _backend;

    internal VhostUserConnection(VhostUserBackend backend, int number)
    {
        _backend = backend;
        Number = number;
    }

    /// <summary>The connection's number among the back end's, in the order in which they came, from 1.</summary>
    public int Number { get; }

    /// <summary>The feature bits that the front end has chosen so far: virtio's, and bits 26 (log) and 30 (protocol features) of vhost-user.</summary>
    public ulong Features { get; internal set; }

    /// <summary>The protocol features that the front end has chosen so far.</summary>
    public VhostUserProtocolFeatures ProtocolFeatures { get; internal set; }

    /// <summary>Why the connection was closed: the rule that the front end broke, or <see langword="null"/> where it broke none.</summary>
    public VhostUserException? Refusal { get; internal set; }

    internal bool AllowUnsealed => _backend.AllowUnsealed;

    internal void ReportNegotiated() => _backend.OnNegotiated(this);

    internal void ReportQueueFailed(int index, VirtQueueError error, Exception? exception) => _backend.OnQueueFailed(this, index, error, exception);
}

/// <summary>What happened to a front end's connection.</summary>
/// <param name="connection">The connection.</param>
public sealed class VhostUserConnectionEventArgs(VhostUserConnection connection) : EventArgs
{
    /// <summary>The connection.</summary>
    public VhostUserConnection Connection { get; } = connection;
}

/// <summary>A queue stands still: its driver broke a rule, or the device threw. It runs again when the driver has reset the device.</summary>
/// <param name="connection">The connection.</param>
/// <param name="queueIndex">The queue.</param>
/// <param name="error">The rule that was broken; <see cref="VirtQueueError.None"/> where the device threw.</param>
/// <param name="exception">What the device threw, or <see langword="null"/>.</param>
public sealed class VhostUserQueueFailedEventArgs(VhostUserConnection connection, int queueIndex, VirtQueueError error, Exception? exception) : EventArgs
{
    /// <summary>The connection.</summary>
    public VhostUserConnection Connection { get; } = connection;

    /// <summary>The queue's index.</summary>
    public int QueueIndex { get; } = queueIndex;

    /// <summary>The rule that the driver broke; <see cref="VirtQueueError.None"/> where the device threw.</summary>
    public VirtQueueError Error { get; } = error;

    /// <summary>What the device threw, or <see langword="null"/>.</summary>
    public Exception? Exception { get; } = exception;
}
