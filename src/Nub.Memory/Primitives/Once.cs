namespace Nub.Memory;

/// <summary>
/// Makes what the initializer of a type makes. An initializer that failed is never run again, and the type can never be used: so what failed for
/// want of memory is tried again, when the collector has had time to find some. A source file that Nub.Kvm, Nub.Ipc and Nub.Virtio compile as well, so that it is no public name.
/// </summary>
internal static class Once
{
    private const int Tries = 8;

    /// <summary>Makes a value.</summary>
    /// <param name="make">Makes it, changing nothing else.</param>
    /// <returns>The value.</returns>
    /// <exception cref="OutOfMemoryException">There was no memory in any of several tries.</exception>
    public static T Make<T>(Func<T> make)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                return make();
            }
            catch (OutOfMemoryException) when (tries < Tries)
            {
                // Finalizers are not waited for: one may wait for this very initializer.
                GC.Collect();
            }
        }
    }
}
