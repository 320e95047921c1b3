using System.Numerics;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>What is concluded from comparisons, held against numbers of which the comparisons hold: no conclusion may be wrong of any.</summary>
public sealed class OrderingTests
{
    private const int Rounds = 6_000;
    private const int Checks = 4;

    [Fact]
    public void What_follows_from_checks_is_true()
    {
        var random = new Random(20_201_002);
        int proved = 0;
        for (int i = 0; i < Rounds; i++)
        {
            var terms = new RandomTerms(random);
            Dictionary<Term, BigInteger> values = terms.Values();
            FlowState state = terms.AllGuests;
            for (int check = 0; check < Checks; check++)
            {
                state = Learn(state, terms, values, random);
            }

            (Term One, Term Other) asked = Pair(terms);
            if (ValueOf(asked.One, values) is not { } one || ValueOf(asked.Other, values) is not { } other)
            {
                continue;
            }

            Interval range = ValueRanges.RangeOf(state, asked.One);
            Law.Holds(range.Least <= one && one <= range.Most, $"{RandomTerms.Show(asked.One)} is {one}, not in {range}, for {RandomTerms.Show(values)}");
            if (Ordering.IsAtMost(state, asked.One, asked.Other))
            {
                proved++;
                Law.Holds(one <= other, $"{RandomTerms.Show(asked.One)} <= {RandomTerms.Show(asked.Other)} does not hold for {RandomTerms.Show(values)}");
            }
        }

        Assert.True(proved > Rounds / 50, $"Only {proved} were.");
    }

    [Fact]
    public void An_excess_is_what_one_value_is_more_than_another()
    {
        var random = new Random(7);
        for (int i = 0; i < Rounds; i++)
        {
            var terms = new RandomTerms(random);
            Dictionary<Term, BigInteger> values = terms.Values();
            (Term One, Term Other) pair = Pair(terms);
            var excess = ValueRanges.Over(terms.AllGuests, pair.One, pair.Other, Ordering.MostProofs);
            if (ValueOf(pair.One, values) is { } one && ValueOf(pair.Other, values) is { } other)
            {
                BigInteger sum = excess.Parts.Aggregate(excess.Constant, (before, part) => before + (part.Value * ValueOf(part.Key, values)!.Value));
                Law.Holds(sum == one - other, $"{RandomTerms.Show(pair.One)} - {RandomTerms.Show(pair.Other)} is {one - other}, not {sum}, for {RandomTerms.Show(values)}");
            }
        }
    }

    [Fact]
    public void Only_the_latest_comparisons_are_kept()
    {
        var terms = new RandomTerms(new Random(1));
        Term first = terms.Atom(SpecialType.System_UInt32);
        Term second = terms.Atom(SpecialType.System_UInt64);
        FlowState state = terms.AllGuests;
        for (int i = 0; i < 100; i++)
        {
            state = Ordering.Learn(state, terms.Terms.Binary(Microsoft.CodeAnalysis.Operations.BinaryOperatorKind.Add, second, terms.Constant(i, second.Type!), second.Type, true), first);
        }

        Assert.InRange(state.NumericFacts.Orders.Length, 1, 16);
        Assert.True(Ordering.IsAtMost(state, second, first));
    }

    // Of a random pair, what holds.
    private static FlowState Learn(FlowState state, RandomTerms terms, Dictionary<Term, BigInteger> values, Random random)
    {
        (Term one, Term other) = Pair(terms);
        if (ValueOf(one, values) is not { } left || ValueOf(other, values) is not { } right)
        {
            return state;
        }

        return left == right ? Ordering.Learn(Ordering.Learn(state, one, other), other, one)
            : random.Next(3) == 0 ? Ordering.LearnUnequal(state, one, other)
            : left < right ? Ordering.Learn(state, one, other, random.Next(2) == 0)
            : Ordering.Learn(state, other, one, random.Next(2) == 0);
    }

    private static (Term One, Term Other) Pair(RandomTerms terms)
    {
        ITypeSymbol type = terms.WideType();
        return (terms.Next(type, 2, false), terms.Next(type, 2));
    }

    private static BigInteger? ValueOf(Term term, Dictionary<Term, BigInteger> values)
    {
        bool isCut = false;
        return RandomTerms.Evaluate(term, values, ref isCut);
    }
}
