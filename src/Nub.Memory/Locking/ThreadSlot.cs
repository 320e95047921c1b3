using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// The slots of a thread that finds no place in the table of <see cref="AccessSlots"/>: one, and one more for each access that
/// runs inside of another. Held by a thread-static alone, so that they are collected, and give their words back, after
/// the thread ended.
/// </summary>
internal sealed class ThreadSlot
{
    // So many accesses without a place cost a few milliseconds more than they would with one: enough to pay for a new table.
    private const int RenewAfter = 1 << 20;

    // All words that were ever made, for threads that look for accesses; and of them those that no thread has. Words are used again, never dropped.
    private static long[][]? s_words;
    private static long[][]? s_free;
    private static int s_count;
    private static int s_freeCount;
    private static SpinGate s_gate;

    [ThreadStatic]
    private static ThreadSlot? t_first;

    private long[]? _word;
    private ThreadSlot? _inner;
    private int _uses;

    /// <summary>Gives the word back. There is none where its making failed; and one that an aborted access left in use stays so.</summary>
    ~ThreadSlot()
    {
        if (_word is { } word && Volatile.Read(ref word[AccessSlots.Stride]) == 0)
        {
            GiveBack(word);
        }
    }

    /// <summary>How many words were made: at most as many as accesses were under way at once in threads that had no other place.</summary>
    public static int Count => Volatile.Read(ref s_count);

    /// <summary>Makes room for the first words, so that the first access need not.</summary>
    public static void Prepare()
    {
        if (Volatile.Read(ref s_words) is null)
        {
            Grow(null, new long[16][], new long[16][]);
        }
    }

    /// <summary>A slot of this thread that no access is under way in.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for one; nothing was changed.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static AccessSlot Find()
    {
        ThreadSlot slot = t_first ??= Create();
        if (++slot._uses == RenewAfter)
        {
            slot._uses = 0;
            AccessSlots.Renew();
        }

        while (slot._word is { } taken && taken[AccessSlots.Stride] != 0)
        {
            slot = slot._inner ??= Create();
        }

        // The slot exists before its word is taken, so that a failure in between loses no word.
        slot._word ??= Take();
        return new AccessSlot(ref slot._word[AccessSlots.Stride], 0);
    }

    /// <summary>Whether some word holds <paramref name="id"/>; as <see cref="AccessSlots.AnyInside"/>.</summary>
    public static bool AnyInside(long id)
    {
        // The count is written after the array that holds so many, so an acquire of the count sees them.
        int count = Volatile.Read(ref s_count);
        long[][] words = Volatile.Read(ref s_words)!;
        for (int i = 0; i < count; i++)
        {
            if (Volatile.Read(ref words[i][AccessSlots.Stride]) == id)
            {
                return true;
            }
        }

        return false;
    }

    private static ThreadSlot Create()
    {
        FaultPoint.Reach();
        return new ThreadSlot();
    }

    private static long[] Take()
    {
        long[]? word = null;
        try
        {
        }
        finally
        {
            s_gate.Enter();
            if (s_freeCount > 0)
            {
                word = s_free![--s_freeCount];
            }

            s_gate.Exit();
        }

        return word ?? Make();
    }

    private static long[] Make()
    {
        // In the middle of what it has to itself.
        FaultPoint.Reach();
        long[] word = new long[2 * AccessSlots.Stride];
        while (true)
        {
            bool known = false;
            long[][] words = Volatile.Read(ref s_words)!;
            try
            {
            }
            finally
            {
                s_gate.Enter();
                if (s_count < s_words!.Length)
                {
                    s_words[s_count] = word;
                    Volatile.Write(ref s_count, s_count + 1);
                    known = true;
                }

                s_gate.Exit();
            }

            if (known)
            {
                return word;
            }

            // Room for all of them to be free, so that a finalizer never needs memory.
            Grow(words, new long[words.Length * 2][], new long[words.Length * 2][]);
        }
    }

    private static void Grow(long[][]? expected, long[][] words, long[][] free)
    {
        FaultPoint.Reach();
        try
        {
        }
        finally
        {
            s_gate.Enter();
            if (ReferenceEquals(s_words, expected))
            {
                if (expected is not null)
                {
                    Array.Copy(expected, words, s_count);
                    Array.Copy(s_free!, free, s_freeCount);
                }

                s_free = free;
                Volatile.Write(ref s_words, words);
            }

            s_gate.Exit();
        }
    }

    private static void GiveBack(long[] word)
    {
        try
        {
        }
        finally
        {
            s_gate.Enter();
            s_free![s_freeCount++] = word;
            s_gate.Exit();
        }
    }
}
