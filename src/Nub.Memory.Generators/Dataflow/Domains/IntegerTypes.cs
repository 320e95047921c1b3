using System.Numerics;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>How wide integers are, and what numbers their types hold.</summary>
internal static class IntegerTypes
{
    /// <summary>The bits of an integer type; 0 for any other.</summary>
    public static int BitsOf(ITypeSymbol? type) => type switch
    {
        { SpecialType: SpecialType.System_Byte or SpecialType.System_SByte } => 8,
        { SpecialType: SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Char } => 16,
        { SpecialType: SpecialType.System_Int32 or SpecialType.System_UInt32 } => 32,
        { SpecialType: SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_IntPtr or SpecialType.System_UIntPtr } => 64,
        { Name: "Int128" or "UInt128" } => 128,
        INamedTypeSymbol { EnumUnderlyingType: { } underlying } => BitsOf(underlying),
        _ => 0,
    };

    /// <summary>The bits of a value, when it is an integer; 0 when it is not.</summary>
    public static int BitsOf(Term term) => term.Bits;

    public static bool IsInteger(ITypeSymbol? type) => BitsOf(type) > 0;

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
    public static bool IsWideningOrSame(Term cast) => BitsOf(cast) >= BitsOf(cast.Left!) || cast.IsChecked;

    /// <summary>The numbers of a value's type. Of one that is no integer nothing is known; offsets, which have none, are of 64 bits.</summary>
    public static Interval RangeOf(Term term) => (term.IsSigned ? s_signed : s_unsigned)[BytesOf(term)];

    /// <summary>The size of a value's type in bytes; 8 for an offset, which has none.</summary>
    public static int BytesOf(Term term) => (term.Bits is 0 ? 64 : term.Bits) / 8;

    /// <summary>Something of each size that an integer can have, by the size in bytes.</summary>
    public static Interval[] BySize(Func<int, Interval> ofBits) => [.. Enumerable.Range(0, 17).Select(size => size == 0 ? default : ofBits(size * 8))];

    // They are asked for at every step, and large numbers are made on the heap.
    private static readonly Interval[] s_signed = BySize(static bits => new Interval(-(BigInteger.One << (bits - 1)), (BigInteger.One << (bits - 1)) - 1));
    private static readonly Interval[] s_unsigned = BySize(static bits => new Interval(0, (BigInteger.One << bits) - 1));
}
