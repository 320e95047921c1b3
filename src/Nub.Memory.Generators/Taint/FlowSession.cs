using System.Numerics;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.DoubleFetch;

namespace Nub.Memory.Generators.Taint;

/// <summary>Bytes of what one read gave.</summary>
internal readonly record struct FetchedBytes(Term Fetch, long Start, long End)
{
    public bool Overlaps(long start, long end) => Start < end && start < End;
}

/// <summary>A read of bytes that an earlier one had read.</summary>
/// <param name="Shared">The bytes that both have, as seen from the start of the first.</param>
/// <param name="Distance">Where the second starts, as seen from the start of the first.</param>
internal sealed record Repetition(Term First, Term Second, (long Start, long End) Shared, long Distance);

/// <summary>An unchecked value of the guest's where a checked one is wanted.</summary>
/// <param name="IsSmall">Whether it is not too large; then it may be negative.</param>
internal sealed record UncheckedUse(IOperation Operation, CallContext? CallContext, Term Value, Sink Sink, TaintFact Found, bool IsSmall);

/// <summary>An index of the guest's, limited by a constant that is larger than the table allows.</summary>
/// <param name="Most">The largest that it can be.</param>
/// <param name="Table">What it is an index of.</param>
/// <param name="Length">How many elements that has.</param>
/// <param name="Check">The comparison that limits it; null when it is arithmetic.</param>
internal sealed record LooseIndex(IOperation Operation, CallContext? CallContext, Term Value, BigInteger Most, IOperation Table, long Length, IOperation? Check);

/// <summary>A comparison or a pattern, and the values in it.</summary>
internal readonly record struct Condition(IOperation Operation, Term Left, Term Right);

/// <summary>
/// What is known while one method is looked at, with the helpers that it calls: the terms, where they came from, what was done
/// with them, and what was found.
/// </summary>
/// <param name="mostFrames">How deep calls are followed.</param>
/// <param name="mostStepsInHelpers">How many steps may be spent on what is called.</param>
/// <param name="followsOthers">Whether methods of other types, and of other objects, are followed as well.</param>
internal sealed class FlowSession(MethodBodies bodies, Sizes sizes, int mostFrames, long mostStepsInHelpers, CancellationToken cancellation, bool followsOthers = true)
{
    // Each takes about as long as it is, in each of the rounds of a loop.
    private const int MostOthers = 24;
    private readonly HashSet<CallContext> _others = [];

    // A method of some thousand reads: half a second. A longer one gets no answer rather than a late one.
    public const int MostSteps = 200_000;

    private readonly ValueProvenance _origins = new(sizes);
    // Each with the node in which it was, of the method that is looked at.
    private readonly HashSet<(Term Value, int Order)> _used = [];
    private readonly Dictionary<(Term First, Term Second), HashSet<int>> _replaced = [];
    private readonly Dictionary<Term, HashSet<Repetition>> _repetitions = [];
    private readonly Dictionary<HashSet<int>, HashSet<Term>> _usedBefore = [];
    private ILookup<Term, FetchedBytes>? _usedBytes;
    private readonly HashSet<(Term, Term)> _compared = [];
    private readonly Dictionary<(int Outer, int Part), int> _paths = [];
    private readonly List<(int Outer, int Part)> _steppings = [];
    private readonly Dictionary<ISymbol, int> _numbers = new(SymbolEqualityComparer.Default);
    // Each takes as long as there are values in the method.
    private const int MostReplacing = 16;
    private int _replacing;
    private int _steps;
    private int _stepsInHelpers;
    private int _helpers;
    private bool _isGivenUp;

    private readonly Dictionary<(CallContext? Caller, IOperation Call), CallContext> _frames = [];

    /// <summary>The helpers that were followed, and what came of it the last time.</summary>
    public Dictionary<CallContext, CallSummary> CallSummaries { get; } = [];

    /// <summary>How often it was found out what holds in a method or in a helper of it.</summary>
    public int Solutions { get; private set; }

    /// <summary>How many operations were gone through, and how many pairs of reads and of what ways differ in were looked at.</summary>
    public int Steps => _steps;

    /// <summary>How many of them were in helpers.</summary>
    public int StepsInHelpers => _stepsInHelpers;

    public TermTable Terms { get; } = new();

    public MethodBodies Bodies { get; } = bodies;

    public Sizes Sizes { get; } = sizes;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Whether the budget is used up; then nothing may be concluded.</summary>
    public bool IsExhausted => _isGivenUp || _steps > MostSteps || _stepsInHelpers > mostStepsInHelpers;

    public IEnumerable<Repetition> Repetitions => _repetitions.Values.SelectMany(static one => one);

    public HashSet<UncheckedUse> UncheckedUses { get; } = [];

    public HashSet<LooseIndex> LooseIndexes { get; } = [];

    public ReadIndex ReadPlaces { get; } = new();

    private readonly Dictionary<Term, (ByteRange Place, int Order)> _places = [];
    private readonly HashSet<Term> _bounded = [];

    /// <summary>Notes where a read reads.</summary>
    public void AddRead(Term fetch, ByteRange place)
    {
        ReadPlaces.Add(fetch, place);
        _places[fetch] = (place, Order);
    }

    /// <summary>Notes that a value was compared with a limit.</summary>
    public void AddBounded(Term value) => _bounded.UnionWith(OriginsOf(value).Select(static bytes => bytes.Fetch));

    /// <summary>Another read of the bytes that a value was made of, on a way to it, whose value was compared with a limit; null when there is none.</summary>
    public Term? ComparedBefore(Term value) => OriginsOf(value).Select(static bytes => bytes.Fetch).Where(_places.ContainsKey)
        .SelectMany(fetch => ReadPlaces.Near(_places[fetch].Place).Where(other =>
            other != fetch && _bounded.Contains(other) && _places[other].Place.Overlap(_places[fetch].Place) is not null && IsBefore(other, fetch))).FirstOrDefault();

    private bool IsBefore(Term one, Term other)
    {
        (int from, int to) = (_places[one].Order, _places[other].Order);
        return from == to ? CallContext.Outermost(one.CallContext, one.Operation!).Syntax.SpanStart < CallContext.Outermost(other.CallContext, other.Operation!).Syntax.SpanStart
            : RootGraph?.Before(RootGraph.Nodes[to]).Contains(from) == true;
    }

    /// <summary>The reads at places that a loop moves along.</summary>
    public HashSet<Term> ReadsOfRounds { get; } = [];

    /// <summary>The comparisons whose result is held by something, or returned, before it decides which way is taken.</summary>
    public Dictionary<Term, Condition> Conditions { get; } = [];

    /// <summary>The functions that delegates are of.</summary>
    public Dictionary<Term, IMethodSymbol> Functions { get; } = [];

    /// <summary>What the object's own fields hold at the end that is the guest's and unchecked.</summary>
    public HashSet<IFieldSymbol> Kept { get; } = new(SymbolEqualityComparer.Default);

    /// <summary>The length of arrays that were made with a constant one.</summary>
    public Dictionary<Term, long> Lengths { get; } = [];

    /// <summary>The variables that spans of one element were made of: whatever is written to the span, they hold.</summary>
    public Dictionary<Term, IOperation> Referenced { get; } = [];

    /// <summary>The number of the way to a part of something that was put together, from one.</summary>
    /// <param name="outer">The way to what it is a part of; zero for the whole.</param>
    /// <param name="part">The number of an element of a tuple, from one, or that of a field (<see cref="NumberOf"/>).</param>
    public int PathOf(int outer, int part)
    {
        if (!_paths.TryGetValue((outer, part), out int path))
        {
            _steppings.Add((outer, part));
            _paths.Add((outer, part), path = _steppings.Count);
        }

        return path;
    }

    /// <summary>The last step of a way, and the way before it.</summary>
    public (int Outer, int Part) StepOf(int path) => _steppings[path - 1];

    /// <summary>The number of a field: -1 for the first that was asked for, -2 for the next.</summary>
    public int NumberOf(ISymbol field)
    {
        if (!_numbers.TryGetValue(field, out int number))
        {
            _numbers.Add(field, number = -1 - _numbers.Count);
        }

        return number;
    }

    /// <summary>The parameters in which the method was given what is the guest's.</summary>
    public List<Term> Given { get; } = [];

    /// <summary>The method that is looked at.</summary>
    public IMethodSymbol? Root { get; set; }

    /// <summary>Its graph.</summary>
    public FlowGraph? RootGraph { get; set; }

    /// <summary>How deep calls are followed.</summary>
    public int MostFrames => mostFrames;

    /// <summary>Notes that what a helper does was not found out.</summary>
    public void GiveUp() => _isGivenUp = true;

    public void CountSolution() => Solutions++;

    /// <summary>The one frame of a call.</summary>
    public CallContext FrameOf(CallContext? caller, IOperation call, IMethodSymbol method)
    {
        if (!_frames.TryGetValue((caller, call), out CallContext? frame))
        {
            _frames.Add((caller, call), frame = new CallContext(caller, call, method));
        }

        return frame;
    }

    /// <summary>Whether a method of another type was followed.</summary>
    public bool HasFollowedOthers => _others.Count > 0;

    /// <summary>Whether a call of a method of another type, or of another object, is followed: what was followed once is so in each round of a loop.</summary>
    public bool MayFollowOther(CallContext frame)
    {
        if (_others.Contains(frame))
        {
            return true;
        }

        if (!followsOthers || _others.Count >= MostOthers || _stepsInHelpers > mostStepsInHelpers / 2)
        {
            return false;
        }

        _others.Add(frame);
        return true;
    }

    /// <summary>Counts what was done, so that there is an end to it.</summary>
    public void Step(int work = 1)
    {
        _steps += work;
        _stepsInHelpers += _helpers > 0 ? work : 0;
    }

    /// <summary>Notes that a helper is gone through from now on.</summary>
    public void EnterHelper() => _helpers++;

    /// <summary>Notes that this is over.</summary>
    public void LeaveHelper() => _helpers--;

    /// <summary>Notes what a value was made of that does not show it.</summary>
    public void AddOrigins(Term term, Term from) => _origins.Add(term, from);

    /// <summary>Whether the variables of two loops begin with values that are a constant apart; or one with a constant, as an index does.</summary>
    public bool StartAlike(Term round, Term? other)
    {
        LinearSum[] others = other is null ? [LinearForm.SumOf(Terms.Constant(0, null))] : StartsOf(other);
        return StartsOf(round).Any(start => others.Any(start.HasSamePartsAs));
    }

    // What a variable of a loop holds before the first round: a round makes the next value of the one before.
    private LinearSum[] StartsOf(Term round) => [.. _origins.MadeOf(round).Where(from => !from.Mentions(round)).Select(LinearForm.SumOf)];

    /// <summary>The bytes of the guest's that a value was made of.</summary>
    public IEnumerable<FetchedBytes> OriginsOf(Term term) => _origins.Of([term]);

    /// <summary>Whether what is gone through are the arguments of a test's assertion: it looks at values and does nothing with them.</summary>
    public bool IsAsserting { get; set; }

    /// <summary>Notes that something was done with a value.</summary>
    public void Use(Term term)
    {
        if (IsAsserting)
        {
            return;
        }

        _used.Add((term, Order));
    }

    /// <summary>The node of the method that is being gone through, be it in a helper that is called there.</summary>
    public int Order { get; set; }

    /// <summary>Whether there may be one more place at which reads are made in the place of others: each is looked at for a while.</summary>
    public bool MayReplace => _replacing < MostReplacing;

    /// <summary>Notes a read that repeats an earlier one.</summary>
    public void Repeat(Repetition repetition)
    {
        if (!_repetitions.TryGetValue(repetition.Second, out HashSet<Repetition>? known))
        {
            _repetitions.Add(repetition.Second, known = []);
        }

        known.Add(repetition);
    }

    /// <summary>What a read repeats.</summary>
    public IReadOnlyCollection<Repetition> RepetitionsOf(Term second) => _repetitions.TryGetValue(second, out HashSet<Repetition>? known) ? known : [];

    /// <summary>Notes that after reads the values that they repeat are no longer held.</summary>
    /// <param name="seconds">The reads.</param>
    /// <param name="held">What is held after them.</param>
    /// <param name="before">The nodes from which theirs can be reached, and that one.</param>
    public void Replace(IEnumerable<Term> seconds, IEnumerable<Term> held, HashSet<int> before)
    {
        _replacing++;
        Step(before.Count);
        var alive = new HashSet<Term>(_origins.Of(held).Select(static bytes => bytes.Fetch));
        foreach (Repetition repetition in seconds.SelectMany(RepetitionsOf))
        {
            if (!alive.Contains(repetition.First))
            {
                _replaced[(repetition.First, repetition.Second)] = before;
            }
        }
    }

    /// <summary>Notes that two values were held against each other.</summary>
    public void Compare(Term left, Term right)
    {
        if (left.Kind == TermKind.Constant || right.Kind == TermKind.Constant)
        {
            return;
        }

        var others = OriginsOf(right).ToList();
        foreach (FetchedBytes one in others.Count == 0 ? [] : OriginsOf(left))
        {
            foreach (FetchedBytes other in others)
            {
                Step();
                _compared.Add((one.Fetch, other.Fetch));
                _compared.Add((other.Fetch, one.Fetch));
            }
        }
    }

    /// <summary>Values that the helper which is being followed has compared with something.</summary>
    public HashSet<Term>? ComparedByHelper { get; set; }

    /// <summary>Values that the helper which is being followed has compared with 0 only.</summary>
    public HashSet<Term>? ComparedWithZeroByHelper { get; set; }

    public void ComparedInHelper(Term? one, Term? other)
    {
        if (one is not null)
        {
            ComparedByHelper?.Add(one);
        }

        if (other is not null)
        {
            ComparedByHelper?.Add(other);
        }
    }

    /// <summary>Whether it matters that bytes were read twice: something was done with both values of them, and it was not to hold one against the other.</summary>
    public bool Matters(Repetition repetition) =>
        !_compared.Contains((repetition.First, repetition.Second))
        && IsUsed(repetition.First, repetition.Shared.Start, repetition.Shared.End)
        && IsUsed(repetition.Second, repetition.Shared.Start - repetition.Distance, repetition.Shared.End - repetition.Distance)
        && (!_replaced.TryGetValue((repetition.First, repetition.Second), out HashSet<int>? before) || IsUsedIn(before, repetition.First));

    // Once everything was gone through: what one sum after the other was made of is looked for once, not at each of them.
    private bool IsUsed(Term fetch, long start, long end)
    {
        _usedBytes ??= _origins.Of(_used.Select(static one => one.Value)).ToLookup(static bytes => bytes.Fetch);
        return _usedBytes[fetch].Any(bytes => bytes.Overlaps(start, end));
    }

    // What is done with it elsewhere is done on ways on which it was not replaced.
    private bool IsUsedIn(HashSet<int> nodes, Term fetch)
    {
        if (!_usedBefore.TryGetValue(nodes, out HashSet<Term>? used))
        {
            used = [.. _origins.Of(_used.Where(one => nodes.Contains(one.Order)).Select(static one => one.Value)).Select(static bytes => bytes.Fetch)];
            _usedBefore.Add(nodes, used);
        }

        return used.Contains(fetch);
    }
}
