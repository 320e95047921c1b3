namespace Nub.Virtio;

/// <summary>One queue of an <see cref="MmioTransport"/>: what the driver has written of it, and the queue once it is ready. What is not said to be from any thread is changed with the registers' lock held.</summary>
internal sealed class MmioQueue(int index)
{
    // Somebody who has the memory alone is done in a moment, or takes his time: then each attempt costs an exception.
    private const int LongestDelay = 16;

    // After so many turns in a row whoever wants the memory alone gets a millisecond in which nobody is inside.
    private const int TurnsInARow = 16;

    private VirtQueue? _queue;
    private volatile QueueFailure? _failure;
    private volatile bool _isAskedFor;
    private int _isAwaited;
    private int _delay = 1;
    private int _turns;

    public int Index { get; } = index;

    /// <summary>
    /// Held while the device works on the queue. The registers' lock may be taken inside of it, and nobody waits for it who holds that one: what the device calls may read and write registers.
    /// </summary>
    public Lock Gate { get; } = new();

    /// <summary>Whether the device asked to look at the queue again while it worked on it. To be used with the gate held.</summary>
    public bool IsWoken { get; set; }

    public uint Size { get; set; }

    public ulong DescriptorArea { get; set; }

    public ulong DriverArea { get; set; }

    public ulong DeviceArea { get; set; }

    /// <summary>Why the queue stands still; until the driver resets it. Read from any thread.</summary>
    public QueueFailure? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    /// <summary>Whether the driver has made the queue ready, and it is not set up yet. Read from any thread.</summary>
    public bool IsAskedFor
    {
        get => _isAskedFor;
        set => _isAskedFor = value;
    }

    /// <summary>The queue that is set up. Read from any thread.</summary>
    public VirtQueue? Queue => Volatile.Read(ref _queue);

    /// <summary>Whether the driver sees the queue as ready.</summary>
    public bool IsReady => _isAskedFor || Queue is not null;

    public void Open(VirtQueue queue) => Volatile.Write(ref _queue, queue);

    /// <summary>Has the device end its work after the request that it is at. A driver that feeds the queue without end from another processor does not keep it.</summary>
    /// <returns>The queue, to be closed when the device has left it.</returns>
    public VirtQueue? BeginEnd()
    {
        _isAskedFor = false;
        VirtQueue? queue = Queue;
        if (queue is not null)
        {
            queue.Paused = true;
        }

        return queue;
    }

    /// <summary>Takes the queue away, so that another can be set up.</summary>
    /// <returns>As <see cref="BeginEnd"/>.</returns>
    public VirtQueue? Remove()
    {
        VirtQueue? queue = BeginEnd();
        Volatile.Write(ref _queue, null);
        return queue;
    }

    /// <summary>Forgets what the driver has written.</summary>
    /// <returns>As <see cref="BeginEnd"/>.</returns>
    public VirtQueue? Clear()
    {
        VirtQueue? queue = Remove();
        _failure = null;
        Size = 0;
        DescriptorArea = DriverArea = DeviceArea = 0;
        return queue;
    }

    /// <summary>Says that somebody is going to serve the queue later; one is enough. From any thread.</summary>
    /// <returns>Whether nobody was before.</returns>
    public bool TryAwait() => Interlocked.Exchange(ref _isAwaited, 1) == 0;

    /// <summary>Says that this somebody has come. From any thread.</summary>
    public void EndAwait() => Volatile.Write(ref _isAwaited, 0);

    /// <summary>How many milliseconds to wait where somebody has the memory alone. With the gate held.</summary>
    public int DelayOfRefusal()
    {
        int delay = _delay;
        _delay = Math.Min(2 * delay, LongestDelay);
        return delay;
    }

    /// <summary>How many milliseconds to wait after a turn that left something. With the gate held.</summary>
    public int DelayOfRest() => ++_turns % TurnsInARow == 0 ? 1 : 0;

    /// <summary>Notes that the memory could be entered. With the gate held.</summary>
    public void Entered() => _delay = 1;

    /// <summary>Notes that a turn has left nothing. With the gate held.</summary>
    public void Emptied() => _turns = 0;
}
