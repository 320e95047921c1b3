using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>
/// What the flow rules conclude about numbers, held against what the numbers come to: no conclusion may be better than the truth.
/// </summary>
[Trait("Kind", "slow")]
public sealed class ArithmeticTests
{
    private const int Trees = 4_000;
    private const int ValuesPerTree = 40;

    [Fact]
    public void A_value_is_in_its_range() => ForAll((terms, term, _) =>
    {
        Interval range = ValueRanges.RangeOf(terms.AllGuests, term);
        ForValues(terms, term, (value, _, values) =>
            Law.Holds(range.Least <= value && value <= range.Most, $"{RandomTerms.Show(term)} is {value}, not in {range}, for {RandomTerms.Show(values)}"));
    });

    [Fact]
    public void What_overflows_is_said_to()
    {
        int overflows = 0;
        ForAll((terms, _, _) =>
        {
            BinaryOperatorKind kind = terms.Pick([BinaryOperatorKind.Add, BinaryOperatorKind.Multiply, BinaryOperatorKind.LeftShift]);
            Term sum = terms.NextBinary(kind, terms.WideType(), 2);
            if (ValueRanges.CanOverflow(terms.AllGuests, sum) || !terms.AllGuests.IsGuests(sum))
            {
                overflows++;
                return;
            }

            ForValues(terms, sum, (_, isCut, values) => Law.Holds(!isCut, $"{RandomTerms.Show(sum)} overflows for {RandomTerms.Show(values)}"));
        });
        Assert.InRange(overflows, Trees / 10, Trees * 9 / 10);
    }

    [Theory]
    [InlineData(SpecialType.System_UInt32, SpecialType.System_UInt64, BinaryOperatorKind.Add, false)]
    [InlineData(SpecialType.System_UInt32, SpecialType.System_UInt32, BinaryOperatorKind.Add, true)]
    [InlineData(SpecialType.System_UInt16, SpecialType.System_Int32, BinaryOperatorKind.Add, false)]
    [InlineData(SpecialType.System_UInt16, SpecialType.System_Int32, BinaryOperatorKind.Multiply, true)]
    [InlineData(SpecialType.System_Int16, SpecialType.System_Int32, BinaryOperatorKind.Multiply, false)]
    [InlineData(SpecialType.System_Int32, SpecialType.System_Int64, BinaryOperatorKind.Multiply, false)]
    [InlineData(SpecialType.System_UInt32, SpecialType.System_Int64, BinaryOperatorKind.Multiply, true)]
    [InlineData(SpecialType.System_UInt32, SpecialType.System_UInt64, BinaryOperatorKind.Multiply, false)]
    [InlineData(SpecialType.System_SByte, SpecialType.System_UInt32, BinaryOperatorKind.Add, true)]
    [InlineData(SpecialType.System_Int32, SpecialType.System_UInt64, BinaryOperatorKind.Add, true)]
    public void What_has_room_is_not(SpecialType from, SpecialType to, BinaryOperatorKind kind, bool overflows)
    {
        var terms = new RandomTerms(new Random(1));
        Term part = terms.Terms.Cast(terms.Atom(from), RandomTerms.Type(to), false);

        Assert.Equal(overflows, ValueRanges.CanOverflow(terms.AllGuests, terms.Terms.Binary(kind, part, part, RandomTerms.Type(to), false)));
        Assert.False(ValueRanges.CanOverflow(terms.AllGuests, terms.Terms.Binary(kind, part, part, RandomTerms.Type(to), true)));
        Assert.False(ValueRanges.CanOverflow(FlowState.Empty, terms.Terms.Binary(kind, part, part, RandomTerms.Type(to), false)));
    }

    /// <summary>An expression is found to be within a limit: what is then said to be bounded is no more than what its constants make of the limit.</summary>
    [Fact]
    public void What_is_bounded_by_a_check_is_small()
    {
        int bounded = 0;
        ForAll((terms, _, random) =>
        {
            Term value = terms.Next(terms.WideType(), 3, false);
            BigInteger limit = random.Next(1_000);
            FlowState state = Arithmetic.AtMost(terms.AllGuests, value, terms.Constant(limit, value.Type!), null!);
            BigInteger most = Largest(value, limit);
            foreach (SpecialType type in new[] { SpecialType.System_Int32, SpecialType.System_UInt32, SpecialType.System_Int64, SpecialType.System_UInt64 })
            {
                Term atom = terms.Atom(type);
                if (!value.Mentions(atom) || state.Judge(atom).Verdict != Verdict.Bounded)
                {
                    continue;
                }

                bounded++;
                ForValues(terms, value, (result, _, values) =>
                    Assert.True(
                        result > limit || values[atom] <= most || HasSignedSum(value),
                        $"{RandomTerms.Show(value)} <= {limit} does not bound {type}: {RandomTerms.Show(values)}"));
            }
        });
        Assert.True(bounded > Trees / 50, $"Only {bounded} were.");
    }

    [Fact]
    public void What_is_found_not_to_be_negative_is_not() => ForAll((terms, term, _) =>
    {
        FlowState state = Arithmetic.FindNonNegative(terms.AllGuests, term);
        ForValues(terms, term, (value, _, values) =>
        {
            if (value < 0)
            {
                return;
            }

            foreach (Term known in state.NumericFacts.Ranges.Keys.Where(state.IsNonNegative))
            {
                bool isCut = false;
                BigInteger? one = RandomTerms.Evaluate(known, values, ref isCut);
                Law.Holds(one >= 0, $"{RandomTerms.Show(known)} is {one} though {RandomTerms.Show(term)} is {value}");
            }
        });
    });

    [Fact]
    public void Interval_arithmetic_covers_every_pair_of_numbers()
    {
        Interval[] all = [.. from least in Enumerable.Range(-5, 11) from most in Enumerable.Range(-5, 11) where least <= most select new Interval(least, most)];
        foreach (BinaryOperatorKind kind in Enum.GetValues<BinaryOperatorKind>())
        {
            foreach ((Interval left, Interval right) in from one in all from other in all select (one, other))
            {
                if (Interval.Of(kind, left, right, 32) is { } range)
                {
                    Cover(kind, left, right, range);
                }
            }
        }
    }

    [Theory]
    [InlineData(BinaryOperatorKind.And, 7, 515, 0xFFFF_FFFC, 0xFFFF_FFFC, 4, 512)]
    [InlineData(BinaryOperatorKind.And, -7, 515, -4, -4, -8, 512)]
    [InlineData(BinaryOperatorKind.And, -4, -4, 7, 515, 4, 512)]
    [InlineData(BinaryOperatorKind.And, 7, 15, 12, 12, 4, 12)]
    [InlineData(BinaryOperatorKind.And, 7, 16, 12, 12, 0, 12)]
    [InlineData(BinaryOperatorKind.And, 7, 15, 10, 10, 0, 10)]
    [InlineData(BinaryOperatorKind.And, -7, 15, 12, 12, 0, 12)]
    [InlineData(BinaryOperatorKind.LeftShift, 512, 512, 0, 12, 512, 512 << 12)]
    [InlineData(BinaryOperatorKind.LeftShift, -3, 2, 1, 2, -12, 8)]
    [InlineData(BinaryOperatorKind.LeftShift, -3, -2, 1, 2, -12, -4)]
    [InlineData(BinaryOperatorKind.RightShift, -8, -4, 1, 2, -4, -1)]
    [InlineData(BinaryOperatorKind.UnsignedRightShift, 64, 128, 1, 2, 16, 64)]
    public void An_interval_is_no_wider_than_its_numbers(BinaryOperatorKind kind, long left, long most, long right, long mostRight, long least, long largest) =>
        Assert.Equal(new Interval(least, largest), Interval.Of(kind, new Interval(left, most), new Interval(right, mostRight), 32));

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 32)]
    public void A_shift_that_may_go_round_says_nothing(int least, int most) =>
        Assert.Null(Interval.Of(BinaryOperatorKind.LeftShift, new Interval(1, 1), new Interval(least, most), 32));

    [Theory]
    [InlineData(3, 32, 3)]
    [InlineData(32, 32, 0)]
    [InlineData(35, 16, 3)]
    [InlineData(-1, 32, 31)]
    [InlineData(-1, 64, 63)]
    [InlineData(64, 64, 0)]
    [InlineData(100, 128, 100)]
    public void A_shift_goes_as_far_as_the_language_says(int written, int width, int count) =>
        Assert.Equal(count, Interval.Count(new Interval(written, written), width));

    [Fact]
    public void Only_a_constant_says_how_far_a_shift_goes() => Assert.Null(Interval.Count(new Interval(1, 2), 32));

    private static void Cover(BinaryOperatorKind kind, Interval left, Interval right, Interval range)
    {
        for (int one = (int)left.Least; one <= left.Most; one++)
        {
            for (int other = (int)right.Least; other <= right.Most; other++)
            {
                if (kind is BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder && other == 0)
                {
                    continue;
                }

                long? value = kind switch
                {
                    BinaryOperatorKind.Add => one + other,
                    BinaryOperatorKind.Subtract => one - other,
                    BinaryOperatorKind.Multiply => one * other,
                    BinaryOperatorKind.Divide => one / other,
                    BinaryOperatorKind.Remainder => one % other,
                    BinaryOperatorKind.And => one & other,
                    BinaryOperatorKind.Or => one | other,
                    BinaryOperatorKind.ExclusiveOr => one ^ other,
                    BinaryOperatorKind.LeftShift => (long)one << (other & 31),
                    BinaryOperatorKind.RightShift => one >> other,
                    BinaryOperatorKind.UnsignedRightShift => one >>> other,
                    _ => null,
                };
                Assert.True(value is { } known && range.Least <= known && known <= range.Most, $"{one} {kind} {other} is {value}, not in {range}");
            }
        }
    }

    // A negative part of a sum hides how large the other is. Of signed numbers only the end is looked after: what is negative throws.
    private static bool HasSignedSum(Term term) =>
        (term.Kind == TermKind.Binary && IntegerTypes.IsSigned(term.Type)) || (term.Left is { } left && HasSignedSum(left)) || (term.Right is { } right && HasSignedSum(right));

    private static BigInteger Largest(Term value, BigInteger limit) => value switch
    {
        { Kind: TermKind.Binary, Key: BinaryOperatorKind.Subtract or BinaryOperatorKind.Divide or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift } =>
            BigInteger.Max(Largest(value.Left!, Undo(value, limit)), limit),
        { Right: { } right } => BigInteger.Max(Largest(value.Left!, limit), Largest(right, limit)),
        { Left: { } left } => Largest(left, limit),
        _ => limit,
    };

    private static BigInteger Undo(Term value, BigInteger limit)
    {
        BigInteger right = value.Right!.Kind == TermKind.Constant ? new BigInteger(value.Right.Constant) : 0;
        return value.Key switch
        {
            BinaryOperatorKind.Subtract => limit + right,
            BinaryOperatorKind.Divide => ((limit + 1) * right) - 1,
            _ => ((limit + 1) << (int)(right & (IntegerTypes.BitsOf(value.Type) - 1))) - 1,
        };
    }

    private static void ForAll(Action<RandomTerms, Term, Random> check)
    {
        var random = new Random(20_160_311);
        for (int i = 0; i < Trees; i++)
        {
            var terms = new RandomTerms(random);
            check(terms, terms.Next(terms.WideType(), 4, false), random);
        }
    }

    private static void ForValues(RandomTerms terms, Term term, Action<BigInteger, bool, Dictionary<Term, BigInteger>> check)
    {
        for (int i = 0; i < ValuesPerTree; i++)
        {
            Dictionary<Term, BigInteger> values = terms.Values();
            bool isPartCut = false;
            if (term.Kind == TermKind.Binary)
            {
                _ = RandomTerms.Evaluate(term.Left!, values, ref isPartCut);
                _ = RandomTerms.Evaluate(term.Right!, values, ref isPartCut);
            }

            bool isCut = false;
            if (RandomTerms.Evaluate(term, values, ref isCut) is { } value)
            {
                check(value, isCut && !isPartCut, values);
            }
        }
    }
}
