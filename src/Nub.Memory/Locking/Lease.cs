using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// A lease of a region, as a value that can be copied and yet ended only once: a cell that counts its uses, and the count at
/// which this lease began. When the lease ends the cell counts on, and every copy of the lease is dead.
/// </summary>
/// <remarks>Cells are reused by the thread that ended them, so that leases do not allocate once a thread has warmed up.</remarks>
internal readonly record struct Lease
{
    private readonly Cell? _cell;
    private readonly long _generation;

    private Lease(Cell cell)
    {
        _cell = cell;
        _generation = cell.Generation;
    }

    /// <summary>Whether this lease is held.</summary>
    public bool IsLive
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _cell is { } cell && Volatile.Read(ref cell.Generation) == _generation;
    }

    /// <summary>Whether this is no lease at all.</summary>
    public bool IsDefault => _cell is null;

    /// <summary>Begins a lease.</summary>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the region exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public static Lease Begin(RegionLock region)
    {
        region.EnterLease();
        Cell cell = Cell.Take();
        cell.Region = region;
        return new Lease(cell);
    }

    /// <summary>Ends the lease.</summary>
    /// <exception cref="ObjectDisposedException">It was ended already, through this copy or another.</exception>
    /// <exception cref="InvalidOperationException">It is <see langword="default"/>.</exception>
    public void End()
    {
        if (_cell is null || Interlocked.CompareExchange(ref _cell.Generation, _generation + 1, _generation) != _generation)
        {
            ThrowDead();
        }

        RegionLock region = _cell.Region!;
        _cell.Region = null;
        _cell.GiveBack();
        region.LeaveLease();
    }

    /// <summary>Says why a lease that is not live cannot be used.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ThrowDead() => throw (_cell is null
        ? new InvalidOperationException("A default lease holds nothing. Leases come from Enter and EnterGuest.")
        : new ObjectDisposedException("lease", "The lease was disposed, through this copy of it or another."));

    private sealed class Cell
    {
        private const int MostKept = 16;

        [ThreadStatic]
        private static Cell? t_kept;

        public long Generation = 1;
        public RegionLock? Region;
        private Cell? _next;
        private int _depth;

        public static Cell Take()
        {
            if (t_kept is not { } cell)
            {
                return new Cell();
            }

            t_kept = cell._next;
            cell._next = null;
            return cell;
        }

        public void GiveBack()
        {
            int depth = t_kept is { } kept ? kept._depth + 1 : 1;
            if (depth <= MostKept)
            {
                _depth = depth;
                _next = t_kept;
                t_kept = this;
            }
        }
    }
}
