using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// Places where a test has a managed allocation fail, which .NET cannot be told to do: one stands before each that is made while something is
/// half done. In a release build there are none.
/// </summary>
internal static class FaultPoint
{
    private static int s_reached;
#pragma warning disable CS0649 // Set by tests, by its name.
    private static int s_failAt;
#pragma warning restore CS0649

    /// <summary>Fails if a test asked for it: the first place that is reached is 1.</summary>
    /// <exception cref="OutOfMemoryException">A test asked for it.</exception>
    [Conditional("DEBUG")]
    public static void Reach()
    {
        int failAt = Volatile.Read(ref s_failAt);
        if (failAt != 0 && Interlocked.Increment(ref s_reached) == failAt)
        {
#pragma warning disable CA2201 // It stands in for the runtime's.
            throw new OutOfMemoryException("A fault point of a test.");
#pragma warning restore CA2201
        }
    }
}
