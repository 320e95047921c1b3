namespace Nub.Virtio;

/// <summary>One queue of an <see cref="MmioTransport"/>: what the driver has written of it, and the queue once it is ready. What is not said to be from any thread is changed with the registers' lock held.</summary>
internal sealed class MmioQueue(int index)
{
    // In milliseconds. An attempt costs an exception while the memory is held exclusively, so attempts become rarer; this limits how long the driver waits once that is over.
    private const int LongestDelay = 16;

    // After so many turns in a row the pool leaves the queue alone for a millisecond, so that the memory can be taken exclusively between two turns. A driver that notifies meanwhile begins a turn all the same.
    private const int TurnsInARow = 16;

    private VirtQueue? _queue;
    private volatile QueueFailure? _failure;
    private volatile bool _isAskedFor;
    private int _isAwaited;
    private int _laterCalls;
    private int _delay = 1;
    private int _turns;

    public int Index { get; } = index;

    /// <summary>
    /// Held while the device works on the queue. The device may use the registers meanwhile, so a thread that holds the registers' lock must not wait for this one.
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

    /// <summary>For tests: how many calls are to serve the queue later, or are at it. From any thread.</summary>
    public int LaterCalls => Volatile.Read(ref _laterCalls);

    /// <summary>Notes that a thread of the pool is going to serve the queue. From any thread.</summary>
    /// <returns>Whether the caller has to start it, because none was going to before.</returns>
    public bool TryAwait()
    {
        if (Interlocked.Exchange(ref _isAwaited, 1) != 0)
        {
            return false;
        }

        Interlocked.Increment(ref _laterCalls);
        return true;
    }

    /// <summary>Notes that this thread begins to serve the queue: a thread that needs it served after this starts another.</summary>
    public void EndAwait()
    {
        // Not a plain store: the thread could read the queue's state before the store is visible, and what changes in between would start no other thread.
        _ = Interlocked.Exchange(ref _isAwaited, 0);
    }

    /// <summary>Notes that the thread of the pool has served the queue. From any thread.</summary>
    public void EndLaterCall() => Interlocked.Decrement(ref _laterCalls);

    /// <summary>How many milliseconds to wait while the memory is held exclusively. With the gate held.</summary>
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
