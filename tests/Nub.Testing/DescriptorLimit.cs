using System.Runtime.InteropServices;

namespace Nub.Testing;

/// <summary>Lowers how many descriptors this process may have open (Linux), and raises it again when it is disposed. Of the whole process, so for tests that run alone.</summary>
public sealed unsafe partial class DescriptorLimit : IDisposable
{
    private const int Files = 7;

    private readonly ulong _before;
    private readonly ulong _hard;

    /// <summary>Lowers the limit.</summary>
    /// <param name="limit">One more than the highest number that a new descriptor may get.</param>
    public DescriptorLimit(ulong limit)
    {
        // Sound, here and below: both calls take an array of two, the limit and the most that it may be raised to.
        ulong* values = stackalloc ulong[2];
        Assert.Equal(0, GetLimit(Files, values));
        (_before, _hard) = (values[0], values[1]);

        // Once for nothing, so that all it takes is there when no descriptor is left.
        Assert.Equal(0, SetLimit(Files, values));
        values[0] = limit;
        Assert.Equal(0, SetLimit(Files, values));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ulong* values = stackalloc ulong[] { _before, _hard };
        Assert.Equal(0, SetLimit(Files, values));
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* values);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* values);
}
