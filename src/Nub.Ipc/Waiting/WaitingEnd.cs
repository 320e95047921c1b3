using System.Diagnostics;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>An end that can sleep until the other side has done something; <see cref="RingEnd"/> says how it is woken.</summary>
public abstract class WaitingEnd : SharedEnd
{
    /// <summary>How often an end may be woken for nothing before it stops listening, and looks every millisecond.</summary>
    internal const int NoiseTolerated = 8;

    // Of the machine, not those that this process may use: a peer can run beside a process that is bound to one.
    private static readonly bool s_spins = SystemProcessors.Online > 1;

    private AsyncWait? _asyncWait;
    private volatile bool _peerHasGone;
    private volatile bool _ended;

    // Threads that are about to sleep, or do.
    private int _waiting;

    private protected WaitingEnd(HostSharedMemory memory, ulong requestOffset)
    {
        Memory = memory;
        RequestOffset = requestOffset;
    }

    /// <summary>
    /// How long a waiting call looks before it sleeps, if its own timeout is not shorter. The default, 20 microseconds, is about what sleeping and being woken costs. Zero sleeps at once.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = TimeSpan.FromMicroseconds(20);

    /// <summary>How often a sleeping end looks by itself, whatever its peer does.</summary>
    internal static TimeSpan RecheckInterval { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often an end looks that does not listen, or cannot be woken.</summary>
    internal static TimeSpan PollInterval { get; } = TimeSpan.FromMilliseconds(1);

    /// <summary>For tests: how often this end was ready but its peer had not woken it: a wake-up was lost, or came at the same moment.</summary>
    internal int Rescues { get; private set; }

    /// <summary>For tests: how often this end was woken for nothing.</summary>
    internal int EmptyWakes { get; private set; }

    internal HostSharedMemory Memory { get; }

    /// <summary>Where this end says what it waits for; its futex stands behind.</summary>
    internal ulong RequestOffset { get; }

    internal ulong FutexOffset => RequestOffset + RingLayout.FutexFromRequest;

    /// <summary>Whether the other side is known to have gone; a channel says so.</summary>
    internal bool PeerHasGone => _peerHasGone;

    /// <summary>What wakes an end of a channel when it is awaited, and without futexes always; <see langword="null"/> for an end of a bare ring.</summary>
    internal ChannelWaker? Waker { get; set; }

    /// <summary>Whether the other side can wake this end.</summary>
    internal virtual bool CanBeWoken => Futex.IsSupported || Waker is not null;

    /// <summary>Whether this end sleeps until its channel's link has a byte: where there are no futexes.</summary>
    private bool SleepsByLink => !Futex.IsSupported && Waker is not null;

    /// <summary>Whether there is nothing to wait for: a record or room, or an error or the end of all.</summary>
    internal abstract bool IsReady();

    /// <summary>What a wait that is over has found.</summary>
    /// <returns>Whether there is a record or room; <see langword="false"/> when there never will be.</returns>
    /// <exception cref="SharedRingException">The peer broke a rule.</exception>
    internal abstract bool Outcome();

    /// <summary>Reads the futex, asks the other side for a wake, and has a barrier after that.</summary>
    /// <param name="byLink">Whether the wake is to come by the channel's link, and not by the futex.</param>
    /// <returns>The futex. The end is to look again, and to sleep while the futex has this value.</returns>
    internal abstract uint Arm(bool byLink = false);

    /// <summary>Takes the request back.</summary>
    internal abstract void Disarm();

    /// <summary>Whether the futex has another value than it had.</summary>
    internal bool WasWoken(uint futex) => !Memory.TryRead(FutexOffset, out uint now) || now != futex;

    /// <summary>Notes that the other side has gone, and ends a wait for it.</summary>
    internal void EndPeer()
    {
        _peerHasGone = true;
        Nudge();
    }

    /// <summary>For tests: the wait without a thread, which stays when it is over; <see langword="null"/> before the first.</summary>
    internal AsyncWait? Awaiting => _asyncWait;

    /// <summary>Ends the wait in progress, if there is one, and lets go of what waiting needed.</summary>
    internal void EndWaiting()
    {
        _ended = true;

        // Either this sees the waiter, or the waiter sees this. Where no thread waits the memory stays as it is: it may be used for something else by now.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiting) != 0)
        {
            Nudge();
        }

        _asyncWait?.Dispose();
    }

    /// <summary>Wakes this end itself, so that it looks at its token.</summary>
    internal void Nudge()
    {
        try
        {
            WakeSleepers(Memory, RequestOffset);
            if (SleepsByLink)
            {
                Waker!.Look();
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SharedMemoryException or NotSupportedException)
        {
            // The memory is gone, held exclusively, or read-only: the sleeper finds out by itself, at the latest when it looks again.
        }
    }

    /// <summary>Waits until this end can go on.</summary>
    /// <returns><see langword="false"/> when the time was over before.</returns>
    private protected bool Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (IsReady())
        {
            return true;
        }

        long start = Stopwatch.GetTimestamp();
        if (Spin(start, timeout, cancellationToken))
        {
            return true;
        }

        Interlocked.Increment(ref _waiting);
        try
        {
            return WaitAsleep(start, timeout, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private bool WaitAsleep(long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static end => ((WaitingEnd)end!).Nudge(), this);
        bool overslept = false;
        for (int noise = 0; ;)
        {
            int looks = Waker?.Looks ?? 0;
            uint futex = Arm(SleepsByLink);
            bool ready = IsReady();
            Rescues += overslept && ready ? 1 : 0;
            if (ready && SleepsByLink)
            {
                Waker!.NoteUse();
            }

            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? RecheckInterval : timeout - Stopwatch.GetElapsedTime(start);
            if (ready || left <= TimeSpan.Zero || _ended || cancellationToken.IsCancellationRequested)
            {
                Disarm();
                if (!ready)
                {
                    ObjectDisposedException.ThrowIf(_ended, this);
                    cancellationToken.ThrowIfCancellationRequested();
                }

                return ready;
            }

            if (noise > NoiseTolerated || !CanBeWoken)
            {
                Thread.Sleep(left < PollInterval ? left : PollInterval);
            }
            else
            {
                overslept = !Sleep(futex, looks, left < RecheckInterval ? left : RecheckInterval);

                // A byte of the link is for both ends, so that one for the other is none for nothing; the channel counts those.
                noise += overslept || SleepsByLink ? 0 : 1;
                EmptyWakes = noise;
            }
        }
    }

    /// <summary>Waits until this end can go on, without a thread: the channel's socket tells, or the process's one waiting thread sleeps for all.</summary>
    private protected ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (IsReady())
        {
            return new ValueTask<bool>(Outcome());
        }

        ObjectDisposedException.ThrowIf(_ended, this);
        AsyncWait wait = _asyncWait ??= new AsyncWait(this);

        // A thread that calls EndWaiting now finds the wait, or this finds that it was called, and lets go of what the wait has.
        Interlocked.MemoryBarrier();
        if (_ended)
        {
            wait.Dispose();
            throw new ObjectDisposedException(GetType().FullName);
        }

        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<bool>(cancellationToken) : wait.Start(cancellationToken);
    }

    private protected virtual void NoteSleep()
    {
    }

    private bool Sleep(uint futex, int looks, TimeSpan time)
    {
        NoteSleep();
        if (SleepsByLink)
        {
            return Waker!.Sleep(looks, time);
        }

        // The lease keeps the word mapped while the kernel looks at it.
        using HostLease lease = Memory.Enter();
        return Futex.Wait(Memory.BaseAddress + (nint)FutexOffset, futex, time);
    }

    private bool Spin(long start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        TimeSpan time = timeout == Timeout.InfiniteTimeSpan || SpinTime < timeout ? SpinTime : timeout;
        if (!s_spins || time <= TimeSpan.Zero)
        {
            return false;
        }

        do
        {
            for (int i = 0; i < 32; i++)
            {
                if (IsReady())
                {
                    return true;
                }
            }

            Thread.SpinWait(1);
        }
        while (Stopwatch.GetElapsedTime(start) < time && !_ended && !cancellationToken.IsCancellationRequested);
        return false;
    }
}
