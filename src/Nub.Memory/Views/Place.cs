using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// A place in shared memory that was found to be in bounds once, and how it is entered: under a lease that is held, or by
/// locking the memory for each access. What <see cref="SharedView{T}"/> and <see cref="SharedArrayView{T}"/> are made of; they
/// keep every access within the range that was checked.
/// </summary>
/// <remarks>
/// Values pass as they stand in shared memory. The slow ways are static and take the fields by value: a call that took the place by
/// reference would force it out of registers in the loops that matter.
/// </remarks>
internal readonly unsafe ref partial struct Place
{
    // Exactly one of the two is there; neither in a default place. A third, the mapping under the lease, would cost each loop a register.
    private readonly HostSharedMemory? _memory;
    private readonly Lease _lease;

    // The address is of a mapping that cannot move or shrink, and is dereferenced only while it is held.
    private readonly byte* _address;

    private Place(HostSharedMemory? memory, Lease lease, byte* address)
    {
        _memory = memory;
        _lease = lease;
        _address = address;
    }

    /// <summary>Whether the place was never bound.</summary>
    public bool IsDefault => _memory is null && _lease.IsDefault;

    /// <summary>A place that locks the memory for each access.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static Place In(HostSharedMemory memory, ulong offset, ulong length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        LockedMapping mapping = memory.Live;
        mapping.CheckBounds(offset, length);
        return new Place(memory, default, mapping.Base + offset);
    }

    /// <summary>A place under a lease.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Place In(scoped in HostLease access, ulong offset, ulong length)
    {
        LockedMapping mapping = access.Live;
        mapping.CheckBounds(offset, length);
        return new Place(null, access.Lease, mapping.Base + offset);
    }

    /// <summary>A place that locks the memory for each access, if the range lies within it.</summary>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static bool TryIn(HostSharedMemory memory, ulong offset, ulong length, out Place place)
    {
        ArgumentNullException.ThrowIfNull(memory);
        LockedMapping mapping = memory.Live;
        bool contains = mapping.Contains(offset, length);
        place = contains ? new Place(memory, default, mapping.Base + offset) : default;
        return contains || mapping.Refuse(offset, length);
    }

    /// <summary>A place under a lease, if the range lies within the memory.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryIn(scoped in HostLease access, ulong offset, ulong length, out Place place)
    {
        LockedMapping mapping = access.Live;
        bool contains = mapping.Contains(offset, length);
        place = contains ? new Place(null, access.Lease, mapping.Base + offset) : default;
        return contains || mapping.Refuse(offset, length);
    }

    /// <summary>A place by guest address, in one region, that locks its memory for each access.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range is not mapped, or not in one region.</exception>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public static Place In(GuestAddressSpace space, ulong guestAddress, ulong length)
    {
        AccessFailure failure = Find(space, guestAddress, length, out GuestMap map, out Place place);
        GuestAccess.ThrowIf(failure, map, guestAddress, length);
        return place;
    }

    /// <summary>A place by guest address, in one region, under a lease of the space.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range is not mapped, or not in one region.</exception>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public static Place In(scoped in GuestAddressLease access, ulong guestAddress, ulong length)
    {
        AccessFailure failure = Find(in access, guestAddress, length, out GuestMap map, out Place place);
        GuestAccess.ThrowIf(failure, map, guestAddress, length);
        return place;
    }

    /// <summary>A place by guest address that locks its memory for each access, if the range lies in one region.</summary>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public static bool TryIn(GuestAddressSpace space, ulong guestAddress, ulong length, out Place place) =>
        GuestAccess.Succeeded(Find(space, guestAddress, length, out GuestMap map, out place), map, guestAddress, length);

    /// <summary>A place by guest address under a lease of the space, if the range lies in one region.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public static bool TryIn(scoped in GuestAddressLease access, ulong guestAddress, ulong length, out Place place) =>
        GuestAccess.Succeeded(Find(in access, guestAddress, length, out GuestMap map, out place), map, guestAddress, length);

    private static AccessFailure Find(GuestAddressSpace space, ulong guestAddress, ulong length, out GuestMap map, out Place place)
    {
        ArgumentNullException.ThrowIfNull(space);
        map = space.Current;
        ObjectDisposedException.ThrowIf(map.IsDisposed, space);
        GuestRegion? region = map.Find(guestAddress, length);
        place = region is null ? default : new Place(region.Memory, default, region.Address + (guestAddress - region.Start));
        return region is null ? AccessFailure.OutOfBounds : AccessFailure.None;
    }

    private static AccessFailure Find(scoped in GuestAddressLease access, ulong guestAddress, ulong length, out GuestMap map, out Place place)
    {
        map = access.Live;
        GuestRegion? region = map.Find(guestAddress, length);
        place = region is null ? default : new Place(null, access.Lease, region.Address + (guestAddress - region.Start));
        return region is null ? AccessFailure.OutOfBounds : AccessFailure.None;
    }

    /// <summary>The place <paramref name="offset"/> bytes on. The caller keeps it within the range that was checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Place Add(ulong offset) => new(_memory, _lease, _address + offset);

    /// <summary>Reads a value.</summary>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load<T>(ulong offset) where T : unmanaged =>
        _lease.MayRead ? SingleFetch.Load<T>(_address + offset) : LoadSlow<T>(_memory, _lease, _address + offset);

    /// <summary>Writes a value.</summary>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(ulong offset, T value) where T : unmanaged
    {
        if (_lease.MayWrite)
        {
            SingleFetch.Store(_address + offset, value);
        }
        else
        {
            StoreSlow(_memory, _lease, _address + offset, value);
        }
    }

    /// <summary>Performs an atomic; values are in this host's byte order.</summary>
    /// <exception cref="ArgumentException">The type has no atomics, or the place is not a multiple of its size.</exception>
    /// <exception cref="SharedMemoryFaultException">The bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Atomic<T>(AtomicOperation operation, ulong offset, T value, T comparand) where T : unmanaged
    {
        byte* address = _address + offset;
        if (_lease.MayWrite)
        {
            return IsAtomic<T>(address) ? SharedAtomic.Perform(operation, address, value, comparand) : ThrowNotAtomic<T>(address);
        }

        LockedMapping mapping = Mapping(_memory, _lease, address);
        ulong at = (ulong)(address - mapping.Base);
        if (!mapping.IsAtomic<T>(at))
        {
            mapping.ThrowNotAtomic<T>(at);
        }

        mapping.ThrowIf(AtomicSlow(_memory, _lease, mapping, operation, at, value, comparand, out T result), at, (ulong)sizeof(T));
        return result;
    }

    /// <summary>Performs an atomic if the place is a multiple of the type's size and its bytes are still there; values are in this host's byte order.</summary>
    /// <exception cref="ArgumentException">The type has no atomics.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public bool TryAtomic<T>(AtomicOperation operation, ulong offset, T value, T comparand, out T result) where T : unmanaged
    {
        if (_lease.MayWrite)
        {
            LockedMapping.ThrowIfNoAtomics<T>();
            byte* address = _address + offset;
            bool isAtomic = IsAtomic<T>(address);
            result = isAtomic ? SharedAtomic.Perform(operation, address, value, comparand) : default;
            return isAtomic;
        }

        LockedMapping mapping = Mapping(_memory, _lease, _address + offset);
        ulong at = (ulong)(_address + offset - mapping.Base);
        LockedMapping.ThrowIfNoAtomics<T>();
        if (!mapping.IsAtomic<T>(at) || IsReadOnlyRegion(_memory, _lease, mapping))
        {
            result = default;
            return mapping.Refuse(at, (ulong)sizeof(T));
        }

        return mapping.Succeeded(AtomicSlow(_memory, _lease, mapping, operation, at, value, comparand, out result), at, (ulong)sizeof(T));
    }

    /// <summary>Copies out of the place.</summary>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        ref byte to = ref MemoryMarshal.GetReference(destination);
        nuint length = (nuint)destination.Length;
        if (_lease.MayRead)
        {
            BulkCopy.CopyOut(ref to, _address + offset, length);
            return;
        }

        LockedMapping mapping = Mapping(_memory, _lease, _address + offset);
        ulong at = (ulong)(_address + offset - mapping.Base);
        mapping.ThrowIf(
            _memory is not null ? mapping.CopyOutSlow(mapping.Publish(), ref to, at, length) : mapping.CopyOutHeld(ref to, at, length),
            at, length);
        GC.KeepAlive(_memory);
    }

    /// <summary>Copies out of the place, if the bytes are still there.</summary>
    public bool TryCopyTo(ulong offset, Span<byte> destination)
    {
        ref byte to = ref MemoryMarshal.GetReference(destination);
        nuint length = (nuint)destination.Length;
        if (_lease.MayRead)
        {
            BulkCopy.CopyOut(ref to, _address + offset, length);
            return true;
        }

        LockedMapping mapping = Mapping(_memory, _lease, _address + offset);
        ulong at = (ulong)(_address + offset - mapping.Base);
        AccessFailure failure = _memory is not null ? mapping.CopyOutSlow(mapping.Publish(), ref to, at, length) : mapping.CopyOutHeld(ref to, at, length);
        GC.KeepAlive(_memory);
        return mapping.Succeeded(failure, at, length);
    }

    /// <summary>Copies into the place.</summary>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        nuint length = (nuint)source.Length;
        if (_lease.MayWrite)
        {
            BulkCopy.CopyIn(_address + offset, ref from, length);
            return;
        }

        LockedMapping mapping = Mapping(_memory, _lease, _address + offset);
        ulong at = (ulong)(_address + offset - mapping.Base);
        AccessFailure failure = _memory is not null ? mapping.CopyInSlow(mapping.Publish(), at, ref from, length) : mapping.CopyInHeld(at, ref from, length);
        MarkWritten(_memory, _lease, _address + offset, length);
        GC.KeepAlive(_memory);
        mapping.ThrowIf(failure, at, length);
    }

    [DoesNotReturn]
    public static void ThrowDefault() =>
        throw new InvalidOperationException("A default view is bound to no memory. Views come from At and ArrayAt.");

    // In two steps, so that what a memory without a lease needs is straight code that keeps little across calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadSlow<T>(HostSharedMemory? memory, Lease lease, byte* address) where T : unmanaged
    {
        if (memory is not null)
        {
            LockedMapping mapping = memory.Live;
            AccessSlot slot = mapping.Publish();
            if (mapping.MayRead)
            {
                GC.KeepAlive(memory);
                return mapping.Leave(slot, SingleFetch.Load<T>(address));
            }

            mapping.Leave(slot);
        }

        return LoadSlower<T>(memory, lease, address);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadSlower<T>(HostSharedMemory? memory, Lease lease, byte* address) where T : unmanaged
    {
        LockedMapping mapping = Mapping(memory, lease, address);
        ulong offset = (ulong)(address - mapping.Base);
        T value;
        mapping.ThrowIf(
            memory is not null ? mapping.LoadSlow(mapping.Publish(), offset, out value) : mapping.LoadHeld(offset, out value),
            offset, (ulong)sizeof(T));
        GC.KeepAlive(memory);
        return Representation<T>.Convert(value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreSlow<T>(HostSharedMemory? memory, Lease lease, byte* address, T value) where T : unmanaged
    {
        if (memory is not null)
        {
            LockedMapping mapping = memory.Live;
            AccessSlot slot = mapping.Publish();
            if (mapping.MayWrite)
            {
                SingleFetch.Store(address, value);
                mapping.Leave(slot);
            }
            else
            {
                ulong offset = (ulong)(address - mapping.Base);
                AccessFailure failure = mapping.StoreSlow(slot, offset, value);
                MarkWritten(memory, lease, address, (ulong)sizeof(T));
                mapping.ThrowIf(failure, offset, (ulong)sizeof(T));
            }

            MarkWritten(memory, lease, address, (ulong)sizeof(T));
            GC.KeepAlive(memory);
        }
        else
        {
            LockedMapping mapping = Mapping(memory, lease, address);
            ulong offset = (ulong)(address - mapping.Base);
            AccessFailure failure = mapping.StoreHeld(offset, Representation<T>.Convert(value));
            MarkWritten(memory, lease, address, (ulong)sizeof(T));
            mapping.ThrowIf(failure, offset, (ulong)sizeof(T));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAtomic<T>(byte* address) where T : unmanaged =>
        SharedAtomic.Has<T>() && ((nuint)address & ((uint)sizeof(T) - 1)) == 0;

    // A place under a lease does not know where it stands in its memory.
    private static T ThrowNotAtomic<T>(byte* address) where T : unmanaged
    {
        LockedMapping.ThrowNotAtomic<T>(address);
        return default;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AccessFailure AtomicSlow<T>(
        HostSharedMemory? memory, Lease lease, LockedMapping mapping, AtomicOperation operation, ulong at, T value, T comparand, out T result)
        where T : unmanaged
    {
        AccessFailure failure = memory is null
            ? mapping.AtomicHeld(operation, at, value, comparand, out result)
            : mapping.AtomicSlow(mapping.Publish(), operation, at, value, comparand, out result);
        MarkWritten(memory, lease, mapping.Base + at, (ulong)sizeof(T));
        GC.KeepAlive(memory);
        return failure;
    }

    /// <summary>Marks bytes that were written in the bitmap of the guest address space that the place is in, if it is in one that has one.</summary>
    private static void MarkWritten(HostSharedMemory? memory, Lease lease, byte* address, ulong length)
    {
        if (memory is not null)
        {
            memory.MarkWritten(address, length);
        }
        else if (lease.SlowRegion is GuestMap map)
        {
            map.MarkWritten(address, length);
        }
    }

    /// <summary>The mapping of a place that can be entered.</summary>
    /// <exception cref="InvalidOperationException">The place is <see langword="default"/>.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    private static LockedMapping Mapping(HostSharedMemory? memory, Lease lease, byte* address)
    {
        if (memory is not null)
        {
            return memory.Live;
        }

        if (lease.IsDefault)
        {
            ThrowDefault();
        }

        lease.ThrowIfDead();
        return lease.SlowRegion is GuestMap map ? map.RegionOf(address).Mapping : (LockedMapping)lease.SlowRegion;
    }
}
