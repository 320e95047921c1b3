using System.Collections.Immutable;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;

namespace Nub.Memory.Generators.Taint;

/// <summary>A read whose bytes the host has not written since.</summary>
/// <param name="ByteRange">The bytes.</param>
/// <param name="Order">The node in which it was made, in the graph of the method that is being gone through.</param>
/// <param name="Facts">What held on every way on which it was made.</param>
/// <param name="IsPast">Whether it is one of an earlier round of a loop, in which the variables of its place had other values.</param>
internal sealed record ReadFact(ByteRange ByteRange, int Order, PathFacts Facts, bool IsPast = false);

/// <summary>What is known at a point of a method.</summary>
/// <param name="Variables">What locals, parameters, fields of <c>this</c> and the compiler's own temporaries hold. What is absent was not assigned.</param>
/// <param name="Taints">The taint of values, where it does not follow from that of their parts.</param>
/// <param name="Reads">The reads that a later one would repeat.</param>
/// <param name="Sound">Sums that were found not to have overflowed.</param>
/// <param name="NonNegative">Fractions and times that were found not to be negative; of whole numbers the limits say it.</param>
/// <param name="Facts">What the conditions on the way have said.</param>
/// <param name="OutOfRange">Whose taint may have <see cref="Verdict.OutOfRange"/>: they are looked for at each assignment, and hardly ever there.</param>
/// <param name="NumericFacts">Between which numbers values are, and which is not more than which other.</param>
internal sealed record FlowState(
    PersistentMap<Variable, Term> Variables,
    PersistentMap<Term, VerdictSet> Taints,
    PersistentMap<Term, ReadFact> Reads,
    ImmutableHashSet<Term> Sound,
    ImmutableHashSet<Term> NonNegative,
    ImmutableHashSet<Term> OutOfRange,
    PathFacts Facts,
    NumericFacts NumericFacts)
{
    /// <summary>Nothing is known: another one each time, because what is worked out for it belongs to one method.</summary>
    public static FlowState Empty => new(
        PersistentMap<Variable, Term>.Empty, PersistentMap<Term, VerdictSet>.Empty,
        PersistentMap<Term, ReadFact>.Empty, [], [], [], PathFacts.None, NumericFacts.None);

    // What is worked out is asked for again and again, and the parts of a deep term more often still.
    private Findings _findings;

    // What was worked out for another state does not hold for one that is made of it.
    private FlowState(FlowState other)
    {
        (Variables, Taints, Reads, Sound) = (other.Variables, other.Taints, other.Reads, other.Sound);
        (NonNegative, OutOfRange, Facts, NumericFacts) = (other.NonNegative, other.OutOfRange, other.Facts, other.NumericFacts);
    }

    public FlowState Set(Variable variable, Term value) => this with { Variables = Variables.SetItem(variable, value) };

    public FlowState Set(Term term, VerdictSet taint) => this with
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
    public VerdictSet TaintOf(Term term)
    {
        if (term.Depth < Findings.Deep)
        {
            return FindTaintOf(term);
        }

        if (!_findings.Taints.TryGetValue(term, out VerdictSet? known))
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

    private VerdictSet FindTaintOf(Term term)
    {
        if (Taints.TryGetValue(term, out VerdictSet? known))
        {
            // Once its limit is within a limit itself, the check cannot have overflowed.
            return known.Has(Verdict.Overflowed)
                ? known.Map(fact => fact is { Verdict: Verdict.Overflowed, Source: { } limit } && IsTrue(term, () => Judge(limit).IsSafe, otherwise: false) ? new TaintFact(Verdict.Bounded) : fact)
                : known;
        }

        return term.Kind switch
        {
            TermKind.Fetch => VerdictSet.Unchecked,
            TermKind.Field or TermKind.Slice or TermKind.Element => TaintOf(term.Left!),
            TermKind.Cast => Arithmetic.TaintOfCast(this, term),
            TermKind.With or TermKind.Tuple => VerdictSet.Worse(TaintOf(term.Left!), TaintOf(term.Right!)),
            TermKind.Binary => Arithmetic.TaintOf(this, term),
            _ => VerdictSet.Host,
        };
    }

    /// <summary>Whether a signed value was found not to be negative.</summary>
    public bool IsNonNegative(Term term) =>
        (NumericFacts.Ranges.TryGetValue(term, out Interval range) && range.Least >= 0) || NonNegative.Contains(term);

    public bool IsGuests(Term term) => !Judge(term).IsSafe;

    /// <summary>Whether the same is known in both.</summary>
    public bool IsSameAs(FlowState other) =>
        this == other
        || (Variables.IsSameAs(other.Variables) && Taints.IsSameAs(other.Taints) && Reads.IsSameAs(other.Reads)
            && Sound.SetEquals(other.Sound) && NonNegative.SetEquals(other.NonNegative) && OutOfRange.SetEquals(other.OutOfRange) && Facts.Equals(other.Facts)
            && NumericFacts.IsSameAs(other.NumericFacts));

    /// <summary>
    /// Forgets, where a helper has returned, what was found out about values of its own that are out of reach by now. Where ways
    /// meet, the values of every helper on them would be gone through otherwise.
    /// </summary>
    /// <param name="frame">The call of the helper.</param>
    /// <param name="before">What was known before it.</param>
    /// <param name="result">What it returned.</param>
    public FlowState ForgetWithin(CallContext frame, FlowState before, Term result)
    {
        var own = before.Taints.DifferencesTo(Taints).Where(term => !before.Taints.ContainsKey(term) && term.IsMadeWithin(frame)).ToList();
        ImmutableHashSet<Term> sound = Sound == before.Sound ? [] : Sound.Except(before.Sound);
        ImmutableHashSet<Term> nonNegative = NonNegative == before.NonNegative ? [] : NonNegative.Except(before.NonNegative);
        if (own.Count == 0 && sound.IsEmpty && nonNegative.IsEmpty && NumericFacts == before.NumericFacts)
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
            read.Value.ByteRange.Memory.AddPartsTo(held);
            read.Value.ByteRange.Offset.AddPartsTo(held);
        }

        // A sum of values that are still held can be made again.
        bool isLost(Term term) => term.Mentions(atom => !held.Contains(atom) && atom.IsMadeWithin(frame));
        return this with
        {
            Taints = Taints.RemoveRange(own.Where(isLost)),
            Sound = Sound.Except(sound.Where(isLost)),
            NonNegative = NonNegative.Except(nonNegative.Where(isLost)),
            NumericFacts = NumericFacts.Without(before.NumericFacts, isLost),
        };
    }

    /// <summary>Forgets what is known of an earlier value that a term stood for: an operation in a loop gives a new one.</summary>
    public FlowState Redefine(Term atom)
    {
        if (!atom.IsPart)
        {
            // Nothing was made of it, or it is all there is to forget.
            PersistentMap<Term, ReadFact> others = Reads.Remove(atom);
            PersistentMap<Term, VerdictSet> rest = Taints.Remove(atom);
            NumericFacts limits = NumericFacts.Without(atom);
            return others == Reads && rest == Taints && limits == NumericFacts ? this : this with { Reads = others, Taints = rest, NumericFacts = limits };
        }

        PersistentMap<Term, ReadFact> reads = Reads;
        foreach (KeyValuePair<Term, ReadFact> read in Reads)
        {
            if (read.Key == atom || read.Value.ByteRange.Offset.Mentions(atom) || read.Value.ByteRange.Memory.Mentions(atom))
            {
                reads = reads.Remove(read.Key);
            }
        }

        PersistentMap<Term, VerdictSet> taints = Taints;
        foreach (Term term in Taints.Keys)
        {
            if (term.Mentions(atom))
            {
                taints = taints.Remove(term);
            }
        }

        return this with { Reads = reads, Taints = taints, NumericFacts = NumericFacts.Without(atom) };
    }
}

/// <summary>What was worked out for a state. It says nothing more than the state does: two states are the same with or without.</summary>
internal struct Findings : IEquatable<Findings>
{
    /// <summary>What is not as deep is worked out as quickly as it is looked up.</summary>
    public const int Deep = 3;

    private Dictionary<Term, VerdictSet>? _taints;
    private Dictionary<(Term, int), Measured>? _ranges;
    private HashSet<Term>? _asked;

    public Dictionary<Term, VerdictSet> Taints => _taints ??= [];

    /// <summary>What is being asked about.</summary>
    public HashSet<Term> Asked => _asked ??= [];

    public Dictionary<(Term, int), Measured> Ranges => _ranges ??= [];

    public readonly bool Equals(Findings other) => true;

    public override readonly bool Equals(object? obj) => obj is Findings;

    public override readonly int GetHashCode() => 0;
}
