using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>What can no longer be done to a file in memory: the seals of memfd_create(2).</summary>
[Flags]
internal enum FileSeals
{
    None = 0,
    Seal = 1,
    Shrink = 2,
    Grow = 4,
}

/// <summary>Reads seals. The system answers by itself, whatever the file is.</summary>
internal static partial class Seals
{
    // F_GET_SEALS of linux/fcntl.h.
    private const int GetSeals = 1034;

    /// <returns>The seals, or <see langword="null"/> of a file that has none because it is not in memory.</returns>
    public static FileSeals? Of(SafeHandle file)
    {
        int seals = Fcntl(file, GetSeals, 0);
        return seals < 0 ? null : (FileSeals)seals;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeHandle file, int command, nint argument);
}
