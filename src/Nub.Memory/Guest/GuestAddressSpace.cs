using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// What a guest's physical addresses mean: regions of one or several memories, with holes between them. The same accesses as
/// <see cref="HostSharedMemory"/> has, by guest address.
/// </summary>
/// <remarks>
/// <para>Every member may be called from any thread at any time. Accesses take no lock, and each sees one map from its beginning to its end; <see cref="Map"/> and
/// <see cref="Unmap"/> replace the map. The share of a memory whose region was unmapped is given up when no access is inside.</para>
/// <para>A value, an atomic or a view lies in one region; one that would run from a region into the next is refused, as is what is not mapped. A copy,
/// a fill and a transfer with a file may run through any number of regions that follow one another.</para>
/// <para>A <c>Try</c> form returns <see langword="false"/> for what a guest can cause, without an exception or an allocation: an address that is not mapped, a value
/// across two regions, a write to a region that is read-only, bytes that are gone. It throws for what the host does.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
[DebuggerTypeProxy(typeof(GuestAddressSpaceDebugView))]
public sealed partial class GuestAddressSpace : IDisposable
{
    private readonly Lock _changes = new();
    private GuestMap _map = new([], null);

    /// <summary>The map as it is now.</summary>
    internal GuestMap Current => Volatile.Read(ref _map);

    /// <summary>Puts a part of a memory at a guest address. The space keeps an owner of the memory until the region is unmapped.</summary>
    /// <remarks>
    /// Where pages are marked (<see cref="TrackWrites"/>), a write that has begun before this returns, and one under a lease that was taken before, may be marked at the
    /// guest addresses that its bytes had before, and not at this one. A copy made for this address is therefore to be begun when such writes and leases have ended.
    /// </remarks>
    /// <param name="guestAddress">The guest address of the first byte; any alignment.</param>
    /// <param name="memory">The memory. Its owner stays the caller's to dispose.</param>
    /// <param name="offset">The first byte of the part, from the start of the memory.</param>
    /// <param name="length">The length of the part in bytes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0, or the region would end beyond 2^64.</exception>
    /// <exception cref="ArgumentException">The region overlaps another.</exception>
    /// <exception cref="SharedMemoryBoundsException">The part leaves the memory.</exception>
    /// <exception cref="ObjectDisposedException">The space or the memory was disposed.</exception>
    public void Map(ulong guestAddress, HostSharedMemory memory, ulong offset, ulong length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        if (length - 1 > ulong.MaxValue - guestAddress)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"A region of {length} bytes at guest address 0x{guestAddress:X} would end beyond 2^64.");
        }

        memory.Live.CheckBounds(offset, length);
        HostSharedMemory owner = memory.Clone();
        bool mapped = false;
        try
        {
            var added = new GuestRegion(guestAddress, owner, offset, length);
            lock (_changes)
            {
                GuestMap old = LiveMap();
                foreach (GuestRegion other in old.Regions)
                {
                    if (guestAddress <= other.Last && other.Start <= added.Last)
                    {
                        throw new ArgumentException(
                            $"[0x{guestAddress:X}, 0x{added.Last:X}] overlaps the region [0x{other.Start:X}, 0x{other.Last:X}].", nameof(guestAddress));
                    }
                }

                owner.StandIn(this, added);
                GuestRegion[] regions = [.. old.Regions, added];
                Array.Sort(regions, static (left, right) => left.Start.CompareTo(right.Start));
                Replace(old, new GuestMap(regions, old.Bitmap));
                mapped = true;
            }
        }
        finally
        {
            if (!mapped)
            {
                owner.Dispose();
            }
        }
    }

    /// <summary>Takes a region away. Accesses that have begun end in the old map; the space's share of the memory is given up when none is inside.</summary>
    /// <param name="guestAddress">The guest address of the region's first byte.</param>
    /// <exception cref="ArgumentException">No region begins there.</exception>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void Unmap(ulong guestAddress)
    {
        GuestRegion removed;
        lock (_changes)
        {
            GuestMap old = LiveMap();
            removed = Array.Find(old.Regions, one => one.Start == guestAddress)
                ?? throw new ArgumentException($"No region begins at guest address 0x{guestAddress:X}.", nameof(guestAddress));
            Replace(old, new GuestMap([.. old.Regions.Where(one => one != removed)], old.Bitmap));
        }

        removed.Memory.Dispose();
    }

    /// <summary>Marks the pages that are written through the space in a bitmap, or in none any more.</summary>
    /// <remarks>
    /// Where a memory stands at several guest addresses, a write by one of them marks the pages of all. A second mapping of the same file is another memory.
    /// A write that has begun before this returns may not be marked yet, or still be. A lease keeps the map of its beginning, bitmap included: what is written
    /// under one that was taken before is not marked, so end it first.
    /// </remarks>
    /// <param name="bitmap">The bitmap; <see langword="null"/> for none.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public void TrackWrites(DirtyBitmap? bitmap)
    {
        lock (_changes)
        {
            GuestMap old = LiveMap();
            Replace(old, new GuestMap(old.Regions, bitmap));
        }
    }

    /// <summary>Whether all of a range is mapped: the check that every access makes, alone.</summary>
    /// <param name="guestAddress">The first guest address.</param>
    /// <param name="length">The number of bytes. Of 0, whether the address is mapped or the end of a region.</param>
    /// <returns>Whether it is, by one region or several that follow one another.</returns>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool Contains(ulong guestAddress, ulong length) => LiveMap().Contains(guestAddress, length);

    /// <summary>
    /// Enters all that is mapped for many accesses: each then costs the search and a compare. No thread can take one of the memories exclusively until the
    /// lease is disposed, and the lease sees the map as it is now.
    /// </summary>
    /// <returns>The lease.</returns>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public GuestAddressLease Enter()
    {
        while (true)
        {
            GuestMap map = LiveMap();
            try
            {
                return new GuestAddressLease(map);
            }
            catch (ObjectDisposedException) when (map != Current)
            {
                // Replaced meanwhile.
            }
        }
    }

    /// <summary>Gives up its share of all memories. To dispose again does nothing.</summary>
    public void Dispose()
    {
        GuestRegion[] regions;
        lock (_changes)
        {
            GuestMap old = Current;
            if (old.IsDisposed)
            {
                return;
            }

            regions = old.Regions;
            Replace(old, GuestMap.Ended(old));
        }

        foreach (GuestRegion region in regions)
        {
            region.Memory.Dispose();
        }
    }

    /// <summary>The regions, for a log or a debugger.</summary>
    /// <returns>How many there are, and their bytes.</returns>
    public override string ToString()
    {
        GuestMap map = Current;
        return map.IsDisposed ? "GuestAddressSpace, ended"
            : $"GuestAddressSpace, {map.Regions.Length} regions, {map.MappedBytes} bytes";
    }

    private GuestMap LiveMap()
    {
        GuestMap map = Current;
        ObjectDisposedException.ThrowIf(map.IsDisposed, this);
        return map;
    }

    private void Replace(GuestMap old, GuestMap map)
    {
        Volatile.Write(ref _map, map);
        old.RemoveOwner();
    }
}
