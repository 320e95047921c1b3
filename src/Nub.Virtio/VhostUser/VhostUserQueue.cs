namespace Nub.Virtio;

/// <summary>What the front end has said of one ring, in whatever order, and the thread that serves it while it runs.</summary>
internal sealed class VhostUserQueue(int index) : IDisposable
{
    /// <summary>How long a stop waits for the device, whose own storage may be slow, before the front end is given up.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    /// <summary>How long a front end that asks where a ring stands, and holds the guest up meanwhile, waits for the device to return what it has in hand.</summary>
    private static readonly TimeSpan s_drainPatience = TimeSpan.FromSeconds(5);

    // Read by the threads at which the device finds work.
    private volatile QueueThread? _thread;

    // Stopped with chains that the device has in hand, which it returns when the ring goes on.
    private VirtQueue? _kept;

    private bool _isAbandoned;
    private bool _isPaused;
    private volatile QueueFailure? _failure;

    public int Index { get; } = index;

    /// <summary>The number of entries; 0 until it is set.</summary>
    public uint Size { get; set; }

    public VringAddresses? Addresses { get; set; }

    /// <summary>Where the ring goes on. As the front end set it, until the ring has run.</summary>
    public uint Base { get; private set; }

    /// <summary>
    /// Where a ring that has run goes on: behind what was taken; or where it was returned to, if what the device has in hand was taken last and so stands there, to be taken again.
    /// </summary>
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

    public void SetBase(uint value, VirtQueueFormat format)
    {
        Base = value;

        // Only a driver that begins anew begins at the start: nothing of the one before may be returned to it.
        if (_kept is null || value != Position!.Value.ToVringBase(format) || value == VirtQueuePosition.Start.ToVringBase(format))
        {
            Forget();
            Position = null;
        }
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

    /// <summary>The queue that was stopped with chains in hand, if it stands where the ring now is. Otherwise it is closed.</summary>
    public VirtQueue? KeptAt(in VirtQueueLayout layout)
    {
        if (_kept?.Layout != layout)
        {
            Forget();
        }

        return _kept;
    }

    /// <summary>Closes the queue that was stopped with chains in hand: what the device returns of them has no effect from now on.</summary>
    public void Forget()
    {
        _kept?.Close();
        _kept = null;
    }

    /// <summary>Closes it where all of these chains are taken again, by this back end or another: by the position, or by the records.</summary>
    public void ForgetWhatIsTakenAgain()
    {
        if (_kept is { } kept && (kept.HoldsLast || kept.IsRecorded))
        {
            Forget();
        }
    }

    public void Start(VirtioDevice device, VirtQueue queue, Action<int, VirtQueueError, Exception?> failed) => Start(device, queue, failed, drains: false);

    /// <summary>Has the device return what it has in hand, also of a ring that stands, and take nothing more. It is to be stopped then.</summary>
    public void Drain(VirtioDevice device, Action<int, VirtQueueError, Exception?> failed)
    {
        if (_kept is { } kept)
        {
            Start(device, kept, failed, drains: true);
        }
        else if (_failure is null)
        {
            _thread?.BeginDrain();
        }

        _ = _thread?.WaitForEnd(s_drainPatience);
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

    /// <summary>Ends the ring's thread, after the request that it is at, and remembers where the ring stands, with what the device has in hand.</summary>
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

        VirtQueue queue = Queue!;
        VirtQueuePosition position = queue.Position;
        Position = queue.InFlight != 0 && queue.HoldsLast ? position with { Available = position.Used, AvailableWrap = position.UsedWrap } : position;
        Queue = null;
        if (queue.InFlight != 0 && _failure is null)
        {
            _kept = queue;
        }
        else
        {
            queue.Close();
        }

        _isPaused = false;
        _failure = null;
        return true;
    }

    private void Start(VirtioDevice device, VirtQueue queue, Action<int, VirtQueueError, Exception?> failed, bool drains)
    {
        var thread = new QueueThread(device, Index, queue, Kick, Call, failed);
        if (drains)
        {
            thread.BeginDrain();
        }

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

        _kept = null;
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
        Forget();
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
