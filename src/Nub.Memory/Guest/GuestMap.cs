using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// What a guest's addresses mean at one moment: regions in order, which never change. A change of the space replaces the whole map, so readers take no lock and
/// see one map throughout a call.
/// </summary>
/// <remarks>
/// It is the region of its own leases (<see cref="RegionLock"/>): a <see cref="GuestAddressLease"/> is a lease of the map, which stays until the last of them has
/// ended, and one of each mapping in it. Where a region is to be accessed in the slow way, so are all under a lease.
/// </remarks>
internal sealed class GuestMap : RegionLock
{
    // How many chunks the span is divided into at most.
    private const int Chunks = 512;

    private readonly ulong[] _starts;
    private readonly GuestRegion?[] _chunks = [];
    private readonly ulong _first;
    private readonly int _chunkShift;
    private readonly LockedMapping[] _mappings;

    // Known where pages are marked only: otherwise nothing asks.
    private readonly bool _isAliased;

    // Where bytes that were written may stand: the regions, and in the map of a space that has ended those that were left.
    private readonly GuestRegion[] _marked;

    public GuestMap(GuestRegion[] regions, DirtyBitmap? bitmap)
        : base(isIndirect: Array.Exists(regions, static one => one.IsIndirect), isReadOnly: bitmap is not null || Array.Exists(regions, static one => one.IsReadOnly))
    {
        Regions = _marked = regions;
        MappedBytes = regions.Aggregate(0UL, static (sum, one) => sum + one.Length);
        Bitmap = bitmap;
        _isAliased = bitmap is not null && IsAliased(regions);

        _starts = [.. regions.Select(static one => one.Start)];
        if (regions.Length > 0)
        {
            _first = regions[0].Start;
            ulong span = regions[^1].Last - _first;
            _chunkShift = Math.Max(0, BitOperations.Log2(span | 1) + 1 - BitOperations.Log2(Chunks));
            _chunks = new GuestRegion?[(span >> _chunkShift) + 1];
            FillChunks();
        }

        _mappings = [.. regions.Select(static one => one.Mapping).Distinct()];
        AccessSlots.Prepare();
        LeaseCells.Prepare();
    }

    private GuestMap(GuestMap last) : this([], last.Bitmap)
    {
        _marked = last.Regions;
        IsDisposed = true;
    }

    public GuestRegion[] Regions { get; }

    public DirtyBitmap? Bitmap { get; }

    /// <summary>How many bytes are mapped.</summary>
    public ulong MappedBytes { get; }

    public bool IsDisposed { get; }

    /// <summary>The map of a space that has ended: no address is mapped. A view that has just written marks by it all the same.</summary>
    public static GuestMap Ended(GuestMap last) => new(last);

    /// <summary>The region that has an address, or <see langword="null"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GuestRegion? Find(ulong address)
    {
        // The span of all regions in equal chunks, each with the region that has most of it: one load finds what is asked for, unless it
        // is in a hole or shares its chunk with a larger region.
        GuestRegion?[] chunks = _chunks;
        ulong chunk = (address - _first) >> _chunkShift;
        if (chunk < (ulong)chunks.Length && chunks[chunk] is { } region && address - region.Start < region.Length)
        {
            return region;
        }

        return Search(address);
    }

    /// <summary>The region in which a value of <paramref name="size"/> bytes lies wholly, or <see langword="null"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GuestRegion? Find(ulong address, ulong size)
    {
        GuestRegion? region = Find(address);
        return region is not null && size <= region.Length - (address - region.Start) ? region : null;
    }

    /// <summary>Whether all of a range is mapped, in one region or several that follow one another. Of length 0: whether the address is mapped, or the end of a region.</summary>
    public bool Contains(ulong address, ulong length)
    {
        if (length == 0)
        {
            return Find(address) is not null || (address != 0 && Find(address - 1) is not null);
        }

        if (length - 1 > ulong.MaxValue - address)
        {
            return false;
        }

        while (true)
        {
            if (Find(address) is not { } region)
            {
                return false;
            }

            ulong there = region.Length - (address - region.Start);
            if (length <= there)
            {
                return true;
            }

            address += there;
            length -= there;
        }
    }

    /// <summary>The region at whose bytes a place of this process is; a place that was bound in this map has one.</summary>
    public unsafe GuestRegion RegionOf(byte* address)
    {
        foreach (GuestRegion region in Regions)
        {
            if ((ulong)(address - region.Address) < region.Length)
            {
                return region;
            }
        }

        return Regions[0];
    }

    /// <summary>Marks bytes that were written by a guest address, at every guest address that they have.</summary>
    /// <param name="region">The region that all of them lie in.</param>
    /// <param name="address">The guest address of the first.</param>
    /// <param name="length">The number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void MarkWritten(GuestRegion region, ulong address, ulong length)
    {
        if (Bitmap is { } bitmap)
        {
            if (_isAliased)
            {
                MarkEverywhere(bitmap, region.Address + (address - region.Start), length);
            }
            else
            {
                bitmap.Mark(address, length);
            }
        }
    }

    /// <summary>Marks bytes that were written through a region of the space, which this map, being newer than the write, may have no more.</summary>
    /// <param name="region">The region that all of them lie in.</param>
    /// <param name="address">Where the first is in this process.</param>
    /// <param name="length">The number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void MarkWritten(GuestRegion region, byte* address, ulong length)
    {
        if (Bitmap is { } bitmap)
        {
            MarkThrough(bitmap, region, address, length);
        }
    }

    private unsafe void MarkThrough(DirtyBitmap bitmap, GuestRegion region, byte* address, ulong length)
    {
        ulong guestAddress = region.Start + (ulong)(address - region.Address);
        if (Find(region.Start) == region)
        {
            MarkWritten(region, guestAddress, length);
        }
        else
        {
            // They may have other addresses, although no two regions that are left share a byte; and a slot of a machine may have them at this one still.
            bitmap.Mark(guestAddress, length);
            MarkEverywhere(bitmap, address, length);
        }
    }

    /// <summary>Marks bytes that were written at a place of this process, at every guest address that they have.</summary>
    public unsafe void MarkWritten(byte* address, ulong length)
    {
        if (Bitmap is { } bitmap)
        {
            MarkEverywhere(bitmap, address, length);
        }
    }

    // A memory may stand at several guest addresses, and of the bytes a part at one and all at another.
    private unsafe void MarkEverywhere(DirtyBitmap bitmap, byte* address, ulong length)
    {
        foreach (GuestRegion region in _marked)
        {
            byte* first = address > region.Address ? address : region.Address;
            byte* end = address + length < region.End ? address + length : region.End;
            if (first < end)
            {
                bitmap.Mark(region.Start + (ulong)(first - region.Address), (ulong)(end - first));
            }
        }
    }

    /// <summary>Whether bytes of this process stand at several guest addresses.</summary>
    private static unsafe bool IsAliased(GuestRegion[] regions)
    {
        GuestRegion[] inPlace = [.. regions];
        Array.Sort(inPlace, static (left, right) => ((ulong)left.Address).CompareTo((ulong)right.Address));

        // They are sorted by where they begin: if two share a byte, the first of them shares one with its neighbour.
        for (int i = 1; i < inPlace.Length; i++)
        {
            if (inPlace[i].Address < inPlace[i - 1].End)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Begins a lease of each mapping.</summary>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The map was replaced meanwhile, and a memory released.</exception>
    public void EnterAll()
    {
        int entered = 0;
        try
        {
            for (; entered < _mappings.Length; entered++)
            {
                _mappings[entered].EnterLease();
            }
        }
        finally
        {
            if (entered < _mappings.Length)
            {
                while (entered > 0)
                {
                    _mappings[--entered].LeaveLease();
                }
            }
        }
    }

    /// <summary>Ends the leases.</summary>
    public void LeaveAll()
    {
        foreach (LockedMapping mapping in _mappings)
        {
            mapping.LeaveLease();
        }
    }

    private void FillChunks()
    {
        foreach (GuestRegion region in Regions)
        {
            ulong last = (region.Last - _first) >> _chunkShift;
            for (ulong chunk = (region.Start - _first) >> _chunkShift; chunk <= last; chunk++)
            {
                if (_chunks[chunk] is not { } other || PartOf(region, chunk) > PartOf(other, chunk))
                {
                    _chunks[chunk] = region;
                }
            }
        }

        // How much of a chunk a region has, less one.
        ulong PartOf(GuestRegion region, ulong chunk)
        {
            ulong first = _first + (chunk << _chunkShift);
            ulong last = first + ((1UL << _chunkShift) - 1);
            return Math.Min(last < first ? ulong.MaxValue : last, region.Last) - Math.Max(first, region.Start);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private GuestRegion? Search(ulong address)
    {
        int index = Array.BinarySearch(_starts, address);
        index = index >= 0 ? index : ~index - 1;
        return index >= 0 && address - Regions[index].Start < Regions[index].Length ? Regions[index] : null;
    }

    // The regions are given up by the space; a lease that is left keeps their mappings by leases of its own.
    protected override void Release()
    {
    }
}
