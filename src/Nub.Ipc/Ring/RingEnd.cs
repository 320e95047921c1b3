using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>What both ends of a ring have: their own copies of where they are, and the rule that the peer broke.</summary>
public abstract partial class RingEnd : WaitingEnd
{
    // Kept beside one another and private: nothing here is ever read back from shared memory.
    private protected readonly HostSharedMemory _memory;
    private protected readonly ulong _base;
    private protected readonly ulong _data;
    private protected readonly ulong _capacity;
    private protected ulong _position;
    private protected ulong _offset;
    private RingRefusal _refusal;
    private protected bool _broken;

    private protected RingEnd(SharedRing ring, ulong ownRequest, ulong peerRequest) : base(ring.Memory, ring.Offset + ownRequest)
    {
        Ring = ring;
        _memory = ring.Memory;
        _base = ring.Offset;
        _data = ring.Offset + RingLayout.DataOffset;
        _capacity = ring.Capacity;
        _peerRequest = ring.Offset + peerRequest;
        InitializeRequest();
    }

    /// <summary>The ring that this is an end of.</summary>
    public SharedRing Ring { get; }

    /// <summary>
    /// Why the last <c>Try</c> form that returned <see langword="false"/> did: <see cref="SharedRingError.None"/> when the ring was merely
    /// empty or full. What the peer broke stays until <c>Reset</c>, and every <c>Try</c> form returns <see langword="false"/> until then.
    /// </summary>
    public SharedRingError Error => _refusal.Error;

    /// <summary>Whether the peer broke a rule, so that this end needs a <c>Reset</c>.</summary>
    public bool IsBroken => _broken;

    /// <summary>The error with its numbers, as an exception that the caller may throw.</summary>
    /// <returns>The exception, or <see langword="null"/> while there is no error.</returns>
    public SharedRingException? GetException() => _refusal.Error == SharedRingError.None ? null : new SharedRingException(_refusal);

    /// <summary>Notes what the peer broke.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected bool Break(in RingRefusal refusal)
    {
        _broken = true;
        _refusal = refusal;
        return false;
    }

    /// <summary>Notes why a record that is in order was not read.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected bool Refuse(SharedRingError error, ulong value, ulong limit)
    {
        _refusal = new RingRefusal(error, _position, value, limit);
        return false;
    }

    /// <summary>Notes that nothing is wrong: the ring is empty or full, or the end was broken before.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    private protected bool NotNow()
    {
        if (!_broken && _refusal.Error != SharedRingError.None)
        {
            _refusal = default;
        }

        return false;
    }

    private protected void Mend()
    {
        _broken = false;
        _refusal = default;
    }

    /// <summary>Moves this end to a position that it has judged.</summary>
    private protected void MoveTo(ulong position)
    {
        _position = position;
        _offset = position % _capacity;
    }

    /// <summary>Whether a position is one that an end may stand at.</summary>
    private protected static bool IsPlausible(ulong position) => position % 8 == 0 && position <= RingLayout.PositionLimit;
}
