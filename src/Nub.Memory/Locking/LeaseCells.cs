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
/// </remarks>
internal static unsafe class LeaseCells
{
    /// <summary>The most leases that can be held in a process at once.</summary>
    public const int Capacity = 1 << 18;

    private const long OneTag = 1L << 32;
    private const int CellSize = 64;

    // A processor takes a load for one that depends on a recent store, and waits, when their addresses agree in the low twelve bits.
    private const int AliasSpan = 1 << 12;

    // So the first cell stands away from where a span begins, which is where users work most. All of a cell that is used, 24 bytes,
    // stands in one cache line.
    private const int FirstInSpan = 0xD28;

    // Where a cell's number stands in its count: so the counts of two cells differ, and a lease that was copied while another
    // was written over it, with the cell of one and the count of the other, is nobody's.
    private const int NumberShift = 44;

    // Cell 0 is nobody's, and its count never that of a default lease: so the compare refuses default leases too.
    private static readonly byte* s_cells = Allocate();

    // The first free cell that was used before (its number; 0: none) in the low half, the tag in the high half.
    private static long s_free;
    private static int s_used;

    /// <summary>The count of a cell.</summary>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long CountOf(nuint cell) => Volatile.Read(ref At(cell)->Count);

    /// <summary>Takes a free cell.</summary>
    /// <param name="region">The id of the region that is leased.</param>
    /// <param name="cell">Where the cell stands, in bytes from the start of the table.</param>
    /// <param name="count">Its count, as long as it is taken.</param>
    /// <returns>Whether there was one.</returns>
    public static bool TryTake(long region, out nuint cell, out long count)
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
                Volatile.Write(ref At(cell)->Region, region);
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

    private static bool TryTakeNew(long region, out nuint cell, out long count)
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
                Volatile.Write(ref At(cell)->Region, region);
                return true;
            }

            used = seen;
        }

        cell = 0;
        count = 0;
        return false;
    }

    private static long Head(long old, uint cell) => unchecked((old & ~(OneTag - 1)) + OneTag) | cell;

    // Sound: a cell that a lease names was taken, so it lies within the table; a default lease names the first, nobody's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Cell* At(nuint cell) => (Cell*)(s_cells + cell);

    private static byte* Allocate()
    {
        // Never freed; a page of it comes into being, zeroed, when it is touched.
        byte* table = (byte*)NativeMemory.AllocZeroed((Capacity + 1) * CellSize + 2 * AliasSpan);
        nuint start = ((nuint)table + AliasSpan - 1) & ~(nuint)(AliasSpan - 1);
        var cells = (Cell*)(start + FirstInSpan);
        cells->Count = -1;
        return (byte*)cells;
    }

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
    }
}
