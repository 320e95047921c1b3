namespace Nub.Virtio;

/// <summary>A queue of an <see cref="MmioTransport"/> stands still, or has failed when its driver had taken it away.</summary>
/// <param name="queueIndex">The queue.</param>
/// <param name="error">The rule that was broken; <see cref="VirtQueueError.None"/> where the device threw.</param>
/// <param name="exception">What the device threw, or <see langword="null"/>.</param>
public sealed class MmioQueueFailedEventArgs(int queueIndex, VirtQueueError error, Exception? exception) : EventArgs
{
    /// <summary>The queue's index.</summary>
    public int QueueIndex { get; } = queueIndex;

    /// <summary>The rule that the driver broke; <see cref="VirtQueueError.None"/> where the device threw.</summary>
    public VirtQueueError Error { get; } = error;

    /// <summary>What the device threw, or <see langword="null"/>.</summary>
    public Exception? Exception { get; } = exception;
}
