namespace Nub.Memory;

public sealed unsafe partial class GuestAddressSpace
{
    /// <inheritdoc cref="HostSharedMemory.CompareExchange{T}(ulong, T, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public T CompareExchange<[AllValid] T>(ulong guestAddress, T value, T comparand) where T : unmanaged =>
        Atomic(AtomicOperation.CompareExchange, guestAddress, value, comparand);

    /// <inheritdoc cref="HostSharedMemory.Exchange{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public T Exchange<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged =>
        Atomic(AtomicOperation.Exchange, guestAddress, value, default);

    /// <inheritdoc cref="HostSharedMemory.Add{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">What to add.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public T Add<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged =>
        Atomic(AtomicOperation.Add, guestAddress, value, default);

    /// <inheritdoc cref="HostSharedMemory.And{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The mask: its bits are kept.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public T And<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged =>
        Atomic(AtomicOperation.And, guestAddress, value, default);

    /// <inheritdoc cref="HostSharedMemory.Or{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The bits to set.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public T Or<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged =>
        Atomic(AtomicOperation.Or, guestAddress, value, default);

    /// <inheritdoc cref="HostSharedMemory.TryCompareExchange{T}(ulong, T, T, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryCompareExchange<[AllValid] T>(ulong guestAddress, T value, T comparand, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.CompareExchange, guestAddress, value, comparand, out result);

    /// <inheritdoc cref="HostSharedMemory.TryExchange{T}(ulong, T, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryExchange<[AllValid] T>(ulong guestAddress, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Exchange, guestAddress, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryAdd{T}(ulong, T, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">What to add.</param>
    /// <param name="result">The new value; 0 when nothing was done.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryAdd<[AllValid] T>(ulong guestAddress, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Add, guestAddress, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryAnd{T}(ulong, T, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The mask: its bits are kept.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryAnd<[AllValid] T>(ulong guestAddress, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.And, guestAddress, value, default, out result);

    /// <inheritdoc cref="HostSharedMemory.TryOr{T}(ulong, T, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The bits to set.</param>
    /// <param name="result">The value that was there; 0 when nothing was done.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryOr<[AllValid] T>(ulong guestAddress, T value, out T result) where T : unmanaged =>
        TryAtomic(AtomicOperation.Or, guestAddress, value, default, out result);

    private T Atomic<T>(AtomicOperation operation, ulong guestAddress, T value, T comparand) where T : unmanaged
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(
            GuestAccess.Atomic(map, isHeld: false, operation, guestAddress, value, comparand, out T result), map, guestAddress, (ulong)sizeof(T));
        return result;
    }

    private bool TryAtomic<T>(AtomicOperation operation, ulong guestAddress, T value, T comparand, out T result) where T : unmanaged
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(
            GuestAccess.Atomic(map, isHeld: false, operation, guestAddress, value, comparand, out result), map, guestAddress, (ulong)sizeof(T));
    }
}
