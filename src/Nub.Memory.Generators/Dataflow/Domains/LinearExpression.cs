using System.Collections.Immutable;
using System.Numerics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>Says whether arithmetic was exact where it stands, and not cut to the bits of its type.</summary>
internal interface IExactness
{
    /// <summary>Whether the result of an operation is that of the same on whole numbers without a limit.</summary>
    bool IsExact(Term term);
}

/// <summary>
/// A sum of values, each times a whole number, and a constant: by how much one value is more than another. Unlike a
/// <see cref="LinearSum"/>, which wraps as offsets do, it is exact: arithmetic that may have been cut to the bits of its type is not
/// looked into, and its result stands in the sum as it is.
/// </summary>
internal sealed class LinearExpression
{
    // A few terms are what people compare; a check of ten sums is not to be carried along.
    private const int MostParts = 6;

    private readonly KeyValuePair<Term, BigInteger>[] _parts;

    // Sums are looked for among others wherever ways meet, and nearly all of them are others.
    private readonly int _hash;

    private LinearExpression(KeyValuePair<Term, BigInteger>[] parts, BigInteger constant)
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

    public static LinearExpression Of(Term term) => new(new[] { new KeyValuePair<Term, BigInteger>(term, BigInteger.One) }, BigInteger.Zero);

    /// <summary>A value as a sum, as far as its arithmetic is exact.</summary>
    public static LinearExpression Of<T>(T known, Term term)
        where T : struct, IExactness
    {
        var sum = new Sum(1);
        sum.Add(known, term, BigInteger.One);
        return sum.Finish();
    }

    /// <summary>By how much the first is more than the second.</summary>
    public static LinearExpression Over<T>(T known, Term first, Term second)
        where T : struct, IExactness
    {
        var sum = new Sum(2);
        sum.Add(known, first, BigInteger.One);
        sum.Add(known, second, BigInteger.MinusOne);
        return sum.Finish();
    }

    public LinearExpression Plus(LinearExpression other, BigInteger factor)
    {
        var sum = new Sum(_parts.Length + other._parts.Length);
        sum.Add(this, BigInteger.One);
        sum.Add(other, factor);
        return sum.Finish();
    }

    public LinearExpression Plus(BigInteger more) => more.IsZero ? this : new(_parts, Constant + more);

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
    public LinearExpression Replace(Term term, LinearExpression by) => FactorOf(term) is { IsZero: false } factor ? Plus(Of(term), -factor).Plus(by, factor) : this;

    /// <summary>The same with a value in the place of a sum that stands in it; null when it does not.</summary>
    public LinearExpression? Gather(LinearExpression sum, Term value)
    {
        if (sum._parts is not [{ Value: var first } leading, ..] || FactorOf(leading.Key) is not { IsZero: false } here || !(here % first).IsZero)
        {
            return null;
        }

        LinearExpression rest = Plus(sum, -here / first);
        return rest._parts.Length <= _parts.Length - sum._parts.Length ? rest.Plus(Of(value), here / first) : null;
    }

    public bool IsSameAs(LinearExpression other)
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
    public bool IsIn(ImmutableArray<LinearExpression> others)
    {
        foreach (LinearExpression other in others)
        {
            if (IsSameAs(other))
            {
                return true;
            }
        }

        return false;
    }

    public static bool AreSame(ImmutableArray<LinearExpression> some, ImmutableArray<LinearExpression> others) => some.SequenceEqual(others, static (one, other) => one.IsSameAs(other));

    // What the host reads twice by the same words (queue.Size, sizeof(T)) is taken for the same number: at worst that hides a report.
    private static bool IsSame(Term one, Term other) =>
        one == other
        || (one is { Kind: TermKind.Result, Operation: { } first } && other is { Kind: TermKind.Result, Operation: { } second }
            && first.Kind == second.Kind && first is IPropertyReferenceOperation or IFieldReferenceOperation or ISizeOfOperation or IInvocationOperation { Arguments.IsEmpty: true }
            && Microsoft.CodeAnalysis.CSharp.SyntaxFactory.AreEquivalent(first.Syntax, second.Syntax, topLevel: false));

    /// <summary>A sum that is being made. There are hardly ever more than two parts, and sums are made wherever values are compared.</summary>
    private struct Sum(int parts)
    {
        private KeyValuePair<Term, BigInteger>[] _parts = new KeyValuePair<Term, BigInteger>[parts];
        private int _count;
        private BigInteger _constant;

        public void Add(LinearExpression sum, BigInteger factor)
        {
            foreach (KeyValuePair<Term, BigInteger> part in sum._parts)
            {
                Add(part.Key, part.Value * factor);
            }

            _constant += sum.Constant * factor;
        }

        public void Add<T>(T known, Term term, BigInteger factor)
            where T : struct, IExactness
        {
            switch (term)
            {
                case { Kind: TermKind.Constant }:
                    _constant += factor * term.Number;
                    break;
                case { Kind: TermKind.Cast } when known.IsExact(term):
                    Add(known, term.Left!, factor);
                    break;
                case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add } when known.IsExact(term):
                    Add(known, term.Left!, factor);
                    Add(known, term.Right!, factor);
                    break;
                case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract } when known.IsExact(term):
                    Add(known, term.Left!, factor);
                    Add(known, term.Right!, -factor);
                    break;
                case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Right: { Kind: TermKind.Constant } times } when known.IsExact(term):
                    Add(known, term.Left!, factor * times.Number);
                    break;
                case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply, Left: { Kind: TermKind.Constant } times } when known.IsExact(term):
                    Add(known, term.Right!, factor * times.Number);
                    break;
                default:
                    Add(term, factor);
                    break;
            }
        }

        /// <summary>The sum: the parts that are left, in the order of their numbers.</summary>
        public readonly LinearExpression Finish()
        {
            int left = 0;
            for (int at = 0; at < _count; at++)
            {
                KeyValuePair<Term, BigInteger> part = _parts[at];
                if (part.Value.IsZero)
                {
                    continue;
                }

                int to = left++;
                for (; to > 0 && _parts[to - 1].Key.Id > part.Key.Id; to--)
                {
                    _parts[to] = _parts[to - 1];
                }

                _parts[to] = part;
            }

            return new LinearExpression(left == _parts.Length ? _parts : _parts.AsSpan(0, left).ToArray(), _constant);
        }

        private void Add(Term term, BigInteger factor)
        {
            for (int at = 0; at < _count; at++)
            {
                if (IsSame(_parts[at].Key, term))
                {
                    _parts[at] = new KeyValuePair<Term, BigInteger>(_parts[at].Key, _parts[at].Value + factor);
                    return;
                }
            }

            if (_count == _parts.Length)
            {
                Array.Resize(ref _parts, Math.Max(4, _count * 2));
            }

            _parts[_count++] = new KeyValuePair<Term, BigInteger>(term, factor);
        }
    }
}
