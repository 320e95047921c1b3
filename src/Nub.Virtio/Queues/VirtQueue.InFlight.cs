using System.Runtime.CompilerServices;

namespace Nub.Virtio;

// What keeps a queue from giving chains; and what it has in flight, recorded where it outlives the process, and taken again by the next back end.
public abstract partial class VirtQueue
{
    private volatile bool _isPaused;
    private long _left = long.MaxValue;
    private InFlightLog? _log;
    private LostChain[]? _lost;
    private int _nextLost;

    /// <summary>Whether nothing is taken for the time being, so that a device that a driver feeds without end comes back. Set from any thread.</summary>
    internal bool Paused
    {
        get => _isPaused;
        set => _isPaused = value;
    }

    /// <summary>Limits how many chains are taken until the next call, on the queue's thread, so that a driver that feeds the queue without end does not keep that thread.</summary>
    internal void BeginTurn(long chains) => _left = chains;

    /// <summary>Whether so many were taken.</summary>
    internal bool IsTurnOver => _left <= 0;

    /// <summary>Whether what is in flight is recorded where it outlives the process.</summary>
    internal bool IsRecorded => _log is not null;

    /// <summary>Has everything recorded that is taken and returned from now on. Before the first is taken.</summary>
    /// <param name="log">The record.</param>
    /// <param name="lost">What was in flight when the record ended: taken first, in this order. The queue's position is behind all of it.</param>
    internal void Record(InFlightLog log, LostChain[] lost)
    {
        _log = log;
        _lost = lost.Length == 0 ? null : lost;
    }

    /// <summary>Takes a chain that was in flight.</summary>
    private protected abstract ChainState? TryTakeLost(in LostChain lost);

    /// <summary>Takes what was in flight, which is recorded already, and then what the driver makes available, which is recorded now.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ChainState? TryTakeRecorded()
    {
        ChainState? state;
        if (_lost is { } lost)
        {
            state = TryTakeLost(lost[_nextLost]);
            if (++_nextLost == lost.Length)
            {
                _lost = null;
            }

            return state;
        }

        state = TryTakeNext();
        if (state is not null)
        {
            _log!.Taken(state);
        }

        return state;
    }
}
