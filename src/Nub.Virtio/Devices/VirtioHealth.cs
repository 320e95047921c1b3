namespace Nub.Virtio;

/// <summary>How a device fares on its transport, as <see cref="MmioTransport.GetHealth"/> and <see cref="VhostUserBackend.GetHealth"/> saw it at one moment.</summary>
public sealed class VirtioHealth
{
    internal VirtioHealth(bool hasDriver, IEnumerable<(bool IsRunning, QueueFailure? Failure)> queues)
    {
        HasDriver = hasDriver;
        foreach ((bool isRunning, QueueFailure? failure) in queues)
        {
            if (failure is null)
            {
                RunningQueues += isRunning ? 1 : 0;
                continue;
            }

            FailedQueues++;
            if (FailedQueues == 1)
            {
                Error = failure.Error;
                Exception = failure.Exception ?? failure.ThrownByHandler;
            }
        }
    }

    /// <summary>Whether the device is in use: a front end is connected, or the driver has set DRIVER_OK. A device that waits for a driver is not ill.</summary>
    public bool HasDriver { get; }

    /// <summary>How many queues run.</summary>
    public int RunningQueues { get; }

    /// <summary>How many queues stand still, because the driver broke a rule or the device threw; until the driver resets the device.</summary>
    public int FailedQueues { get; }

    /// <summary>The rule that the driver broke of the failed queue with the lowest index; <see cref="VirtQueueError.None"/> where none failed, or the device threw.</summary>
    public VirtQueueError Error { get; }

    /// <summary>What the device threw, of the same queue; where it threw nothing, what a handler of <see cref="MmioTransport.QueueFailed"/> or the interrupt line did.</summary>
    public Exception? Exception { get; }

    /// <summary>A line for a log.</summary>
    /// <returns>Whether there is a driver, how many queues run, and why others do not.</returns>
    public override string ToString() => (HasDriver ? "a driver" : "no driver") + $", {RunningQueues} queues run"
        + (FailedQueues == 0 ? "" : $", {FailedQueues} failed: {Exception?.Message ?? Error.ToString()}");
}

/// <summary>Why a queue stands still.</summary>
internal sealed record QueueFailure(VirtQueueError Error, Exception? Exception)
{
    private volatile Exception? _thrownByHandler;

    /// <summary>What a handler threw that was told of it.</summary>
    public Exception? ThrownByHandler
    {
        get => _thrownByHandler;
        set => _thrownByHandler = value;
    }
}
