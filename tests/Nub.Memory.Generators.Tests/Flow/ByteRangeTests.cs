using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Which bytes two accesses have in common: offsets as sums, and ranges of bytes.</summary>
public sealed class ByteRangeTests
{
    private static readonly BinaryOperatorKind[] s_linear = [BinaryOperatorKind.Add, BinaryOperatorKind.Subtract, BinaryOperatorKind.Multiply, BinaryOperatorKind.LeftShift];

    /// <summary>Offsets are computed as they are in the program: with casts, from numbers of all types.</summary>
    [Fact]
    public void A_difference_holds_wherever_nothing_overflows()
    {
        var random = new Random(1);
        int found = 0;
        for (int i = 0; i < 4_000; i++)
        {
            var terms = new RandomTerms(random);
            ITypeSymbol type = RandomTerms.Type(SpecialType.System_UInt64);
            Term first = terms.Next(type, 4);
            Term second = random.Next(2) == 0 ? Rearranged(terms, first, random) : terms.Next(type, 2);
            if (LinearForm.Difference(first, second) is not { } difference)
            {
                continue;
            }

            Assert.Equal(unchecked(-difference), LinearForm.Difference(second, first));
            for (int j = 0; j < 20; j++)
            {
                Dictionary<Term, BigInteger> values = terms.Values();
                bool isCut = false;
                BigInteger? one = RandomTerms.Evaluate(first, values, ref isCut);
                BigInteger? other = RandomTerms.Evaluate(second, values, ref isCut);
                if (one is not null && other is not null && !isCut)
                {
                    found++;
                    Assert.True(
                        RandomTerms.Wrap(one.Value - other.Value - difference, type) == 0,
                        $"{RandomTerms.Show(first)} is {one}, {RandomTerms.Show(second)} is {other}, and the difference was to be {difference}, for {RandomTerms.Show(values)}");
                }
            }
        }

        Assert.True(found > 1_000, $"Only {found} were compared.");
    }

    /// <summary>In 64 bits sums wrap as offsets do: there it holds always.</summary>
    [Fact]
    public void A_difference_of_offsets_holds_even_when_they_overflow()
    {
        var random = new Random(2);
        int found = 0;
        for (int i = 0; i < 4_000; i++)
        {
            var terms = new RandomTerms(random);
            Term first = Offset(terms, 5, random);
            Term second = random.Next(2) == 0 ? Rearranged(terms, first, random) : Offset(terms, 2, random);
            if (LinearForm.Difference(first, second) is not { } difference)
            {
                continue;
            }

            found++;
            for (int j = 0; j < 10; j++)
            {
                Dictionary<Term, BigInteger> values = terms.Values();
                bool isCut = false;
                BigInteger actual = RandomTerms.Evaluate(first, values, ref isCut)!.Value - RandomTerms.Evaluate(second, values, ref isCut)!.Value;
                Law.Holds(RandomTerms.Wrap(actual - difference, first.Type!) == 0, $"{RandomTerms.Show(first)} less {RandomTerms.Show(second)} is not {difference}");
            }
        }

        Assert.True(found > 1_000, $"Only {found} were compared.");
    }

    [Fact]
    public void What_has_no_constant_difference_has_none()
    {
        var terms = new RandomTerms(new Random(1));
        Term one = terms.Atom(SpecialType.System_UInt64);
        Term other = terms.Atom(SpecialType.System_Int64);
        Term half = terms.Terms.Binary(BinaryOperatorKind.Divide, one, terms.Constant(2, one.Type!), one.Type, false);
        Term cut = terms.Terms.Cast(one, RandomTerms.Type(SpecialType.System_Byte), false);

        Assert.Null(LinearForm.Difference(one, other));
        Assert.Null(LinearForm.Difference(one, half));
        Assert.Null(LinearForm.Difference(one, cut));
        Assert.Null(LinearForm.Difference(one, terms.Constant(0, one.Type!)));
        Assert.Equal(0, LinearForm.Difference(cut, cut));
    }

    /// <summary>An index of the last element times its size is beyond 64 bits, and beyond what a decimal is cast to.</summary>
    [Theory]
    [InlineData("36893488147419103228", "-4")]
    [InlineData("18446744073709551615", "-1")]
    [InlineData("9223372036854775808", "-9223372036854775808")]
    [InlineData("-18446744073709551612", "4")]
    public void A_constant_counts_by_its_last_64_bits(string constant, string difference)
    {
        var terms = new RandomTerms(new Random(1));
        Term far = terms.Terms.Constant(decimal.Parse(constant, System.Globalization.CultureInfo.InvariantCulture), null);

        Assert.Equal(long.Parse(difference, System.Globalization.CultureInfo.InvariantCulture), LinearForm.Difference(far, terms.Terms.Constant(0, null)));
    }

    [Fact]
    public void Places_overlap_where_they_have_a_byte_in_common()
    {
        var terms = new RandomTerms(new Random(1));
        Term memory = terms.Atom(SpecialType.System_Int32);
        for (int start = 0; start < 12; start++)
        {
            for (int length = 0; length < 6; length++)
            {
                var first = new ByteRange(memory, terms.Terms.Constant(4, null), 4);
                var second = new ByteRange(memory, terms.Terms.Constant(start, null), length == 0 ? null : length);
                long[] common = [.. Enumerable.Range(4, 4).Intersect(Enumerable.Range(start, Math.Max(1, length))).Select(static at => at - 4L)];

                Assert.Equal(common is [] ? null : (common[0], common[^1] + 1), first.Overlap(second));
                Assert.Equal(common is not [], second.Overlap(first) is not null);
                Assert.Equal(common is not [], first.Covers(second));
                Assert.Equal(length == 0 ? start < 8 : common is not [], second.Covers(first));
            }
        }
    }

    [Fact]
    public void Places_of_two_memories_or_of_unknown_offsets_do_not()
    {
        var terms = new RandomTerms(new Random(1));
        Term zero = terms.Terms.Constant(0, null);
        var place = new ByteRange(terms.Atom(SpecialType.System_Int32), zero, 8);

        foreach (ByteRange other in new[] { place with { Memory = terms.Atom(SpecialType.System_UInt32) }, place with { Offset = terms.Atom(SpecialType.System_UInt64) } })
        {
            Assert.Null(place.Overlap(other));
            Assert.False(place.Covers(other));
        }
    }

    private static Term Offset(RandomTerms terms, int depth, Random random)
    {
        ITypeSymbol type = RandomTerms.Type(SpecialType.System_UInt64);
        if (depth == 0 || random.Next(4) == 0)
        {
            return random.Next(2) == 0 ? terms.Atom(SpecialType.System_UInt64) : terms.Constant(terms.Edge(type), type);
        }

        BinaryOperatorKind kind = terms.Pick(s_linear);
        Term right = kind switch
        {
            BinaryOperatorKind.LeftShift => terms.Constant(random.Next(70), RandomTerms.Type(SpecialType.System_Int32)),
            BinaryOperatorKind.Multiply => terms.Constant(terms.Edge(type), type),
            _ => Offset(terms, depth - 1, random),
        };
        Term left = Offset(terms, depth - 1, random);
        return kind == BinaryOperatorKind.Multiply && random.Next(2) == 0
            ? terms.Terms.Binary(kind, right, left, type, false)
            : terms.Terms.Binary(kind, left, right, type, false);
    }

    // The same sum in another order, and some bytes further on.
    private static Term Rearranged(RandomTerms terms, Term term, Random random)
    {
        Term same = Turn(terms, term);
        Term more = terms.Constant(random.Next(16), term.Type!);
        return random.Next(2) == 0 ? same : terms.Terms.Binary(BinaryOperatorKind.Add, more, same, term.Type, false);
    }

    private static Term Turn(RandomTerms terms, Term term) => term switch
    {
        { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add } =>
            terms.Terms.Binary(BinaryOperatorKind.Add, Turn(terms, term.Right!), Turn(terms, term.Left!), term.Type, term.IsChecked),
        { Kind: TermKind.Cast } => terms.Terms.Cast(Turn(terms, term.Left!), term.Type!, term.IsChecked),
        _ => term,
    };
}
