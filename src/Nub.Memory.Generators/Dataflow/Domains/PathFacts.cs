using System.Numerics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>
/// What holds on every way to a point because of the conditions on the way: that a value is a certain number. A flag or a comparison
/// is 1 or 0. Two reads are on no common way when what holds at the one contradicts what holds at the other.
/// </summary>
internal sealed class PathFacts
{
    // A few are what correlates; a method of a thousand guards is not to be carried along.
    private const int Most = 16;

    private readonly PersistentMap<Term, decimal> _values;
    private readonly int _count;

    private PathFacts(PersistentMap<Term, decimal> values, int count)
    {
        _values = values;
        _count = count;
    }

    public static PathFacts None { get; } = new(PersistentMap<Term, decimal>.Empty, 0);

    /// <summary>Whether something, a comparison say, is known not to hold.</summary>
    public bool Denies(Term term) => _values.TryGetValue(term, out decimal value) && value == 0;

    /// <summary>Whether a value is known not to be a number.</summary>
    public bool Excludes(Term term, BigInteger number) => _values.Any(fact => fact is { Value: 0, Key: { Kind: TermKind.Binary, Key: BinaryOperatorKind.Equals, Right: { Kind: TermKind.Constant } right } }
        && fact.Key.Left == term && right.Number == number);

    /// <summary>Adds one, as long as there are few.</summary>
    public PathFacts With(Term term, decimal value) =>
        term.Kind == TermKind.Constant || _count >= Most || _values.ContainsKey(term) ? this : new PathFacts(_values.SetItem(term, value), _count + 1);

    public PathFacts And(PathFacts more) => more._values.Aggregate(this, static (facts, fact) => facts.With(fact.Key, fact.Value));

    /// <summary>What holds where two ways meet: this itself, when the other says all of it.</summary>
    public PathFacts Common(PathFacts other)
    {
        if (this == other)
        {
            return this;
        }

        var lost = _values.DifferencesTo(other._values).Where(_values.ContainsKey).ToList();
        return lost.Count == 0 ? this : lost.Count == _count ? None : new PathFacts(_values.RemoveRange(lost), _count - lost.Count);
    }

    /// <summary>Whether both say the same.</summary>
    public override bool Equals(object? obj) =>
        this == obj || (obj is PathFacts other && _count == other._count && _values.IsSameAs(other._values));

    public override int GetHashCode() => _count;

    public bool Contradicts(PathFacts other) => this != other && (IsDeniedBy(other) || other.IsDeniedBy(this));

    private bool IsDeniedBy(PathFacts other)
    {
        foreach (KeyValuePair<Term, decimal> fact in _values)
        {
            if (other._values.TryGetValue(fact.Key, out decimal known) && known != fact.Value)
            {
                return true;
            }

            // It is not 4, and there it is.
            if (fact is { Value: 0, Key: { Kind: TermKind.Binary, Key: BinaryOperatorKind.Equals, Right: { Kind: TermKind.Constant } number } }
                && other._values.TryGetValue(fact.Key.Left!, out decimal value) && value == number.Constant)
            {
                return true;
            }
        }

        return false;
    }
}
