namespace Nub.Virtio;

/// <summary>One queue of an <see cref="MmioTransport"/>: what the driver has written of it, and the queue once it is ready.</summary>
internal sealed class MmioQueue
{
    private VirtQueue? _queue;
    private volatile QueueFailure? _failure;

    /// <summary>Held while the device works on the queue.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Whether the device asked to look at the queue again while it worked on it. To be used with the gate held.</summary>
    public bool IsWoken { get; set; }

    public uint Size { get; set; }

    public ulong DescriptorArea { get; set; }

    public ulong DriverArea { get; set; }

    public ulong DeviceArea { get; set; }

    /// <summary>Why the queue stands still; until the driver resets it. From any thread.</summary>
    public QueueFailure? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    public VirtQueue? Queue => Volatile.Read(ref _queue);

    public void Open(VirtQueue queue) => Volatile.Write(ref _queue, queue);

    /// <summary>Ends the queue, after the request that the device is at.</summary>
    public void Close()
    {
        if (Queue is not { } queue)
        {
            return;
        }

        // A driver that feeds the queue without end from another processor does not keep this waiting.
        queue.Paused = true;
        lock (Gate)
        {
            queue.Close();
            Volatile.Write(ref _queue, null);
        }
    }

    public void Clear()
    {
        Close();
        _failure = null;
        Size = 0;
        DescriptorArea = DriverArea = DeviceArea = 0;
    }
}
