using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// What the meter reports: plain numbers, which are counted whether a listener is there or not, and only where an access has failed or a system call is made anyway. One costs an interlocked
/// addition; what a guest can cause a million times a second is counted on a line of its own, so that it slows no other's.
/// </summary>
internal static class MemoryCounts
{
    // No initializers: a type that has none cannot fail to be initialized.
    private static long s_mappings;
    private static long s_mappedBytes;
    private static long s_leaked;
    private static long s_claimsLost;
    private static Line s_refused;
    private static Line s_lockedOut;
    private static Line s_stackRefused;
    private static Line s_faults;

    public static long Mappings => Volatile.Read(ref s_mappings);

    public static long MappedBytes => Volatile.Read(ref s_mappedBytes);

    public static long Leaked => Volatile.Read(ref s_leaked);

    public static long ClaimsLost => Volatile.Read(ref s_claimsLost);

    public static long Refused => Volatile.Read(ref s_refused.Count);

    public static long LockedOut => Volatile.Read(ref s_lockedOut.Count);

    public static long StackRefused => Volatile.Read(ref s_stackRefused.Count);

    public static long Faults => Volatile.Read(ref s_faults.Count);

    public static void Mapped(ulong size)
    {
        Interlocked.Increment(ref s_mappings);
        Interlocked.Add(ref s_mappedBytes, (long)size);
    }

    public static void Unmapped(ulong size)
    {
        Interlocked.Decrement(ref s_mappings);
        Interlocked.Add(ref s_mappedBytes, -(long)size);
    }

    public static void Leak() => Interlocked.Increment(ref s_leaked);

    public static void LoseClaim() => Interlocked.Increment(ref s_claimsLost);

    public static void Refuse() => Interlocked.Increment(ref s_refused.Count);

    public static void LockOut() => Interlocked.Increment(ref s_lockedOut.Count);

    public static void RefuseStack() => Interlocked.Increment(ref s_stackRefused.Count);

    /// <summary>Counts a fault that was caught; out of line, because the way without a fault is the one to be short.</summary>
    /// <returns><see langword="false"/>, for an access that did not take place to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Fault()
    {
        Interlocked.Increment(ref s_faults.Count);
        return false;
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 128)]
    private struct Line
    {
        [System.Runtime.InteropServices.FieldOffset(64)]
        public long Count;
    }
}
