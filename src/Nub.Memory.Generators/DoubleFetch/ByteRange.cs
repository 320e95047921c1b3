using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.DoubleFetch;

/// <summary>Bytes of a shared memory.</summary>
/// <param name="Memory">Whose: a handle, a lease of it or a clone are the same memory.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many; null when that is not known.</param>
/// <param name="Least">How many there are at least taken to be where that is not known: a message is copied with its header.</param>
internal sealed record ByteRange(Term Memory, Term Offset, long? Length, long Least = 1)
{
    /// <summary>As many bytes as a header has: what a copy of unknown length is taken to have at least.</summary>
    public const long Header = 64;

    /// <summary>How many bytes there are, as far as that is known or taken to be so.</summary>
    public long Known => Length ?? Least;

    /// <summary>Finds the bytes that two places provably have in common.</summary>
    /// <returns>The range as seen from the start of this place; null when it is not proved that there is one.</returns>
    public (long Start, long End)? Overlap(ByteRange other)
    {
        if (Memory != other.Memory || LinearForm.Difference(other.Offset, Offset) is not { } distance)
        {
            return null;
        }

        return Overlap(other, distance);
    }

    /// <summary>Finds the bytes that the places of all rounds of a loop have in common with another place, or with those of all rounds of another loop.</summary>
    /// <param name="other">The other place.</param>
    /// <param name="startAlike">Whether two variables of loops begin with the same value; with the second null, whether the first begins with a constant.</param>
    /// <returns>The range as seen from the start of this place, in the round in which that is; null when it is not proved that there is one.</returns>
    public (long Start, long End)? OverlapOfRounds(ByteRange other, Func<Term, Term?, bool> startAlike) =>
        Memory == other.Memory && LinearForm.SumOf(Offset).RoundsApartFrom(LinearForm.SumOf(other.Offset)) is var (mine, others) && startAlike(mine, others)
            ? Overlap(other, DistanceOfRounds(other)) : null;

    /// <summary>Where the other place begins, as seen from the start of this one, in the round in which both are nearest to each other.</summary>
    public long DistanceOfRounds(ByteRange other) => unchecked(LinearForm.SumOf(other.Offset).Constant - LinearForm.SumOf(Offset).Constant);

    private (long Start, long End)? Overlap(ByteRange other, long distance)
    {
        long start = Math.Max(0, distance);
        long end = Math.Min(Known, distance + other.Known);
        return start < end ? (start, end) : null;
    }

    /// <summary>Whether, as far as the code shows, a write here may change what stands in the other place.</summary>
    /// <remarks>Two views that came from elsewhere are assumed to show different bytes; a view beside a memory may be one of that memory.</remarks>
    public bool Covers(ByteRange other) => Memory != other.Memory
        ? Memory.IsBehindView != other.Memory.IsBehindView
        : LinearForm.Difference(other.Offset, Offset) is { } distance
        && distance < (Length ?? long.MaxValue) && -distance < other.Known;
}
