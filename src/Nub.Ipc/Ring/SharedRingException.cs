using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The peer broke a rule of the ring, or a record does not fit what was asked for. Nothing was read or written.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the numbers it would say nothing.")]
public sealed class SharedRingException : SharedMemoryException
{
    internal SharedRingException(in RingRefusal refusal) : base(refusal.ToString())
    {
        Error = refusal.Error;
        Position = refusal.Position;
        Value = refusal.Value;
        Limit = refusal.Limit;
    }

    /// <summary>The rule that was broken.</summary>
    public SharedRingError Error { get; }

    /// <summary>
    /// Where. Of a ring, in bytes since it was made: the position of the record, or of this end. Of a broadcast, the number of the record; where an end took over, the slot that it
    /// looked at. For <see cref="SharedRingError.LayoutMismatch"/>, the byte from the start of the ring or the broadcast.
    /// </summary>
    public ulong Position { get; }

    /// <summary>
    /// The number that broke the rule: a length in bytes, a position, a mark. For <see cref="SharedRingError.MemoryLost"/>, the bytes that could not be reached; for
    /// <see cref="SharedRingError.PeerGone"/>, 0.
    /// </summary>
    public ulong Value { get; }

    /// <summary>
    /// What it was compared with: the greatest legal value, or the only one. For <see cref="SharedRingError.MemoryLost"/> it says where the bytes were looked for, for a log only: an
    /// offset in bytes, the index of a slot, or 0. For <see cref="SharedRingError.PeerGone"/>, 0.
    /// </summary>
    public ulong Limit { get; }
}

/// <summary>Why a record was refused, without the cost of an exception: a peer can cause a million a second.</summary>
internal readonly record struct RingRefusal(SharedRingError Error, ulong Position, ulong Value, ulong Limit)
{
    public override string ToString() => Error switch
    {
        SharedRingError.None => "No refusal.",
        SharedRingError.LayoutMismatch => $"Not the ring that was expected: byte {Position} of it holds {Value:X}, not {Limit:X}.",
        SharedRingError.RecordOutOfPlace => $"The record at position {Position} carries the mark {Value:X}, and the mark of that position is {Limit:X}.",
        SharedRingError.RecordTooLong => $"The record at position {Position} claims {Value} bytes; at most {Limit} fit there.",
        SharedRingError.PaddingInvalid => $"The padding at position {Position} claims {Value} bytes, and {Limit} are left before the end of the ring.",
        SharedRingError.GroupInvalid => $"The group at position {Position} claims {Value >> 32} records of {(uint)Value} bytes in {Limit} bytes.",
        SharedRingError.ConsumerPositionInvalid => $"The consumer claims to have read to {Value}; the producer is at {Position}, and the consumer was at {Limit} before.",
        SharedRingError.RecordSizeMismatch => $"The record at position {Position} has {Value} bytes, and the type that was asked for has {Limit}.",
        SharedRingError.DestinationTooSmall => $"The record at position {Position} has {Value} bytes, and the destination {Limit}.",
        SharedRingError.MemoryLost => $"The memory of the ring has gone: {Value} bytes at position {Position} could not be reached.",
        SharedRingError.PeerGone => "The peer has gone: what is written will not be read.",
        _ => $"{Error} at position {Position}: {Value}, {Limit}.",
    };
}
