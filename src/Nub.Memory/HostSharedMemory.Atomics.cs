using System.Runtime.CompilerServices;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Atomically replaces an integer if it has an expected value; a full fence.</summary>
    /// <typeparam name="T"><see cref="int"/>, <see cref="uint"/>, <see cref="long"/> or <see cref="ulong"/> (NUB0007).</typeparam>
    /// <param name="offset">The first byte, at a multiple of the type's size as it stands in this process (<see cref="SharedMemory.BaseAddress"/>).</param>
    /// <param name="value">The value to write.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <returns>The value that was there.</returns>
    /// <exception cref="ArgumentException">The place in this process is not a multiple of the size, or the type is not one of the four.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">The bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public T CompareExchange<[AllValid] T>(ulong offset, T value, T comparand) where T : unmanaged =>
        Atomic(AtomicOperation.CompareExchange, offset, value, comparand);

    /// <summary>Atomically replaces an integer; a full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    public T Exchange<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Exchange, offset, value, default);

    /// <summary>Atomically adds to an integer, wrapping on overflow; a full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    /// <param name="offset">The first byte, at a multiple of the type's size as it stands in this process (<see cref="SharedMemory.BaseAddress"/>).</param>
    /// <param name="value">What to add.</param>
    /// <returns>The new value, as <see cref="Interlocked.Add(ref int, int)"/> returns it.</returns>
    public T Add<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Add, offset, value, default);

    /// <summary>
    /// Atomically clears the bits of an integer that a mask lacks; a full fence. On x64, which has no such instruction, a load guesses the value and an exchange finds
    /// whether the guess was right, until it was: the result is what the exchange found.
    /// </summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    /// <param name="offset">The first byte, at a multiple of the type's size as it stands in this process (<see cref="SharedMemory.BaseAddress"/>).</param>
    /// <param name="value">The mask: its bits are kept.</param>
    /// <returns>The value that was there, as <see cref="Interlocked.And(ref int, int)"/> returns it.</returns>
    public T And<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.And, offset, value, default);

    /// <summary>Atomically sets bits of an integer; a full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}(ulong, T, T)"/>
    /// <param name="offset">The first byte, at a multiple of the type's size as it stands in this process (<see cref="SharedMemory.BaseAddress"/>).</param>
    /// <param name="value">The bits to set.</param>
    /// <returns>The value that was there, as <see cref="Interlocked.Or(ref int, int)"/> returns it.</returns>
    public T Or<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Or, offset, value, default);

    /// <summary>Atomically replaces an integer if it has an expected value and its offset is a guest's to choose; a full fence.</summary>
    /// <typeparam name="T"><see cref="int"/>, <see cref="uint"/>, <see cref="long"/> or <see cref="ulong"/> (NUB0007).</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value to write.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    /// <returns>Whether the range lies within the memory, at a multiple of its size, and is still there.</returns>
    /// <exception cref="ArgumentException">The type is not one of the four.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryCompareExchange<[AllValid] T>(ulong offset, T value, T comparand, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.CompareExchange, offset, value, comparand, out result);

    /// <summary>Atomically replaces an integer whose offset is a guest's to choose; a full fence.</summary>
    /// <inheritdoc cref="TryCompareExchange{T}(ulong, T, T, out T)"/>
    public bool TryExchange<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Exchange, offset, value, default, out result);

    /// <summary>Atomically adds to an integer whose offset is a guest's to choose, wrapping on overflow; a full fence.</summary>
    /// <inheritdoc cref="TryCompareExchange{T}(ulong, T, T, out T)"/>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">What to add.</param>
    /// <param name="result">The new value; 0 when nothing was done.</param>
    public bool TryAdd<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Add, offset, value, default, out result);

    /// <summary>Atomically clears the bits that a mask lacks of an integer whose offset is a guest's to choose; a full fence.</summary>
    /// <inheritdoc cref="TryCompareExchange{T}(ulong, T, T, out T)"/>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The mask: its bits are kept.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    public bool TryAnd<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.And, offset, value, default, out result);

    /// <summary>Atomically sets bits of an integer whose offset is a guest's to choose; a full fence.</summary>
    /// <inheritdoc cref="TryCompareExchange{T}(ulong, T, T, out T)"/>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The bits to set.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    public bool TryOr<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Or, offset, value, default, out result);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Atomic<T>(AtomicOperation operation, ulong offset, T value, T comparand) where T : unmanaged
    {
        LockedMapping mapping = Live;
        if (!mapping.IsAtomic<T>(offset))
        {
            mapping.ThrowNotAtomic<T>(offset);
        }

        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        AccessSlot slot = mapping.Publish();
        T result;
        if (mapping.MayWrite)
        {
            result = mapping.Leave(slot, SharedAtomic.Perform(operation, mapping.Base + offset, value, comparand));
        }
        else
        {
            mapping.ThrowIf(mapping.AtomicSlow(slot, operation, offset, value, comparand, out result), offset, (ulong)sizeof(T));
        }

        GC.KeepAlive(this);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAtomic<T>(AtomicOperation operation, ulong offset, T value, T comparand, out T result) where T : unmanaged
    {
        LockedMapping mapping = Live;
        LockedMapping.ThrowIfNoAtomics<T>();
        if (!mapping.IsAtomic<T>(offset) || !mapping.Contains<T>(offset))
        {
            result = default;
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        AccessSlot slot = mapping.Publish();
        bool done = true;
        if (mapping.MayWrite)
        {
            result = mapping.Leave(slot, SharedAtomic.Perform(operation, mapping.Base + offset, value, comparand));
        }
        else
        {
            done = mapping.Succeeded(mapping.AtomicSlow(slot, operation, offset, value, comparand, out result), offset, (ulong)sizeof(T));
        }

        GC.KeepAlive(this);
        return done;
    }
}
