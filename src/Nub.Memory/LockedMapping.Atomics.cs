using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

// What an atomic asks of its type and its place.
internal sealed unsafe partial class LockedMapping
{
    /// <summary>Whether the type has atomics and the place is a multiple of its size, as the processor sees it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsAtomic<T>(ulong offset) where T : unmanaged =>
        SharedAtomic.Has<T>() && (((ulong)Base + offset) & ((uint)sizeof(T) - 1)) == 0;

    /// <summary>Refuses a type that has no atomics.</summary>
    /// <exception cref="ArgumentException">The type has none.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNoAtomics<T>() where T : unmanaged
    {
        if (!SharedAtomic.Has<T>())
        {
            ThrowNotAtomic<T>(0);
        }
    }

    /// <summary>Says why there can be no atomic.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ThrowNotAtomic<T>(ulong offset) where T : unmanaged => throw (SharedAtomic.Has<T>()
        ? new ArgumentException($"An atomic of {sizeof(T)} bytes must stand at a multiple of {sizeof(T)}; offset {offset} (0x{offset:X}) is not.", nameof(offset))
        : new ArgumentException($"Atomics are of int, uint, long and ulong, not of {typeof(T)}."));
}
