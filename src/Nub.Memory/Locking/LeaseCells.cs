using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// The cells that <see cref="Lease"/>s count in: one for each lease that is held at the same time, used again and again.
/// </summary>
/// <remarks>
/// Cells are entries of one native table that is never freed, rather than objects: so a lease needs no null check before its
/// compare, and allocates nothing. The pages of the table come into being when they are touched. Free cells form a stack that
/// is linked by index; its head carries a tag that every change counts on, so that a cell which was taken and given back in
/// between is not mistaken for an unchanged stack.
/// <para>A lease asks one of two copies of the count, for reading or for writing. A copy that differs from the count, from the beginning, sends every use
/// of that kind the slow way, which asks the count itself: so a lease of memory that cannot be touched on the fast path, or not be
/// written, costs the leases of ordinary memory nothing.</para>
/// </remarks>
internal static unsafe class LeaseCells
{
    /// <summary>The most leases that can be held in a process at once.</summary>
    public const int Capacity = 1 << 18;

    private const long OneTag = 1L << 32;
    private const int CellSize = 64;

    // A processor takes a load for one that depends on a recent store, and waits, when their addresses agree in the low twelve bits.
    private const int AliasSpan = 1 << 12;

    // So the first cell stands away from where a span begins, which is where users work most. All of a cell that is used, 40 bytes,
    // stands in one cache line.
    private const int FirstInSpan = 0xD28;

    // No count is negative.
    private const long NoLease = -1;

    // Where a cell's number stands in its count. It makes the counts of two cells differ: a lease that was copied while another
    // was written over it has the cell of one and the count of the other, and is refused.
    private const int NumberShift = 44;

    // No lease is ever of cell 0, and its counts are never that of a default lease: so the compare refuses default leases too.
    // A constant to the optimizing compiler; the maker of a mapping has called Prepare, so that this cannot fail.
    private static readonly byte* s_cells = (byte*)Once.Make(static () => (nint)Table.Cells());

    // By the number of a cell whose lease goes the slow way, the region: only such a lease has to find it.
    private static RegionLock?[]? s_slowRegions;
    private static SpinGate s_gate;

    // The first free cell that was used before (its number; 0: none) in the low half, the tag in the high half.
    private static long s_free;
    private static int s_used;

    /// <summary>Makes the table, if it is not made yet. After a failure everything is as it was.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it.</exception>
    public static void Prepare() => _ = Table.Cells();

    /// <summary>The count of a cell, whatever the lease may do.</summary>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    public static long CountOf(nuint cell) => Volatile.Read(ref At(cell)->Count);

    /// <summary>The count of a cell whose lease may read on the fast path; otherwise no lease's count.</summary>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadingCountOf(nuint cell) => Volatile.Read(ref At(cell)->Reading);

    /// <summary>The count of a cell whose lease may write on the fast path; otherwise no lease's count.</summary>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long WritingCountOf(nuint cell) => Volatile.Read(ref At(cell)->Writing);

    /// <summary>The region of a lease that goes the slow way.</summary>
    /// <param name="cell">Where its cell stands, in bytes from the start of the table.</param>
    public static RegionLock SlowRegionOf(nuint cell) => Volatile.Read(ref s_slowRegions)![cell / CellSize]!;

    /// <summary>Takes a free cell.</summary>
    /// <param name="region">The region that is leased.</param>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    /// <param name="count">Its count, as long as it is taken.</param>
    /// <returns>Whether there was one.</returns>
    public static bool TryTake(RegionLock region, out nuint cell, out long count)
    {
        long head = Volatile.Read(ref s_free);
        while ((uint)head != 0)
        {
            // The link may be stale by the time it is read; then the tag has changed, and the exchange fails.
            cell = (nuint)(uint)head * CellSize;
            uint next = Volatile.Read(ref At(cell)->Next);
            long seen = Interlocked.CompareExchange(ref s_free, Head(head, next), head);
            if (seen == head)
            {
                count = CountOf(cell);
                Open(cell, count, region);
                return true;
            }

            head = seen;
        }

        return TryTakeNew(region, out cell, out count);
    }

    /// <summary>Gives a cell back, if it still has the count and the region it was taken with.</summary>
    /// <returns>Whether it had; otherwise it was given back before, or the three do not belong together.</returns>
    public static bool TryGiveBack(long region, nuint cell, long count)
    {
        // The region changes only when the cell is taken, and then the count has changed too.
        if (Volatile.Read(ref At(cell)->Region) != region)
        {
            return false;
        }

        if (Interlocked.CompareExchange(ref At(cell)->Count, count + 1, count) != count)
        {
            return false;
        }

        // No lease has the cell now, and none can take it before it is among the free ones.
        if (Volatile.Read(ref At(cell)->Writing) == NoLease)
        {
            ClearSlowRegion((int)(cell / CellSize));
        }

        Volatile.Write(ref At(cell)->Reading, NoLease);
        Volatile.Write(ref At(cell)->Writing, NoLease);
        long head = Volatile.Read(ref s_free);
        while (true)
        {
            Volatile.Write(ref At(cell)->Next, (uint)head);
            long seen = Interlocked.CompareExchange(ref s_free, Head(head, (uint)(cell / CellSize)), head);
            if (seen == head)
            {
                return true;
            }

            head = seen;
        }
    }

    private static bool TryTakeNew(RegionLock region, out nuint cell, out long count)
    {
        int used = Volatile.Read(ref s_used);
        while (used < Capacity)
        {
            int seen = Interlocked.CompareExchange(ref s_used, used + 1, used);
            if (seen == used)
            {
                cell = (nuint)(used + 1) * CellSize;
                count = (used + 1L) << NumberShift;
                Volatile.Write(ref At(cell)->Count, count);
                Open(cell, count, region);
                return true;
            }

            used = seen;
        }

        cell = 0;
        count = 0;
        return false;
    }

    private static void Open(nuint cell, long count, RegionLock region)
    {
        Volatile.Write(ref At(cell)->Region, region.Id);
        bool isSlow = region.IsIndirect || region.IsReadOnly;
        if (isSlow)
        {
            try
            {
                SetSlowRegion((int)(cell / CellSize), region);
            }
            catch
            {
                _ = TryGiveBack(region.Id, cell, count);
                throw;
            }
        }

        Volatile.Write(ref At(cell)->Reading, region.IsIndirect ? NoLease : count);
        Volatile.Write(ref At(cell)->Writing, isSlow ? NoLease : count);
    }

    private static void ClearSlowRegion(int number)
    {
        try
        {
        }
        finally
        {
            s_gate.Enter();
            if (number < s_slowRegions?.Length)
            {
                s_slowRegions[number] = null;
            }

            s_gate.Exit();
        }
    }

    private static void SetSlowRegion(int number, RegionLock region)
    {
        while (true)
        {
            // Allocated before anything is changed. Of two threads that grow it, one tries again.
            RegionLock?[]? old = Volatile.Read(ref s_slowRegions);
            RegionLock?[]? regions = old;
            if (old is null || number >= old.Length)
            {
                regions = new RegionLock?[Math.Max(number + 1, 2 * (old?.Length ?? 8))];
            }

            bool set = false;
            try
            {
            }
            finally
            {
                s_gate.Enter();
                if (ReferenceEquals(s_slowRegions, old))
                {
                    if (!ReferenceEquals(regions, old))
                    {
                        old?.CopyTo(regions!, 0);
                        Volatile.Write(ref s_slowRegions, regions);
                    }

                    regions![number] = region;
                    set = true;
                }

                s_gate.Exit();
            }

            if (set)
            {
                return;
            }
        }
    }

    private static long Head(long old, uint cell) => unchecked((old & ~(OneTag - 1)) + OneTag) | cell;

    // Sound: a cell that a lease names was taken, so it lies within the table; a default lease names the first, which no lease has.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Cell* At(nuint cell) => (Cell*)(s_cells + cell);

    // A cache line each: threads that take and give back leases do not slow those that use theirs.
    [StructLayout(LayoutKind.Explicit, Size = CellSize)]
    private struct Cell
    {
        [FieldOffset(0)]
        public long Count;

        [FieldOffset(8)]
        public uint Next;

        [FieldOffset(16)]
        public long Region;

        [FieldOffset(24)]
        public long Reading;

        [FieldOffset(32)]
        public long Writing;
    }

    /// <summary>
    /// Where the cells lie. A type of its own, without an initializer: one that failed for want of memory could never run again.
    /// </summary>
    private static class Table
    {
        private static nint s_start;

        public static byte* Cells()
        {
            nint start = Volatile.Read(ref s_start);
            return (byte*)(start != 0 ? start : Allocate());
        }

        private static nint Allocate()
        {
            // Never freed, but where another thread was faster; a page of it comes into being, zeroed, when it is touched.
            void* table = NativeMemory.AllocZeroed((Capacity + 1) * CellSize + 2 * AliasSpan);
            nint start = (nint)((((nuint)table + AliasSpan - 1) & ~(nuint)(AliasSpan - 1)) + FirstInSpan);
            var first = (Cell*)start;
            first->Count = first->Reading = first->Writing = NoLease;
            nint seen = Interlocked.CompareExchange(ref s_start, start, 0);
            if (seen == 0)
            {
                return start;
            }

            NativeMemory.Free(table);
            return seen;
        }
    }
}
