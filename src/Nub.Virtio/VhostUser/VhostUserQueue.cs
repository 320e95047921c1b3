namespace Nub.Virtio;

/// <summary>What the front end has said of one ring, in whatever order, and the thread that serves it while it runs.</summary>
internal sealed class VhostUserQueue(int index) : IDisposable
{
    /// <summary>How long a stop waits for the device, whose own storage may be slow, before the front end is given up.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    // Read by the threads at which the device finds work.
    private volatile QueueThread? _thread;
    private bool _isAbandoned;
    private bool _isPaused;
    private volatile QueueFailure? _failure;

    public int Index { get; } = index;

    /// <summary>The number of entries; 0 until it is set.</summary>
    public uint Size { get; set; }

    public VringAddresses? Addresses { get; set; }

    /// <summary>Where the ring goes on. As the front end set it, until the ring has run.</summary>
    public uint Base { get; private set; }

    /// <summary>Where a ring that has run stands.</summary>
    public VirtQueuePosition? Position { get; private set; }

    public EventFile? Kick { get; private set; }

    /// <summary>Whether the ring is to be looked at again and again instead of waiting for a kick.</summary>
    public bool Polls { get; private set; }

    /// <summary>Whether a kick was set since the ring was last stopped by the front end.</summary>
    public bool HasKick => Kick is not null || Polls;

    public EventFile? Call { get; private set; }

    public EventFile? Error { get; private set; }

    public bool IsEnabled { get; set; }

    public VirtQueue? Queue { get; private set; }

    public bool IsRunning => Queue is not null;

    /// <summary>Why the ring's thread has ended by itself; until the ring is stopped. From any thread.</summary>
    public QueueFailure? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    /// <summary>Whether all is there that the ring needs of its own messages.</summary>
    public bool IsComplete => Size != 0 && Addresses is not null && HasKick;

    public void SetBase(uint value)
    {
        Base = value;
        Position = null;
    }

    public void SetKick(EventFile? kick)
    {
        Kick?.Dispose();
        Kick = kick;
        Polls = kick is null;
    }

    /// <summary>Forgets the kick: the ring stays stopped until another is set.</summary>
    public void ClearKick()
    {
        Kick?.Dispose();
        Kick = null;
        Polls = false;
    }

    public void SetCall(EventFile? call)
    {
        EventFile? old = Call;
        Call = call;
        _thread?.SetCall(call);
        old?.Dispose();

        // The back end that served this ring before may have ended between returning a buffer and saying so. One call too many does no harm.
        call?.Signal();
    }

    public void SetError(EventFile? error)
    {
        Error?.Dispose();
        Error = error;
    }

    public void Start(VirtioDevice device, VirtQueue queue, Action<int, VirtQueueError, Exception?> failed)
    {
        var thread = new QueueThread(device, Index, queue, Kick, Call, failed);

        // Known before it runs: what the device finds after the thread has first looked has to wake it.
        Queue = queue;
        _thread = thread;
        try
        {
            thread.Start();
        }
        catch
        {
            _thread = null;
            Queue = null;
            thread.Dispose();
            throw;
        }
    }

    /// <summary>Has the ring's thread end: of several that are to be stopped all are told first. One that stands still has ended.</summary>
    public void BeginStop()
    {
        if (_failure is null)
        {
            _thread?.BeginStop();
        }
    }

    /// <summary>Ends the ring's thread, after the request that it is at, and leaves the queue as it is, with what the device has in hand. One that stands still goes on doing so.</summary>
    /// <param name="patience">How long it is waited for.</param>
    /// <returns>Whether the thread ended.</returns>
    public bool Pause(TimeSpan patience)
    {
        if (_thread is null || _failure is not null)
        {
            return true;
        }

        if (!EndThread(patience))
        {
            return false;
        }

        // It may have failed at its last request.
        _isPaused = _failure is null;
        return true;
    }

    /// <summary>Lets a ring go on that was paused.</summary>
    public void Resume(VirtioDevice device, Action<int, VirtQueueError, Exception?> failed)
    {
        if (_isPaused)
        {
            _isPaused = false;
            Start(device, Queue!, failed);
        }
    }

    /// <summary>Ends the ring's thread, after the request that it is at, and remembers where the ring stands.</summary>
    /// <param name="patience">How long it is waited for.</param>
    /// <returns>Whether the thread ended.</returns>
    public bool Stop(TimeSpan patience)
    {
        if (Queue is null)
        {
            return true;
        }

        if (!EndThread(patience))
        {
            return false;
        }

        _isPaused = false;
        _failure = null;
        VirtQueuePosition position = Queue!.Position;

        // What the device has kept is forgotten, and taken again when the ring goes on.
        Position = Queue.InFlight == 0 ? position : position with { Available = position.Used, AvailableWrap = position.UsedWrap };
        Queue.Close();
        Queue = null;
        return true;
    }

    private bool EndThread(TimeSpan patience)
    {
        if (_thread is { } thread)
        {
            _thread = null;
            if (!thread.Stop(patience))
            {
                // The thread still uses the queue and its events: they are left to it.
                _isAbandoned = true;
                Queue = null;
                return false;
            }

            thread.Dispose();
        }

        return true;
    }

    public void Wake()
    {
        try
        {
            _thread?.Wake();
        }
        catch (ObjectDisposedException)
        {
            // The ring has just been stopped, and looks at everything when it starts again.
        }
    }

    /// <summary>Forgets everything, as before the first message. The ring must be stopped.</summary>
    public void Clear()
    {
        ClearKick();
        SetCall(null);
        SetError(null);
        Size = 0;
        Addresses = null;
        Base = 0;
        Position = null;
        IsEnabled = false;
    }

    public void Dispose() => Dispose(StopPatience);

    /// <param name="patience">How long the thread is waited for.</param>
    public void Dispose(TimeSpan patience)
    {
        if (Stop(patience) && !_isAbandoned)
        {
            Clear();
        }
    }
}
