using System.Numerics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Taint;

/// <summary>What numbers a value can be, which tells whether arithmetic on it can overflow.</summary>
internal static class ValueRanges
{
    // No offset or size of the host's own is larger.
    private const int BitsOfHosts = 48;

    /// <summary>Whether a limit for what a cast gave is one for what it was given.</summary>
    /// <remarks>An unsigned number that is made signed may come out negative, and be below every limit; the reverse comes out above.</remarks>
    public static bool KeepsLimit(FlowState state, Term cast) =>
        IntegerTypes.IsWideningOrSame(cast)
        && (cast.IsChecked || !IntegerTypes.IsSigned(cast) || IntegerTypes.IsSigned(cast.Left!) || IntegerTypes.BitsOf(cast) > IntegerTypes.BitsOf(cast.Left!) || state.IsNonNegative(cast));

    /// <summary>The numbers that a value can be.</summary>
    /// <param name="proofs">How many differences within differences are looked into.</param>
    public static Interval RangeOf(FlowState state, Term term, int proofs = Ordering.MostProofs) => Measure(state, term, proofs).Range;

    /// <summary>A value as a sum, as far as its arithmetic is exact in a state.</summary>
    public static LinearExpression SumOf(FlowState state, Term term, int proofs) => LinearExpression.Of(new ExactIn(state, proofs), term);

    /// <summary>By how much the first is more than the second, as far as that is known in a state.</summary>
    public static LinearExpression Over(FlowState state, Term first, Term second, int proofs) => LinearExpression.Over(new ExactIn(state, proofs), first, second);

    /// <summary>Whether what arithmetic or a cast gave is the number that it would be without an end to the bits of its type.</summary>
    public static bool IsExact(FlowState state, Term term, int proofs)
    {
        if (term.IsChecked || state.Sound.Contains(term) || !IntegerTypes.IsInteger(term))
        {
            return IntegerTypes.IsInteger(term);
        }

        Interval all = IntegerTypes.RangeOf(term);
        if (term.Kind == TermKind.Binary)
        {
            Measured left = Measure(state, term.Left!, proofs);
            Measured right = Measure(state, term.Right!, proofs);
            return Interval.Of((BinaryOperatorKind)term.Key!, left.Range, right.Range, IntegerTypes.BitsOf(term)) is { } exact
                && (all.Contains(exact)

                    // Of two numbers that are within limits the sum is taken to have been foreseen; the difference is not.
                    || (!left.IsGuests && !right.IsGuests && exact.Least >= all.Least)
                    || (term.Key is BinaryOperatorKind.Subtract && exact.Most <= all.Most && proofs > 0 && Ordering.IsAtMost(state, term.Right!, term.Left!, proofs - 1)));
        }

        Measured source = Measure(state, term.Left!, proofs);
        return all.Contains(source.Range)
            || (!source.IsGuests && source.Range.Least >= all.Least)
            || (IntegerTypes.BitsOf(term) == IntegerTypes.BitsOf(term.Left!) && RangeOf(state, term, proofs).Least >= 0 && !IntegerTypes.IsSigned(term.Left!));
    }

    /// <summary>Whether the largest number that a value can be follows from constants and from types, and from nothing that the host knows at run time alone.</summary>
    public static bool IsKnown(FlowState state, Term term) =>
        term.Kind == TermKind.Constant
        || (state.NumericFacts.Ranges.TryGetValue(term, out Interval known) && known.Most < IntegerTypes.RangeOf(term).Most)
        || (term.Kind == TermKind.Cast && IsKnown(state, term.Left!))
        || (IntegerTypes.BitsOf(term) is > 0 and < 32 && state.Judge(term).Verdict != Verdict.Host);

    private static Measured Measure(FlowState state, Term term, int proofs) => state.Remember(term, proofs, s_measure);

    private static readonly Func<FlowState, Term, int, Measured> s_measure = MeasureAnew;

    private static Measured MeasureAnew(FlowState state, Term term, int proofs)
    {
        if (term.Kind == TermKind.Constant)
        {
            return new Measured(new Interval(term.Number, term.Number), false, true);
        }

        Interval all = IntegerTypes.RangeOf(term);
        Interval? exact = null;
        bool isGuests;
        bool isHosts;
        bool canBeNegative;
        if (term.Kind == TermKind.Cast && IntegerTypes.IsInteger(term.Left!))
        {
            Measured source = Measure(state, term.Left!, proofs);
            exact = DifferenceIn(state, term, proofs) ?? source.Range;
            (isGuests, isHosts) = (source.IsGuests, source.IsHosts);
            canBeNegative = isGuests || exact.Value.Least < 0 || (exact.Value.Most > all.Most && IsKnown(state, term.Left!));
        }
        else if (term.Kind == TermKind.Binary)
        {
            Measured left = Measure(state, term.Left!, proofs);
            Measured right = Measure(state, term.Right!, proofs);
            exact = Interval.Of((BinaryOperatorKind)term.Key!, left.Range, right.Range, IntegerTypes.BitsOf(term));
            (isGuests, isHosts) = (left.IsGuests || right.IsGuests, left.IsHosts && right.IsHosts);
            if (term.Key is BinaryOperatorKind.Subtract && exact!.Value.Least < 0 && !isHosts && proofs > 0 && Ordering.IsAtMost(state, term.Right!, term.Left!, proofs - 1))
            {
                exact = new Interval(0, BigInteger.Max(0, exact.Value.Most));
            }

            canBeNegative = isGuests || (exact?.Least ?? BigInteger.Min(left.Range.Least, right.Range.Least)) < 0;
        }
        else
        {
            Verdict trust = state.Judge(term).Verdict;
            (isGuests, isHosts) = (trust > Verdict.Compared, trust == Verdict.Host);
            canBeNegative = trust is not Verdict.Host and not Verdict.Compared
                && (term is not { Kind: TermKind.Cast, Left: { } fraction } || Arithmetic.CanBeNegative(state, fraction));
        }

        if (state.Taints.TryGetValue(term, out VerdictSet? taint) && taint.Judged is { IsSafe: true } found)
        {
            // An unsigned number that was found to be within a limit has not wrapped round.
            isGuests = false;
            canBeNegative &= found.Verdict != Verdict.Compared && IntegerTypes.IsSigned(term);
        }

        // What does not fit comes back at the other end of the type, unless it throws.
        bool isWhole = exact is { } sum && (all.Contains(sum) || term.IsChecked || state.Sound.Contains(term));
        Interval range = isWhole ? exact!.Value.Within(all) : isGuests ? all : RoomOf(term);
        if (!isWhole && !isGuests && canBeNegative && !isHosts)
        {
            range = IntegerTypes.IsSigned(term) ? range with { Least = all.Least } : exact is null ? range : all;
        }

        // Where the limit is a number, there is no need to assume one.
        if (!isWhole && !isGuests && state.NumericFacts.Ranges.TryGetValue(term, out Interval known) && known.Most < all.Most && known.Most >= range.Least)
        {
            range = range with { Most = known.Most };
        }

        range = isHosts ? range.Within(new Interval(0, all.Most)) : range;
        return new Measured(state.NumericFacts.Narrow(term, range), isGuests, isHosts);
    }

    // (int)(a - b): that the difference wraps round is how it comes out negative.
    private static Interval? DifferenceIn(FlowState state, Term cast, int proofs) =>
        IsSignedDifference(cast) && !IsExact(state, cast.Left!, proofs)
            ? Interval.Of(BinaryOperatorKind.Subtract, RangeOf(state, cast.Left!.Left!, proofs), RangeOf(state, cast.Left.Right!, proofs), IntegerTypes.BitsOf(cast))
            : null;

    /// <summary>Whether a cast makes an unsigned difference one with a sign.</summary>
    public static bool IsSignedDifference(Term cast) =>
        cast is { IsChecked: false, Left: { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract, IsChecked: false } difference }
        && IntegerTypes.IsSigned(cast) && IntegerTypes.BitsOf(cast) == IntegerTypes.BitsOf(difference) && !IntegerTypes.IsSigned(difference);

    /// <summary>Whether a sum or product anywhere in a value may come out smaller than its parts.</summary>
    public static bool CanOverflowIn(FlowState state, Term term) => term.Kind switch
    {
        TermKind.Binary => CanOverflow(state, term) || CanOverflowIn(state, term.Left!) || CanOverflowIn(state, term.Right!),
        TermKind.Cast => CanOverflowIn(state, term.Left!),
        _ => false,
    };

    /// <summary>Whether a sum or product may come out smaller than its parts.</summary>
    public static bool CanOverflow(FlowState state, Term term)
    {
        bool isGrowing = term is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add or BinaryOperatorKind.Multiply or BinaryOperatorKind.LeftShift };
        if (!isGrowing || term.IsChecked || !IntegerTypes.IsInteger(term) || state.Sound.Contains(term) || !state.IsGuests(term))
        {
            return false;
        }

        Interval? exact = Interval.Of((BinaryOperatorKind)term.Key!, RangeOf(state, term.Left!), RangeOf(state, term.Right!), IntegerTypes.BitsOf(term));
        return exact is { } known ? !IntegerTypes.RangeOf(term).Contains(known) : state.IsGuests(term.Right!);
    }

    private static Interval RoomOf(Term term) => (term.IsSigned ? s_roomOfSigned : s_roomOfUnsigned)[IntegerTypes.BytesOf(term)];

    // By the size of the type in bytes: they are asked for at every step, and large numbers are made on the heap.
    private static readonly Interval[] s_roomOfSigned = IntegerTypes.BySize(static bits => new Interval(0, (BigInteger.One << Math.Min(bits - 3, BitsOfHosts)) - 1));
    private static readonly Interval[] s_roomOfUnsigned = IntegerTypes.BySize(static bits => new Interval(0, (BigInteger.One << Math.Min(bits - 2, BitsOfHosts)) - 1));

    private readonly struct ExactIn(FlowState state, int proofs) : IExactness
    {
        public bool IsExact(Term term) => ValueRanges.IsExact(state, term, proofs);
    }
}

/// <summary>What numbers a value can be, and whose it is: the host's own sizes and positions leave room, it is the guest's that are chosen to overflow.</summary>
internal readonly record struct Measured(Interval Range, bool IsGuests, bool IsHosts);
