using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>Where a thread says which region it is inside: <see cref="RegionLock"/> explains what for.</summary>
/// <param name="word">Holds the region's id during an access, and <paramref name="idle"/> otherwise.</param>
/// <param name="idle">What the word holds while its thread is not inside.</param>
internal readonly ref struct AccessSlot(ref long word, long idle)
{
    public readonly ref long Word = ref word;
    public readonly long Idle = idle;
}

/// <summary>
/// Finds a slot that no other thread, and no access of the same thread that is under way, uses.
/// </summary>
/// <remarks>
/// <para><b>A slot for a page of stack.</b> A thread uses the slot of the page that its stack pointer is in: no other thread's
/// stack has that page, so no other thread uses the slot. When a thread ends and another gets its stack, it gets the slot with it,
/// and nothing has to be noticed or given back. The address of a local finds the slot in a hash table, which costs a
/// nanosecond; a thread-static costs three to five, because the runtime reaches it by a call and a chain of dependent loads.</para>
/// <para><b>One word.</b> While it is idle, the word of a slot holds the number of its page, and during an access the id of the
/// region. So one compare finds that the slot is this page's and that no access is under way in it. Code that runs inside of an
/// access (a handler of AppDomain.AssemblyLoad when the JIT first compiles a copy, a debugger that evaluates a property) finds
/// another word there, takes a slot of its own, and leaves the outer one as it is.</para>
/// <para><b>A slot of the thread's own.</b> <see cref="ThreadSlot"/> has one for a thread that finds the place of the page taken: by
/// another page, or by an access around this one.</para>
/// <para><b>Renewal.</b> Pages that are not used any more (of a deep recursion, of threads that have ended) keep their places, and a slot
/// cannot be given to another page: its thread may stand between the compare and the store. So the whole table is replaced when
/// it is full of them. A thread that stands there still refers to the old table and keeps it alive; it is looked at for as long as
/// the collector finds such a reference, and then it is gone. To forget it then is sound because a collection is a barrier: it
/// stops every thread, so that what the last reference was used for is visible before the reference is found gone.</para>
/// </remarks>
internal static unsafe class AccessSlots
{
    /// <summary>The number of places for pages in the table: a power of two.</summary>
    internal const int TableSize = 1024;

    /// <summary>
    /// From one slot's word to the next, in words: 128 bytes, two cache lines, because the x64 prefetcher fetches lines in pairs; so threads do not slow one another.
    /// </summary>
    internal const int Stride = 128 / sizeof(long);

    // Fibonacci hashing: 2^32 over the golden ratio spreads the pages of equally aligned stacks over the table.
    private const uint HashFactor = 0x9E37_79B9;
    private const int HashShift = 32 - 10;
    private const int PageShift = 12;

    // Below, a new table would hardly be emptier, and the place is taken because two pages that are used share it.
    private const int RenewFrom = TableSize / 4;

    // Tables that are looked at beside the newest, at most: each lives until a full collection.
    private const int RetiredAtMost = 8;

    // Made by Prepare, which every mapping calls before it can be accessed; so the fast path need not look. Nothing here has an
    // initializer: a type whose initializer failed once for want of memory could never be used again.
    private static long[] s_words = null!;
    private static SlotTable[]? s_tables;
    private static SpinGate s_gate;

    /// <summary>A slot that no other code uses while the caller's stack pointer stays in the frame that it is in.</summary>
    public static AccessSlot Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        [SkipLocalsInit]
        get
        {
            // Sound: only the address of the local is used, and the hash is less than the number of places. What is compared is
            // read without a barrier: only the thread whose stack has the page ever writes the page's number or over it.
            byte here;
            long page = (long)((ulong)&here >> PageShift);
            ref long word = ref WordOf(s_words, page);
            return word == page ? new AccessSlot(ref word, page) : FindSlow(page);
        }
    }

    /// <summary>How many slots are looked at. For tests: it must not grow with the number of threads that have ended.</summary>
    internal static int Count
    {
        get
        {
            int count = ThreadSlot.Count;
            foreach (SlotTable table in Volatile.Read(ref s_tables) ?? [])
            {
                count += table.Words.TryGetTarget(out _) ? table.Count : 0;
            }

            return count;
        }
    }

    /// <summary>Makes the table, if it is not made yet. After a failure everything is as it was.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it.</exception>
    public static void Prepare()
    {
        if (Volatile.Read(ref s_words) is null)
        {
            Replace(null, null, []);
        }
    }

    /// <summary>
    /// Whether some slot holds <paramref name="id"/>. Call after <see cref="Interlocked.MemoryBarrierProcessWide"/>:
    /// only then are the stores of every other thread that came before the barrier visible here.
    /// </summary>
    public static bool AnyInside(long id)
    {
        // Whatever holds a slot was made known before the slot was first used: what is made known after it is looked for here is published
        // into later still, and the lock's word is read after that, when the word has changed already.
        if (ThreadSlot.AnyInside(id))
        {
            return true;
        }

        foreach (SlotTable table in Volatile.Read(ref s_tables)!)
        {
            if (table.Words.TryGetTarget(out long[]? words) && table.AnyInside(words, id))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Replaces a table that is full of pages which may not be used any more. Called by a thread that has had to do without a place for many accesses.
    /// </summary>
    internal static void Renew()
    {
        long[] words = Volatile.Read(ref s_words);
        SlotTable[] tables = Volatile.Read(ref s_tables)!;
        if (tables[^1].Count < RenewFrom)
        {
            return;
        }

        try
        {
            FaultPoint.Reach();
            SlotTable[] alive = Array.FindAll(tables, static table => table.Words.TryGetTarget(out _));
            if (alive.Length <= RetiredAtMost)
            {
                Replace(words, tables, alive);
            }
        }
        catch (OutOfMemoryException)
        {
            // The old table does as well, only slower.
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref long WordOf(long[] words, long page) => ref Unsafe.Add(
        ref MemoryMarshal.GetArrayDataReference(words), (nint)((uint)page * HashFactor >> HashShift) * Stride);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AccessSlot FindSlow(long page)
    {
        ref long word = ref WordOf(Volatile.Read(ref s_words), page);
        if (Volatile.Read(ref word) == 0)
        {
            try
            {
            }
            finally
            {
                s_gate.Enter();

                // The newest table, which cannot be replaced now: so what is made known in it is where the word is.
                word = ref WordOf(s_words, page);
                if (word == 0 && s_tables![^1].TryMakeKnown((int)((uint)page * HashFactor >> HashShift)))
                {
                    Volatile.Write(ref word, page);
                }

                s_gate.Exit();
            }
        }

        return Volatile.Read(ref word) == page ? new AccessSlot(ref word, page) : ThreadSlot.Find();
    }

    private static void Replace(long[]? expectedWords, SlotTable[]? expectedTables, SlotTable[] older)
    {
        // All that can fail comes first. One place more than there are, so that the last word shares no line with another object.
        FaultPoint.Reach();
        long[] words = new long[(TableSize + 1) * Stride];
        FaultPoint.Reach();
        SlotTable[] tables = [.. older, new SlotTable(words)];
        ThreadSlot.Prepare();
        try
        {
        }
        finally
        {
            s_gate.Enter();
            if (ReferenceEquals(s_words, expectedWords) && ReferenceEquals(s_tables, expectedTables))
            {
                // Known before it is used.
                Volatile.Write(ref s_tables, tables);
                Volatile.Write(ref s_words, words);
            }

            s_gate.Exit();
        }
    }

    /// <summary>Which words of a table are in use. It does not keep the words alive: who refers to them does.</summary>
    private sealed class SlotTable(long[] words)
    {
        // Twice the places: an abort between the two stores of a claim makes the place known again by the next.
        private readonly int[] _known = new int[2 * TableSize];
        private int _count;

        public WeakReference<long[]> Words { get; } = new(words);

        public int Count => Volatile.Read(ref _count);

        public bool TryMakeKnown(int place)
        {
            if (_count == _known.Length)
            {
                return false;
            }

            _known[_count] = place;
            Volatile.Write(ref _count, _count + 1);
            return true;
        }

        public bool AnyInside(long[] words, long id)
        {
            int count = Count;
            for (int i = 0; i < count; i++)
            {
                if (Volatile.Read(ref words[_known[i] * Stride]) == id)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
