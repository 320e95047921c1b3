using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Atomically replaces an integer if it has an expected value; a full fence.</summary>
    /// <typeparam name="T"><see cref="int"/>, <see cref="uint"/>, <see cref="long"/> or <see cref="ulong"/>.</typeparam>
    /// <param name="offset">The first byte, a multiple of the type's size.</param>
    /// <param name="value">The value to write.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <returns>The value that was there.</returns>
    /// <exception cref="ArgumentException">The offset is not a multiple of the size, or the type is not one of the four.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public T CompareExchange<[AllValid] T>(ulong offset, T value, T comparand) where T : unmanaged
    {
        LockedMapping mapping = CheckAtomic<T>(offset);
        long* slot = mapping.Enter();
        T seen = SharedAtomic.CompareExchange(mapping.Base + offset, Representation<T>.Convert(value), Representation<T>.Convert(comparand));
        mapping.Leave(slot);
        GC.KeepAlive(this);
        return Representation<T>.Convert(seen);
    }

    /// <summary>Atomically replaces an integer; a full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    public T Exchange<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        LockedMapping mapping = CheckAtomic<T>(offset);
        long* slot = mapping.Enter();
        T seen = SharedAtomic.Exchange(mapping.Base + offset, Representation<T>.Convert(value));
        mapping.Leave(slot);
        GC.KeepAlive(this);
        return Representation<T>.Convert(seen);
    }

    /// <summary>Atomically adds to an integer, wrapping on overflow; a full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    /// <param name="offset">The first byte, a multiple of the type's size.</param>
    /// <param name="value">What to add.</param>
    /// <returns>The new value, as <see cref="Interlocked.Add(ref int, int)"/> returns it.</returns>
    public T Add<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        LockedMapping mapping = CheckAtomic<T>(offset);
        long* slot = mapping.Enter();
        T sum = SharedAtomic.Add(mapping.Base + offset, value);
        mapping.Leave(slot);
        GC.KeepAlive(this);
        return sum;
    }

    /// <summary>Judges an atomic access: the type first, then the alignment, then the bounds.</summary>
    private LockedMapping CheckAtomic<T>(ulong offset) where T : unmanaged
    {
        LockedMapping mapping = Live;
        if (typeof(T) != typeof(int) && typeof(T) != typeof(uint) && typeof(T) != typeof(long) && typeof(T) != typeof(ulong))
        {
            throw new ArgumentException($"Atomics are of int, uint, long and ulong, not of {typeof(T)}.");
        }

        if (offset % (uint)sizeof(T) != 0)
        {
            ThrowMisaligned(offset, sizeof(T));
        }

        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        return mapping;
    }

    [DoesNotReturn]
    private static void ThrowMisaligned(ulong offset, int size) =>
        throw new ArgumentException($"An atomic of {size} bytes must stand at a multiple of {size}; offset {offset} (0x{offset:X}) is not.", nameof(offset));
}
