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
/// The slow ways are static and take the fields by value: a call that took the place by reference would force it out of
/// registers in the loops that matter.
/// </remarks>
internal readonly unsafe ref struct Place
{
    // Exactly one of the two is there; neither in a default place.
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
    public static Place In(in HostLease access, ulong offset, ulong length)
    {
        LockedMapping mapping = access.Live;
        mapping.CheckBounds(offset, length);
        return new Place(null, access.Lease, mapping.Base + offset);
    }

    /// <summary>The place <paramref name="offset"/> bytes on. The caller keeps it within the range that was checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Place Add(ulong offset) => new(_memory, _lease, _address + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load<T>(ulong offset) where T : unmanaged =>
        _lease.IsLive ? SingleFetch.Load<T>(_address + offset) : LoadLocked<T>(_memory, _lease, _address + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(ulong offset, T value) where T : unmanaged
    {
        if (_lease.IsLive)
        {
            SingleFetch.Store(_address + offset, value);
        }
        else
        {
            StoreLocked(_memory, _lease, _address + offset, value);
        }
    }

    /// <summary>Copies out of the place.</summary>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        ref byte to = ref MemoryMarshal.GetReference(destination);
        if (_lease.IsLive)
        {
            BulkCopy.CopyOut(ref to, _address + offset, (nuint)destination.Length);
            return;
        }

        LockedMapping mapping = Alive(_memory, _lease);
        long* slot = mapping.Enter();
        GC.KeepAlive(_memory);
        BulkCopy.CopyOut(ref to, _address + offset, (nuint)destination.Length);
        mapping.Leave(slot);
    }

    /// <summary>Copies into the place.</summary>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        if (_lease.IsLive)
        {
            BulkCopy.CopyIn(_address + offset, ref from, (nuint)source.Length);
            return;
        }

        LockedMapping mapping = Alive(_memory, _lease);
        long* slot = mapping.Enter();
        GC.KeepAlive(_memory);
        BulkCopy.CopyIn(_address + offset, ref from, (nuint)source.Length);
        mapping.Leave(slot);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadLocked<T>(HostSharedMemory? memory, Lease lease, byte* address) where T : unmanaged
    {
        LockedMapping mapping = Alive(memory, lease);
        long* slot = mapping.Enter();
        GC.KeepAlive(memory);
        return mapping.Leave(slot, SingleFetch.Load<T>(address));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreLocked<T>(HostSharedMemory? memory, Lease lease, byte* address, T value) where T : unmanaged
    {
        LockedMapping mapping = Alive(memory, lease);
        long* slot = mapping.Enter();
        GC.KeepAlive(memory);
        SingleFetch.Store(address, value);
        mapping.Leave(slot);
    }

    /// <summary>Whether the place was never bound.</summary>
    public bool IsDefault => _memory is null && _lease.IsDefault;

    [DoesNotReturn]
    public static void ThrowDefault() =>
        throw new InvalidOperationException("A default view is bound to no memory. Views come from At and ArrayAt.");

    /// <summary>The mapping to lock, of a place whose lease is not live.</summary>
    private static LockedMapping Alive(HostSharedMemory? memory, Lease lease)
    {
        if (memory is null)
        {
            if (lease.IsDefault)
            {
                ThrowDefault();
            }

            lease.ThrowDead();
        }

        return memory.Live;
    }
}
