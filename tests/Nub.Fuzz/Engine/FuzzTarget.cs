using Nub.Memory;

namespace Nub.Fuzz.Engine;

/// <summary>A function of any bytes that ends, and throws nothing unless a property does not hold. Inputs follow one another in one process, so it starts from the same state each time.</summary>
internal abstract class FuzzTarget : IDisposable
{
    private readonly Stack<IDisposable> _owned = [];

    public abstract string Name { get; }

    /// <summary>The longest input that is tried, in bytes.</summary>
    public virtual int MaxLength => 512;

    /// <summary>Inputs to begin with, beside those of the corpus.</summary>
    public virtual IEnumerable<byte[]> Seeds => [];

    /// <summary>Sequences of bytes that chance would not find.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>How long one input may take, until it is taken for one that never ends.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(20);

    public abstract void Run(ReadOnlySpan<byte> input);

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? one))
        {
            one.Dispose();
        }
    }

    /// <summary>What goes with the target.</summary>
    protected T Own<T>(T one) where T : IDisposable
    {
        _owned.Push(one);
        return one;
    }

    /// <summary>A memory for all inputs, because making one costs more than most of them. The guest's side is not needed: the target plays the guest through the host's.</summary>
    protected HostSharedMemory OwnMemory(ulong size)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(size).Build();
        Own(guest);
        return Own(host);
    }

    /// <summary>A property of the code under test.</summary>
    /// <exception cref="PropertyException">It does not hold.</exception>
    protected static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new PropertyException(what);
        }
    }
}
