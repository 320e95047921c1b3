using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>The bytes of a primitive, reversed.</summary>
internal static class ByteOrder
{
    /// <summary>Turns a primitive stored most significant byte first into one of this host; or back, which is the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FromBigEndian<T>(T value) where T : unmanaged => BitConverter.IsLittleEndian ? Reverse(value) : value;

    /// <summary>Reverses the bytes of a value of 1, 2, 4, 8 or 16 bytes.</summary>
    /// <exception cref="NotSupportedException">Another size: a struct has no byte order, its fields have.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Reverse<T>(T value) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        // Sound: BitCast checks that the sizes match, and primitives have no illegal pattern to reverse into.
        1 => value,
        2 => Unsafe.BitCast<ushort, T>(BinaryPrimitives.ReverseEndianness(Unsafe.BitCast<T, ushort>(value))),
        4 => Unsafe.BitCast<uint, T>(BinaryPrimitives.ReverseEndianness(Unsafe.BitCast<T, uint>(value))),
        8 => Unsafe.BitCast<ulong, T>(BinaryPrimitives.ReverseEndianness(Unsafe.BitCast<T, ulong>(value))),
        16 => Unsafe.BitCast<UInt128, T>(BinaryPrimitives.ReverseEndianness(Unsafe.BitCast<T, UInt128>(value))),
        _ => throw new NotSupportedException($"{typeof(T)} of {Unsafe.SizeOf<T>()} bytes has no byte order of its own."),
    };
}
