using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

public readonly unsafe ref partial struct GuestAddressLease
{
    /// <inheritdoc cref="HostSharedMemory.Read{T}(ulong)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<[AllValid] T>(ulong guestAddress) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();

        // Sound: the lease holds every mapping of the map, none of them is indirect, and the value lies in one region.
        return _lease.MayRead && _map.Find(guestAddress, (ulong)sizeof(T)) is { } region
            ? Representation<T>.Convert(SingleFetch.Load<T>(region.Address + (guestAddress - region.Start)))
            : ReadSlow<T>(guestAddress);
    }

    /// <inheritdoc cref="HostSharedMemory.TryRead{T}(ulong, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead<[AllValid] T>(ulong guestAddress, out T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        GuestMap map = Live;
        return GuestAccess.Succeeded(GuestAccess.Load(map, isHeld: true, guestAddress, out value), map, guestAddress, (ulong)sizeof(T));
    }

    /// <inheritdoc cref="HostSharedMemory.Write{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        if (_lease.MayWrite && _map.Find(guestAddress, (ulong)sizeof(T)) is { } region)
        {
            // Sound: as in Read.
            SingleFetch.Store(region.Address + (guestAddress - region.Start), Representation<T>.Convert(value));
            return;
        }

        GuestMap map = Live;
        GuestAccess.ThrowIf(GuestAccess.Store(map, isHeld: true, guestAddress, value), map, guestAddress, (ulong)sizeof(T));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWrite{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryWrite<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        GuestMap map = Live;
        return GuestAccess.Succeeded(GuestAccess.Store(map, isHeld: true, guestAddress, value), map, guestAddress, (ulong)sizeof(T));
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadValidated{T}(ulong, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryReadValidated<[ValidateOnRead] T>(ulong guestAddress, out T value) where T : unmanaged
    {
        IValidateOnRead<T> validator = Validation<T>.Validator;

        // Sound: as in HostSharedMemory.TryReadValidated.
        Unsafe.SkipInit(out T copy);
        if (!TryCopyTo(guestAddress, MemoryMarshal.AsBytes(new Span<T>(ref copy))))
        {
            value = default;
            return false;
        }

        return validator.TryDecode(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in copy)), out value);
    }

    /// <inheritdoc cref="HostSharedMemory.CopyTo(ulong, Span{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="destination">Where to copy to.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyTo(ulong guestAddress, Span<byte> destination)
    {
        GuestMap map = Live;
        GuestAccess.ThrowIf(GuestAccess.CopyOut(map, isHeld: true, guestAddress, destination), map, guestAddress, (ulong)destination.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyTo(ulong, Span{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="destination">Where to copy to.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyTo(ulong guestAddress, Span<byte> destination)
    {
        GuestMap map = Live;
        return GuestAccess.Succeeded(GuestAccess.CopyOut(map, isHeld: true, guestAddress, destination), map, guestAddress, (ulong)destination.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.CopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyFrom(ulong guestAddress, ReadOnlySpan<byte> source)
    {
        GuestMap map = Live;
        GuestAccess.ThrowIf(GuestAccess.CopyIn(map, isHeld: true, guestAddress, source), map, guestAddress, (ulong)source.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyFrom(ulong guestAddress, ReadOnlySpan<byte> source)
    {
        GuestMap map = Live;
        return GuestAccess.Succeeded(GuestAccess.CopyIn(map, isHeld: true, guestAddress, source), map, guestAddress, (ulong)source.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.Fill(ulong, ulong, byte)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void Fill(ulong guestAddress, ulong length, byte value)
    {
        GuestMap map = Live;
        GuestAccess.ThrowIf(GuestAccess.Fill(map, isHeld: true, guestAddress, length, value), map, guestAddress, length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryFill(ulong, ulong, byte)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryFill(ulong guestAddress, ulong length, byte value)
    {
        GuestMap map = Live;
        return GuestAccess.Succeeded(GuestAccess.Fill(map, isHeld: true, guestAddress, length, value), map, guestAddress, length);
    }
}
