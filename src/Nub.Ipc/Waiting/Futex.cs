using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>
/// Sleeping until a word of shared memory changes, and waking the threads that sleep: futex(2), without FUTEX_PRIVATE_FLAG, because they may be
/// of another process. The kernel reads the word by its address; nothing here does.
/// </summary>
internal static unsafe partial class Futex
{
    private const int FutexWait = 0;
    private const int FutexWake = 1;
    private const uint Futex2SizeU32 = 0x02;
    private const int ClockMonotonic = 1;
    private const int ETimedOut = 110;
    private const int EInval = 22;

    // The numbers of <asm/unistd.h>; futex_waitv has the same one everywhere.
    private static readonly nint s_futex = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;
    private const nint FutexWaitV = 449;

    /// <summary>Whether there are futexes: on Linux. Elsewhere a bare ring polls.</summary>
    public static bool IsSupported { get; } =
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Whether one thread can sleep on several words at once (Linux 5.16). Where a filter forbids it, the answer to no words is another error than EINVAL.</summary>
    public static bool CanWaitForMany { get; } = IsSupported && Syscall(FutexWaitV, 0, 0, 0, 0, 0, 0) == -1 && Marshal.GetLastPInvokeError() == EInval;

    /// <summary>Sleeps while a word has a value, at most for a time.</summary>
    /// <param name="address">The word, which stays mapped during the call.</param>
    /// <param name="value">The value.</param>
    /// <param name="timeout">The longest time.</param>
    /// <returns>Whether something happened before the time was over: a wake, another value, a signal.</returns>
    public static bool Wait(nint address, uint value, TimeSpan timeout)
    {
        var time = new TimeSpec(timeout.Ticks / TimeSpan.TicksPerSecond, timeout.Ticks % TimeSpan.TicksPerSecond * 100);

        // Sound: the kernel reads time during the call only, and judges the address itself (EFAULT).
        return Syscall(s_futex, address, FutexWait, (nint)value, (nint)(&time), 0, 0) == 0 || Marshal.GetLastPInvokeError() != ETimedOut;
    }

    /// <summary>Wakes all threads that sleep on a word.</summary>
    public static void Wake(nint address) => _ = Syscall(s_futex, address, FutexWake, int.MaxValue, 0, 0, 0);

    /// <summary>Sleeps until one of several words has another value than it is said to have, at most for a time.</summary>
    public static void WaitForAny(ReadOnlySpan<Waiter> waiters, TimeSpan timeout)
    {
        // Absolute, of the clock that Stopwatch reads, in nanoseconds.
        Debug.Assert(Stopwatch.Frequency == 1_000_000_000, "Stopwatch counts nanoseconds on Linux.");
        long until = Stopwatch.GetTimestamp() + (timeout.Ticks * 100);
        var time = new TimeSpec(until / 1_000_000_000, until % 1_000_000_000);
        fixed (Waiter* first = waiters)
        {
            // Sound: as in Wait; the array is pinned during the call.
            _ = Syscall(FutexWaitV, (nint)first, waiters.Length, 0, (nint)(&time), ClockMonotonic, 0);
        }
    }

    // The C library's own entry: with the error in errno.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    /// <summary>struct futex_waitv of linux/futex.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    internal readonly struct Waiter(nint address, uint value)
    {
        public readonly ulong Value = value;
        public readonly ulong Address = (ulong)address;
        public readonly uint Flags = Futex2SizeU32;
        public readonly uint Reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec(long seconds, long nanoseconds)
    {
        public readonly long Seconds = seconds;
        public readonly long Nanoseconds = nanoseconds;
    }
}
