using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// A lease of all that a <see cref="GuestAddressSpace"/> maps, to hold over many accesses, from <see cref="GuestAddressSpace.Enter"/>: the search for the region and
/// a compare are left to pay for each. It sees the map as it was when it began; a region that is unmapped meanwhile stays until it ends.
/// </summary>
/// <remarks>
/// A copy is the same lease: to dispose it again, through any copy, does nothing, and to use it afterwards throws
/// <see cref="ObjectDisposedException"/>; the <see langword="default"/> one throws <see cref="InvalidOperationException"/> when it is used.
/// </remarks>
public readonly unsafe ref partial struct GuestAddressLease : IDisposable
{
    private readonly Lease _lease;
    private readonly GuestMap _map;

    internal GuestAddressLease(GuestMap map)
    {
        map.EnterAll();
        bool begun = false;
        try
        {
            _lease = Lease.Begin(map);
            begun = true;
        }
        finally
        {
            if (!begun)
            {
                map.LeaveAll();
            }
        }

        _map = map;
    }

    internal Lease Lease => _lease;

    /// <summary>The map, under a lease that is live.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    /// <exception cref="InvalidOperationException">The lease is <see langword="default"/>.</exception>
    internal GuestMap Live
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (!_lease.MayRead)
            {
                _lease.ThrowIfDead();
            }

            return _map;
        }
    }

    /// <summary>Ends the lease. To end it again, through this copy of it or another, does nothing.</summary>
    public void Dispose()
    {
        if (_lease.End(_map))
        {
            _map.LeaveAll();
        }
    }

    /// <inheritdoc cref="GuestAddressSpace.Contains(ulong, ulong)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool Contains(ulong guestAddress, ulong length) => Live.Contains(guestAddress, length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T ReadSlow<T>(ulong guestAddress) where T : unmanaged
    {
        GuestMap map = Live;
        GuestAccess.ThrowIf(GuestAccess.Load(map, isHeld: true, guestAddress, out T value), map, guestAddress, (ulong)sizeof(T));
        return value;
    }
}
