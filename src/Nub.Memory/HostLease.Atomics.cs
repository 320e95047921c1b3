using System.Runtime.CompilerServices;

namespace Nub.Memory;

public readonly unsafe ref partial struct HostLease
{
    /// <inheritdoc cref="HostSharedMemory.CompareExchange{T}(ulong, T, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public T CompareExchange<[AllValid] T>(ulong offset, T value, T comparand) where T : unmanaged => Atomic(AtomicOperation.CompareExchange, offset, value, comparand);

    /// <inheritdoc cref="HostSharedMemory.Exchange{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public T Exchange<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Exchange, offset, value, default);

    /// <inheritdoc cref="HostSharedMemory.Add{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public T Add<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Add, offset, value, default);

    /// <inheritdoc cref="HostSharedMemory.And{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public T And<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.And, offset, value, default);

    /// <inheritdoc cref="HostSharedMemory.Or{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public T Or<[AllValid] T>(ulong offset, T value) where T : unmanaged => Atomic(AtomicOperation.Or, offset, value, default);

    /// <inheritdoc cref="HostSharedMemory.TryCompareExchange{T}(ulong, T, T, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCompareExchange<[AllValid] T>(ulong offset, T value, T comparand, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.CompareExchange, offset, value, comparand, out result);

    /// <inheritdoc cref="HostSharedMemory.TryExchange{T}(ulong, T, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryExchange<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Exchange, offset, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryAdd{T}(ulong, T, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryAdd<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Add, offset, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryAnd{T}(ulong, T, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryAnd<[AllValid] T>(ulong offset, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.And, offset, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryOr{T}(ulong, T, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
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

        mapping.ThrowIf(Perform(mapping, operation, offset, value, comparand, out T result), offset, (ulong)sizeof(T));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAtomic<T>(AtomicOperation operation, ulong offset, T value, T comparand, out T result) where T : unmanaged
    {
        LockedMapping mapping = Live;
        LockedMapping.ThrowIfNoAtomics<T>();
        if (!mapping.IsAtomic<T>(offset))
        {
            result = default;
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        return mapping.Succeeded(Perform(mapping, operation, offset, value, comparand, out result), offset, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AccessFailure Perform<T>(LockedMapping mapping, AtomicOperation operation, ulong offset, T value, T comparand, out T result)
        where T : unmanaged
    {
        if (!_lease.MayWrite)
        {
            return mapping.AtomicHeld(operation, offset, value, comparand, out result);
        }

        if (!mapping.Contains<T>(offset))
        {
            result = default;
            return AccessFailure.OutOfBounds;
        }

        result = SharedAtomic.Perform(operation, mapping.Base + offset, value, comparand);
        return AccessFailure.None;
    }
}
