using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Taint;

/// <summary>What arithmetic and comparisons do to how far a number can be relied on.</summary>
internal static class Arithmetic
{
    /// <summary>What is no more than this bounds itself.</summary>
    private const int Narrow = byte.MaxValue;

    /// <summary>The verdicts on the result of arithmetic.</summary>
    public static VerdictSet TaintOf(FlowState state, Term term)
    {
        VerdictSet ofLeft = state.TaintOf(term.Left!);
        VerdictSet ofRight = state.TaintOf(term.Right!);
        VerdictSet worse = VerdictSet.Worse(ofLeft, ofRight);
        if (worse.Judged.IsSafe)
        {
            return worse.Judged.Verdict == Verdict.Bounded && state.IsTrue(term, () => WrapsRound(state, term), otherwise: false)
                ? worse.Map(fact => fact.Verdict == Verdict.Bounded ? new TaintFact(Verdict.Wrapped, null, term) : fact)
                : worse;
        }

        TaintFact left = ofLeft.Judged;
        TaintFact right = ofRight.Judged;

        bool isBounded = term.Key switch
        {
            BinaryOperatorKind.Remainder => right.IsSafe,
            BinaryOperatorKind.And => (left.IsSafe && IsMask(term.Left!)) || (right.IsSafe && IsMask(term.Right!)),
            _ => IsNarrow(state, term) && ValueRanges.RangeOf(state, term).Least >= 0,
        };
        return isBounded ? worse.Map(static fact => fact.IsSafe ? fact : new TaintFact(Verdict.Bounded)) : worse;
    }

    /// <summary>The verdicts on a value in another type.</summary>
    public static VerdictSet TaintOfCast(FlowState state, Term cast)
    {
        VerdictSet taint = state.TaintOf(cast.Left!);
        return taint.Judged.Verdict switch
        {
            // A negative number is a very large one once it has no sign.
            Verdict.Bounded when !cast.IsChecked && IntegerTypes.IsInteger(cast) && !IntegerTypes.IsSigned(cast)
                && IntegerTypes.IsSigned(cast.Left!) && CanBeNegative(state, cast.Left!) =>
                taint.Map(fact => fact.Verdict == Verdict.Bounded ? new TaintFact(Verdict.Wrapped, null, cast) : fact),
            Verdict.Wrapped when ValueRanges.IsSignedDifference(cast) =>
                taint.Map(fact => fact.Verdict == Verdict.Wrapped && fact.Source == cast.Left ? new TaintFact(Verdict.Bounded) : fact),
            _ => taint,
        };
    }

    /// <summary>Whether a value that is the guest's, in part at least, may be negative, as far as is known.</summary>
    public static bool CanBeNegative(FlowState state, Term term)
    {
        if (state.Judge(term).Verdict is Verdict.Host or Verdict.Compared || !IntegerTypes.HasSign(term))
        {
            return false;
        }

        // What can be one number alone is the host's choice.
        return IntegerTypes.IsInteger(term)
            ? ValueRanges.RangeOf(state, term) is var range && range.Least < 0 && range.Least != range.Most
            : !state.IsNonNegative(term) && IsPlain(term);
    }

    // A number or a time as the guest has it; what was computed with fractions is not followed.
    private static bool IsPlain(Term term) => term.Kind is TermKind.Fetch or TermKind.Field || term.Operation is { Type.Name: "TimeSpan" };

    // Arithmetic that makes a very large number of ones that are within limits.
    private static bool WrapsRound(FlowState state, Term term)
    {
        if (!IntegerTypes.IsInteger(term) || term.IsChecked || state.Sound.Contains(term))
        {
            return false;
        }

        return term.Key switch
        {
            BinaryOperatorKind.Subtract => IntegerTypes.IsSigned(term)
                ? CanBeNegative(state, term.Right!)
                : !ValueRanges.IsExact(state, term, Ordering.MostProofs),
            BinaryOperatorKind.Multiply when CanBeNegative(state, term.Left!) && CanBeNegative(state, term.Right!) => true,
            BinaryOperatorKind.LeftShift when CanBeNegative(state, term.Right!) => true,

            // NumericFacts that are written down are known to make more than the type holds; of limits in variables it is assumed that the sum fits.
            BinaryOperatorKind.Add or BinaryOperatorKind.Multiply or BinaryOperatorKind.LeftShift => ValueRanges.IsKnown(state, term.Left!) && ValueRanges.IsKnown(state, term.Right!)
                && Interval.Of((BinaryOperatorKind)term.Key, ValueRanges.RangeOf(state, term.Left!), ValueRanges.RangeOf(state, term.Right!), IntegerTypes.BitsOf(term)) is { } exact
                && exact.Most > IntegerTypes.RangeOf(term).Most,
            _ => false,
        };
    }

    /// <summary>Whether a value has so few bits that it cannot be much, whatever they are.</summary>
    public static bool IsNarrow(FlowState state, Term term) => IsNarrow(state, term, Narrow);

    /// <summary>Whether a value cannot be more than a number, whatever its bits are.</summary>
    public static bool IsNarrow(FlowState state, Term term, BigInteger most) => IntegerTypes.IsInteger(term) && ValueRanges.RangeOf(state, term) is var range && range.Most <= most && range.Least >= -most;

    /// <summary>What it means that a value was found not to exceed another.</summary>
    /// <param name="state">What was known.</param>
    /// <param name="value">The smaller.</param>
    /// <param name="limit">The larger.</param>
    /// <param name="check">The comparison.</param>
    public static FlowState AtMost(FlowState state, Term value, Term limit, IOperation check)
    {
        if (state.Judge(value).Verdict == Verdict.Host)
        {
            return state;
        }

        if (state.Judge(limit).IsSafe)
        {
            return Bound(state, value, new TaintFact(Verdict.Bounded, check));
        }

        // length <= size - offset: holds for any length when the offset is larger than the size.
        bool isRest = limit is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract } && state.Judge(limit.Left!).IsSafe;
        return isRest && !limit.IsChecked
            ? Bound(state, value, new TaintFact(Verdict.Overflowed, check, limit))
            : isRest ? Bound(state, value, new TaintFact(Verdict.Bounded, check)) : state;
    }

    /// <summary>What it means that a value was found to exceed a limit.</summary>
    public static FlowState Exceeds(FlowState state, Term value, Term limit, IOperation check) =>
        state.Judge(limit).IsSafe ? Change(state, value, new TaintFact(Verdict.OutOfRange, check), static known => known == Verdict.Unchecked) : state;

    /// <summary>What it means that a value was compared in a way that is not followed: it counts as checked.</summary>
    public static FlowState Compared(FlowState state, Term value, IOperation check) =>
        Change(Doubt(state, value), value, new TaintFact(Verdict.Compared, check, IsPartial: Branches.IsPartial(check.Syntax)), static known => known is Verdict.Unchecked or Verdict.OutOfRange or Verdict.Noted);

    /// <summary>What it means that a value was used without a check: one mistake is one warning, and the repair of this use repairs the later ones.</summary>
    public static FlowState Reported(FlowState state, Term value, IOperation use) =>
        Change(Doubt(state, value), value, new TaintFact(Verdict.Bounded, use), static known => known > Verdict.Compared);

    private static FlowState Bound(FlowState state, Term value, TaintFact found)
    {
        bool mayOverflow = ValueRanges.CanOverflow(state, value);
        switch (value)
        {
            case { Kind: TermKind.Cast } when ValueRanges.KeepsLimit(state, value):
                state = Bound(state, value.Left!, found);

                // (uint)n < limit: of a negative number it would not be.
                state = IntegerTypes.IsSigned(value) || !found.IsSafe ? state : FindNonNegative(state, value.Left!);
                break;
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add or BinaryOperatorKind.Multiply or BinaryOperatorKind.LeftShift }:
                // The sum is within the limit; what it is the sum of need not be.
                TaintFact ofParts = mayOverflow ? new TaintFact(Verdict.Overflowed, found.Check) : found;
                FlowState before = state;
                state = IsHidden(before, value, value.Left!, value.Right!) ? state : Bound(state, value.Left!, ofParts);
                state = IsHidden(before, value, value.Right!, value.Left!) ? state : Bound(state, value.Right!, ofParts);
                break;
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract or BinaryOperatorKind.Divide or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift }
                when state.Judge(value.Right!).IsSafe:
                state = Bound(state, value.Left!, found);
                break;
        }

        return Set(state, value, found);
    }

    // Whatever is multiplied by nothing is within the limit.
    private static bool IsHidden(FlowState state, Term product, Term factor, Term other) => product.Key switch
    {
        BinaryOperatorKind.Multiply => factor != other && CanBeZero(state, other),
        BinaryOperatorKind.LeftShift => factor == product.Right && CanBeZero(state, other),
        _ => false,
    };

    private static bool CanBeZero(FlowState state, Term term) => term.Kind == TermKind.Constant ? term.Constant == 0 : state.IsGuests(term);

    private static FlowState Change(FlowState state, Term value, TaintFact found, Func<Verdict, bool> when)
    {
        if (value.Kind is TermKind.Cast or TermKind.Binary)
        {
            state = Change(state, value.Left!, found, when);
            state = value.Right is { } right ? Change(state, right, found, when) : state;
        }

        return Set(state, value, fact => when(fact.Verdict) ? found : fact);
    }

    /// <summary>What it means that it may have been asked whether a value is negative: it is taken not to be.</summary>
    public static FlowState Doubt(FlowState state, Term value)
    {
        if (value.Kind is TermKind.Cast or TermKind.Binary)
        {
            state = Doubt(state, value.Left!);
            state = value.Right is { } right ? Doubt(state, right) : state;
        }

        return state.Judge(value).Verdict == Verdict.Host ? state : FindNonNegative(state, value);
    }

    // What was bounded stays so, and what is the host's needs no limit.
    private static FlowState Set(FlowState state, Term value, TaintFact found) =>
        Set(state, value, fact => fact.Verdict > found.Verdict ? found : fact);

    private static FlowState Set(FlowState state, Term value, Func<TaintFact, TaintFact> change)
    {
        VerdictSet before = state.TaintOf(value);
        VerdictSet after = before.Map(change);
        return ReferenceEquals(before, after) ? state : state.Set(value, after);
    }

    /// <summary>What it means that a number was found not to be negative.</summary>
    public static FlowState FindNonNegative(FlowState state, Term value)
    {
        if (value is { Kind: TermKind.Cast, IsChecked: false } && IntegerTypes.BitsOf(value) > IntegerTypes.BitsOf(value.Left!) && IntegerTypes.IsSigned(value))
        {
            state = FindNonNegative(state, value.Left!);
        }

        return IntegerTypes.IsSigned(value) ? Ordering.Narrow(state, value, IntegerTypes.RangeOf(value) with { Least = 0 })
            : IntegerTypes.HasSign(value) ? state with { NonNegative = state.NonNegative.Add(value) }
            : state;
    }

    /// <summary>Whether a comparison is the customary test of an unsigned sum: less than a part of it, it has overflowed.</summary>
    public static bool IsOverflowTest(Term sum, Term part) =>
        sum is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add } && (sum.Left == part || sum.Right == part);

    /// <summary>What it means that a sum was found not to have overflowed: if it was found to be within a limit before, so are its parts.</summary>
    public static FlowState FindSound(FlowState state, Term sum)
    {
        state = state with { Sound = state.Sound.Add(sum) };
        TaintFact found = state.Judge(sum);
        return found.Verdict == Verdict.Bounded ? Bound(state, sum, found) : state;
    }

    /// <summary>Whether a comparison is the customary test of an unsigned difference: more than what was subtracted from, it has wrapped round.</summary>
    public static bool IsUnderflowTest(Term difference, Term whole) =>
        difference is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract } && difference.Left == whole && !IntegerTypes.IsSigned(difference);

    private static bool IsMask(Term term) => term.Kind != TermKind.Constant || (term.Constant >= 0 && term.Constant < uint.MaxValue / 2);
}
