using System.Collections.Immutable;
using System.Numerics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>
/// A sum of values, each times a whole number, and a constant: by how much one value is more than another. Unlike a
/// <see cref="LinearSum"/>, which wraps as offsets do, it is exact: arithmetic that may have been cut to the bits of its type is not
/// looked into, and its result stands in the sum as it is.
/// </summary>
internal sealed class Excess
{
    // A few terms are what people compare; a check of ten sums is not to be carried along.
    private const int MostParts = 6;

    private static readonly Comparison<KeyValuePair<Term, BigInteger>> s_byTerm = static (one, other) => one.Key.Id.CompareTo(other.Key.Id);

    private readonly KeyValuePair<Term, BigInteger>[] _parts;

    // Sums are looked for among others wherever ways meet, and nearly all of them are others.
    private readonly int _hash;

    private Excess(List<KeyValuePair<Term, BigInteger>> parts, BigInteger constant)
        : this(InOrder(parts), constant)
    {
    }

    private Excess(KeyValuePair<Term, BigInteger>[] parts, BigInteger constant)
    {
        _parts = parts;
        Constant = constant;
        _hash = constant.GetHashCode();
        foreach (KeyValuePair<Term, BigInteger> part in parts)
        {
            _hash = unchecked((((_hash * 31) + part.Key.Id) * 31) + part.Value.GetHashCode());
        }
    }

    public BigInteger Constant { get; }

    public IReadOnlyList<KeyValuePair<Term, BigInteger>> Parts => _parts;

    public bool IsTooLong => _parts.Length > MostParts;

    public static Excess Of(Term term) => new(new[] { new KeyValuePair<Term, BigInteger>(term, BigInteger.One) }, BigInteger.Zero);

    /// <summary>A value as a sum, as far as its arithmetic is exact.</summary>
    public static Excess Of(FlowState state, Term term, int proofs)
    {
        var parts = new List<KeyValuePair<Term, BigInteger>>();
        BigInteger constant = Add(state, parts, term, 1, proofs);
        return new Excess(parts, constant);
    }

    /// <summary>By how much the first is more than the second.</summary>
    public static Excess Over(FlowState state, Term first, Term second, int proofs) => Of(state, first, proofs).Plus(Of(state, second, proofs), -1);

    public Excess Plus(Excess other, BigInteger factor)
    {
        var parts = new List<KeyValuePair<Term, BigInteger>>(_parts);
        foreach (KeyValuePair<Term, BigInteger> part in other._parts)
        {
            Add(parts, part.Key, part.Value * factor);
        }

        return new Excess(parts, Constant + (other.Constant * factor));
    }

    public Excess Plus(BigInteger more) => new(_parts, Constant + more);

    /// <summary>Whether a variable's value where ways meet in a node is in it.</summary>
    public bool IsOf(FlowNode node)
    {
        foreach (KeyValuePair<Term, BigInteger> part in _parts)
        {
            if (part.Key.IsMergeAt(node))
            {
                return true;
            }
        }

        return false;
    }

    public BigInteger FactorOf(Term term)
    {
        foreach (KeyValuePair<Term, BigInteger> part in _parts)
        {
            if (IsSame(part.Key, term))
            {
                return part.Value;
            }
        }

        return BigInteger.Zero;
    }

    /// <summary>The same with another sum in the place of a value.</summary>
    public Excess Replace(Term term, Excess by) => FactorOf(term) is { IsZero: false } factor ? Plus(Of(term), -factor).Plus(by, factor) : this;

    /// <summary>The same with a value in the place of a sum that stands in it; null when it does not.</summary>
    public Excess? Gather(Excess sum, Term value)
    {
        if (sum._parts is not [{ Value: var first } leading, ..] || FactorOf(leading.Key) is not { IsZero: false } here || !(here % first).IsZero)
        {
            return null;
        }

        Excess rest = Plus(sum, -here / first);
        return rest._parts.Length <= _parts.Length - sum._parts.Length ? rest.Plus(Of(value), here / first) : null;
    }

    public bool IsSameAs(Excess other)
    {
        if (this == other)
        {
            return true;
        }

        if (_hash != other._hash || _parts.Length != other._parts.Length || Constant != other.Constant)
        {
            return false;
        }

        for (int at = 0; at < _parts.Length; at++)
        {
            if (_parts[at].Key != other._parts[at].Key || _parts[at].Value != other._parts[at].Value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the same sum is among others.</summary>
    public bool IsIn(ImmutableArray<Excess> others)
    {
        foreach (Excess other in others)
        {
            if (IsSameAs(other))
            {
                return true;
            }
        }

        return false;
    }

    public static bool AreSame(ImmutableArray<Excess> some, ImmutableArray<Excess> others) => some.SequenceEqual(others, static (one, other) => one.IsSameAs(other));

    private static KeyValuePair<Term, BigInteger>[] InOrder(List<KeyValuePair<Term, BigInteger>> parts)
    {
        parts.RemoveAll(static part => part.Value.IsZero);
        parts.Sort(s_byTerm);
        return [.. parts];
    }

    private static BigInteger Add(FlowState state, List<KeyValuePair<Term, BigInteger>> parts, Term term, BigInteger factor, int proofs)
    {
        switch (term)
        {
            case { Kind: TermKind.Constant }:
                return factor * new BigInteger(term.Constant);
            case { Kind: TermKind.Cast } when Widths.IsExact(state, term, proofs):
                return Add(state, parts, term.Left!, factor, proofs);
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add } when Widths.IsExact(state, term, proofs):
                return Add(state, parts, term.Left!, factor, proofs) + Add(state, parts, term.Right!, factor, proofs);
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract } when Widths.IsExact(state, term, proofs):
                return Add(state, parts, term.Left!, factor, proofs) + Add(state, parts, term.Right!, -factor, proofs);
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Right: { Kind: TermKind.Constant } times } when Widths.IsExact(state, term, proofs):
                return Add(state, parts, term.Left!, factor * new BigInteger(times.Constant), proofs);
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Left: { Kind: TermKind.Constant } times } when Widths.IsExact(state, term, proofs):
                return Add(state, parts, term.Right!, factor * new BigInteger(times.Constant), proofs);
            default:
                Add(parts, term, factor);
                return 0;
        }
    }

    private static void Add(List<KeyValuePair<Term, BigInteger>> parts, Term term, BigInteger factor)
    {
        int at = parts.FindIndex(part => IsSame(part.Key, term));
        if (at < 0)
        {
            parts.Add(new KeyValuePair<Term, BigInteger>(term, factor));
        }
        else
        {
            parts[at] = new KeyValuePair<Term, BigInteger>(parts[at].Key, parts[at].Value + factor);
        }
    }

    // What the host reads twice by the same words (queue.Size, sizeof(T)) is taken for the same number: at worst that hides a report.
    private static bool IsSame(Term one, Term other) =>
        one == other
        || (one is { Kind: TermKind.Result, Operation: { } first } && other is { Kind: TermKind.Result, Operation: { } second }
            && first.Kind == second.Kind && first is IPropertyReferenceOperation or IFieldReferenceOperation or ISizeOfOperation or IInvocationOperation { Arguments.IsEmpty: true }
            && Microsoft.CodeAnalysis.CSharp.SyntaxFactory.AreEquivalent(first.Syntax, second.Syntax, topLevel: false));
}
