namespace Nub.Memory;

// Arrays of values, and structs that are checked before they are written.
public sealed unsafe partial class GuestAddressSpace
{
    /// <inheritdoc cref="HostSharedMemory.ReadArray{T}(ulong, Span{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void ReadArray<[AllValid] T>(ulong guestAddress, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            GuestMap map = LiveMap();
            GuestAccess.ThrowIf(ArrayTransfer.ReadParts(this, guestAddress, destination), map, guestAddress, ArrayTransfer.Length<T>(destination));
            return;
        }

        CopyTo(guestAddress, ArrayTransfer.AsBytes(destination));
        Representation<T>.ConvertAll(destination);
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadArray{T}(ulong, Span{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryReadArray<[AllValid] T>(ulong guestAddress, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            GuestMap map = LiveMap();
            return GuestAccess.Succeeded(ArrayTransfer.ReadParts(this, guestAddress, destination), map, guestAddress, ArrayTransfer.Length<T>(destination));
        }

        if (!TryCopyTo(guestAddress, ArrayTransfer.AsBytes(destination)))
        {
            return false;
        }

        Representation<T>.ConvertAll(destination);
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.WriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void WriteArray<[AllValid] T>(ulong guestAddress, ReadOnlySpan<T> source) where T : unmanaged
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(ArrayTransfer.Write(this, guestAddress, source), map, guestAddress, ArrayTransfer.Length(source));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryWriteArray<[AllValid] T>(ulong guestAddress, ReadOnlySpan<T> source) where T : unmanaged
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(ArrayTransfer.Write(this, guestAddress, source), map, guestAddress, ArrayTransfer.Length(source));
    }

    /// <inheritdoc cref="HostSharedMemory.WriteValidated{T}(ulong, in T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void WriteValidated<[ValidateOnRead] T>(ulong guestAddress, in T value) where T : unmanaged
    {
        T copy = value;
        CopyFrom(guestAddress, Validation<T>.Encode(ref copy));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteValidated{T}(ulong, in T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryWriteValidated<[ValidateOnRead] T>(ulong guestAddress, in T value) where T : unmanaged
    {
        T copy = value;
        return TryCopyFrom(guestAddress, Validation<T>.Encode(ref copy));
    }

    bool ISharedSource.Covers(ulong offset, ulong length) => Contains(offset, length);

    AccessFailure ISharedSource.CopyOut(ulong offset, scoped Span<byte> destination) => GuestAccess.CopyOut(LiveMap(), isHeld: false, offset, destination);

    AccessFailure ISharedSource.CopyIn(ulong offset, scoped ReadOnlySpan<byte> source) => GuestAccess.CopyIn(LiveMap(), isHeld: false, offset, source);
}

public readonly unsafe ref partial struct GuestAddressLease
{
    /// <inheritdoc cref="HostSharedMemory.ReadArray{T}(ulong, Span{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void ReadArray<[AllValid] T>(ulong guestAddress, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            GuestMap map = Live;
            GuestAccess.ThrowIf(ArrayTransfer.ReadParts(in this, guestAddress, destination), map, guestAddress, ArrayTransfer.Length<T>(destination));
            return;
        }

        CopyTo(guestAddress, ArrayTransfer.AsBytes(destination));
        Representation<T>.ConvertAll(destination);
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadArray{T}(ulong, Span{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryReadArray<[AllValid] T>(ulong guestAddress, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            GuestMap map = Live;
            return GuestAccess.Succeeded(ArrayTransfer.ReadParts(in this, guestAddress, destination), map, guestAddress, ArrayTransfer.Length<T>(destination));
        }

        if (!TryCopyTo(guestAddress, ArrayTransfer.AsBytes(destination)))
        {
            return false;
        }

        Representation<T>.ConvertAll(destination);
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.WriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void WriteArray<[AllValid] T>(ulong guestAddress, ReadOnlySpan<T> source) where T : unmanaged
    {
        GuestMap map = Live;
        GuestAccess.ThrowIf(ArrayTransfer.Write(in this, guestAddress, source), map, guestAddress, ArrayTransfer.Length(source));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <param name="guestAddress">The guest address of the first value's first byte.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryWriteArray<[AllValid] T>(ulong guestAddress, ReadOnlySpan<T> source) where T : unmanaged
    {
        GuestMap map = Live;
        return GuestAccess.Succeeded(ArrayTransfer.Write(in this, guestAddress, source), map, guestAddress, ArrayTransfer.Length(source));
    }

    /// <inheritdoc cref="HostSharedMemory.WriteValidated{T}(ulong, in T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void WriteValidated<[ValidateOnRead] T>(ulong guestAddress, in T value) where T : unmanaged
    {
        T copy = value;
        CopyFrom(guestAddress, Validation<T>.Encode(ref copy));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteValidated{T}(ulong, in T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryWriteValidated<[ValidateOnRead] T>(ulong guestAddress, in T value) where T : unmanaged
    {
        T copy = value;
        return TryCopyFrom(guestAddress, Validation<T>.Encode(ref copy));
    }

    bool ISharedSource.Covers(ulong offset, ulong length) => Contains(offset, length);

    AccessFailure ISharedSource.CopyOut(ulong offset, scoped Span<byte> destination) => GuestAccess.CopyOut(Live, isHeld: true, offset, destination);

    AccessFailure ISharedSource.CopyIn(ulong offset, scoped ReadOnlySpan<byte> source) => GuestAccess.CopyIn(Live, isHeld: true, offset, source);
}
