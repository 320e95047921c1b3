using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Some bits of an integer: what generated <see cref="BitFieldAttribute"/> properties are made of.</summary>
/// <remarks>Offsets and counts are constants that the generator has checked: <c>bits</c> is 1 to 64, and <c>offset + bits</c> is at most 64.</remarks>
[EditorBrowsable(EditorBrowsableState.Advanced)]
public static class SharedBits
{
    /// <summary>Gets bits as an unsigned integer.</summary>
    /// <param name="unit">The integer.</param>
    /// <param name="offset">The first bit, counted from the least significant.</param>
    /// <param name="bits">The number of bits.</param>
    /// <returns>The bits, the first as the least significant.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Get(ulong unit, int offset, int bits) => (unit >> offset) & Mask(bits);

    /// <summary>Gets bits as a signed integer, the last being its sign.</summary>
    /// <inheritdoc cref="Get(ulong, int, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long GetSigned(ulong unit, int offset, int bits) => (long)(unit << (64 - offset - bits)) >> (64 - bits);

    /// <summary>Sets bits to an unsigned integer.</summary>
    /// <param name="unit">The integer.</param>
    /// <param name="offset">The first bit, counted from the least significant.</param>
    /// <param name="bits">The number of bits.</param>
    /// <param name="value">What to set them to.</param>
    /// <returns>The integer with these bits, and its others as they were.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The bits cannot hold the value.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Set(ulong unit, int offset, int bits, ulong value)
    {
        if (value > Mask(bits))
        {
            ThrowTooLarge(value, bits);
        }

        return (unit & ~(Mask(bits) << offset)) | (value << offset);
    }

    /// <summary>Sets bits to a signed integer.</summary>
    /// <inheritdoc cref="Set(ulong, int, int, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SetSigned(ulong unit, int offset, int bits, long value)
    {
        if (value != (value << (64 - bits)) >> (64 - bits))
        {
            ThrowBeyond(value, bits);
        }

        return (unit & ~(Mask(bits) << offset)) | (((ulong)value & Mask(bits)) << offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mask(int bits) => ulong.MaxValue >> (64 - bits);

    [DoesNotReturn]
    private static void ThrowTooLarge(ulong value, int bits) =>
        throw new ArgumentOutOfRangeException(nameof(value), value, $"A bit field of {bits} bits holds 0 to {Mask(bits)}. Nothing was written.");

    [DoesNotReturn]
    private static void ThrowBeyond(long value, int bits) =>
        throw new ArgumentOutOfRangeException(nameof(value), value, $"A signed bit field of {bits} bits holds {-1L << (bits - 1)} to {~(-1L << (bits - 1))}. Nothing was written.");
}
