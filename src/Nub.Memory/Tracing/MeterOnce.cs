using System.Diagnostics.Metrics;

namespace Nub.Memory;

/// <summary>Makes the meter of a package when it is first needed. A source file that Nub.Kvm and Nub.Virtio compile as well, so that it is no public name.</summary>
/// <remarks>
/// A listener is told of each instrument while it is made, and is the user's code: it may throw, make a memory of its own, or wait for a thread that makes one. So this is called by no initializer, which
/// would fail for good or hold that thread, and what a listener throws goes no further.
/// </remarks>
internal static class MeterOnce
{
    /// <summary>Makes the meter, the first time; a thread that comes meanwhile does not wait.</summary>
    /// <param name="isMade">1 once it is made or being made.</param>
    /// <param name="meter">The meter.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Whether it was made now, so that the caller is to add the instruments.</returns>
    public static bool TryMake(ref int isMade, ref Meter? meter, string name)
    {
        if (Volatile.Read(ref isMade) != 0 || Interlocked.Exchange(ref isMade, 1) != 0)
        {
            return false;
        }

        try
        {
            meter = new Meter(name);
            return true;
        }
        catch (OutOfMemoryException)
        {
            // The next caller tries again.
            Volatile.Write(ref isMade, 0);
            return false;
        }
    }

    /// <summary>Adds an instrument. Without memory for it the others are made.</summary>
    public static void Add(Meter meter, Action<Meter> create)
    {
        try
        {
            create(meter);
        }
#pragma warning disable CA1031 // Whatever a listener throws: the instrument is there by then.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
