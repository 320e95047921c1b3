using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// Atomics on aligned integers of 4 and 8 bytes in shared memory: each is one locked instruction (or one exclusive pair) on the shared
/// bytes. Callers guarantee that the place is mapped, stays mapped and is aligned to its size.
/// </summary>
internal static unsafe class SharedAtomic
{
    // Sound, here and below: the caller's guarantee makes the place valid and aligned, and BitCast checks the size.
    public static T CompareExchange<T>(byte* place, T value, T comparand) where T : unmanaged => sizeof(T) == 4
        ? Unsafe.BitCast<int, T>(Interlocked.CompareExchange(
            ref *(int*)place, Unsafe.BitCast<T, int>(value), Unsafe.BitCast<T, int>(comparand)))
        : Unsafe.BitCast<long, T>(Interlocked.CompareExchange(
            ref *(long*)place, Unsafe.BitCast<T, long>(value), Unsafe.BitCast<T, long>(comparand)));

    public static T Exchange<T>(byte* place, T value) where T : unmanaged => sizeof(T) == 4
        ? Unsafe.BitCast<int, T>(Interlocked.Exchange(ref *(int*)place, Unsafe.BitCast<T, int>(value)))
        : Unsafe.BitCast<long, T>(Interlocked.Exchange(ref *(long*)place, Unsafe.BitCast<T, long>(value)));

    public static T Add<T>(byte* place, T value) where T : unmanaged => sizeof(T) == 4
        ? Unsafe.BitCast<int, T>(AddInt32(ref *(int*)place, Unsafe.BitCast<T, int>(value)))
        : Unsafe.BitCast<long, T>(AddInt64(ref *(long*)place, Unsafe.BitCast<T, long>(value)));

    private static int AddInt32(ref int place, int value)
    {
        if (BitConverter.IsLittleEndian)
        {
            return Interlocked.Add(ref place, value);
        }

        // The shared integer is little-endian, and this host cannot add it in place.
        while (true)
        {
            int seen = Volatile.Read(ref place);
            int sum = unchecked(BinaryPrimitives.ReverseEndianness(seen) + value);
            if (Interlocked.CompareExchange(ref place, BinaryPrimitives.ReverseEndianness(sum), seen) == seen)
            {
                return sum;
            }
        }
    }

    private static long AddInt64(ref long place, long value)
    {
        if (BitConverter.IsLittleEndian)
        {
            return Interlocked.Add(ref place, value);
        }

        while (true)
        {
            long seen = Volatile.Read(ref place);
            long sum = unchecked(BinaryPrimitives.ReverseEndianness(seen) + value);
            if (Interlocked.CompareExchange(ref place, BinaryPrimitives.ReverseEndianness(sum), seen) == seen)
            {
                return sum;
            }
        }
    }
}
