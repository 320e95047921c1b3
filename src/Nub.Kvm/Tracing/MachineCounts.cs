using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// What the meter reports, counted whether a listener is there or not. An exit costs an interlocked addition beside a system call: a row for each of 16 ids of processors, so that processors which run at the same
/// time do not take a cache line from one another.
/// </summary>
internal static class MachineCounts
{
    private const int Rows = 16;

    // A row has room for all reasons, and a free line behind them.
    private const int Stride = 32;

    private static readonly long[] s_exits = Once.Make(static () => new long[Rows * Stride]);
    private static readonly string[] s_reasons = Once.Make(static () => Enum.GetNames<VmExitReason>());
    private static long s_machines;
    private static long s_processors;

    public static long Machines => Volatile.Read(ref s_machines);

    public static long Processors => Volatile.Read(ref s_processors);

    public static ReadOnlySpan<string> Reasons => s_reasons;

    public static void AddMachine(int change) => Interlocked.Add(ref s_machines, change);

    public static void AddProcessor(int change) => Interlocked.Add(ref s_processors, change);

    public static void Exit(uint processor, VmExitReason reason) => Interlocked.Increment(ref s_exits[(processor % Rows * Stride) + (uint)reason]);

    /// <summary>How often guests were left for a reason.</summary>
    public static long Exits(int reason)
    {
        long sum = 0;
        for (int row = 0; row < Rows; row++)
        {
            sum += Volatile.Read(ref s_exits[(row * Stride) + reason]);
        }

        return sum;
    }
}
