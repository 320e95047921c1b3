using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// The slots in which threads say which region they are inside; 0 is none. What matters is that no two threads that run at
/// the same time use one slot. <see cref="RegionLock"/> explains what they are good for.
/// </summary>
/// <remarks>
/// <para><b>A slot for a page of stack.</b> A thread uses the slot of the page that its stack pointer is in: no other thread's
/// stack has that page, so no other thread uses the slot. When a thread ends and another gets its stack, it gets the slot with it,
/// and nothing has to be noticed or given back. The address of a local finds the slot in a hash table, which costs a
/// nanosecond; a thread-static costs three to five, because the runtime reaches it by a call and a chain of dependent loads.</para>
/// <para><b>A slot of the thread's own.</b> A page whose place in the table another page has taken uses one that is held by a
/// thread-static. When the thread ends, a finalizer gives it to the next thread that needs one.</para>
/// <para>Slots lie in native memory that is never freed, so that whoever looks at all slots needs no lock and can never look at
/// freed memory. There are at most <see cref="TableSize"/> of the first kind, and of the second no more than threads that were
/// alive at once. A slot has two cache lines to itself (the x64 prefetcher fetches lines in pairs), so threads do not slow
/// one another.</para>
/// </remarks>
internal static unsafe class AccessSlots
{
    /// <summary>The number of places for pages in the table: a power of two.</summary>
    internal const int TableSize = 1024;

    private const int EntrySize = 128;

    // Fibonacci hashing: 2^32 over the golden ratio spreads the pages of equally aligned stacks over the table.
    private const uint HashFactor = 0x9E37_79B9;
    private const int HashShift = 32 - 10;
    private const int PageShift = 12;

    private static readonly Entry* s_table = (Entry*)Allocate(TableSize);
    private static readonly Lock s_lock = new();
    private static readonly Stack<nint> s_free = new();
    private static long*[] s_slots = new long*[16];
    private static int s_count;

    [ThreadStatic]
    private static ThreadSlot? t_slot;

    /// <summary>A slot that no other thread uses while the caller's stack pointer stays in the frame that it is in.</summary>
    public static long* Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        [SkipLocalsInit]
        get
        {
            // Sound: only the address of the local is used. An entry's page is set once, after its slot was made known, and its
            // slot is its first field (the cast spares a null check that taking the field's address would cost).
            byte here;
            ulong page = (ulong)&here >> PageShift;
            Entry* entry = s_table + ((uint)page * HashFactor >> HashShift);
            return entry->Page == page ? (long*)entry : FindSlow(page, entry);
        }
    }

    /// <summary>How many slots there are. For tests: it must not grow with the number of threads that have ended.</summary>
    internal static int Count => Volatile.Read(ref s_count);

    /// <summary>
    /// Whether some slot holds <paramref name="id"/>. Call after <see cref="Interlocked.MemoryBarrierProcessWide"/>:
    /// only then are the stores of every other thread that came before the barrier visible here.
    /// </summary>
    public static bool AnyInside(long id)
    {
        // s_count is written after the array that holds so many, so an acquire of the count sees them. A slot made after this
        // read is published into, and the lock's word read after that, when the word has changed already.
        int count = Volatile.Read(ref s_count);
        long*[] slots = Volatile.Read(ref s_slots);
        for (int i = 0; i < count; i++)
        {
            // Sound: slots are never freed.
            if (Volatile.Read(ref *slots[i]) == id)
            {
                return true;
            }
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long* FindSlow(ulong page, Entry* entry)
    {
        if (Volatile.Read(ref entry->Page) == 0)
        {
            lock (s_lock)
            {
                if (entry->Page == 0)
                {
                    MakeKnown(&entry->Slot);
                    Volatile.Write(ref entry->Page, page);
                    return &entry->Slot;
                }
            }
        }

        return (t_slot ??= new ThreadSlot()).Address;
    }

    private static void MakeKnown(long* slot)
    {
        if (s_count == s_slots.Length)
        {
            long*[] grown = new long*[s_count * 2];
            s_slots.CopyTo(grown, 0);
            Volatile.Write(ref s_slots, grown);
        }

        s_slots[s_count] = slot;
        Volatile.Write(ref s_count, s_count + 1);
    }

    private static void* Allocate(int entries)
    {
        void* memory = NativeMemory.AlignedAlloc((nuint)(entries * EntrySize), EntrySize);
        NativeMemory.Clear(memory, (nuint)(entries * EntrySize));
        return memory;
    }

    [StructLayout(LayoutKind.Explicit, Size = EntrySize)]
    private struct Entry
    {
        [FieldOffset(0)]
        public long Slot;

        /// <summary>The page of stack that the slot belongs to, its address shifted; 0 while the place is free.</summary>
        [FieldOffset(8)]
        public ulong Page;
    }

    /// <summary>Held by the thread's static alone, so that it is collected, and gives its slot back, after the thread ended.</summary>
    private sealed class ThreadSlot
    {
        public ThreadSlot()
        {
            lock (s_lock)
            {
                if (s_free.TryPop(out nint free))
                {
                    Address = (long*)free;
                    return;
                }

                Address = &((Entry*)Allocate(1))->Slot;
                MakeKnown(Address);
            }
        }

        ~ThreadSlot()
        {
            lock (s_lock)
            {
                s_free.Push((nint)Address);
            }
        }

        public long* Address { get; }
    }
}
