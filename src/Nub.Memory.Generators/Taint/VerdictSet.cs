using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Taint;

/// <summary>What one path has found out about a number, from the best to the worst.</summary>
internal enum Verdict
{
    /// <summary>The host's own.</summary>
    Host,

    /// <summary>Tainted, and within a limit of the host's.</summary>
    Bounded,

    /// <summary>Tainted, and compared with a limit of the host's in a way that cannot be followed to its end.</summary>
    Compared,

    /// <summary>Made of values within limits by arithmetic that wraps round: the smaller less the larger, or a negative number made unsigned.</summary>
    Wrapped,

    /// <summary>Tainted, and checked by arithmetic that overflows for the right value.</summary>
    Overflowed,

    /// <summary>Tainted, found to exceed the limit, and something was noted or called because of it.</summary>
    Noted,

    /// <summary>Tainted, and known on this path to exceed the limit: the branch that has to reject the value.</summary>
    OutOfRange,

    /// <summary>Tainted.</summary>
    Unchecked,
}

/// <summary>The verdict of one path, and what it rests on.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Check">The comparison that settled it, for the message.</param>
/// <param name="Source">Of an overflowed check: the limit; once that is within a limit itself the check cannot overflow. Of what wraps round: the arithmetic.</param>
/// <param name="IsPartial">Whether the comparison is one operand of <c>&amp;&amp;</c> or <c>||</c> whose value goes somewhere: on the paths that skip it the value was not to be used.</param>
internal readonly record struct TaintFact(Verdict Verdict, IOperation? Check = null, Term? Source = null, bool IsPartial = false)
{
    public bool IsSafe => Verdict <= Verdict.Compared;

    /// <summary>Whether both say the same, whichever comparison they rest on.</summary>
    public bool IsSameAs(TaintFact other) => Verdict == other.Verdict && Source == other.Source && IsPartial == other.IsPartial;
}

/// <summary>
/// What is known of a number at a point: the set of the verdicts of all paths there. Where paths meet their sets are united, and what
/// the union comes to is judged only where the number is used, so that the order in which paths meet is of no consequence.
/// </summary>
/// <remarks>
/// With union as its join this is a finite lattice: the verdicts are eight, and of sources only so many are told apart
/// (<see cref="MostSources"/>). What an operation does to a set it does to each verdict in it.
/// </remarks>
internal sealed class VerdictSet : IEquatable<VerdictSet>
{
    // A check with a limit of its own for each of several paths; of more it is only known that they may overflow.
    private const int MostSources = 4;

    // In order, and no two the same but for the comparison.
    private readonly ImmutableArray<TaintFact> _facts;

    private VerdictSet(ImmutableArray<TaintFact> facts)
    {
        _facts = facts;
        Judged = Judge(facts);
    }

    /// <summary>The host's own, on every path.</summary>
    public static VerdictSet Host { get; } = new([default]);

    /// <summary>The guest's, and unchecked.</summary>
    public static VerdictSet Unchecked { get; } = new([new TaintFact(Verdict.Unchecked)]);

    /// <summary>The verdicts, from the best to the worst.</summary>
    public ImmutableArray<TaintFact> Facts => _facts;

    /// <summary>What the verdicts of all paths come to where the number is used now.</summary>
    public TaintFact Judged { get; }

    /// <summary>Whether the number is the host's own on every path.</summary>
    public bool IsHost => _facts is [{ Verdict: Verdict.Host }];

    public static implicit operator VerdictSet(TaintFact fact) => fact.Verdict switch
    {
        Verdict.Host => Host,
        Verdict.Unchecked when fact.Check is null => Unchecked,
        _ => new VerdictSet([fact]),
    };

    /// <summary>What holds where two paths meet: the verdicts of both.</summary>
    public static VerdictSet Join(VerdictSet one, VerdictSet other) =>
        one.Covers(other) ? one : other.Covers(one) ? other : new VerdictSet(Normalize(one._facts.Concat(other._facts)));

    /// <summary>What holds of a number that was made of two: on each path it is as good as the worse of them there.</summary>
    public static VerdictSet Worse(VerdictSet one, VerdictSet other)
    {
        if (one.IsHost || one == other)
        {
            return other;
        }

        if (other.IsHost)
        {
            return one;
        }

        return one._facts is [var mine] && other._facts is [var theirs]
            ? (Compare(mine, theirs) >= 0 ? one : other)
            : new VerdictSet(Normalize(one._facts.SelectMany(_ => other._facts, static (left, right) => Compare(left, right) >= 0 ? left : right)));
    }

    /// <summary>What an operation makes of each verdict.</summary>
    /// <returns>This one itself, when nothing changes.</returns>
    public VerdictSet Map(Func<TaintFact, TaintFact> change)
    {
        if (_facts is [var only])
        {
            TaintFact changed = change(only);
            return changed == only ? this : changed;
        }

        ImmutableArray<TaintFact> after = [.. _facts.Select(change)];
        return after.SequenceEqual(_facts) ? this : new VerdictSet(Normalize(after));
    }

    /// <summary>Whether a verdict is among those of the paths.</summary>
    public bool Has(Verdict verdict)
    {
        foreach (TaintFact fact in _facts)
        {
            if (fact.Verdict == verdict)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether all that the other says is said here, whichever comparisons it rests on.</summary>
    public bool Covers(VerdictSet other)
    {
        foreach (TaintFact fact in other._facts)
        {
            if (!_facts.Any(mine => mine.IsSameAs(fact) || (mine.Verdict == fact.Verdict && mine is { Source: null, Verdict: Verdict.Overflowed or Verdict.Wrapped })))
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(VerdictSet? other) => other is not null && (ReferenceEquals(this, other) || _facts.SequenceEqual(other._facts));

    public override bool Equals(object? obj) => Equals(obj as VerdictSet);

    public override int GetHashCode() => _facts.Aggregate(0, static (hash, fact) => unchecked((hash * 31) + (int)fact.Verdict));

    public override string ToString() => "{" + string.Join(", ", _facts.Select(static fact => fact.Verdict + (fact.IsPartial ? "?" : "") + (fact.Source is null ? "" : "#" + fact.Source.Id))) + "}";

    // A check that one path passed and another did not, and both went on, decides nothing: the value is as unchecked as before. If
    // something was noted where it failed, the code that reads the note may act on it. A path that skipped one operand of && is one on which the
    // value is not used.
    private static TaintFact Judge(ImmutableArray<TaintFact> facts)
    {
        if (facts is [var only])
        {
            return only;
        }

        TaintFact? safe = null;
        TaintFact? partial = null;
        foreach (TaintFact fact in facts)
        {
            safe = fact.IsSafe && fact.Verdict != Verdict.Host ? fact : safe;
            partial = fact is { IsPartial: true, IsSafe: true } ? fact : partial;
        }

        TaintFact worst = facts[0];
        foreach (TaintFact fact in facts)
        {
            TaintFact counted = fact.Verdict switch
            {
                Verdict.Unchecked when partial is { } skipped => skipped,
                Verdict.OutOfRange when safe is not null => fact with { Verdict = Verdict.Unchecked, Source = null },
                Verdict.Noted when safe is not null => fact with { Verdict = Verdict.Compared },
                _ => fact,
            };
            worst = counted.Verdict >= worst.Verdict ? counted : worst;
        }

        return worst;
    }

    private static ImmutableArray<TaintFact> Normalize(IEnumerable<TaintFact> facts)
    {
        var all = facts.ToList();
        foreach (Verdict verdict in new[] { Verdict.Overflowed, Verdict.Wrapped })
        {
            bool isAny = all.Exists(fact => fact.Verdict == verdict && fact.Source is null)
                || all.Where(fact => fact.Verdict == verdict).Select(static fact => fact.Source).Distinct().Count() > MostSources;
            for (int at = 0; isAny && at < all.Count; at++)
            {
                all[at] = all[at].Verdict == verdict ? all[at] with { Source = null } : all[at];
            }
        }

        all.Sort(Compare);
        int kept = 0;
        for (int at = 0; at < all.Count; at++)
        {
            if (kept == 0 || !all[kept - 1].IsSameAs(all[at]))
            {
                all[kept++] = all[at];
            }
        }

        return [.. all.Take(kept)];
    }

    // One with any source is worse than one with a certain one. Of those that say the same the first in the code is kept, so that the message does not depend on the order of the paths.
    private static int Compare(TaintFact one, TaintFact other) =>
        one.Verdict != other.Verdict ? one.Verdict.CompareTo(other.Verdict)
        : one.IsPartial != other.IsPartial ? one.IsPartial.CompareTo(other.IsPartial)
        : one.Source != other.Source ? (one.Source?.Id ?? int.MaxValue).CompareTo(other.Source?.Id ?? int.MaxValue)
        : (one.Check?.Syntax.SpanStart ?? -1).CompareTo(other.Check?.Syntax.SpanStart ?? -1);
}
