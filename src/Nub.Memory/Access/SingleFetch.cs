using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// One value out of, or into, memory that another party may be writing: each shared byte is touched exactly once. With
/// <see cref="BulkCopy"/>, the only code of the library that loads from or stores to shared memory.
/// </summary>
/// <remarks>
/// <para>The .NET memory model ("Memory-model" in dotnet/runtime's design documents) makes aligned loads and stores of up to
/// pointer size atomic, and forbids the compiler to introduce reads; <see cref="Volatile"/> also forbids it to merge,
/// hoist or drop them and gives acquire and release order. So an aligned value of 1, 2, 4 or 8 bytes is never torn.</para>
/// <para>Anything else is copied once, piece by piece, into private memory and read there. Reading a struct straight from shared memory
/// is a trap: the compiler may load its fields one by one, and more than once.</para>
/// <para>Callers guarantee that <c>[place, place + sizeof(T))</c> is mapped and stays mapped during the call.</para>
/// </remarks>
internal static unsafe class SingleFetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Load<T>(byte* place) where T : unmanaged
    {
        // Sound: the caller's guarantee makes each dereference valid; the sizes match, which BitCast checks again.
        if (sizeof(T) == 1)
        {
            return Unsafe.BitCast<byte, T>(Volatile.Read(ref *place));
        }

        if (sizeof(T) == 2 && IsVolatileSafe(place, 1))
        {
            return Unsafe.BitCast<ushort, T>(Volatile.Read(ref *(ushort*)place));
        }

        if (sizeof(T) == 4 && IsVolatileSafe(place, 3))
        {
            return Unsafe.BitCast<uint, T>(Volatile.Read(ref *(uint*)place));
        }

        if (sizeof(T) == 8 && IsVolatileSafe(place, 7))
        {
            return Unsafe.BitCast<ulong, T>(Volatile.Read(ref *(ulong*)place));
        }

        return sizeof(T) is 16 or 32 or 48 ? LoadVectors<T>(place) : LoadByCopy<T>(place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(byte* place, T value) where T : unmanaged
    {
        // Sound: as in Load.
        if (sizeof(T) == 1)
        {
            Volatile.Write(ref *place, Unsafe.BitCast<T, byte>(value));
        }
        else if (sizeof(T) == 2 && IsVolatileSafe(place, 1))
        {
            Volatile.Write(ref *(ushort*)place, Unsafe.BitCast<T, ushort>(value));
        }
        else if (sizeof(T) == 4 && IsVolatileSafe(place, 3))
        {
            Volatile.Write(ref *(uint*)place, Unsafe.BitCast<T, uint>(value));
        }
        else if (sizeof(T) == 8 && IsVolatileSafe(place, 7))
        {
            Volatile.Write(ref *(ulong*)place, Unsafe.BitCast<T, ulong>(value));
        }
        else if (sizeof(T) < (int)BulkCopy.Block && sizeof(T) is not (2 or 4 or 8))
        {
            // A few stores, which are worth inlining; after all that came before, as a volatile write is.
            Volatile.WriteBarrier();
            BulkCopy.CopyRagged(ref *place, ref *(byte*)&value, (nuint)sizeof(T));
        }
        else
        {
            StoreByCopy(place, value);
        }
    }

    /// <summary>
    /// Whether <see cref="Volatile"/> may touch the place. It must be aligned where the processor asks for it; x64 does not, and
    /// there a misaligned access is still one instruction, which may be torn where it crosses a cache line.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsVolatileSafe(byte* place, nuint mask) => X86Base.IsSupported || ((nuint)place & mask) == 0;

    /// <summary>
    /// Loads one or two vectors, without a call: a descriptor of 16 bytes takes 2 ns so, and 12 otherwise. (Of other sizes the compiler copies the value in other pieces
    /// than it was stored in, and waits for the stores: of 24 bytes 9 ns instead of 4.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LoadVectors<T>(byte* place) where T : unmanaged
    {
        // Sound: as in LoadByCopy. The memory model forbids to repeat a load; the barrier keeps the loads from being merged with those of another call, hoisted out of
        // a loop, or moved behind what follows.
        Unsafe.SkipInit(out T value);
        BulkCopy.CopyRagged(ref *(byte*)&value, ref *place, (nuint)sizeof(T));
        Volatile.ReadBarrier();
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadByCopy<T>(byte* place) where T : unmanaged
    {
        // Sound: value is private, of sizeof(T) bytes, and wholly overwritten before it is read.
        Unsafe.SkipInit(out T value);
        BulkCopy.CopyOut(ref *(byte*)&value, place, (nuint)sizeof(T));
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreByCopy<T>(byte* place, T value) where T : unmanaged =>
        BulkCopy.CopyIn(place, ref *(byte*)&value, (nuint)sizeof(T));
}
