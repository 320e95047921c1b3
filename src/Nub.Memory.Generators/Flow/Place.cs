using System.Numerics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>Bytes of a shared memory.</summary>
/// <param name="Memory">Whose: a handle, a lease of it or a clone are the same memory.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many; null when that is not known.</param>
/// <param name="Least">How many there are at least taken to be where that is not known: a message is copied with its header.</param>
internal sealed record Place(Term Memory, Term Offset, long? Length, long Least = 1)
{
    /// <summary>As many bytes as a header has: what a copy of unknown length is taken to have at least.</summary>
    public const long Header = 64;

    /// <summary>How many bytes there are, as far as that is known or taken to be so.</summary>
    public long Known => Length ?? Least;

    /// <summary>Finds the bytes that two places provably have in common.</summary>
    /// <returns>The range as seen from the start of this place; null when it is not proved that there is one.</returns>
    public (long Start, long End)? Overlap(Place other)
    {
        if (Memory != other.Memory || LinearForm.Difference(other.Offset, Offset) is not { } distance)
        {
            return null;
        }

        return Overlap(other, distance);
    }

    /// <summary>Finds the bytes that the places of all rounds of a loop have in common with another place, or with those of all rounds of another loop.</summary>
    /// <returns>The range as seen from the start of this place, in the round in which that is; null when it is not proved that there is one.</returns>
    public (long Start, long End)? OverlapOfRounds(Place other) =>
        Memory == other.Memory && LinearForm.SumOf(Offset).IsSameButForRounds(LinearForm.SumOf(other.Offset)) ? Overlap(other, DistanceOfRounds(other)) : null;

    /// <summary>Where the other place begins, as seen from the start of this one, in the round in which both are nearest to each other.</summary>
    public long DistanceOfRounds(Place other) => unchecked(LinearForm.SumOf(other.Offset).Constant - LinearForm.SumOf(Offset).Constant);

    private (long Start, long End)? Overlap(Place other, long distance)
    {
        long start = Math.Max(0, distance);
        long end = Math.Min(Known, distance + other.Known);
        return start < end ? (start, end) : null;
    }

    /// <summary>Whether what is written here may be what stands in the other place: as far as anybody can tell from the code.</summary>
    /// <remarks>Of two views that came from elsewhere it is assumed that they show different bytes; who has one as well as a memory may have it of that.</remarks>
    public bool Covers(Place other) => Memory != other.Memory
        ? Memory.IsBehindView != other.Memory.IsBehindView
        : LinearForm.Difference(other.Offset, Offset) is { } distance
        && distance < (Length ?? long.MaxValue) && -distance < other.Known;
}

/// <summary>An offset as a sum of unknown values, each times a constant, and a constant.</summary>
internal static class LinearForm
{
    /// <summary>The first less the second, if that is a constant.</summary>
    public static long? Difference(Term first, Term second)
    {
        if (first == second)
        {
            return 0;
        }

        LinearSum one = SumOf(first);
        LinearSum other = SumOf(second);
        return one.HasSamePartsAs(other) ? unchecked(one.Constant - other.Constant) : null;
    }

    /// <summary>A value as a sum, made once for each.</summary>
    public static LinearSum SumOf(Term term)
    {
        if (term.Sum is not { } sum)
        {
            var parts = new Dictionary<Term, long>();
            long constant = Add(parts, term, 1);
            term.Sum = sum = new LinearSum([.. parts.Where(static part => part.Value != 0).OrderBy(static part => part.Key.Id)], constant);
        }

        return sum;
    }

    // Offsets wrap as ulong does; so do these sums.
    private static long Add(Dictionary<Term, long> parts, Term term, long factor)
    {
        switch (term)
        {
            case { Kind: TermKind.Constant }:
                return unchecked(factor * ToInt64(term.Constant));
            case { Kind: TermKind.Cast } when Widths.IsWideningOrSame(term):
                return Add(parts, term.Left!, factor);
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add }:
                return unchecked(Add(parts, term.Left!, factor) + Add(parts, term.Right!, factor));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract }:
                return unchecked(Add(parts, term.Left!, factor) + Add(parts, term.Right!, -factor));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Right.Kind: TermKind.Constant }:
                return Add(parts, term.Left!, unchecked(factor * ToInt64(term.Right!.Constant)));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Left.Kind: TermKind.Constant }:
                return Add(parts, term.Right!, unchecked(factor * ToInt64(term.Left!.Constant)));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.LeftShift, Right.Kind: TermKind.Constant }
                when Widths.Of(term) is > 0 and <= 64 && ShiftOf(term) is { } count:
                return Add(parts, term.Left!, unchecked(factor << count));
            default:
                parts[term] = unchecked((parts.TryGetValue(term, out long known) ? known : 0) + factor);
                return 0;
        }
    }

    private static int? ShiftOf(Term shift) =>
        Interval.Count(new Interval(shift.Right!.Number, shift.Right.Number), Widths.Of(shift));

    // An index times a size may be more than any offset.
    private static long ToInt64(decimal value) => unchecked((long)(ulong)(new BigInteger(value) & ulong.MaxValue));
}

/// <summary>A sum of unknown values, each times a constant that is not 0, in the order of their numbers, and a constant.</summary>
internal sealed class LinearSum(KeyValuePair<Term, long>[] parts, long constant)
{
    private readonly KeyValuePair<Term, long>[] _parts = parts;

    public long Constant { get; } = constant;

    public int HashOfParts { get; } = parts.Aggregate(0, static (hash, part) => unchecked((hash * 31) + (part.Key.Id * 17) + part.Value.GetHashCode()));

    /// <summary>Whether both are the same sum, but for a variable that the loop of this one changes, and one times as much that another loop changes, or none.</summary>
    public bool IsSameButForRounds(LinearSum other)
    {
        KeyValuePair<Term, long>[] mine = [.. _parts.Where(part => !other._parts.Contains(part))];
        KeyValuePair<Term, long>[] others = [.. other._parts.Where(part => !_parts.Contains(part))];

        // One and the same variable goes on where the other loop has left it.
        return mine is [var round] && IsOfLoop(round.Key) && (others.Length == 0
            || (others is [var second] && IsOfLoop(second.Key) && second.Value == round.Value && !VariableOf(second.Key).Equals(VariableOf(round.Key))));
    }

    /// <summary>Whether a loop changes a part of it.</summary>
    public bool IsOfLoops => _parts.Any(static part => IsOfLoop(part.Key));

    private static Variable VariableOf(Term round) => ((MergePoint)round.Key!).Variable;

    private static bool IsOfLoop(Term term) => term.Key is MergePoint { Node.IsInLoop: true };

    public bool HasSamePartsAs(LinearSum other)
    {
        if (_parts.Length != other._parts.Length)
        {
            return false;
        }

        for (int i = 0; i < _parts.Length; i++)
        {
            if (_parts[i].Key != other._parts[i].Key || _parts[i].Value != other._parts[i].Value)
            {
                return false;
            }
        }

        return true;
    }
}
