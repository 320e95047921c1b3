using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// One 8-byte slot for each thread that touches shared memory, in which the thread says which region it is inside; 0 is none.
/// <see cref="RegionLock"/> explains what that is good for.
/// </summary>
/// <remarks>
/// Slots lie in native chunks that are never freed, so that whoever looks at all slots needs no lock and can never look at
/// freed memory. A slot stands alone on two cache lines (the x64 prefetcher fetches lines in pairs), so threads do not slow one
/// another. When a thread ends, the finalizer of its <see cref="SlotOwner"/> gives the slot to the next thread: there are never
/// more slots than the most threads that were alive at once, plus those the garbage collector has not seen end yet.
/// </remarks>
internal static unsafe class ThreadSlots
{
    private const int SlotSize = 128;
    private const int SlotsPerChunk = 64;

    private static readonly Lock s_lock = new();
    private static readonly Stack<nint> s_free = new();
    private static byte*[] s_chunks = [];
    private static int s_used;

    [ThreadStatic]
    private static long* t_slot;

    [ThreadStatic]
    private static SlotOwner? t_owner;

    /// <summary>The slot of the calling thread. It stays the thread's own until the thread ends.</summary>
    public static long* Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            long* slot = t_slot;
            return slot != null ? slot : Acquire();
        }
    }

    /// <summary>How many slots have ever been made. For tests: it must not grow with the number of threads that have ended.</summary>
    internal static int Count => Volatile.Read(ref s_used);

    /// <summary>
    /// Whether some thread's slot holds <paramref name="id"/>. Call after <see cref="Interlocked.MemoryBarrierProcessWide"/>:
    /// only then are the stores of every other thread that came before the barrier visible here.
    /// </summary>
    public static bool AnyInside(long id)
    {
        // s_used is written after the chunk it counts is published, so an acquire of s_used sees the chunk. A slot made after
        // this read belongs to a thread that publishes, and then reads the lock's word, after the caller's barrier.
        int used = Volatile.Read(ref s_used);
        byte*[] chunks = Volatile.Read(ref s_chunks);
        for (int i = 0; i < used; i++)
        {
            // Sound: i < s_used, so the slot lies in a chunk that was made, and chunks are never freed.
            if (Volatile.Read(ref *(long*)(chunks[i / SlotsPerChunk] + i % SlotsPerChunk * SlotSize)) == id)
            {
                return true;
            }
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long* Acquire()
    {
        lock (s_lock)
        {
            long* slot = s_free.TryPop(out nint reused) ? (long*)reused : Make();
            t_owner = new SlotOwner(slot);
            return t_slot = slot;
        }
    }

    private static long* Make()
    {
        int index = s_used;
        if (index / SlotsPerChunk == s_chunks.Length)
        {
            // Sound: zeroed, aligned and never freed, so slots are valid for as long as the process lives.
            byte* chunk = (byte*)NativeMemory.AlignedAlloc(SlotsPerChunk * SlotSize, SlotSize);
            NativeMemory.Clear(chunk, SlotsPerChunk * SlotSize);
            byte*[] grown = new byte*[s_chunks.Length + 1];
            s_chunks.CopyTo(grown, 0);
            grown[^1] = chunk;
            Volatile.Write(ref s_chunks, grown);
        }

        long* slot = (long*)(s_chunks[index / SlotsPerChunk] + index % SlotsPerChunk * SlotSize);
        Volatile.Write(ref s_used, index + 1);
        return slot;
    }

    /// <summary>Held by the thread's static alone, so that it is collected, and gives the slot back, after the thread ended.</summary>
    private sealed class SlotOwner(long* slot)
    {
        ~SlotOwner()
        {
            lock (s_lock)
            {
                s_free.Push((nint)slot);
            }
        }
    }
}
