namespace Nub.Memory.Testing;

/// <summary>
/// Corrupts bytes that the parser reads, and shrinks what makes it fail. It changes only bytes that some run has read: others cannot matter.
/// </summary>
/// <param name="memory">The memory.</param>
/// <param name="check">Runs the parser, and throws where an invariant is broken.</param>
/// <param name="options">What the user wants.</param>
internal sealed class Fuzzer(HostileMemory memory, Action check, FuzzOptions options)
{
    // What numbers of the field break on: nothing, one, signs, all bits.
    private static readonly byte[] s_interesting = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF];

    private readonly SortedSet<ulong> _read = [];
    private ulong _state = options.Seed;

    public int Run()
    {
        if (Fails([], out Exception? cause) is { } failure)
        {
            throw new InvalidOperationException($"The parser fails with its honest content: it {failure}", cause);
        }

        if (_read.Count == 0)
        {
            throw new InvalidOperationException("The parser read nothing of the memory, so that there is nothing to corrupt.");
        }

        for (int round = 1; round <= options.Rounds; round++)
        {
            List<ContentChange> changes = Invent();
            if (Fails(changes, out _) is not null)
            {
                Shrink(changes);
                failure = Fails(changes, out cause) ?? "failed once, and not again: it keeps something from one run to the next.";
                throw new FuzzException(options.Seed, round, changes, failure, cause);
            }
        }

        return _read.Count;
    }

    /// <summary>Runs the check with a changed content.</summary>
    /// <returns>What is wrong, as the end of a sentence about the parser, or null.</returns>
    private string? Fails(List<ContentChange> changes, out Exception? cause)
    {
        AccessLedger ledger = memory.RunOnce(check, changes, stacks: 0, out cause);
        _read.UnionWith(ledger.Where(access => access.Kind != MemoryAccessKind.Write)
            .SelectMany(access => Enumerable.Range(0, (int)access.Length).Select(at => access.Offset + (ulong)at)));
        Exception? thrown = cause;
        return ledger.WasStopped ? $"made more than {memory.MaxAccesses} accesses."
            : thrown is not null && !options.Expected.Any(expected => expected.IsInstanceOfType(thrown)) ? $"threw {thrown.GetType().Name}: {thrown.Message}"
            : ledger.AllocatedBytes > options.MaxAllocatedBytes ? $"allocated {ledger.AllocatedBytes} bytes, more than {options.MaxAllocatedBytes}."
            : null;
    }

    private List<ContentChange> Invent()
    {
        ulong[] read = [.. _read];
        var changes = new Dictionary<ulong, ContentChange>();
        int count = 1 + (int)(Next() % (ulong)options.MaxChanges);
        for (int change = 0; change < count; change++)
        {
            ulong at = read[Next() % (ulong)read.Length];
            byte honest = memory.HonestAt((int)at);
            byte value = (Next() % 4) switch
            {
                0 => s_interesting[Next() % (ulong)s_interesting.Length],
                1 => (byte)(honest ^ (1 << (int)(Next() % 8))),
                2 => (byte)(honest + (Next() % 2 == 0 ? 1 : -1)),
                _ => (byte)Next(),
            };
            if (value != honest)
            {
                changes[at] = new ContentChange(at, honest, value);
            }
        }

        return [.. changes.Values.OrderBy(change => change.Offset)];
    }

    /// <summary>Takes back what is not needed, then makes each value the closest to the honest one that still fails.</summary>
    private void Shrink(List<ContentChange> changes)
    {
        for (int at = changes.Count - 1; at >= 0 && changes.Count > 1; at--)
        {
            ContentChange change = changes[at];
            changes.RemoveAt(at);
            if (Fails(changes, out _) is null)
            {
                changes.Insert(at, change);
            }
        }

        for (int at = 0; at < changes.Count; at++)
        {
            ContentChange found = changes[at];
            foreach (byte value in (byte[])[0, 1, (byte)(found.Honest + 1), (byte)(found.Honest - 1), 0xFF])
            {
                if (value == found.Honest || value == found.Value)
                {
                    continue;
                }

                changes[at] = found with { Value = value };
                if (Fails(changes, out _) is not null)
                {
                    break;
                }

                changes[at] = found;
            }
        }
    }

    /// <summary>The next random number (xorshift64*), the same on every version of .NET.</summary>
    private ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return (_state * 0x2545_F491_4F6C_DD1D) >> 16;
    }
}
