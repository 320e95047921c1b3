using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>How many bits a number has at most, which tells whether arithmetic on it can overflow.</summary>
internal static class Widths
{
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

    /// <summary>Whether a cast keeps every value that fits both types: it may change the sign, but cuts no bits off.</summary>
    public static bool IsWideningOrSame(Term cast) => Of(cast.Type) >= Of(cast.Left!.Type) || cast.IsChecked;

    /// <summary>The most bits that the magnitude of a value can have.</summary>
    /// <param name="term">The value.</param>
    /// <param name="isGuests">Whether a part of it was written by the guest: it then is as large as its type allows.</param>
    public static int Magnitude(Term term, Func<Term, bool> isGuests)
    {
        int own = Available(term.Type);
        switch (term)
        {
            case { Kind: TermKind.Constant }:
                return BitLength(Math.Abs(term.Constant));
            case { Kind: TermKind.Cast } when Of(term.Left!.Type) > 0:
                return Math.Min(own, Magnitude(term.Left!, isGuests));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add }:
                return Math.Min(own, 1 + Math.Max(Magnitude(term.Left!, isGuests), Magnitude(term.Right!, isGuests)));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Multiply }:
                return Math.Min(own, Magnitude(term.Left!, isGuests) + Magnitude(term.Right!, isGuests));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.Remainder, Right: { Kind: TermKind.Constant } divisor }:
                return Math.Min(own, BitLength(Math.Abs(divisor.Constant)));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.And, Right: { Kind: TermKind.Constant, Constant: >= 0 } mask }:
                return Math.Min(own, BitLength(mask.Constant));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift, Right: { Kind: TermKind.Constant, Constant: >= 0 } count }:
                return Math.Max(0, Magnitude(term.Left!, isGuests) - (int)Math.Min(count.Constant, 128));
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind.LeftShift, Right: { Kind: TermKind.Constant, Constant: >= 0 } count }:
                return Math.Min(own, Magnitude(term.Left!, isGuests) + (int)Math.Min(count.Constant, 128));
            case { Kind: TermKind.Binary }:
                return isGuests(term.Left!) || isGuests(term.Right!) ? own : Math.Min(own - 2, 48);
            default:
                // The host's own sizes and positions leave room: it is the guest's that are chosen to overflow.
                return isGuests(term) ? own : Math.Min(own - 2, 48);
        }
    }

    /// <summary>Whether a sum or product anywhere in a value may come out smaller than its parts.</summary>
    public static bool CanOverflowIn(Term term, Func<Term, bool> isGuests) => term.Kind switch
    {
        TermKind.Binary => CanOverflow(term, isGuests) || CanOverflowIn(term.Left!, isGuests) || CanOverflowIn(term.Right!, isGuests),
        TermKind.Cast => CanOverflowIn(term.Left!, isGuests),
        _ => false,
    };

    /// <summary>Whether a sum or product may come out smaller than its parts.</summary>
    public static bool CanOverflow(Term term, Func<Term, bool> isGuests)
    {
        if (term.Kind != TermKind.Binary || term.IsChecked || Of(term.Type) == 0 || !isGuests(term))
        {
            return false;
        }

        int left = Magnitude(term.Left!, isGuests);
        int right = Magnitude(term.Right!, isGuests);
        return term.Key switch
        {
            BinaryOperatorKind.Add => Math.Max(left, right) + 1 > Available(term.Type),
            BinaryOperatorKind.Multiply => left + right > Available(term.Type),
            BinaryOperatorKind.LeftShift => term.Right!.Kind == TermKind.Constant && left + (int)Math.Min(term.Right.Constant, 128) > Available(term.Type),
            _ => false,
        };
    }

    private static int Available(ITypeSymbol? type) => Of(type) - (IsSigned(type) ? 1 : 0);

    private static bool IsSigned(ITypeSymbol? type) => type is
    {
        SpecialType: SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_IntPtr,
    } or { Name: "Int128" };

    private static int BitLength(decimal value)
    {
        int bits = 0;
        for (; value >= 1; value = decimal.Floor(value / 2))
        {
            bits++;
        }

        return bits;
    }
}
