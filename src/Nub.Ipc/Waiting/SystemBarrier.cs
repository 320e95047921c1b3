using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>
/// A full memory barrier on every running thread of every process that takes part: membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED, since Linux 4.16.
/// It lets the end that is about to sleep pay for the order of a store and a load, once, so that the other end need not at every record.
/// </summary>
internal static partial class SystemBarrier
{
    private const int GlobalExpedited = 1 << 1;
    private const int RegisterGlobalExpedited = 1 << 2;

    /// <summary>
    /// Whether this process takes part. Without it (another system, a filter on system calls) an end asks its peer for a fence at every record.
    /// </summary>
    public static bool IsAvailable { get; } = Futex.IsSupported && Membarrier(RegisterGlobalExpedited) == 0;

    /// <summary>Issues the barrier; on the calling thread too.</summary>
    /// <returns>Whether it reached the other processes.</returns>
    public static bool Issue()
    {
        Interlocked.MemoryBarrier();
        return IsAvailable && Membarrier(GlobalExpedited) == 0;
    }

    private static nint Membarrier(int command) =>
        Syscall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 324 : 283, command, 0, 0);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint command, nint flags, nint processor);
}
