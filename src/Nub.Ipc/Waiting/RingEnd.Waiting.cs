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
/// <para><b>By socket.</b> An awaited end of a channel sleeps on no futex: its request says so, and (d) and (e) are a byte on the channel's socket. The byte that comes before
/// the end is known to sleep is not lost, because the end is looked at once more after that (<see cref="ChannelWaker"/>).</para>
/// <para><b>Trust.</b> A wake is a hint: what counts is the ring, and it is looked at again every 100 ms whatever the peer does. An
/// end that is woken for nothing again and again stops listening and looks at the ring every millisecond.</para>
/// </remarks>
public abstract partial class RingEnd
{
    private protected const ulong Sleeps = 1;
    private protected const ulong WantsFence = 2;
    private protected const ulong ByLink = 4;

    private readonly ulong _peerRequest;
    private bool _fenced;
    private bool _sleptThisLap;

    /// <summary>The position that the peer must reach for this end to go on.</summary>
    private protected abstract ulong WantedPosition { get; }

    /// <inheritdoc/>
    internal override uint Arm(bool byLink = false)
    {
        _memory.TryRead(FutexOffset, out uint futex);
        _memory.TryWrite(RequestOffset, WantedPosition | Sleeps | WantsFence | (byLink ? ByLink : 0));
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

    /// <inheritdoc/>
    internal override void Disarm() => _memory.TryWrite(RequestOffset, WantsFence);

    private protected override void NoteSleep() => _sleptThisLap = true;

    /// <summary>
    /// Wakes the peer if it waits for this position. Called after a record was revealed, or room was given back. That stands, so nothing is thrown when another
    /// thread takes the memory exclusively or disposes it now, or the caller would do it again. The peer then finds out when it looks by itself.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void WakePeer(ulong position)
    {
        try
        {
            if (_memory.TryRead(_peerRequest, out ulong request) && request != 0)
            {
                AnswerRequest(request, position);
            }
        }
        catch (Exception e) when (e is SharedMemoryLockedException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Notes that this end begins the ring anew. Throws nothing, for the same reason.</summary>
    private protected void EndLap()
    {
        if (_fenced && !_sleptThisLap && SystemBarrier.IsAvailable)
        {
            try
            {
                _memory.TryWrite(RequestOffset, 0UL);
                _fenced = false;
            }
            catch (Exception e) when (e is SharedMemoryLockedException or ObjectDisposedException)
            {
                // The next lap's end is soon enough, if there is one.
            }
        }

        _sleptThisLap = false;
    }

    /// <summary>Withdraws what an earlier owner of this end asked for.</summary>
    private protected void InitializeRequest()
    {
        _fenced = !SystemBarrier.IsAvailable;
        _memory.TryWrite(RequestOffset, _fenced ? WantsFence : 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AnswerRequest(ulong request, ulong position)
    {
        if ((request & WantsFence) != 0)
        {
            Interlocked.MemoryBarrier();
            request = ReadRequestAgain();
        }

        // Positions are multiples of 8, so the lowest bits are free for the flags. The thread that clears the request wakes the peer.
        if ((request & Sleeps) != 0 && position >= (request & ~7UL)
            && _memory.TryCompareExchange(_peerRequest, request & WantsFence, request, out ulong seen) && seen == request)
        {
            if ((request & ByLink) != 0 && Waker is { } waker)
            {
                waker.WakePeer();
            }
            else
            {
                WakeSleepers(_memory, _peerRequest);
            }
        }
    }

    [Reread(Justification = "The request as it is after the fence is the one that counts; nothing was done by the first.")]
    private ulong ReadRequestAgain() => _memory.TryRead(_peerRequest, out ulong request) ? request : 0;
}
