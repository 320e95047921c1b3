using System.Globalization;

namespace Nub.Memory.Testing;

/// <summary>How <see cref="HostileMemory.Fuzz"/> corrupts the content, and what it takes for a failure.</summary>
public sealed class FuzzOptions
{
    /// <summary>The seed, which decides everything; a failure prints it. Random unless it is set; not 0.</summary>
    public ulong Seed { get; init; } = (ulong)Random.Shared.NextInt64(1, long.MaxValue);

    /// <summary>How many corrupt contents, at least 1.</summary>
    public int Rounds { get; init; } = 1000;

    /// <summary>How many bytes of a content are changed at most, at least 1.</summary>
    public int MaxChanges { get; init; } = 4;

    /// <summary>What the parser may throw for a corrupt content; exceptions derived from these too. Anything else is a failure.</summary>
    public IReadOnlyList<Type> Expected { get; init; } = [typeof(SharedMemoryException)];

    /// <summary>What a run may allocate at most, in bytes.</summary>
    public long MaxAllocatedBytes { get; init; } = long.MaxValue;
}

/// <summary>A byte of the honest content that was changed.</summary>
/// <param name="Offset">The byte.</param>
/// <param name="Honest">What it was.</param>
/// <param name="Value">What it was changed to.</param>
public readonly record struct ContentChange(ulong Offset, byte Honest, byte Value)
{
    /// <summary>For a message.</summary>
    /// <returns>Such as <c>0x10: 08 → FF</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Offset:X}: {Honest:X2} → {Value:X2}");
}

/// <summary>A corrupt content made a parser fail. The changes are the fewest and simplest that were found to do so.</summary>
public sealed class FuzzException : Exception
{
    internal FuzzException(ulong seed, int round, IReadOnlyList<ContentChange> changes, string failure, Exception? inner)
        : base($"Round {round} of seed {seed}: the parser {failure}{Environment.NewLine}Changes: {string.Join(", ", changes)}{Environment.NewLine}"
            + $"To repeat it: new FuzzOptions {{ Seed = {seed} }}", inner)
    {
        Seed = seed;
        Round = round;
        Changes = changes;
    }

    /// <summary>The seed that found it.</summary>
    public ulong Seed { get; }

    /// <summary>The round, from 1 on.</summary>
    public int Round { get; }

    /// <summary>The changes of the honest content.</summary>
    public IReadOnlyList<ContentChange> Changes { get; }
}
