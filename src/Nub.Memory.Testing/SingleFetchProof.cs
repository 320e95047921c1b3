namespace Nub.Memory.Testing;

/// <summary>
/// The proof behind <see cref="HostileMemory.AssertSingleFetch(Action)"/>. A parser that does the same with the same content cannot notice a change of a byte before it reads
/// that byte again; so until then each run is the honest one, and the bytes that the honest run reads twice are all that a guest can use.
/// </summary>
/// <param name="memory">The memory.</param>
/// <param name="parse">The parser.</param>
/// <param name="areEqual">Whether two results are the same.</param>
internal sealed class SingleFetchProof(HostileMemory memory, Func<object?> parse, Func<object?, object?, bool> areEqual)
{
    // Of how many accesses a stack is kept: some 50 µs each.
    internal const int Stacks = 10_000;

    // Of a byte that is read in a long loop, after how many of its first and of its last reads it is changed.
    private const int FirstReads = 16;
    private const int LastReads = 4;

    // Of how many bytes that make a difference only together each is named.
    private const int MostNamed = 16;

    private Outcome _honest = null!;
    private int _runs;
    private SingleFetchReport _report = null!;

    private int Patience => (_honest.Observation.Touches.Count * 10) + 1000;

    public SingleFetchReport Prove()
    {
        _honest = Run(new ObservationPlan { Limit = memory.MaxAccesses });
        List<ObservedTouch> touches = _honest.Observation.Touches;
        Dictionary<int, List<ByteRead>> reads = ReadsOfBytes(touches);
        _report = Report(reads);
        if (_honest.Observation.WasStopped)
        {
            throw new InvalidOperationException(
                $"The parser did not end within {memory.MaxAccesses} accesses of content that does not change. One that polls needs content for which it ends.");
        }

        if (reads.Count == 0)
        {
            throw new InvalidOperationException(
                $"The parser read nothing of the memory, so that nothing is proved: it {_honest.Words()}. Is it given {nameof(HostileMemory)}.{nameof(HostileMemory.Host)}?");
        }

        ProveSame();
        ProveUnseen(reads);
        foreach ((int at, List<ByteRead> order) in reads.Where(read => read.Value.Count > 1 && !memory.MayReread(read.Key)).OrderBy(read => read.Value[1].Touch).ThenBy(read => read.Key))
        {
            ProveByte(at, order);
        }

        return Report(reads);
    }

    private SingleFetchReport Report(Dictionary<int, List<ByteRead>> reads) => new(
        _honest.Observation.Touches.Count(touch => touch.Reads), reads.Count, reads.Count(read => read.Value.Count > 1), _runs, _honest.Words());

    /// <summary>The reads of each byte that was read, in their order: the first ones and the last ones.</summary>
    private static Dictionary<int, List<ByteRead>> ReadsOfBytes(List<ObservedTouch> touches)
    {
        var reads = new Dictionary<int, List<ByteRead>>();
        for (int index = 0; index < touches.Count; index++)
        {
            ObservedTouch touch = touches[index];
            for (int at = (int)touch.Offset; touch.Reads && at < (int)(touch.Offset + touch.Length); at++)
            {
                if (!reads.TryGetValue(at, out List<ByteRead>? order))
                {
                    reads.Add(at, order = []);
                }

                var read = new ByteRead(order.Count == 0 ? 1 : order[^1].Nth + 1, index);
                if (order.Count == FirstReads + 1 + LastReads + 1)
                {
                    order.RemoveAt(FirstReads + 1);
                }

                order.Add(read);
            }
        }

        return reads;
    }

    /// <summary>A parser that does something else with the same content would be found guilty of whatever came next.</summary>
    private void ProveSame()
    {
        Outcome again = Run(new ObservationPlan { Limit = Patience });
        if (again.DifferenceFrom(_honest, areEqual) is { } difference)
        {
            throw new InvalidOperationException(
                $"The parser does not do the same twice with the same content: first it {_honest.Words()}, then it {difference}. It may keep something from one run to the next, or its results "
                + "have no equality of their own: give a comparer.");
        }
    }

    /// <summary>Changes all bytes that were read once. Only a read that was not observed can make a difference.</summary>
    private void ProveUnseen(Dictionary<int, List<ByteRead>> reads)
    {
        int[] all = [.. reads.Where(read => read.Value.Count == 1).Select(read => read.Key).Order()];
        if (all.Length == 0 || RunInverting(all).DifferenceFrom(_honest, areEqual) is null)
        {
            return;
        }

        // The first change is made after the first of these reads, so that until then the run is the honest one.
        int[] guilty = FewestOf(all);
        int first = guilty.Min(at => reads[at][0].Touch);
        Outcome outcome = RunInverting(guilty, Stacks);
        if (outcome.DifferenceFrom(_honest, areEqual) is not { } difference)
        {
            throw new InvalidOperationException("The parser does not do the same twice with the same content: a change made a difference once, and none the next time.");
        }

        throw DoubleFetchException.OfUnseen(
            new MemoryAccess(first, outcome.Observation.Touches[first]), guilty, memory.HonestAt(guilty[0]), _honest.Words(), difference, _report);
    }

    /// <summary>
    /// The fewest of some bytes that make a difference when they are inverted together, as all of them do: none alone need be enough. What was found before plus the first so many others is halved
    /// between none, which make no difference, and all, which do; the last of those that it takes is found.
    /// </summary>
    private int[] FewestOf(int[] bytes)
    {
        var found = new List<int>();
        int[] others = bytes;
        while (found.Count < MostNamed && (found.Count == 0 || RunInverting([.. found]).DifferenceFrom(_honest, areEqual) is null))
        {
            int without = 0;
            int with = others.Length;
            while (with - without > 1)
            {
                int some = without + ((with - without) / 2);
                bool differs = RunInverting([.. found, .. others[..some]]).DifferenceFrom(_honest, areEqual) is not null;
                (without, with) = differs ? (without, some) : (some, with);
            }

            if (with == 0)
            {
                throw new InvalidOperationException("The parser does not do the same twice with the same content: a change made a difference once, and none the next time.");
            }

            found.Add(others[with - 1]);
            others = others[..(with - 1)];
        }

        // Where it takes more than are named, those that were not looked for belong to them.
        return [.. (found.Count < MostNamed ? found : found.Concat(others)).Order()];
    }

    private Outcome RunInverting(int[] bytes, int stacks = 0)
    {
        bool[] mask = new bool[memory.Size];
        foreach (int at in bytes)
        {
            mask[at] = true;
        }

        return Run(new ObservationPlan { InvertOnce = mask, Limit = 2 * Patience, Stacks = stacks });
    }

    /// <summary>Changes one byte after each of its reads but the last, unless the parser itself has written it before the next.</summary>
    private void ProveByte(int at, List<ByteRead> order)
    {
        byte honest = memory.HonestAt(at);
        foreach ((ByteRead read, ByteRead next) in order.Zip(order.Skip(1)))
        {
            int nth = read.Nth;
            if (next.Nth != nth + 1 || IsWrittenBetween(read.Touch, next.Touch, (ulong)at))
            {
                continue;
            }

            foreach (byte hostile in HostileValues(honest))
            {
                Outcome outcome = Run(Plan(at, nth, hostile, honest, stacks: 0));
                if (outcome.DifferenceFrom(_honest, areEqual) is { } difference && !IsReread(at, nth, hostile, honest, out MemoryAccess first, out MemoryAccess? second))
                {
                    throw DoubleFetchException.Of(first, second, (ulong)at, honest, hostile, _honest.Words(), difference, _report);
                }
            }
        }
    }

    private bool IsWrittenBetween(int first, int second, ulong at)
    {
        List<ObservedTouch> touches = _honest.Observation.Touches;
        for (int index = first; index < second; index++)
        {
            if (touches[index].Writes && touches[index].Covers(at))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Runs a difference once more, to see who made both reads, and whether the second was meant.</summary>
    private bool IsReread(int at, int nth, byte hostile, byte honest, out MemoryAccess first, out MemoryAccess? second)
    {
        ObservationPlan plan = Plan(at, nth, hostile, honest, Stacks);
        List<ObservedTouch> touches = Run(plan).Observation.Touches;
        int fired = plan.Rules[0].FiredAt;
        if (fired < 0)
        {
            throw new InvalidOperationException("The parser does not do the same twice with the same content: a read of the honest run was not made again.");
        }

        first = new MemoryAccess(fired, touches[fired]);
        int next = touches.FindIndex(fired + 1, touch => touch.Reads && touch.Covers((ulong)at));
        second = next < 0 ? null : new MemoryAccess(next, touches[next]);
        return second is { Origin.IsReread: true };
    }

    private ObservationPlan Plan(int at, int nth, byte hostile, byte honest, int stacks) => new()
    {
        Rules =
        [
            new GuestRule { Offset = (ulong)at, Length = 1, First = nth, Target = (ulong)at, Data = [hostile] },
            new GuestRule { AfterTouches = Patience, Target = (ulong)at, Data = [honest] },
        ],
        Limit = 2 * Patience,
        Stacks = stacks,
    };

    /// <summary>The values that a byte is changed to: far away, close by, nothing, and each bit of it, for parsers that look at one.</summary>
    private static IEnumerable<byte> HostileValues(byte honest)
    {
        var values = new List<byte> { (byte)(honest ^ 0xFF), (byte)(honest + 1), (byte)(honest - 1), 0 };
        for (int bit = 0; bit < 8; bit++)
        {
            values.Add((byte)(honest ^ (1 << bit)));
        }

        return values.Where(value => value != honest).Distinct();
    }

    private Outcome Run(ObservationPlan plan)
    {
        _runs++;
        return memory.Run(parse, plan);
    }

    /// <summary>A read of a byte.</summary>
    /// <param name="Nth">Which of its reads it is, from 1 on.</param>
    /// <param name="Touch">Its place in the order of accesses.</param>
    private readonly record struct ByteRead(int Nth, int Touch);
}
