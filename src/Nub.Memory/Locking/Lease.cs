using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// A lease of a region, as a value that can be copied and yet ended only once: a cell that counts its uses, and the count at
/// which this lease began. When the lease ends the cell counts on, and every copy of the lease is dead.
/// </summary>
internal readonly record struct Lease
{
    // Where its cell stands in the table, in bytes: a shift less than an index in the compare that every field of a view costs.
    private readonly nuint _cell;
    private readonly long _count;

    private Lease(nuint cell, long count)
    {
        _cell = cell;
        _count = count;
    }

    /// <summary>
    /// Whether this lease is held and may read on the fast path. One load and one compare: a <see langword="default"/> lease names cell 0, whose
    /// counts are never 0.
    /// </summary>
    public bool MayRead
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => LeaseCells.ReadingCountOf(_cell) == _count;
    }

    /// <summary>Whether this lease is held and may write on the fast path.</summary>
    public bool MayWrite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => LeaseCells.WritingCountOf(_cell) == _count;
    }

    /// <summary>Whether this lease is held.</summary>
    public bool IsLive => LeaseCells.CountOf(_cell) == _count;

    /// <summary>The region of a lease that is held and may not read, or not write, on the fast path.</summary>
    public RegionLock SlowRegion => LeaseCells.SlowRegionOf(_cell);

    /// <summary>Whether this is no lease at all.</summary>
    public bool IsDefault => _cell == 0;

    /// <summary>Begins a lease, to be ended by one <see cref="End"/>, from any thread.</summary>
    /// <exception cref="SharedMemoryLockedException">The region is held exclusively, or there are too many leases.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public static Lease Begin(RegionLock region)
    {
        // The cell first: to give it back cannot fail.
        if (!LeaseCells.TryTake(region, out nuint cell, out long count))
        {
            throw new SharedMemoryLockedException($"{LeaseCells.Capacity} leases are held in this process, the most it can count.");
        }

        bool held = false;
        try
        {
            region.EnterLease();
            held = true;
        }
        finally
        {
            if (!held)
            {
                _ = LeaseCells.TryGiveBack(region.Id, cell, count);
            }
        }

        return new Lease(cell, count);
    }

    /// <summary>
    /// Ends the lease, if it was not ended through this copy of it or another. Of a <see langword="default"/> lease, and of a copy that was made while
    /// another lease was written over it and is of both, nothing is ended.
    /// </summary>
    /// <param name="region">The region that it was begun on.</param>
    /// <returns>Whether it ended now.</returns>
    public bool End(RegionLock? region)
    {
        if (_cell == 0 || region is null || !LeaseCells.TryGiveBack(region.Id, _cell, _count))
        {
            return false;
        }

        region.LeaveLease();
        return true;
    }

    /// <summary>Refuses a lease that is not held.</summary>
    /// <exception cref="InvalidOperationException">It is <see langword="default"/>.</exception>
    /// <exception cref="ObjectDisposedException">It was ended.</exception>
    public void ThrowIfDead()
    {
        if (!IsLive)
        {
            ThrowDead();
        }
    }

    /// <summary>Says why a lease that is not live cannot be used.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ThrowDead() => throw (_cell == 0
        ? new InvalidOperationException("A default lease holds nothing. Leases come from Enter and EnterGuest.")
        : new ObjectDisposedException("lease", "The lease was disposed, through this copy of it or another."));
}
