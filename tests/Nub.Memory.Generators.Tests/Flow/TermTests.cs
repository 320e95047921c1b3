using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Values by how they came about: the same way is the same object, and another way never is.</summary>
public sealed class TermTests
{
    private readonly RandomTerms _random = new(new Random(1));

    private TermTable Terms => _random.Terms;

    private Term A => _random.Atom(SpecialType.System_UInt32);

    private Term B => _random.Atom(SpecialType.System_UInt64);

    private static ITypeSymbol UInt32 => RandomTerms.Type(SpecialType.System_UInt32);

    private static ITypeSymbol UInt64 => RandomTerms.Type(SpecialType.System_UInt64);

    // Fields of something; which, does not matter.
    private static ISymbol[] Members => [.. UInt32.GetMembers().Take(2)];

    [Fact]
    public void What_came_about_in_the_same_way_is_the_same()
    {
        Assert.Same(Sum(false), Sum(false));
        Assert.Same(Terms.Constant(4, UInt32), Terms.Constant(4, UInt64));
        Assert.Same(Terms.Cast(A, UInt64, false), Terms.Cast(A, UInt64, false));
        Assert.Same(Terms.Tuple([A, B, A]), Terms.Tuple([A, B, A]));
    }

    [Fact]
    public void What_came_about_in_another_way_is_another()
    {
        Term[] all =
        [
            A, B, Sum(false), Sum(true), Terms.Binary(BinaryOperatorKind.Add, A, B, null, false), Terms.Binary(BinaryOperatorKind.Add, B, A, UInt64, false),
            Terms.Binary(BinaryOperatorKind.Subtract, A, B, UInt64, false), Terms.Cast(A, UInt64, false), Terms.Cast(A, UInt64, true),
            Terms.Cast(A, RandomTerms.Type(SpecialType.System_Int64), false), Terms.View(A, B, UInt32), Terms.ArrayView(A, B, UInt32), Terms.View(A, B, UInt64),
            Terms.Tuple([A, B]), Terms.Tuple([A, B, A]), Terms.Field(A, Members[0], UInt32), Terms.Field(A, Members[1], UInt32), Terms.With(A, Members[0], B),
            Terms.Constant(4, UInt32), Terms.Constant(5, UInt32),
        ];

        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(all.Length, all.Select(static term => term.Id).Distinct().Count());
    }

    /// <summary>Offsets are summed up without a type; a sum of the program's own has one, which tells whether it overflows.</summary>
    [Fact]
    public void A_sum_keeps_its_type_whoever_made_it_first()
    {
        _ = Terms.Binary(BinaryOperatorKind.Add, B, Terms.Constant(4, null), null, false);

        Assert.Same(UInt64, Terms.Binary(BinaryOperatorKind.Add, B, Terms.Constant(4, UInt64), UInt64, false).Type);
    }

    [Fact]
    public void A_field_of_what_was_put_together_is_what_was_put_there()
    {
        ISymbol one = Members[0];
        ISymbol other = Members[1];
        Term both = Terms.With(Terms.With(A, one, B), other, A);

        Assert.Same(B, Terms.Field(both, one, UInt64));
        Assert.Same(A, Terms.Field(both, other, UInt32));
        Assert.Same(Terms.Field(A, other, UInt32), Terms.Field(Terms.With(A, one, B), other, UInt32));
        Assert.Same(Terms.With(A, one, A), Terms.With(Terms.With(A, one, B), one, A));
    }

    [Fact]
    public void A_cast_to_its_own_type_is_none()
    {
        Assert.Same(A, Terms.Cast(A, UInt32, false));
        Assert.Same(Terms.Constant(4, UInt32), Terms.Cast(Terms.Constant(4, UInt32), UInt64, true));
        Assert.NotSame(A, Terms.Cast(Terms.Cast(A, UInt64, false), UInt32, false));
    }

    [Fact]
    public void Depth_and_mention_go_through_all_parts()
    {
        Term deep = A;
        for (int i = 1; i < 10; i++)
        {
            Assert.False(TermTable.IsTooDeep(B, deep));
            deep = Terms.Binary(BinaryOperatorKind.Add, deep, Terms.Constant(i, UInt32), UInt32, false);
        }

        Assert.Equal(10, deep.Depth);
        Assert.True(TermTable.IsTooDeep(B, deep));
        Assert.True(deep.Mentions(A));
        Assert.False(deep.Mentions(B));
        Assert.True(Sum(false).Mentions(term => term == B));
        Assert.False(deep.Mentions(static term => term.Kind == TermKind.Constant));
    }

    private Term Sum(bool isChecked) => Terms.Binary(BinaryOperatorKind.Add, A, B, UInt64, isChecked);
}
