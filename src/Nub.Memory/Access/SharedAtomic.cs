using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// Atomics on aligned integers of 4 and 8 bytes in shared memory: each is one locked instruction (or one exclusive pair) on the shared
/// bytes. Callers guarantee that the place is mapped, stays mapped and is aligned to its size.
/// </summary>
internal static unsafe class SharedAtomic
{
    /// <summary>Whether <typeparamref name="T"/> is one of the types that have atomics.</summary>
    public static bool Has<T>() where T : unmanaged =>
        typeof(T) == typeof(int) || typeof(T) == typeof(uint) || typeof(T) == typeof(long) || typeof(T) == typeof(ulong);

    /// <summary>Performs an operation; values are in this host's byte order. A constant operation leaves only its own instruction.</summary>
    /// <param name="operation">What to do.</param>
    /// <param name="place">The integer.</param>
    /// <param name="value">The new value, the summand, or the mask.</param>
    /// <param name="comparand">The expected value of a <see cref="AtomicOperation.CompareExchange"/>.</param>
    /// <returns>What <see cref="Interlocked"/> returns: the sum of an addition, otherwise what was there.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Perform<T>(AtomicOperation operation, byte* place, T value, T comparand) where T : unmanaged
    {
        if (operation == AtomicOperation.Add)
        {
            return Add(place, value);
        }

        value = Representation<T>.Convert(value);
        comparand = Representation<T>.Convert(comparand);

        // Sound: the caller's guarantee makes the place valid and aligned, and BitCast checks the size.
        return Representation<T>.Convert(sizeof(T) == 4
            ? Unsafe.BitCast<uint, T>(Replace(operation, ref *(uint*)place, Unsafe.BitCast<T, uint>(value), Unsafe.BitCast<T, uint>(comparand)))
            : Unsafe.BitCast<ulong, T>(Replace(operation, ref *(ulong*)place, Unsafe.BitCast<T, ulong>(value), Unsafe.BitCast<T, ulong>(comparand))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Replace(AtomicOperation operation, ref uint place, uint value, uint comparand) => operation switch
    {
        AtomicOperation.CompareExchange => Interlocked.CompareExchange(ref place, value, comparand),
        AtomicOperation.Exchange => Interlocked.Exchange(ref place, value),
        AtomicOperation.And => Interlocked.And(ref place, value),
        _ => Interlocked.Or(ref place, value),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Replace(AtomicOperation operation, ref ulong place, ulong value, ulong comparand) => operation switch
    {
        AtomicOperation.CompareExchange => Interlocked.CompareExchange(ref place, value, comparand),
        AtomicOperation.Exchange => Interlocked.Exchange(ref place, value),
        AtomicOperation.And => Interlocked.And(ref place, value),
        _ => Interlocked.Or(ref place, value),
    };

    // Sound: as in Perform.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Add<T>(byte* place, T value) where T : unmanaged => sizeof(T) == 4
        ? Unsafe.BitCast<uint, T>(AddUInt32(ref *(uint*)place, Unsafe.BitCast<T, uint>(value)))
        : Unsafe.BitCast<ulong, T>(AddUInt64(ref *(ulong*)place, Unsafe.BitCast<T, ulong>(value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AddUInt32(ref uint place, uint value) =>
        BitConverter.IsLittleEndian ? Interlocked.Add(ref place, value) : AddReversed(ref place, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AddUInt64(ref ulong place, ulong value) =>
        BitConverter.IsLittleEndian ? Interlocked.Add(ref place, value) : AddReversed(ref place, value);

    /// <summary>Adds to an integer of the other byte order, which no processor adds in place.</summary>
    /// <returns>The sum.</returns>
    internal static uint AddReversed(ref uint place, uint value)
    {
        while (true)
        {
            uint seen = Volatile.Read(ref place);
            uint sum = unchecked(BinaryPrimitives.ReverseEndianness(seen) + value);
            if (Interlocked.CompareExchange(ref place, BinaryPrimitives.ReverseEndianness(sum), seen) == seen)
            {
                return sum;
            }
        }
    }

    /// <inheritdoc cref="AddReversed(ref uint, uint)"/>
    internal static ulong AddReversed(ref ulong place, ulong value)
    {
        while (true)
        {
            ulong seen = Volatile.Read(ref place);
            ulong sum = unchecked(BinaryPrimitives.ReverseEndianness(seen) + value);
            if (Interlocked.CompareExchange(ref place, BinaryPrimitives.ReverseEndianness(sum), seen) == seen)
            {
                return sum;
            }
        }
    }
}
