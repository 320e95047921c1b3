using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>A read whose bytes the host has not written since.</summary>
/// <param name="Place">The bytes.</param>
/// <param name="Order">The node in which it was made, in the graph of the method that is being gone through.</param>
/// <param name="Facts">What held on every way on which it was made.</param>
/// <param name="IsPast">Whether it is one of an earlier round of a loop, in which the variables of its place had other values.</param>
internal sealed record ReadFact(Place Place, int Order, PathFacts Facts, bool IsPast = false);

/// <summary>What is known at a point of a method.</summary>
/// <param name="Variables">What locals, parameters, fields of <c>this</c> and the compiler's own temporaries hold. What is absent was not assigned.</param>
/// <param name="Taints">The taint of values, where it does not follow from that of their parts.</param>
/// <param name="Reads">The reads that a later one would repeat.</param>
/// <param name="Sound">Sums that were found not to have overflowed.</param>
/// <param name="NonNegative">Fractions and times that were found not to be negative; of whole numbers the limits say it.</param>
/// <param name="Facts">What the conditions on the way have said.</param>
/// <param name="OutOfRange">Whose taint may have <see cref="Verdict.OutOfRange"/>: they are looked for at each assignment, and hardly ever there.</param>
/// <param name="Limits">Between which numbers values are, and which is not more than which other.</param>
internal sealed record FlowState(
    PersistentMap<Variable, Term> Variables,
    PersistentMap<Term, Taint> Taints,
    PersistentMap<Term, ReadFact> Reads,
    ImmutableHashSet<Term> Sound,
    ImmutableHashSet<Term> NonNegative,
    ImmutableHashSet<Term> OutOfRange,
    PathFacts Facts,
    Limits Limits)
{
    /// <summary>Nothing is known: another one each time, because what is worked out for it belongs to one method.</summary>
    public static FlowState Empty => new(
        PersistentMap<Variable, Term>.Empty, PersistentMap<Term, Taint>.Empty,
        PersistentMap<Term, ReadFact>.Empty, [], [], [], PathFacts.None, Limits.None);

    // What is worked out is asked for again and again, and the parts of a deep term more often still.
    private Findings _findings;

    // What was worked out for another state does not hold for one that is made of it.
    private FlowState(FlowState other)
    {
        (Variables, Taints, Reads, Sound) = (other.Variables, other.Taints, other.Reads, other.Sound);
        (NonNegative, OutOfRange, Facts, Limits) = (other.NonNegative, other.OutOfRange, other.Facts, other.Limits);
    }

    public FlowState Set(Variable variable, Term value) => this with { Variables = Variables.SetItem(variable, value) };

    public FlowState Set(Term term, Taint taint) => this with
    {
        Taints = Taints.SetItem(term, taint),
        OutOfRange = taint.Has(Verdict.OutOfRange) ? OutOfRange.Add(term) : OutOfRange,
    };

    /// <summary>The range of a value as it was worked out before, or as it is now.</summary>
    public Measured Remember(Term term, int proofs, Func<FlowState, Term, int, Measured> measure)
    {
        if (term.Depth < Findings.Deep)
        {
            return measure(this, term, proofs);
        }

        if (!_findings.Ranges.TryGetValue((term, proofs), out Measured known))
        {
            known = measure(this, term, proofs);
            _findings.Ranges[(term, proofs)] = known;
        }

        return known;
    }

    /// <summary>What the verdicts of all paths come to for a value that is used here.</summary>
    public TaintFact Judge(Term term) => TaintOf(term).Judged;

    /// <summary>The verdicts of all paths on a value: those that were noted for it, or else what follows from those on its parts.</summary>
    public Taint TaintOf(Term term)
    {
        if (term.Depth < Findings.Deep)
        {
            return FindTaintOf(term);
        }

        if (!_findings.Taints.TryGetValue(term, out Taint? known))
        {
            known = FindTaintOf(term);
            _findings.Taints[term] = known;
        }

        return known;
    }

    /// <summary>Answers a question about a term that may come back to itself: of two lengths each may be limited by what the other leaves.</summary>
    public bool IsTrue(Term term, Func<bool> question, bool otherwise)
    {
        if (!_findings.Asked.Add(term))
        {
            return otherwise;
        }

        bool answer = question();
        _findings.Asked.Remove(term);
        return answer;
    }

    private Taint FindTaintOf(Term term)
    {
        if (Taints.TryGetValue(term, out Taint? known))
        {
            // Once its limit is within a limit itself, the check cannot have overflowed.
            return known.Has(Verdict.Overflowed)
                ? known.Map(fact => fact is { Verdict: Verdict.Overflowed, Source: { } limit } && IsTrue(term, () => Judge(limit).IsSafe, otherwise: false) ? new TaintFact(Verdict.Bounded) : fact)
                : known;
        }

        return term.Kind switch
        {
            TermKind.Fetch => Taint.Unchecked,
            TermKind.Field or TermKind.Slice or TermKind.Element => TaintOf(term.Left!),
            TermKind.Cast => Arithmetic.TaintOfCast(this, term),
            TermKind.With or TermKind.Tuple => Taint.Worse(TaintOf(term.Left!), TaintOf(term.Right!)),
            TermKind.Binary => Arithmetic.TaintOf(this, term),
            _ => Taint.Host,
        };
    }

    /// <summary>Whether a signed value was found not to be negative.</summary>
    public bool IsNonNegative(Term term) =>
        (Limits.Ranges.TryGetValue(term, out Interval range) && range.Least >= 0) || NonNegative.Contains(term);

    public bool IsGuests(Term term) => !Judge(term).IsSafe;

    /// <summary>Whether the same is known in both.</summary>
    public bool IsSameAs(FlowState other) =>
        this == other
        || (Variables.IsSameAs(other.Variables) && Taints.IsSameAs(other.Taints) && Reads.IsSameAs(other.Reads)
            && Sound.SetEquals(other.Sound) && NonNegative.SetEquals(other.NonNegative) && OutOfRange.SetEquals(other.OutOfRange) && Facts.Equals(other.Facts)
            && Limits.IsSameAs(other.Limits));

    /// <summary>
    /// Forgets, where a helper has returned, what was found out about values of its own that nobody can get at any more. Where ways
    /// meet, the values of every helper on them would be gone through otherwise.
    /// </summary>
    /// <param name="frame">The call of the helper.</param>
    /// <param name="before">What was known before it.</param>
    /// <param name="result">What it returned.</param>
    public FlowState ForgetWithin(Frame frame, FlowState before, Term result)
    {
        var own = before.Taints.DifferencesTo(Taints).Where(term => !before.Taints.ContainsKey(term) && term.IsMadeWithin(frame)).ToList();
        ImmutableHashSet<Term> sound = Sound == before.Sound ? [] : Sound.Except(before.Sound);
        ImmutableHashSet<Term> nonNegative = NonNegative == before.NonNegative ? [] : NonNegative.Except(before.NonNegative);
        if (own.Count == 0 && sound.IsEmpty && nonNegative.IsEmpty && Limits == before.Limits)
        {
            return this;
        }

        var held = new HashSet<Term>();
        result.AddPartsTo(held);
        foreach (KeyValuePair<Variable, Term> variable in Variables)
        {
            variable.Value.AddPartsTo(held);
        }

        foreach (KeyValuePair<Term, ReadFact> read in Reads)
        {
            read.Value.Place.Memory.AddPartsTo(held);
            read.Value.Place.Offset.AddPartsTo(held);
        }

        // A sum of values that somebody holds can be made again.
        bool isLost(Term term) => term.Mentions(atom => !held.Contains(atom) && atom.IsMadeWithin(frame));
        return this with
        {
            Taints = Taints.RemoveRange(own.Where(isLost)),
            Sound = Sound.Except(sound.Where(isLost)),
            NonNegative = NonNegative.Except(nonNegative.Where(isLost)),
            Limits = Limits.Without(before.Limits, isLost),
        };
    }

    /// <summary>Forgets what is known of an earlier value that a term stood for: an operation in a loop gives a new one.</summary>
    public FlowState Redefine(Term atom)
    {
        if (!atom.IsPart)
        {
            // Nothing was made of it, or it is all there is to forget.
            PersistentMap<Term, ReadFact> others = Reads.Remove(atom);
            PersistentMap<Term, Taint> rest = Taints.Remove(atom);
            Limits limits = Limits.Without(atom);
            return others == Reads && rest == Taints && limits == Limits ? this : this with { Reads = others, Taints = rest, Limits = limits };
        }

        PersistentMap<Term, ReadFact> reads = Reads;
        foreach (KeyValuePair<Term, ReadFact> read in Reads)
        {
            if (read.Key == atom || read.Value.Place.Offset.Mentions(atom) || read.Value.Place.Memory.Mentions(atom))
            {
                reads = reads.Remove(read.Key);
            }
        }

        PersistentMap<Term, Taint> taints = Taints;
        foreach (Term term in Taints.Keys)
        {
            if (term.Mentions(atom))
            {
                taints = taints.Remove(term);
            }
        }

        return this with { Reads = reads, Taints = taints, Limits = Limits.Without(atom) };
    }
}

/// <summary>What was worked out for a state. It says nothing more than the state does: two states are the same with or without.</summary>
internal struct Findings : IEquatable<Findings>
{
    /// <summary>What is not as deep is worked out as quickly as it is looked up.</summary>
    public const int Deep = 3;

    private Dictionary<Term, Taint>? _taints;
    private Dictionary<(Term, int), Measured>? _ranges;
    private HashSet<Term>? _asked;

    public Dictionary<Term, Taint> Taints => _taints ??= [];

    /// <summary>What is being asked about.</summary>
    public HashSet<Term> Asked => _asked ??= [];

    public Dictionary<(Term, int), Measured> Ranges => _ranges ??= [];

    public readonly bool Equals(Findings other) => true;

    public override readonly bool Equals(object? obj) => obj is Findings;

    public override readonly int GetHashCode() => 0;
}

/// <summary>Something that holds a value.</summary>
/// <param name="symbol">A local, a parameter or a field of <c>this</c>; null for a temporary of the compiler's and for what a method returns.</param>
/// <param name="temporary">The number of the compiler's temporary.</param>
/// <param name="frame">The call that a temporary belongs to.</param>
/// <param name="part">The number of the path to a part of what is held (<see cref="FlowSession.PathOf"/>); zero for all of it.</param>
internal readonly struct Variable(ISymbol? symbol, int temporary, Frame? frame, int part = 0) : IEquatable<Variable>
{
    private const int ReturnValue = -1;
    private const int Receiver = -2;

    public ISymbol? Symbol { get; } = symbol;

    public int Temporary { get; } = temporary;

    public Frame? Frame { get; } = frame;

    public int Part { get; } = part;

    public Variable Whole => new(Symbol, Temporary, Frame);

    public Variable PartAt(int number) => new(Symbol, Temporary, Frame, number);

    public static Variable Of(ISymbol symbol) => new(symbol, 0, null);

    public static Variable Of(Microsoft.CodeAnalysis.FlowAnalysis.CaptureId capture, Frame? frame) => new(null, capture.GetHashCode(), frame);

    public static Variable Return(Frame? frame) => new(null, ReturnValue, frame);

    /// <summary>The object whose method is followed, where that is not the one that is looked at.</summary>
    public static Variable This(Frame frame) => new(null, Receiver, frame);

    public bool Equals(Variable other) =>
        Temporary == other.Temporary && Part == other.Part && Frame == other.Frame && SymbolEqualityComparer.Default.Equals(Symbol, other.Symbol);

    public override bool Equals(object? obj) => obj is Variable other && Equals(other);

    public override int GetHashCode() => unchecked((Symbol is null ? 0 : SymbolEqualityComparer.Default.GetHashCode(Symbol) * 31) + Temporary + (Part * 17));
}
