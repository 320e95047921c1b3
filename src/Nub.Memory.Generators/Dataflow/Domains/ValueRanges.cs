using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>What numbers a value can be, which tells whether arithmetic on it can overflow.</summary>
internal static class ValueRanges
{
    // No offset or size of the host's own is larger.
    private const int BitsOfHosts = 48;

    /// <summary>The bits of an integer type; 0 for any other.</summary>
    public static int Of(ITypeSymbol? type) => type switch
    {
        { SpecialType: SpecialType.System_Byte or SpecialType.System_SByte } => 8,
        { SpecialType: SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Char } => 16,
        { SpecialType: SpecialType.System_Int32 or SpecialType.System_UInt32 } => 32,
        { SpecialType: SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_IntPtr or SpecialType.System_UIntPtr } => 64,
        { Name: "Int128" or "UInt128" } => 128,
        INamedTypeSymbol { EnumUnderlyingType: { } underlying } => Of(underlying),
        _ => 0,
    };

    /// <summary>The bits of a value, when it is an integer; 0 when it is not.</summary>
    public static int Of(Term term) => term.Bits;

    public static bool IsInteger(ITypeSymbol? type) => Of(type) > 0;

    public static bool IsInteger(Term term) => term.Bits > 0;

    public static bool IsSigned(Term term) => term.IsSigned;

    public static bool IsSigned(ITypeSymbol? type) => type is
    {
        SpecialType: SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_IntPtr,
    } or { Name: "Int128" } || (type is INamedTypeSymbol { EnumUnderlyingType: { } underlying } && IsSigned(underlying));

    /// <summary>Whether a value may be negative, by its type.</summary>
    public static bool HasSign(Term term) =>
        term.IsSigned || term.Type is { SpecialType: SpecialType.System_Single or SpecialType.System_Double or SpecialType.System_Decimal } or { Name: "TimeSpan" or "Half" };

    /// <summary>Whether a cast keeps every value that fits both types: it may change the sign, but cuts no bits off.</summary>
    public static bool IsWideningOrSame(Term cast) => Of(cast) >= Of(cast.Left!) || cast.IsChecked;

    /// <summary>Whether a limit for what a cast gave is one for what it was given.</summary>
    /// <remarks>An unsigned number that is made signed may come out negative, and be below every limit; the reverse comes out above.</remarks>
    public static bool KeepsLimit(FlowState state, Term cast) =>
        IsWideningOrSame(cast)
        && (cast.IsChecked || !IsSigned(cast) || IsSigned(cast.Left!) || Of(cast) > Of(cast.Left!) || state.IsNonNegative(cast));

    /// <summary>The numbers that a value can be.</summary>
    /// <param name="proofs">How many differences within differences are looked into.</param>
    public static Interval RangeOf(FlowState state, Term term, int proofs = Ordering.MostProofs) => Measure(state, term, proofs).Range;

    /// <summary>Whether what arithmetic or a cast gave is the number that it would be without an end to the bits of its type.</summary>
    public static bool IsExact(FlowState state, Term term, int proofs)
    {
        if (term.IsChecked || state.Sound.Contains(term) || !IsInteger(term))
        {
            return IsInteger(term);
        }

        Interval all = OfType(term);
        if (term.Kind == TermKind.Binary)
        {
            Measured left = Measure(state, term.Left!, proofs);
            Measured right = Measure(state, term.Right!, proofs);
            return Interval.Of((BinaryOperatorKind)term.Key!, left.Range, right.Range, Of(term)) is { } exact
                && (all.Contains(exact)

                    // Of two numbers that are within limits the sum is taken to have been foreseen; the difference is not.
                    || (!left.IsGuests && !right.IsGuests && exact.Least >= all.Least)
                    || (term.Key is BinaryOperatorKind.Subtract && exact.Most <= all.Most && proofs > 0 && Ordering.IsAtMost(state, term.Right!, term.Left!, proofs - 1)));
        }

        Measured source = Measure(state, term.Left!, proofs);
        return all.Contains(source.Range)
            || (!source.IsGuests && source.Range.Least >= all.Least)
            || (Of(term) == Of(term.Left!) && RangeOf(state, term, proofs).Least >= 0 && !IsSigned(term.Left!));
    }

    /// <summary>Whether the largest number that a value can be follows from constants and from types, and from nothing that the host knows at run time alone.</summary>
    public static bool IsKnown(FlowState state, Term term) =>
        term.Kind == TermKind.Constant
        || (state.NumericFacts.Ranges.TryGetValue(term, out Interval known) && known.Most < OfType(term).Most)
        || (term.Kind == TermKind.Cast && IsKnown(state, term.Left!))
        || (Of(term) is > 0 and < 32 && state.Judge(term).Verdict != Verdict.Host);

    private static Measured Measure(FlowState state, Term term, int proofs) => state.Remember(term, proofs, s_measure);

    private static readonly Func<FlowState, Term, int, Measured> s_measure = MeasureAnew;

    private static Measured MeasureAnew(FlowState state, Term term, int proofs)
    {
        if (term.Kind == TermKind.Constant)
        {
            return new Measured(new Interval(term.Number, term.Number), false, true);
        }

        Interval all = OfType(term);
        Interval? exact = null;
        bool isGuests;
        bool isHosts;
        bool canBeNegative;
        if (term.Kind == TermKind.Cast && IsInteger(term.Left!))
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
            exact = Interval.Of((BinaryOperatorKind)term.Key!, left.Range, right.Range, Of(term));
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
            canBeNegative &= found.Verdict != Verdict.Compared && IsSigned(term);
        }

        // What does not fit comes back at the other end of the type, unless it throws.
        bool isWhole = exact is { } sum && (all.Contains(sum) || term.IsChecked || state.Sound.Contains(term));
        Interval range = isWhole ? exact!.Value.Within(all) : isGuests ? all : RoomOf(term);
        if (!isWhole && !isGuests && canBeNegative && !isHosts)
        {
            range = IsSigned(term) ? range with { Least = all.Least } : exact is null ? range : all;
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
            ? Interval.Of(BinaryOperatorKind.Subtract, RangeOf(state, cast.Left!.Left!, proofs), RangeOf(state, cast.Left.Right!, proofs), Of(cast))
            : null;

    /// <summary>Whether a cast makes an unsigned difference one with a sign.</summary>
    public static bool IsSignedDifference(Term cast) =>
        cast is { IsChecked: false, Left: { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract, IsChecked: false } difference }
        && IsSigned(cast) && Of(cast) == Of(difference) && !IsSigned(difference);

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
        if (!isGrowing || term.IsChecked || !IsInteger(term) || state.Sound.Contains(term) || !state.IsGuests(term))
        {
            return false;
        }

        Interval? exact = Interval.Of((BinaryOperatorKind)term.Key!, RangeOf(state, term.Left!), RangeOf(state, term.Right!), Of(term));
        return exact is { } known ? !OfType(term).Contains(known) : state.IsGuests(term.Right!);
    }

    /// <summary>The numbers of a value's type. Of one that is no integer nothing is known; offsets, which have none, are of 64 bits.</summary>
    public static Interval OfType(Term term) => (term.IsSigned ? s_signed : s_unsigned)[BytesOf(term)];

    private static Interval RoomOf(Term term) => (term.IsSigned ? s_roomOfSigned : s_roomOfUnsigned)[BytesOf(term)];

    private static int BytesOf(Term term) => (term.Bits is 0 ? 64 : term.Bits) / 8;

    // By the size of the type in bytes: they are asked for at every step, and large numbers are made on the heap.
    private static readonly Interval[] s_signed = BySize(static bits => new Interval(-(BigInteger.One << (bits - 1)), (BigInteger.One << (bits - 1)) - 1));
    private static readonly Interval[] s_unsigned = BySize(static bits => new Interval(0, (BigInteger.One << bits) - 1));
    private static readonly Interval[] s_roomOfSigned = BySize(static bits => new Interval(0, (BigInteger.One << Math.Min(bits - 3, BitsOfHosts)) - 1));
    private static readonly Interval[] s_roomOfUnsigned = BySize(static bits => new Interval(0, (BigInteger.One << Math.Min(bits - 2, BitsOfHosts)) - 1));

    private static Interval[] BySize(Func<int, Interval> ofBits) => [.. Enumerable.Range(0, 17).Select(size => size == 0 ? default : ofBits(size * 8))];
}

/// <summary>What numbers a value can be, and whose it is: the host's own sizes and positions leave room, it is the guest's that are chosen to overflow.</summary>
internal readonly record struct Measured(Interval Range, bool IsGuests, bool IsHosts);
