using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// A mapping and the lock that guards it, shared by all its owners: what every kind of shared memory stands on. One object
/// rather than two, so that an access finds the lock, the address and the size on one cache line.
/// </summary>
internal sealed unsafe partial class LockedMapping : RegionLock
{
    // What Contains takes for the size of a value without looking at a memory that may be smaller.
    private const ulong LeastForValues = 4096;

    private readonly HostMapping _mapping;

    // The last offset at which eight bytes fit: what the commonest access is compared with, without a subtraction.
    private readonly ulong _lastUInt64;
    private bool _isLeaked;
    private bool _hasSpan;
    private bool _hasLentSpan;

    // How the bytes are touched where they can go: the mapping's, kept here for the accesses; and the same by its own type where it is the
    // library's one, so that a single value needs no virtual call.
    private readonly IndirectAccess? _indirect;
    private readonly RecoveringAccess? _recovering;

    private LockedMapping(HostMapping mapping)
        : base(isIndirect: mapping.Indirect is not null || mapping.Size < LeastForValues, isReadOnly: !mapping.IsWritable)
    {
        _mapping = mapping;
        Base = (byte*)mapping.Address;
        Size = mapping.Size;
        _indirect = mapping.Indirect;
        _recovering = _indirect as RecoveringAccess;

        // A memory below the least goes the slow way, which looks again; it may pass every value here.
        _lastUInt64 = Size >= LeastForValues ? Size - sizeof(ulong) : ulong.MaxValue - LeastForValues;
    }

    /// <summary>Takes charge of a mapping: it is released by its last owner, and at once when this fails.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for the lock; the mapping was released.</exception>
    public static LockedMapping Over(HostMapping mapping)
    {
        LockedMapping? locked = null;
        try
        {
            AccessSlots.Prepare();
            LeaseCells.Prepare();
            NubMemoryMeter.Prepare();
            if (NubMemoryEventSource.Log.IsEnabled())
            {
                NubMemoryEventSource.Log.MappingCreated(mapping.Address, (long)mapping.Size, mapping.Backing.ToString());
            }

            FaultPoint.Reach();
            locked = new LockedMapping(mapping);
            MemoryCounts.Mapped(mapping.Size);
        }
        finally
        {
            if (locked is null)
            {
                mapping.Release();
            }
        }

        return locked;
    }

    /// <summary>The first usable byte. To be dereferenced between Enter and Leave, or under a lease, only.</summary>
    public byte* Base { get; }

    /// <summary>The usable size in bytes.</summary>
    public ulong Size { get; }

    public HostMapping Mapping => _mapping;

    /// <summary>Counts and traces that the mapping stays: once, however many of its owners are never disposed.</summary>
    public void Leak()
    {
        if (!Interlocked.Exchange(ref _isLeaked, true))
        {
            MemoryCounts.Leak();
            NubMemoryEventSource.Log.MappingLeaked(_mapping.Address, (long)Size);
        }
    }

    /// <summary>Whether <c>[offset, offset + length)</c> lies within the memory; no sum that could overflow is formed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(ulong offset, ulong length) => offset <= Size && length <= Size - offset;

    /// <summary>
    /// The same for a constant length, as a single compare for small ones. Of a memory below <see cref="LeastForValues"/> bytes it may let a value
    /// pass that does not fit: the slow way, which all its accesses go, looks again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains<T>(ulong offset) where T : unmanaged =>
        sizeof(T) <= (int)LeastForValues ? offset <= _lastUInt64 + sizeof(ulong) - (uint)sizeof(T) : Contains(offset, (ulong)sizeof(T));

    /// <summary>Refuses a range that leaves the memory.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CheckBounds(ulong offset, ulong length)
    {
        if (!Contains(offset, length))
        {
            ThrowBounds(offset, length);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ThrowBounds(ulong offset, ulong length)
    {
        _ = Refuse(offset, length);
        throw new SharedMemoryBoundsException(offset, length, Size);
    }

    /// <summary>Counts and traces a refused range.</summary>
    /// <returns><see langword="false"/>, for a <c>Try</c> form to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Refuse(ulong offset, ulong length)
    {
        MemoryCounts.Refuse();
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.AccessRefused(offset, length, Size);
        }

        return false;
    }

    /// <summary>Describes the first <paramref name="length"/> bytes as a region to be mapped into a virtual machine.</summary>
    /// <exception cref="ArgumentException">The region would end beyond 2^64.</exception>
    public MemoryRegion RegionAt(ulong guestAddress, ulong length, MemoryRegionType type, MemoryRegionFlags flags) =>
        guestAddress <= ulong.MaxValue - length
            ? new MemoryRegion(guestAddress, length, (nint)Base, type, flags) { HostBase = _mapping.HostBase }
            : throw new ArgumentException(
                $"A region of {length} bytes at guest address 0x{guestAddress:X} would end beyond 2^64.", nameof(guestAddress));

    protected override void Release()
    {
        _mapping.Release();
        MemoryCounts.Unmapped(Size);
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.MappingReleased(_mapping.Address, (long)Size);
        }
    }
}
