using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Taint;

/// <summary>Which value is not more than which other: what comparisons say of that, and what follows from it.</summary>
internal static class Ordering
{
    /// <summary>How many differences of differences are looked into: each is a proof within a proof.</summary>
    public const int MostProofs = 3;

    /// <summary>Whether a value is provably no more than another.</summary>
    public static bool IsAtMost(FlowState state, Term small, Term large, int proofs = MostProofs) =>
        small == large || IsRemainderOf(small, large) || IsAtMostZero(state, ValueRanges.Over(state, small, large, proofs), proofs);

    /// <summary>Whether a value is provably less than another.</summary>
    public static bool IsLess(FlowState state, Term small, Term large) => IsAtMostZero(state, ValueRanges.Over(state, small, large, MostProofs).Plus(1));

    // x % most is no more than most, whatever x is.
    private static bool IsRemainderOf(Term small, Term large) =>
        small is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Remainder, IsSigned: false } && small.Right == large;

    /// <summary>Whether a sum is provably 0 or less: by the ranges of its parts, or as the sum of one or two that were found to be.</summary>
    /// <param name="isChained">Whether two are put together.</param>
    public static bool IsAtMostZero(FlowState state, LinearExpression sum, int proofs = MostProofs, bool isChained = true)
    {
        if (MostOf(state, sum, proofs) <= 0)
        {
            return true;
        }

        foreach (LinearExpression order in state.NumericFacts.Orders)
        {
            if (!Helps(order, sum))
            {
                continue;
            }

            LinearExpression rest = sum.Plus(order, -1);
            if (MostOf(state, rest, proofs) <= 0 || (isChained && state.NumericFacts.Orders.Any(second => Helps(second, rest) && MostOf(state, rest.Plus(second, -1), proofs) <= 0)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What it means that a value was found to be no more than another, or less than it.</summary>
    public static FlowState Learn(FlowState state, Term small, Term large, bool isLess = false)
    {
        if (!IsNumber(small) || !IsNumber(large) || (IsHosts(state, small) && IsHosts(state, large)))
        {
            return state;
        }

        // Of the host's own values one after the other is compared with another one.
        if (IsOne(small) && IsOne(large) && small != large && IsHostsOwn(state, small) && IsHostsOwn(state, large))
        {
            return state;
        }

        LinearExpression sum = ValueRanges.Over(state, small, large, MostProofs).Plus(isLess ? 1 : 0);
        return sum.Parts switch
        {
            [] => state,
            [var only] => Limit(state, only.Key, only.Value, sum.Constant),
            _ when sum.Parts.All(part => IsHostsOwn(state, part.Key)) => state,
            _ => state with { NumericFacts = state.NumericFacts.With(sum) },
        };
    }

    /// <summary>What it means that two values were found to be other than each other: what could be the one at an end of its range is not.</summary>
    public static FlowState LearnUnequal(FlowState state, Term left, Term right)
    {
        if (!IsNumber(left) || !IsNumber(right) || left.Kind == right.Kind || (IsHosts(state, left) && IsHosts(state, right)))
        {
            return state;
        }

        LinearExpression sum = ValueRanges.Over(state, left, right, MostProofs);
        if (sum.Parts is not [{ Value: var factor } only] || !BigInteger.Abs(factor).IsOne)
        {
            return state;
        }

        BigInteger not = -sum.Constant * factor;
        Interval range = ValueRanges.RangeOf(state, only.Key);
        return range.Least == not ? Narrow(state, only.Key, range with { Least = not + 1 })
            : range.Most == not ? Narrow(state, only.Key, range with { Most = not - 1 })
            : state;
    }

    /// <summary>Adds that a value is within a range.</summary>
    public static FlowState Narrow(FlowState state, Term term, Interval range)
    {
        if (term.Kind == TermKind.Constant || !IntegerTypes.IsInteger(term) || range.Least > range.Most)
        {
            return state;
        }

        // Which case of the host's own it is, and how often a loop has run, tells nothing of sizes, and is another thing on each way.
        if (IsHosts(state, term))
        {
            return state;
        }

        Interval known = IntegerTypes.RangeOf(term);
        known = state.NumericFacts.Narrow(term, known);
        Interval narrowed = known.Within(range);
        return narrowed == known ? state : state with { NumericFacts = state.NumericFacts.With(term, narrowed) };
    }

    // factor * term + constant <= 0.
    private static FlowState Limit(FlowState state, Term term, BigInteger factor, BigInteger constant)
    {
        Interval all = IntegerTypes.RangeOf(term);
        return factor.Sign > 0
            ? Narrow(state, term, all with { Most = Floor(-constant, factor) })
            : Narrow(state, term, all with { Least = -Floor(-constant, -factor) });
    }

    private static BigInteger Floor(BigInteger value, BigInteger by)
    {
        var floor = BigInteger.DivRem(value, by, out BigInteger rest);
        return rest.Sign < 0 ? floor - 1 : floor;
    }

    private static BigInteger MostOf(FlowState state, LinearExpression sum, int proofs)
    {
        BigInteger most = sum.Constant;
        foreach (KeyValuePair<Term, BigInteger> part in sum.Parts)
        {
            Interval range = ValueRanges.RangeOf(state, part.Key, proofs - 1);
            most += part.Value * (part.Value.Sign > 0 ? range.Most : range.Least);
        }

        return most;
    }

    private static bool Helps(LinearExpression order, LinearExpression sum) => sum.Parts.Any(part => order.FactorOf(part.Key).Sign * part.Value.Sign > 0);

    private static bool IsHosts(FlowState state, Term term) =>
        term.Kind == TermKind.Constant || ((term.Kind == TermKind.Merge || term.Type!.TypeKind == TypeKind.Enum) && state.Judge(term).Verdict == Verdict.Host);

    private static bool IsHostsOwn(FlowState state, Term term) => state.Judge(term).Verdict == Verdict.Host;

    // Whether it is one part of a sum, and not a sum itself.
    private static bool IsOne(Term term) => term.Kind is not (TermKind.Constant or TermKind.Cast or TermKind.Binary);

    private static bool IsNumber(Term term) => term.Kind == TermKind.Constant || IntegerTypes.IsInteger(term);
}
