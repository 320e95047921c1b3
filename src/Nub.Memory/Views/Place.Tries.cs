using System.Runtime.CompilerServices;

namespace Nub.Memory;

// Values without an exception for what the other side can do: shorten the memory.
internal readonly unsafe ref partial struct Place
{
    /// <summary>Reads a value, if its bytes are still there.</summary>
    /// <param name="offset">The first byte, from the place on.</param>
    /// <param name="value">The value as it stands; <see langword="default"/> where it was not read.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad<T>(ulong offset, out T value) where T : unmanaged
    {
        if (_lease.MayRead)
        {
            value = SingleFetch.Load<T>(_address + offset);
            return true;
        }

        // A variable of its own, so that the caller's needs no address and stays in a register.
        bool isThere = TryLoadSlow(_memory, _lease, _address + offset, out T read);
        value = read;
        return isThere;
    }

    /// <summary>Reads a value, or gives another where its bytes are gone: as fast as <see cref="Load"/>, since nothing but the value comes back.</summary>
    /// <param name="offset">The first byte, from the place on.</param>
    /// <param name="otherwise">What is given where the value was not read.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T LoadOr<T>(ulong offset, T otherwise) where T : unmanaged =>
        _lease.MayRead ? SingleFetch.Load<T>(_address + offset) : LoadOrSlow(_memory, _lease, _address + offset, otherwise);

    /// <summary>Writes a value, if its bytes are still there and, by guest address, the region was not opened for reading.</summary>
    /// <param name="offset">The first byte, from the place on.</param>
    /// <param name="value">The value as it is to stand.</param>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryStore<T>(ulong offset, T value) where T : unmanaged
    {
        if (_lease.MayWrite)
        {
            SingleFetch.Store(_address + offset, value);
            return true;
        }

        return TryStoreSlow(_memory, _lease, _address + offset, value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadOrSlow<T>(HostSharedMemory? memory, Lease lease, byte* address, T otherwise) where T : unmanaged =>
        TryLoadSlow(memory, lease, address, out T value) ? value : otherwise;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryLoadSlow<T>(HostSharedMemory? memory, Lease lease, byte* address, out T value) where T : unmanaged
    {
        LockedMapping mapping = Mapping(memory, lease, address);
        ulong offset = (ulong)(address - mapping.Base);
        AccessFailure failure;
        if (memory is null)
        {
            failure = mapping.LoadHeld(offset, out value);
        }
        else
        {
            AccessSlot slot = mapping.Publish();
            if (mapping.MayRead)
            {
                value = mapping.Leave(slot, SingleFetch.Load<T>(address));
                GC.KeepAlive(memory);
                return true;
            }

            failure = mapping.LoadSlow(slot, offset, out value);
            GC.KeepAlive(memory);
        }

        value = Representation<T>.Convert(value);
        return mapping.Succeeded(failure, offset, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryStoreSlow<T>(HostSharedMemory? memory, Lease lease, byte* address, T value) where T : unmanaged
    {
        LockedMapping mapping = Mapping(memory, lease, address);
        ulong offset = (ulong)(address - mapping.Base);
        if (IsReadOnlyRegion(memory, lease, mapping))
        {
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        AccessFailure failure = AccessFailure.None;
        if (memory is null)
        {
            failure = mapping.StoreHeld(offset, Representation<T>.Convert(value));
        }
        else
        {
            AccessSlot slot = mapping.Publish();
            if (mapping.MayWrite)
            {
                SingleFetch.Store(address, value);
                mapping.Leave(slot);
            }
            else
            {
                failure = mapping.StoreSlow(slot, offset, value);
            }
        }

        MarkWritten(memory, lease, address, (ulong)sizeof(T));
        GC.KeepAlive(memory);
        return mapping.Succeeded(failure, offset, (ulong)sizeof(T));
    }

    /// <summary>Whether the place is in a region of guest addresses that was opened for reading: that is the guest's choice, as a wrong alignment is.</summary>
    private static bool IsReadOnlyRegion(HostSharedMemory? memory, Lease lease, LockedMapping mapping) =>
        mapping.IsReadOnly && (memory is null ? lease.SlowRegion is GuestMap : memory.IsOfSpace);
}
