namespace Nub.Memory.Attack;

/// <summary>What the programs have in common: how they find something wrong, and what is a refusal rather than a fault.</summary>
internal static class Judge
{
    /// <summary>Long enough for any machine; a wait that takes this long is a hang.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Unsound: {what}");
        }
    }

    /// <summary>Whether the library may answer so to a caller who did nothing wrong while memory was short.</summary>
    public static bool IsTyped(Exception exception) => exception is OutOfMemoryException or SharedMemoryException;

    /// <summary>Runs what may be refused for want of memory, and judges the refusal.</summary>
    /// <returns>Whether it was done.</returns>
    public static bool MayRunOut(Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, it is judged.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Require(IsTyped(exception), $"when memory is short: {exception}");
            return false;
        }
    }

    /// <summary>Runs something on a thread of its own to its end; what it throws is thrown here.</summary>
    public static void OnThread(Action action, int stack = 256 << 10)
    {
        Exception? thrown = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    action();
                }
#pragma warning disable CA1031 // Thrown again by the waiting thread.
                catch (Exception exception)
#pragma warning restore CA1031
                {
                    thrown = exception;
                }
            },
            stack);
        thread.Start();
        Require(thread.Join(Hang), "a thread hangs");
        if (thrown is not null)
        {
            throw new InvalidOperationException("On a thread of its own", thrown);
        }
    }

    /// <summary>Has the finalizers of everything that is forgotten run.</summary>
    public static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>
    /// Whether a memory of the library begins at the address in this process's map: its guard page is before it. The system may have given
    /// the range of one that is gone to something else already.
    /// </summary>
    public static bool IsMapped(nint address)
    {
        string before = "";
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            if (line.StartsWith($"{address:x}-", StringComparison.Ordinal))
            {
                return before.Contains($"-{address:x} ---p", StringComparison.Ordinal);
            }

            before = line;
        }

        return false;
    }

    /// <summary>One access from each of very many pages of one stack, which fills a table of such pages.</summary>
    public static void AccessFromManyPages(HostSharedMemory memory, int pages = 14_000) =>
        OnThread(() => Descend(memory, pages), stack: (pages + 2_000) * 4_400);

    private static void Descend(HostSharedMemory memory, int pages)
    {
        Span<byte> page = stackalloc byte[4096];
        page[0] = (byte)pages;
        memory.Read<byte>(0);
        if (pages > 0)
        {
            Descend(memory, pages - 1);
        }

        Require(page[0] == (byte)pages, "a stack was overwritten");
    }
}
