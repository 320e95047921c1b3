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
            throw NoAtomics<T>();
        }
    }

    /// <summary>Says why there can be no atomic. Of memory that was opened at an offset of a file the place in the process decides, and not the offset in the memory.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ThrowNotAtomic<T>(ulong offset) where T : unmanaged => throw (SharedAtomic.Has<T>()
        ? new ArgumentException(
            $"An atomic of {sizeof(T)} bytes must stand at a multiple of {sizeof(T)}; offset {offset} (0x{offset:X}) is not at one: it stands at address 0x{(ulong)Base + offset:X} of this process.", nameof(offset))
        : NoAtomics<T>());

    /// <summary>The same of a place whose offset is not known.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ThrowNotAtomic<T>(byte* address) where T : unmanaged => throw (SharedAtomic.Has<T>()
        ? new ArgumentException($"An atomic of {sizeof(T)} bytes must stand at a multiple of {sizeof(T)}; address 0x{(ulong)address:X} of this process is not one.")
        : NoAtomics<T>());

    private static ArgumentException NoAtomics<T>() where T : unmanaged => new($"Atomics are of int, uint, long and ulong, not of {typeof(T)}.");
}
