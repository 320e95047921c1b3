namespace Nub.Ipc;

/// <summary>
/// Ends the waits of a channel's two ends when the peer sends a byte: the awaited ones, which so need no thread, and without futexes the others too. The link is awaited anyway, to learn
/// when the peer has gone.
/// </summary>
/// <remarks>A byte is a hint only. Whatever the peer sends, the ends are looked at when a wait begins, when it is cancelled, and every 100 ms.</remarks>
internal sealed class ChannelWaker : IDisposable
{
    private readonly ChannelLink _link;
    private readonly Timer _recheck;
    private readonly Lock _gate = new();

    // One of the producer's and one of the consumer's.
    private AsyncWait? _first;
    private AsyncWait? _second;

    private readonly object _sleepers = new();
    private int _looks;
    private bool _useful;

    public ChannelWaker(ChannelLink link)
    {
        _link = link;
        _recheck = new Timer(static me => ((ChannelWaker)me!).Recheck(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>How often both ends were to be looked at. Read before an end is armed, and given to <see cref="Sleep"/>.</summary>
    public int Looks => Volatile.Read(ref _looks);

    /// <summary>For tests: how often a look without a peer's byte has found that a wait was over: the byte was lost, or came at the same moment.</summary>
    public int Rescues { get; private set; }

    /// <summary>Begins to look after a wait.</summary>
    public void Add(AsyncWait wait)
    {
        lock (_gate)
        {
            // The peer's byte may have come between the request and this.
            if (!wait.IsOver(always: true))
            {
                if (_first is null)
                {
                    _first = wait;
                }
                else
                {
                    _second = wait;
                }

                LookLater();
                return;
            }
        }

        wait.Complete();
    }

    /// <summary>Completes the waits that are over, and has the threads that sleep look.</summary>
    /// <returns>Whether a wait was over, or an earlier look let a thread that slept go on.</returns>
    public bool Look()
    {
        lock (_sleepers)
        {
            _looks++;
            Monitor.PulseAll(_sleepers);
        }

        bool wasUseful = Interlocked.Exchange(ref _useful, false);

        AsyncWait? first, second;
        lock (_gate)
        {
            first = TakeIfOver(ref _first);
            second = TakeIfOver(ref _second);
            if (_first is not null || _second is not null)
            {
                LookLater();
            }
        }

        // Outside of the lock: what awaits them may run here and now.
        first?.Complete();
        second?.Complete();
        return wasUseful || first is not null || second is not null;
    }

    /// <summary>Sleeps until both ends are to be looked at, at most for a time.</summary>
    /// <param name="looks">What <see cref="Looks"/> was: when it has changed since, there is nothing to sleep for.</param>
    /// <param name="time">The longest time.</param>
    /// <returns>Whether the ends are to be looked at.</returns>
    public bool Sleep(int looks, TimeSpan time)
    {
        lock (_sleepers)
        {
            return _looks != looks || Monitor.Wait(_sleepers, time);
        }
    }

    /// <summary>Notes that a thread that slept goes on: the byte that woke it was not for nothing.</summary>
    public void NoteUse() => Volatile.Write(ref _useful, true);

    /// <summary>Has the peer look at its ends.</summary>
    public void WakePeer() => _link.Wake();

    public void Dispose() => _recheck.Dispose();

    private void Recheck() => Rescues += Look() ? 1 : 0;

    /// <summary>Frees a wait's place when it is over: its user may begin the next one as soon as it is completed.</summary>
    private static AsyncWait? TakeIfOver(ref AsyncWait? wait)
    {
        AsyncWait? looked = wait;
        if (looked is null || !looked.IsOver(always: true))
        {
            return null;
        }

        wait = null;
        return looked;
    }

    private void LookLater()
    {
        try
        {
            _recheck.Change(WaitingEnd.RecheckInterval, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The channel was disposed, which ends all of its waits.
        }
    }
}
