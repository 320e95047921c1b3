using System.Runtime.CompilerServices;

namespace Nub.Virtio;

// The chains of a queue: used again and again, so that a request allocates nothing.
public abstract partial class VirtQueue
{
    // What the buffers of all chains of a queue may take together: 16 MiB of ranges, far beyond what a driver has in flight.
    private const int MostRanges = 1 << 20;

    private readonly List<ChainState> _all = [];
    private ChainState?[] _free;
    private int _freeCount;
    private int _ranges;
    private uint _taken;

    // With InOrder: the chains in flight in the order in which they were taken; a ring of the queue's size.
    private readonly ChainState?[]? _order;
    private uint _orderFirst;
    private uint _orderCount;

    /// <summary>Whether the chains in flight are those that were taken last: then they stand in the ring from where the queue returns to next on, and can be taken there again.</summary>
    internal bool HoldsLast
    {
        get
        {
            foreach (ChainState state in _all)
            {
                if (state.IsInFlight && _taken - state.Number > (uint)InFlight)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>
    /// A chain without buffers, to be filled and then handed out by <see cref="HandOut"/>. Until then it is the last of the free ones, so that nothing has to be given back where the driver breaks a rule
    /// or its memory is held exclusively.
    /// </summary>
    private protected ChainState Rent()
    {
        if (_freeCount == 0)
        {
            var made = new ChainState(this);
            _ranges += made.Ranges.Length;
            _all.Add(made);
            Keep(made);
        }

        ChainState state = _free[_freeCount - 1]!;
        state.Begin();
        return state;
    }

    /// <summary>Counts the chain that was rented as in flight.</summary>
    private protected ChainState HandOut(ChainState state, ushort id, uint slots)
    {
        state.HandOut(id, slots, _taken++);
        _freeCount--;
        InFlight++;
        if (_order is not null)
        {
            _order[(_orderFirst + _orderCount++) % _size] = state;
        }

        return state;
    }

    /// <summary>Adds a descriptor's buffer to a chain, if it follows the rules.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected VirtQueueError Add(ChainState state, ulong address, uint length, bool isWritable)
    {
        if (length == 0)
        {
            return VirtQueueError.BufferEmpty;
        }

        if (address > ulong.MaxValue - length)
        {
            return VirtQueueError.BufferWraps;
        }

        if (state.Count == state.Ranges.Length && !TryGrow(state))
        {
            return VirtQueueError.TooManyInFlight;
        }

        return state.Add(address, length, isWritable);
    }

    // A chain has no more ranges than the queue has entries, and all of them together no more than a constant.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGrow(ChainState state)
    {
        int more = state.Ranges.Length;
        for (int i = 0; i < _freeCount - 1 && _ranges + more > MostRanges; i++)
        {
            // The last is the one that grows.
            _ranges -= _free[i]!.Shrink();
        }

        if (_ranges + more > MostRanges)
        {
            return false;
        }

        state.Grow(2 * more);
        _ranges += more;
        return true;
    }

    private void Recycle(ChainState state)
    {
        InFlight--;
        Keep(state);
    }

    private void Keep(ChainState state)
    {
        state.End();
        if (_freeCount == _free.Length)
        {
            Array.Resize(ref _free, 2 * _free.Length);
        }

        _free[_freeCount++] = state;
    }

    private void ReturnInOrder(ChainState state, uint written)
    {
        state.Finish(written);
        while (_orderCount != 0 && _order![_orderFirst] is { IsFinished: true } first)
        {
            if (IsUsable)
            {
                Show(first, first.FinishedLength);
            }

            _order[_orderFirst] = null;
            _orderFirst = (_orderFirst + 1) % _size;
            _orderCount--;
            Recycle(first);
        }
    }
}
