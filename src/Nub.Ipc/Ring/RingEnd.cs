using Nub.Memory;

namespace Nub.Ipc;

/// <summary>What both ends of a ring have: their own copies of where they are.</summary>
public abstract partial class RingEnd : WaitingEnd
{
    // Kept beside one another and private: nothing here is ever read back from shared memory.
    private protected readonly HostSharedMemory _memory;
    private protected readonly ulong _base;
    private protected readonly ulong _data;
    private protected readonly ulong _capacity;
    private protected ulong _position;
    private protected ulong _offset;

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

    /// <summary>Notes why a record that is in order was not read.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    private protected bool Refuse(SharedRingError error, ulong value, ulong limit) => Refuse(new RingRefusal(error, _position, value, limit));

    /// <summary>Moves this end to a position that it has judged.</summary>
    private protected void MoveTo(ulong position)
    {
        _position = position;
        _offset = position % _capacity;
    }

    /// <summary>Whether a position is one that an end may stand at.</summary>
    private protected static bool IsPlausible(ulong position) => position % 8 == 0 && position <= RingLayout.PositionLimit;
}
