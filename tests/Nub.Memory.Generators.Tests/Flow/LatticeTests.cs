using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>
/// The laws of a join, for each domain: where paths meet it must not matter which comes first, nor that one comes twice, and to
/// know less on one path never makes more known where they meet.
/// </summary>
public sealed class LatticeTests
{
    [Fact]
    public void Taint_is_a_lattice()
    {
        Taint[] all = AllTaints();
        Assert.True(all.Length > 200, $"{all.Length} sets");
        Taint[] some = [.. all.Where(static (_, i) => i % 5 == 0)];
        CheckLaws(all, some, Taint.Join, static (one, other) => one.Covers(other) && other.Covers(one), static (less, more) => more.Covers(less));
    }

    /// <summary>What arithmetic and checks make of a set is no less for a larger set.</summary>
    [Fact]
    public void What_is_done_to_taints_is_monotone()
    {
        Taint[] all = AllTaints();
        Taint[] some = [.. all.Where(static (_, i) => i % 7 == 0)];
        Func<TaintFact, TaintFact>[] changes =
        [
            static fact => fact.Verdict > Verdict.Bounded ? new TaintFact(Verdict.Bounded) : fact,
            static fact => fact.Verdict > Verdict.Overflowed ? new TaintFact(Verdict.Overflowed) : fact,
            static fact => fact.Verdict == Verdict.Unchecked ? new TaintFact(Verdict.OutOfRange) : fact,
            static fact => fact.Verdict == Verdict.OutOfRange ? fact with { Verdict = Verdict.Noted } : fact,
            static fact => fact.Verdict is Verdict.Unchecked or Verdict.OutOfRange or Verdict.Noted ? new TaintFact(Verdict.Compared) : fact,
        ];
        foreach (Taint one in all)
        {
            foreach (Taint other in some)
            {
                var both = Taint.Join(one, other);
                foreach (Func<TaintFact, TaintFact> change in changes)
                {
                    Assert.True(both.Map(change).Covers(one.Map(change)), $"{one} in {both}");
                }

                foreach (Taint third in some)
                {
                    Assert.True(Taint.Worse(both, third).Covers(Taint.Worse(one, third)), $"{one} in {both}, with {third}");
                    Assert.True(Taint.Worse(third, both).Covers(Taint.Worse(third, one)), $"{one} in {both}, with {third}");
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
        var sum = Excess.Over(FlowState.Empty, one, other, 1);
        Limits limits = Limits.None.With(sum);
        Assert.Same(limits, limits.With(Excess.Over(FlowState.Empty, one, other, 1)));
        Assert.True(limits.IsSameAs(Limits.None.With(sum).With(sum)));
    }

    // What is kept of a check, and on which paths, in all combinations of three.
    private static Taint[] AllTaints()
    {
        var terms = new RandomTerms(new Random(2));
        Term limit = terms.Atom(SpecialType.System_UInt32);
        Term another = terms.Atom(SpecialType.System_UInt64);
        TaintFact[] facts =
        [
            .. Enum.GetValues<Verdict>().Select(static verdict => new TaintFact(verdict)),
            new(Verdict.Compared, IsPartial: true), new(Verdict.Overflowed, Source: limit), new(Verdict.Overflowed, Source: another), new(Verdict.Wrapped, Source: limit),
        ];
        var all = new List<Taint>();
        for (int one = 0; one < facts.Length; one++)
        {
            for (int two = one; two < facts.Length; two++)
            {
                for (int three = two; three < facts.Length; three++)
                {
                    all.Add(Taint.Join(Taint.Join(facts[one], facts[two]), facts[three]));
                }
            }
        }

        return [.. all.DistinctBy(static taint => taint.ToString())];
    }

    private static void CheckLaws<T>(T[] all, T[] some, Func<T, T, T> join, Func<T, T, bool> same, Func<T, T, bool> isWithin)
    {
        foreach (T one in all)
        {
            Assert.True(same(join(one, one), one), $"idempotent: {one}");
            foreach (T other in all)
            {
                T both = join(one, other);
                Assert.True(same(both, join(other, one)), $"commutative: {one}, {other}");
                Assert.True(isWithin(one, both) && isWithin(other, both), $"an upper bound: {one}, {other}");
            }

            foreach (T other in some)
            {
                T both = join(one, other);
                foreach (T third in some)
                {
                    Assert.True(same(join(both, third), join(one, join(other, third))), $"associative: {one}, {other}, {third}");
                    Assert.True(isWithin(join(one, third), join(both, third)), $"monotone: {one}, {other}, {third}");
                }
            }
        }
    }
}
