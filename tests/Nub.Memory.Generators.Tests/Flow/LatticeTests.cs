using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>
/// The laws of a join, for each domain: where paths meet it must not matter which comes first, nor that one comes twice, and to
/// know less on one path never makes more known where they meet.
/// </summary>
[Trait("Kind", "slow")]
public sealed class LatticeTests
{
    [Fact]
    public void Taint_is_a_lattice()
    {
        VerdictSet[] all = AllTaints();
        Assert.True(all.Length > 200, $"{all.Length} sets");
        VerdictSet[] some = [.. all.Where(static (_, i) => i % 9 == 0)];
        CheckLaws(all, some, VerdictSet.Join, static (one, other) => one.Covers(other) && other.Covers(one), static (less, more) => more.Covers(less));
    }

    /// <summary>What arithmetic and checks make of a set is no less for a larger set.</summary>
    [Fact]
    public void What_is_done_to_taints_is_monotone()
    {
        VerdictSet[] all = AllTaints();
        VerdictSet[] some = [.. all.Where(static (_, i) => i % 11 == 0)];
        Func<TaintFact, TaintFact>[] changes =
        [
            static fact => fact.Verdict > Verdict.Bounded ? new TaintFact(Verdict.Bounded) : fact,
            static fact => fact.Verdict > Verdict.Overflowed ? new TaintFact(Verdict.Overflowed) : fact,
            static fact => fact.Verdict == Verdict.Unchecked ? new TaintFact(Verdict.OutOfRange) : fact,
            static fact => fact.Verdict == Verdict.OutOfRange ? fact with { Verdict = Verdict.Noted } : fact,
            static fact => fact.Verdict is Verdict.Unchecked or Verdict.OutOfRange or Verdict.Noted ? new TaintFact(Verdict.Compared) : fact,
        ];
        foreach (VerdictSet one in all)
        {
            foreach (VerdictSet other in some)
            {
                var both = VerdictSet.Join(one, other);
                foreach (Func<TaintFact, TaintFact> change in changes)
                {
                    Law.Holds(both.Map(change).Covers(one.Map(change)), $"{one} in {both}");
                }

                foreach (VerdictSet third in some)
                {
                    Law.Holds(VerdictSet.Worse(both, third).Covers(VerdictSet.Worse(one, third)), $"{one} in {both}, with {third}");
                    Law.Holds(VerdictSet.Worse(third, both).Covers(VerdictSet.Worse(third, one)), $"{one} in {both}, with {third}");
                }
            }
        }
    }

    [Fact]
    public void Intervals_are_a_lattice()
    {
        int[] ends = [-3, 0, 1, 7, 255];
        Interval[] all = [.. ends.SelectMany(least => ends.Where(most => most >= least).Select(most => new Interval(least, most)))];
        CheckLaws(all, all, static (one, other) => one.Hull(other), static (one, other) => one == other, static (less, more) => more.Contains(less));
    }

    /// <summary>Facts that hold on every path: where two meet only those of both are left, so that fewer facts are the larger element.</summary>
    [Fact]
    public void Path_facts_are_a_lattice()
    {
        var terms = new RandomTerms(new Random(3));
        Term[] values = [terms.Atom(SpecialType.System_Byte), terms.Atom(SpecialType.System_UInt32), terms.Atom(SpecialType.System_Int64)];
        PathFacts[] all =
        [
            .. Enumerable.Range(0, 27).Select(number =>
            {
                PathFacts facts = PathFacts.None;
                for (int i = 0; i < values.Length; i++, number /= 3)
                {
                    facts = number % 3 == 0 ? facts : facts.With(values[i], number % 3);
                }

                return facts;
            }),
        ];
        CheckLaws(all, all, static (one, other) => one.Common(other), static (one, other) => one.Equals(other), static (less, more) => less.Common(more).Equals(more));
    }

    /// <summary>Sums that were found to be 0 or less are kept without regard to their order, up to as many as are kept at all.</summary>
    [Fact]
    public void Orders_are_kept_once()
    {
        var terms = new RandomTerms(new Random(4));
        Term one = terms.Atom(SpecialType.System_UInt32);
        Term other = terms.Atom(SpecialType.System_UInt64);
        var sum = ValueRanges.Over(FlowState.Empty, one, other, 1);
        NumericFacts limits = NumericFacts.None.With(sum);
        Assert.Same(limits, limits.With(ValueRanges.Over(FlowState.Empty, one, other, 1)));
        Assert.True(limits.IsSameAs(NumericFacts.None.With(sum).With(sum)));
    }

    // What is kept of a check, and on which paths, in all combinations of three.
    private static VerdictSet[] AllTaints()
    {
        var terms = new RandomTerms(new Random(2));
        Term limit = terms.Atom(SpecialType.System_UInt32);
        Term another = terms.Atom(SpecialType.System_UInt64);
        TaintFact[] facts =
        [
            .. Enum.GetValues<Verdict>().Select(static verdict => new TaintFact(verdict)),
            new(Verdict.Compared, IsPartial: true), new(Verdict.Overflowed, Source: limit), new(Verdict.Overflowed, Source: another), new(Verdict.Wrapped, Source: limit),
        ];
        var all = new List<VerdictSet>();
        for (int one = 0; one < facts.Length; one++)
        {
            for (int two = one; two < facts.Length; two++)
            {
                for (int three = two; three < facts.Length; three++)
                {
                    all.Add(VerdictSet.Join(VerdictSet.Join(facts[one], facts[two]), facts[three]));
                }
            }
        }

        return [.. all.DistinctBy(static taint => taint.ToString())];
    }

    private static void CheckLaws<T>(T[] all, T[] some, Func<T, T, T> join, Func<T, T, bool> same, Func<T, T, bool> isWithin)
    {
        T[][] joined = [.. some.Select(one => some.Select(other => join(one, other)).ToArray())];
        foreach (T one in all)
        {
            Law.Holds(same(join(one, one), one), $"idempotent: {one}");
            foreach (T other in all)
            {
                T both = join(one, other);
                Law.Holds(same(both, join(other, one)), $"commutative: {one}, {other}");
                Law.Holds(isWithin(one, both) && isWithin(other, both), $"an upper bound: {one}, {other}");
            }

            T[] withOne = [.. some.Select(other => join(one, other))];
            for (int other = 0; other < some.Length; other++)
            {
                for (int third = 0; third < some.Length; third++)
                {
                    T together = join(withOne[other], some[third]);
                    Law.Holds(same(together, join(one, joined[other][third])), $"associative: {one}, {some[other]}, {some[third]}");
                    Law.Holds(isWithin(withOne[third], together), $"monotone: {one}, {some[other]}, {some[third]}");
                }
            }
        }
    }
}
