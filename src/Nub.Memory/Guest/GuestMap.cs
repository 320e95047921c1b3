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
    private readonly ulong[] _starts;

    // By the same index as the starts; the first, where no start is less or equal, is none.
    private readonly GuestRegion?[] _regions;
    private readonly int _half;
    private readonly LockedMapping[] _mappings;

    public GuestMap(GuestRegion[] regions, DirtyBitmap? bitmap, bool isDisposed = false)
        : base(isIndirect: Array.Exists(regions, static one => one.IsIndirect), isReadOnly: bitmap is not null || Array.Exists(regions, static one => one.IsReadOnly))
    {
        Regions = regions;
        MappedBytes = regions.Aggregate(0UL, static (sum, one) => sum + one.Length);
        Bitmap = bitmap;
        IsDisposed = isDisposed;

        // A power of two of places, so that the search takes the same steps whatever it finds. Place 0 is before all regions.
        int places = 2;
        while (places < regions.Length + 1)
        {
            places *= 2;
        }

        _half = places / 2;
        _starts = new ulong[places];
        _regions = new GuestRegion?[places];

        // The address 2^64 - 1 is found in a place that is left over, which therefore has the last region.
        Array.Fill(_starts, ulong.MaxValue);
        Array.Fill(_regions, regions.Length == 0 ? null : regions[^1]);
        _regions[0] = null;
        _starts[0] = 0;
        for (int i = 0; i < regions.Length; i++)
        {
            _starts[i + 1] = regions[i].Start;
            _regions[i + 1] = regions[i];
        }

        _mappings = [.. regions.Select(static one => one.Mapping).Distinct()];
        AccessSlots.Prepare();
        LeaseCells.Prepare();
    }

    public GuestRegion[] Regions { get; }

    public DirtyBitmap? Bitmap { get; }

    /// <summary>How many bytes are mapped.</summary>
    public ulong MappedBytes { get; }

    public bool IsDisposed { get; }

    /// <summary>The region that has an address, or <see langword="null"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GuestRegion? Find(ulong address)
    {
        // The last place whose start is not above the address: one compare and no branch for each halving, that the next address would
        // mispredict.
        ulong[] starts = _starts;
        int place = 0;
        for (int step = _half; step > 0; step >>= 1)
        {
            // A comparison gives 0 or 1, so the step is taken by arithmetic.
            place += step & -(int)Unsafe.BitCast<bool, byte>(starts[place + step] <= address);
        }

        GuestRegion? region = _regions[place];
        return region is not null && address - region.Start < region.Length ? region : null;
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
    public unsafe GuestRegion RegionOf(byte* address) =>
        Array.Find(Regions, one => (ulong)(address - one.Address) < one.Length)!;

    /// <summary>Begins a lease of each mapping.</summary>
    /// <exception cref="SharedMemoryLockedException">Somebody holds one exclusively.</exception>
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

    // The regions are given up by the space; a lease that is left keeps their mappings by leases of its own.
    protected override void Release()
    {
    }
}
