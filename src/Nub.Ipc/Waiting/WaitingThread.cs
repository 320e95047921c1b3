using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// The one thread of the process that sleeps on behalf of all ends that are awaited: a futex cannot be awaited otherwise. It starts with the first wait, and looks at every ring
/// that is waited for at least every 100 ms.
/// </summary>
internal static unsafe class WaitingThread
{
    // FUTEX_WAITV_MAX of linux/futex.h. Ends beyond are looked at every millisecond.
    private const int MostWords = 128;

    private static readonly Lock s_lock = Once.Make(static () => new Lock());
    private static readonly List<AsyncWait> s_added = Once.Make(static () => new List<AsyncWait>());
    private static readonly List<HostSharedMemory> s_released = Once.Make(static () => new List<HostSharedMemory>());

    // Changed to have the thread look at what is new. Never freed, as the thread never ends.
    private static readonly uint* s_control = (uint*)Once.Make(static () => (nint)NativeMemory.AllocZeroed(sizeof(uint)));
    private static bool s_started;

    /// <summary>Hands a wait over to the thread.</summary>
    public static void Add(AsyncWait wait)
    {
        lock (s_lock)
        {
            s_added.Add(wait);
            if (!s_started)
            {
                try
                {
                    new Thread(Run, 256 * 1024) { IsBackground = true, Name = "Nub.Ipc waiting" }.UnsafeStart();
                    s_started = true;
                }
                catch
                {
                    // No memory for a thread: this wait fails, and the next one tries again.
                    s_added.Remove(wait);
                    throw;
                }
            }
        }

        Kick();
    }

    /// <summary>Disposes a memory when the kernel no longer looks at it for us.</summary>
    public static void ReleaseLater(HostSharedMemory memory)
    {
        lock (s_lock)
        {
            if (s_started)
            {
                s_released.Add(memory);
                memory = null!;
            }
        }

        memory?.Dispose();
        Kick();
    }

    /// <summary>Has the thread look whether something is new.</summary>
    public static void Kick()
    {
        // Sound: the word is never freed.
        Interlocked.Increment(ref *s_control);
        if (Futex.IsSupported)
        {
            Futex.Wake((nint)s_control);
        }
    }

    private static void Run()
    {
        var waits = new List<AsyncWait>();
        var released = new List<HostSharedMemory>();
        var words = new Futex.Waiter[MostWords];
        long looked = Environment.TickCount64;
        while (true)
        {
            // Before the lists: what is added after they were looked at has changed it.
            uint control = Volatile.Read(ref *s_control);
            lock (s_lock)
            {
                waits.AddRange(s_added);
                s_added.Clear();
                released.AddRange(s_released);
                s_released.Clear();
            }

            bool always = Environment.TickCount64 - looked >= (long)WaitingEnd.RecheckInterval.TotalMilliseconds;
            looked = always ? Environment.TickCount64 : looked;
            int count = 1;
            bool polls = !Futex.CanWaitForMany;
            words[0] = new Futex.Waiter((nint)s_control, control);
            for (int i = waits.Count - 1; i >= 0; i--)
            {
                AsyncWait wait = waits[i];
                if (wait.TryComplete(always || polls))
                {
                    waits[i] = waits[^1];
                    waits.RemoveAt(waits.Count - 1);
                }
                else if (wait.IsPolled || count == MostWords)
                {
                    polls = true;
                }
                else
                {
                    words[count++] = new Futex.Waiter(wait.Address, wait.Futex);
                }
            }

            foreach (HostSharedMemory memory in released)
            {
                memory.Dispose();
            }

            released.Clear();
            Sleep(words.AsSpan(0, count), polls, idle: waits.Count == 0);
        }
    }

    private static void Sleep(ReadOnlySpan<Futex.Waiter> words, bool polls, bool idle)
    {
        TimeSpan time = polls ? WaitingEnd.PollInterval : idle ? TimeSpan.FromHours(1) : WaitingEnd.RecheckInterval;
        if (Futex.CanWaitForMany)
        {
            Futex.WaitForAny(words, time);
        }
        else
        {
            // Without such a call every end is looked at each millisecond.
            Thread.Sleep(idle ? WaitingEnd.PollInterval * 10 : WaitingEnd.PollInterval);
        }
    }
}
