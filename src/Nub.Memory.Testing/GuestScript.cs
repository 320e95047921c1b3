namespace Nub.Memory.Testing;

/// <summary>
/// What the guest does while a parser runs under <see cref="HostileMemory.Record"/> or <see cref="HostileMemory.Fuzz"/>: steps, each of which watches a range and changes bytes after an
/// access to it. Without a step the guest never answers.
/// </summary>
/// <remarks>
/// Steps are data, and no code of yours: they are carried out within the access, where no other code may run. Each run begins with the honest content and the whole script.
/// </remarks>
/// <example>
/// <code>
/// memory.Script.AfterRead(0, 4).Set(0, 2u);                     // shrink a length between two reads
/// memory.Script.AfterRead(4, 4).EachTime().Add(4, 1u);          // move an index at each poll
/// memory.Script.AfterRead(8, 4, nth: 3).Set(8, 1u);             // answer the third poll
/// </code>
/// </example>
public sealed class GuestScript
{
    private readonly HostileMemory _memory;
    private readonly List<GuestStep> _steps = [];
    private ulong _seed;
    private int _chance;

    internal GuestScript(HostileMemory memory) => _memory = memory;

    /// <summary>Begins a step that acts after a read of any byte of a range.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes, at least 1.</param>
    /// <param name="nth">After which such read of a run, from 1 on.</param>
    /// <returns>The step, which does nothing yet.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length or the number is less than 1.</exception>
    public GuestStep AfterRead(ulong offset, ulong length, int nth = 1) => Begin(offset, length, nth, onWrites: false);

    /// <summary>Begins a step that acts after a write of the parser's to any byte of a range.</summary>
    /// <inheritdoc cref="AfterRead"/>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes, at least 1.</param>
    /// <param name="nth">After which such write of a run, from 1 on.</param>
    public GuestStep AfterWrite(ulong offset, ulong length, int nth = 1) => Begin(offset, length, nth, onWrites: true);

    /// <summary>Has the guest overwrite random bytes that were just read, by random ones. The same seed does the same to the same accesses.</summary>
    /// <param name="seed">The seed, not 0.</param>
    /// <param name="chance">After how many of 256 reads, 1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">The seed is 0, or the chance is not 1 to 256.</exception>
    public void Scramble(ulong seed, int chance = 64)
    {
        ArgumentOutOfRangeException.ThrowIfZero(seed);
        ArgumentOutOfRangeException.ThrowIfLessThan(chance, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chance, 256);
        _seed = seed;
        _chance = chance;
    }

    /// <summary>Forgets all steps.</summary>
    public void Clear()
    {
        _steps.Clear();
        _chance = 0;
    }

    /// <summary>The steps as rules for one run.</summary>
    internal GuestRule[] ToRules()
    {
        var rules = new List<GuestRule>();
        foreach (GuestStep step in _steps)
        {
            step.AddRules(rules);
        }

        if (_chance > 0)
        {
            rules.Add(new GuestRule { Offset = 0, Length = _memory.Size, Every = 1, Action = GuestAction.Scramble, Random = _seed, Chance = _chance });
        }

        return [.. rules];
    }

    private GuestStep Begin(ulong offset, ulong length, int nth, bool onWrites)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        _memory.CheckBounds(offset, length);
        var step = new GuestStep(_memory, offset, length, nth, onWrites);
        _steps.Add(step);
        return step;
    }
}
