using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>What numbers a value can be, which tells whether arithmetic on it can overflow.</summary>
internal static class Widths
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

    public static bool IsInteger(ITypeSymbol? type) => Of(type) > 0;

    public static bool IsSigned(ITypeSymbol? type) => type is
    {
        SpecialType: SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_IntPtr,
    } or { Name: "Int128" } || (type is INamedTypeSymbol { EnumUnderlyingType: { } underlying } && IsSigned(underlying));

    /// <summary>Whether a cast keeps every value that fits both types: it may change the sign, but cuts no bits off.</summary>
    public static bool IsWideningOrSame(Term cast) => Of(cast.Type) >= Of(cast.Left!.Type) || cast.IsChecked;

    /// <summary>Whether a limit for what a cast gave is one for what it was given.</summary>
    /// <remarks>An unsigned number that is made signed may come out negative, and be below every limit; the reverse comes out above.</remarks>
    public static bool KeepsLimit(FlowState state, Term cast) =>
        IsWideningOrSame(cast)
        && (cast.IsChecked || !IsSigned(cast.Type) || IsSigned(cast.Left!.Type) || Of(cast.Type) > Of(cast.Left.Type) || state.NonNegative.Contains(cast));

    /// <summary>The numbers that a value can be.</summary>
    public static Interval RangeOf(FlowState state, Term term) => Measure(state, term).Range;

    // With whether anything in it is the guest's. The host's own sizes and positions leave room: it is the guest's that are chosen
    // to overflow.
    private static (Interval Range, bool IsGuests) Measure(FlowState state, Term term)
    {
        if (term.Kind == TermKind.Constant)
        {
            return (new Interval(new BigInteger(term.Constant), new BigInteger(term.Constant)), false);
        }

        Interval all = OfType(term.Type);
        Interval? exact = null;
        bool isGuests;
        if (term.Kind == TermKind.Cast && IsInteger(term.Left!.Type))
        {
            (exact, isGuests) = Measure(state, term.Left);
        }
        else if (term.Kind == TermKind.Binary)
        {
            (Interval left, bool isLeftGuests) = Measure(state, term.Left!);
            (Interval right, bool isRightGuests) = Measure(state, term.Right!);
            exact = Interval.Of((BinaryOperatorKind)term.Key!, left, right, Of(term.Type));
            isGuests = isLeftGuests || isRightGuests;
        }
        else
        {
            isGuests = state.IsGuests(term);
        }

        isGuests &= !(state.Standings.TryGetValue(term, out Standing found) && found.IsSafe);

        // What does not fit comes back at the other end of the type, unless it throws.
        bool isWhole = exact is { } sum && (all.Contains(sum) || term.IsChecked || state.Sound.Contains(term));
        Interval range = isWhole ? exact!.Value.Within(all) : isGuests ? all : RoomOf(term.Type);
        return (state.NonNegative.Contains(term) ? range.Within(new Interval(0, all.Most)) : range, isGuests);
    }

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
        if (!isGrowing || term.IsChecked || !IsInteger(term.Type) || state.Sound.Contains(term) || !state.IsGuests(term))
        {
            return false;
        }

        Interval? exact = Interval.Of((BinaryOperatorKind)term.Key!, RangeOf(state, term.Left!), RangeOf(state, term.Right!), Of(term.Type));
        return exact is { } known ? !OfType(term.Type).Contains(known) : state.IsGuests(term.Right!);
    }

    // Of a type that is no integer nothing is known; offsets, which have none, are of 64 bits.
    private static Interval OfType(ITypeSymbol? type)
    {
        int bits = Of(type) is 0 ? 64 : Of(type);
        return IsSigned(type)
            ? new Interval(-(BigInteger.One << (bits - 1)), (BigInteger.One << (bits - 1)) - 1)
            : new Interval(0, (BigInteger.One << bits) - 1);
    }

    private static Interval RoomOf(ITypeSymbol? type)
    {
        int bits = (Of(type) is 0 ? 64 : Of(type)) - (IsSigned(type) ? 1 : 0);
        return new Interval(0, (BigInteger.One << Math.Min(bits - 2, BitsOfHosts)) - 1);
    }
}
