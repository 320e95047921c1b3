using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>A read whose bytes the host has not written since.</summary>
/// <param name="Place">The bytes.</param>
/// <param name="Order">The node in which it was made, in the graph of the method that is being gone through.</param>
/// <param name="Facts">What held on every way on which it was made.</param>
internal sealed record ReadFact(Place Place, int Order, PathFacts Facts);

/// <summary>What is known at a point of a method.</summary>
/// <param name="Variables">What locals, parameters, fields of <c>this</c> and the compiler's own temporaries hold. What is absent was not assigned.</param>
/// <param name="Standings">How far values can be relied on, where that does not follow from their parts.</param>
/// <param name="Reads">The reads that a later one would repeat.</param>
/// <param name="Sound">Sums that were found not to have overflowed.</param>
/// <param name="NonNegative">Signed numbers that were found not to be negative.</param>
/// <param name="Facts">What the conditions on the way have said.</param>
/// <param name="Refuted">Whose standing may be <see cref="Trust.Refuted"/>: they are looked for at each assignment, and hardly ever there.</param>
/// <param name="Limits">Between which numbers values are, and which is not more than which other.</param>
internal sealed record FlowState(
    PersistentMap<Variable, Term> Variables,
    PersistentMap<Term, Standing> Standings,
    PersistentMap<Term, ReadFact> Reads,
    ImmutableHashSet<Term> Sound,
    ImmutableHashSet<Term> NonNegative,
    ImmutableHashSet<Term> Refuted,
    PathFacts Facts,
    Limits Limits)
{
    public static FlowState Empty { get; } = new(
        PersistentMap<Variable, Term>.Empty, PersistentMap<Term, Standing>.Empty,
        PersistentMap<Term, ReadFact>.Empty, [], [], [], PathFacts.None, Limits.None);

    public FlowState Set(Variable variable, Term value) => this with { Variables = Variables.SetItem(variable, value) };

    public FlowState Set(Term term, Standing standing) => this with
    {
        Standings = Standings.SetItem(term, standing),
        Refuted = standing.Trust == Trust.Refuted ? Refuted.Add(term) : Refuted,
    };

    /// <summary>How far a value can be relied on: what was found out about it, or else what follows from its parts.</summary>
    public Standing StandingOf(Term term)
    {
        if (Standings.TryGetValue(term, out Standing known))
        {
            return known is { Trust: Trust.Overflowed, Source: { } limit } && StandingOf(limit).IsSafe ? new Standing(Trust.Bounded) : known;
        }

        return term.Kind switch
        {
            TermKind.Fetch => new Standing(Trust.Unchecked),
            TermKind.Field or TermKind.Slice => StandingOf(term.Left!),
            TermKind.Cast => Arithmetic.StandingOfCast(this, term),
            TermKind.With or TermKind.Tuple => Standing.Worse(StandingOf(term.Left!), StandingOf(term.Right!)),
            TermKind.Binary => Arithmetic.StandingOf(this, term),
            _ => default,
        };
    }

    public bool IsGuests(Term term) => !StandingOf(term).IsSafe;

    /// <summary>Whether the same is known in both.</summary>
    public bool IsSameAs(FlowState other) =>
        this == other
        || (!Variables.DifferencesTo(other.Variables).Any() && !Standings.DifferencesTo(other.Standings).Any() && !Reads.DifferencesTo(other.Reads).Any()
            && Sound.SetEquals(other.Sound) && NonNegative.SetEquals(other.NonNegative) && Refuted.SetEquals(other.Refuted) && Facts.Equals(other.Facts)
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
        var own = before.Standings.DifferencesTo(Standings).Where(term => !before.Standings.ContainsKey(term) && term.IsMadeWithin(frame)).ToList();
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
            Standings = Standings.RemoveRange(own.Where(isLost)),
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
            PersistentMap<Term, Standing> rest = Standings.Remove(atom);
            Limits limits = Limits.Without(atom);
            return others == Reads && rest == Standings && limits == Limits ? this : this with { Reads = others, Standings = rest, Limits = limits };
        }

        PersistentMap<Term, ReadFact> reads = Reads;
        foreach (KeyValuePair<Term, ReadFact> read in Reads)
        {
            if (read.Key == atom || read.Value.Place.Offset.Mentions(atom) || read.Value.Place.Memory.Mentions(atom))
            {
                reads = reads.Remove(read.Key);
            }
        }

        PersistentMap<Term, Standing> standings = Standings;
        foreach (Term term in Standings.Keys)
        {
            if (term.Mentions(atom))
            {
                standings = standings.Remove(term);
            }
        }

        return this with { Reads = reads, Standings = standings, Limits = Limits.Without(atom) };
    }
}

/// <summary>Something that holds a value.</summary>
/// <param name="symbol">A local, a parameter or a field of <c>this</c>; null for a temporary of the compiler's and for what a method returns.</param>
/// <param name="temporary">The number of the compiler's temporary.</param>
/// <param name="frame">The call that a temporary belongs to.</param>
internal readonly struct Variable(ISymbol? symbol, int temporary, Frame? frame) : IEquatable<Variable>
{
    private const int ReturnValue = -1;

    public ISymbol? Symbol { get; } = symbol;

    public int Temporary { get; } = temporary;

    public Frame? Frame { get; } = frame;

    public static Variable Of(ISymbol symbol) => new(symbol, 0, null);

    public static Variable Of(Microsoft.CodeAnalysis.FlowAnalysis.CaptureId capture, Frame? frame) => new(null, capture.GetHashCode(), frame);

    public static Variable Return(Frame? frame) => new(null, ReturnValue, frame);

    public bool Equals(Variable other) =>
        Temporary == other.Temporary && Frame == other.Frame && SymbolEqualityComparer.Default.Equals(Symbol, other.Symbol);

    public override bool Equals(object? obj) => obj is Variable other && Equals(other);

    public override int GetHashCode() => unchecked((Symbol is null ? 0 : SymbolEqualityComparer.Default.GetHashCode(Symbol) * 31) + Temporary);
}
