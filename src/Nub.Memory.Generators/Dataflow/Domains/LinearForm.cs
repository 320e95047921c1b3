using System.Numerics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Dataflow.Domains;

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
            case { Kind: TermKind.Cast } when IntegerTypes.IsWideningOrSame(term):
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
                when IntegerTypes.BitsOf(term) is > 0 and <= 64 && ShiftOf(term) is { } count:
                return Add(parts, term.Left!, unchecked(factor << count));
            default:
                parts[term] = unchecked((parts.TryGetValue(term, out long known) ? known : 0) + factor);
                return 0;
        }
    }

    private static int? ShiftOf(Term shift) =>
        Interval.Count(new Interval(shift.Right!.Number, shift.Right.Number), IntegerTypes.BitsOf(shift));

    // An index times a size may be more than any offset.
    private static long ToInt64(decimal value) => unchecked((long)(ulong)(new BigInteger(value) & ulong.MaxValue));
}

/// <summary>A sum of unknown values, each times a constant that is not 0, in the order of their numbers, and a constant.</summary>
internal sealed class LinearSum(KeyValuePair<Term, long>[] parts, long constant)
{
    private readonly KeyValuePair<Term, long>[] _parts = parts;

    public long Constant { get; } = constant;

    public int HashOfParts { get; } = parts.Aggregate(0, static (hash, part) => unchecked((hash * 31) + (part.Key.Id * 17) + part.Value.GetHashCode()));

    /// <summary>What differs where both are the same sum but for a variable that the loop of this one changes, and one times as much that another loop changes, or none.</summary>
    /// <returns>The values of the variables when a round begins, the second null for none; null when more differs.</returns>
    public (Term Mine, Term? Other)? RoundsApartFrom(LinearSum other)
    {
        KeyValuePair<Term, long>[] mine = [.. _parts.Where(part => !other._parts.Contains(part))];
        KeyValuePair<Term, long>[] others = [.. other._parts.Where(part => !_parts.Contains(part))];

        // One and the same variable goes on where the other loop has left it.
        return mine is not [var round] || !IsOfLoop(round.Key) ? null
            : others.Length == 0 ? (round.Key, null)
            : others is [var second] && IsOfLoop(second.Key) && second.Value == round.Value && !VariableOf(second.Key).Equals(VariableOf(round.Key)) ? (round.Key, second.Key)
            : null;
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
