using System.Net.Sockets;

namespace Nub.Ipc;

/// <summary>
/// Completes the awaited waits of a channel's two ends when the peer sends a byte, so that they need no thread: the socket is awaited anyway, to learn when the peer has gone.
/// </summary>
/// <remarks>A byte is a hint only. Whatever the peer sends, the ends are looked at when a wait begins, when it is cancelled, and every 100 ms.</remarks>
internal sealed class SocketWaker : IDisposable
{
    private static readonly byte[] s_wake = [1];

    private readonly Socket _socket;
    private readonly Timer _recheck;
    private readonly Lock _gate = new();

    // One of the producer's and one of the consumer's.
    private AsyncWait? _first;
    private AsyncWait? _second;

    public SocketWaker(Socket socket)
    {
        _socket = socket;

        // A wake must not wait: where the peer has not read the ones before, it is not needed either.
        socket.Blocking = false;
        _recheck = new Timer(static me => ((SocketWaker)me!).Recheck(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>For tests: how often a look without a byte has found that a wait was over. After a lost wake; or when both came at once.</summary>
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

    /// <summary>Completes the waits that are over.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Look()
    {
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
        return first is not null || second is not null;
    }

    /// <summary>Has the peer look at its ends.</summary>
    public void WakePeer()
    {
        try
        {
            _ = _socket.Send(s_wake, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The channel was disposed meanwhile, which tells the peer more than a byte.
        }
    }

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
