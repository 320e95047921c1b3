namespace Nub.Fuzz.Engine;

/// <summary>A function of any bytes that ends, and throws nothing unless a property does not hold. Inputs follow one another in one process, so it starts from the same state each time.</summary>
internal abstract class FuzzTarget
{
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
