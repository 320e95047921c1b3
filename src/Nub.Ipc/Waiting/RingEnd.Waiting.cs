using System.Diagnostics;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// How an end sleeps until the other has done something. An end that sleeps says in its request to which position the peer must come; the peer
/// looks there after each record, and wakes it once.
/// </summary>
/// <remarks>
/// <para><b>The order.</b> The sleeper (1) reads its futex, (2) stores its request, (3) has a barrier, (4) looks at the ring again, and (5) sleeps while
/// the futex has the value of (1). The waker (a) reveals a record or gives room back, (b) loads the request; if that asks for its position, it (c) clears
/// the request, (d) adds 1 to the futex, and (e) wakes. With (a) and (b) in order on all processors, the sleeper sees the record at (4) or the waker
/// the request at (b); and a wake between (4) and (5) changes the futex.</para>
/// <para><b>The barrier.</b> Processors let a load pass a store before it, (b) before (a). The first time the sleeper has a barrier made on all of them
/// (<see cref="SystemBarrier"/>), and its request asks the waker to make one itself between (a) and (b) from then on, which is cheaper for both while they
/// sleep often. When an end has gone round the ring without sleeping it takes that back: a stream pays for no barrier.</para>
/// <para><b>Trust.</b> A wake is a hint: what counts is the ring, and it is looked at again every <see cref="s_recheck"/> whatever the peer does. An
/// end that is woken for nothing again and again stops listening and looks at the ring every millisecond.</para>
/// </remarks>
public abstract partial class RingEnd
{
    private protected const ulong Sleeps = 1;
    private protected const ulong WantsFence = 2;
    private protected const ulong ListensToSocket = 4;
    private const int NoiseTolerated = 8;

    private static readonly TimeSpan s_recheck = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(1);
    private static readonly bool s_spins = Environment.ProcessorCount > 1;

    private readonly ulong _ownRequest;
    private readonly ulong _peerRequest;
    private bool _fenced;
    private bool _sleptThisLap;
    private AsyncWait? _asyncWait;

    /// <summary>
    /// How long a waiting call looks at the ring before it sleeps. The default, 20 microseconds, is about what sleeping and being woken costs. Zero sleeps at once.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = TimeSpan.FromMicroseconds(20);

    /// <summary>How often a waiting end looks at the ring by itself.</summary>
    internal static TimeSpan RecheckInterval => s_recheck;

    internal static TimeSpan PollInterval => s_pollInterval;

    /// <summary>For tests: how often something was there that nobody had woken this end for. After a lost wake-up; or when both came at once.</summary>
    internal int Rescues { get; private set; }

    /// <summary>For tests: how often this end was woken for nothing.</summary>
    internal int EmptyWakes { get; private set; }

    internal HostSharedMemory Memory => _memory;

    internal ulong FutexOffset => _ownRequest + RingLayout.FutexFromRequest;

    /// <summary>Whether there is nothing to wait for: a record or room, or an error or the end of all.</summary>
    internal abstract bool IsReady();

    /// <summary>What a wait that is over has found.</summary>
    /// <returns>Whether there is a record or room; <see langword="false"/> when there never will be.</returns>
    /// <exception cref="SharedRingException">The peer broke a rule.</exception>
    internal abstract bool Outcome();

    /// <summary>The position that the peer must reach for this end to go on.</summary>
    private protected abstract ulong WantedPosition { get; }

    /// <summary>Has the peer woken if it waits for this position. After a record was revealed, or room was given back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void WakePeer(ulong position)
    {
        if (_memory.TryRead(_peerRequest, out ulong request) && request != 0)
        {
            AnswerRequest(request, position);
        }
    }

    /// <summary>Notes that this end begins the ring anew.</summary>
    private protected void EndLap()
    {
        if (_fenced && !_sleptThisLap && SystemBarrier.IsAvailable)
        {
            _fenced = false;
            _memory.TryWrite(_ownRequest, 0UL);
        }

        _sleptThisLap = false;
    }

    /// <summary>Withdraws what an earlier owner of this end asked for.</summary>
    private protected void InitializeRequest()
    {
        _fenced = !SystemBarrier.IsAvailable;
        _memory.TryWrite(_ownRequest, _fenced ? WantsFence : 0);
    }

    /// <summary>Waits until this end can go on.</summary>
    /// <returns><see langword="false"/> when the time was over before.</returns>
    private protected bool Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (IsReady() || Spin())
        {
            return true;
        }

        cancellationToken.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static end => ((RingEnd)end!).Nudge(), this);
        bool overslept = false;
        for (int noise = 0; ;)
        {
            uint futex = Arm();
            bool ready = IsReady();
            Rescues += overslept && ready ? 1 : 0;
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? s_recheck : timeout - Stopwatch.GetElapsedTime(start);
            if (ready || left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
            {
                Disarm();
                if (!ready)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                return ready;
            }

            if (noise > NoiseTolerated || !Futex.IsSupported)
            {
                Thread.Sleep(left < s_pollInterval ? left : s_pollInterval);
            }
            else
            {
                overslept = !Sleep(futex, left < s_recheck ? left : s_recheck);
                noise += overslept ? 0 : 1;
                EmptyWakes = noise;
            }
        }
    }

    /// <summary>Waits until this end can go on, without a thread: the process's one waiting thread sleeps for all.</summary>
    private protected ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (IsReady())
        {
            return new ValueTask<bool>(Outcome());
        }

        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<bool>(cancellationToken)
            : (_asyncWait ??= new AsyncWait(this)).Start(cancellationToken);
    }

    /// <summary>Ends the wait in progress, if there is one, and lets go of what waiting needed.</summary>
    internal void EndWaiting() => _asyncWait?.Dispose();

    /// <summary>Steps 1 to 3 of going to sleep.</summary>
    /// <returns>The futex, for step 5.</returns>
    internal uint Arm()
    {
        _memory.TryRead(FutexOffset, out uint futex);
        _memory.TryWrite(_ownRequest, WantedPosition | Sleeps | WantsFence);
        if (_fenced)
        {
            Interlocked.MemoryBarrier();
        }
        else
        {
            SystemBarrier.Issue();
            _fenced = true;
        }

        return futex;
    }

    /// <summary>Takes the request back.</summary>
    internal void Disarm() => _memory.TryWrite(_ownRequest, WantsFence);

    /// <summary>Whether the futex has another value than it had.</summary>
    internal bool WasWoken(uint futex) => !_memory.TryRead(FutexOffset, out uint now) || now != futex;

    /// <summary>Wakes this end itself, so that it looks at its token.</summary>
    internal void Nudge()
    {
        try
        {
            WakeSleeper(_ownRequest);
        }
        catch (Exception e) when (e is ObjectDisposedException or SharedMemoryException)
        {
            // The memory is gone or in somebody's hands: the sleeper finds out by itself, at the latest when it looks again.
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AnswerRequest(ulong request, ulong position)
    {
        if ((request & WantsFence) != 0)
        {
            Interlocked.MemoryBarrier();
            request = ReadRequestAgain();
        }

        // Positions are multiples of 8, so the lowest bits are free for the flags. Who clears the request is who wakes.
        if ((request & Sleeps) != 0 && position >= (request & ~7UL)
            && _memory.CompareExchange(_peerRequest, request & WantsFence, request) == request)
        {
            WakeSleeper(_peerRequest);
        }
    }

    [Reread(Justification = "The request as it is after the fence is the one that counts; nothing was done by the first.")]
    private ulong ReadRequestAgain() => _memory.TryRead(_peerRequest, out ulong request) ? request : 0;

    /// <summary>Changes the futex beside a request, and wakes whoever sleeps on it.</summary>
    private void WakeSleeper(ulong requestOffset)
    {
        ulong offset = requestOffset + RingLayout.FutexFromRequest;
        _memory.Add(offset, 1U);
        if (Futex.IsSupported)
        {
            using HostLease lease = _memory.Enter();
            Futex.Wake(_memory.BaseAddress + (nint)offset);
        }
    }

    private bool Sleep(uint futex, TimeSpan time)
    {
        _sleptThisLap = true;

        // The lease keeps the word mapped while the kernel looks at it.
        using HostLease lease = _memory.Enter();
        return Futex.Wait(_memory.BaseAddress + (nint)FutexOffset, futex, time);
    }

    private bool Spin()
    {
        if (!s_spins || SpinTime <= TimeSpan.Zero)
        {
            return false;
        }

        long start = Stopwatch.GetTimestamp();
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
        while (Stopwatch.GetElapsedTime(start) < SpinTime);
        return false;
    }
}
