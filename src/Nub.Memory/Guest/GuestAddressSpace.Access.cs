using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

public sealed unsafe partial class GuestAddressSpace
{
    /// <inheritdoc cref="HostSharedMemory.Read{T}(ulong)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<[AllValid] T>(ulong guestAddress) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return TryLoad(guestAddress, out T value) ? value : ReadSlow<T>(guestAddress);
    }

    /// <inheritdoc cref="HostSharedMemory.TryRead{T}(ulong, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead<[AllValid] T>(ulong guestAddress, out T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return TryLoad(guestAddress, out value) || TryReadSlow(guestAddress, out value);
    }

    /// <inheritdoc cref="HostSharedMemory.Write{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!TryStore(guestAddress, value))
        {
            WriteSlow(guestAddress, value);
        }
    }

    /// <inheritdoc cref="HostSharedMemory.TryWrite{T}(ulong, T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWrite<[AllValid] T>(ulong guestAddress, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return TryStore(guestAddress, value) || TryWriteSlow(guestAddress, value);
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadValidated{T}(ulong, out T)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
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
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void CopyTo(ulong guestAddress, Span<byte> destination)
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.CopyOut(map, isHeld: false, guestAddress, destination), map, guestAddress, (ulong)destination.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyTo(ulong, Span{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="destination">Where to copy to.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryCopyTo(ulong guestAddress, Span<byte> destination)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(GuestAccess.CopyOut(map, isHeld: false, guestAddress, destination), map, guestAddress, (ulong)destination.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.CopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void CopyFrom(ulong guestAddress, ReadOnlySpan<byte> source)
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.CopyIn(map, isHeld: false, guestAddress, source), map, guestAddress, (ulong)source.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryCopyFrom(ulong guestAddress, ReadOnlySpan<byte> source)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(GuestAccess.CopyIn(map, isHeld: false, guestAddress, source), map, guestAddress, (ulong)source.Length);
    }

    /// <inheritdoc cref="HostSharedMemory.Fill(ulong, ulong, byte)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void Fill(ulong guestAddress, ulong length, byte value)
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.Fill(map, isHeld: false, guestAddress, length, value), map, guestAddress, length);
    }

    /// <inheritdoc cref="HostSharedMemory.TryFill(ulong, ulong, byte)"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryFill(ulong guestAddress, ulong length, byte value)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(GuestAccess.Fill(map, isHeld: false, guestAddress, length, value), map, guestAddress, length);
    }

    /// <summary>The fast way to read. It fails for whatever is not the common case, and the slow way then tells what it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryLoad<T>(ulong guestAddress, out T value) where T : unmanaged
    {
        if (Current.Find(guestAddress, (ulong)sizeof(T)) is { } region)
        {
            LockedMapping mapping = region.Mapping;
            AccessSlot slot = mapping.Publish();
            if (mapping.MayRead)
            {
                // Sound: the value lies in the region, the region in the mapping, and the mapping is held until the access is left.
                value = Representation<T>.Convert(mapping.Leave(slot, SingleFetch.Load<T>(region.Address + (guestAddress - region.Start))));
                return true;
            }

            return region.TryLoadSlow(slot, guestAddress, out value);
        }

        value = default;
        return false;
    }

    /// <summary>The fast way to write, as <see cref="TryLoad"/>; not where pages are tracked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryStore<T>(ulong guestAddress, T value) where T : unmanaged
    {
        GuestMap map = Current;
        if (map.Bitmap is null && map.Find(guestAddress, (ulong)sizeof(T)) is { } region)
        {
            LockedMapping mapping = region.Mapping;
            T stored = Representation<T>.Convert(value);
            AccessSlot slot = mapping.Publish();
            if (mapping.MayWrite)
            {
                // Sound: as in TryLoad.
                SingleFetch.Store(region.Address + (guestAddress - region.Start), stored);
                mapping.Leave(slot);
                return true;
            }

            return region.TryStoreSlow(slot, guestAddress, stored);
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T ReadSlow<T>(ulong guestAddress) where T : unmanaged
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.Load(map, isHeld: false, guestAddress, out T value), map, guestAddress, (ulong)sizeof(T));
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadSlow<T>(ulong guestAddress, out T value) where T : unmanaged
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(GuestAccess.Load(map, isHeld: false, guestAddress, out value), map, guestAddress, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteSlow<T>(ulong guestAddress, T value) where T : unmanaged
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.Store(map, isHeld: false, guestAddress, value), map, guestAddress, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryWriteSlow<T>(ulong guestAddress, T value) where T : unmanaged
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(GuestAccess.Store(map, isHeld: false, guestAddress, value), map, guestAddress, (ulong)sizeof(T));
    }
}
