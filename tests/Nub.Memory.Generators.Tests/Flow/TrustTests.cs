using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>How far values can be relied on, and where they came from, at points and where ways meet.</summary>
public sealed class TrustTests
{
    private readonly RandomTerms _terms = new(new Random(1));

    private Term N => _terms.Atom(SpecialType.System_UInt32);

    [Fact]
    public void Where_two_ways_meet_the_worse_holds()
    {
        foreach ((Trust one, Trust other, Trust both) in new[]
        {
            (Trust.Host, Trust.Bounded, Trust.Bounded),
            (Trust.Host, Trust.Unchecked, Trust.Unchecked),
            (Trust.Bounded, Trust.Unchecked, Trust.Unchecked),
            (Trust.Compared, Trust.Unchecked, Trust.Unchecked),
            (Trust.Bounded, Trust.Compared, Trust.Compared),
            (Trust.Bounded, Trust.Overflowed, Trust.Overflowed),
            (Trust.Bounded, Trust.Refuted, Trust.Unchecked),
            (Trust.Bounded, Trust.Noted, Trust.Compared),
            (Trust.Host, Trust.Refuted, Trust.Refuted),
            (Trust.Overflowed, Trust.Unchecked, Trust.Unchecked),
            (Trust.Refuted, Trust.Unchecked, Trust.Unchecked),
        })
        {
            Assert.Equal(both, Standing.Join(new Standing(one), new Standing(other)).Trust);
            Assert.Equal(both, Standing.Join(new Standing(other), new Standing(one)).Trust);
        }
    }

    /// <summary>Only what was noted, or looked at in part, gets the benefit of the doubt.</summary>
    [Fact]
    public void No_meeting_makes_an_unchecked_value_safe()
    {
        foreach (Trust one in Enum.GetValues<Trust>())
        {
            Assert.Equal(one, Standing.Join(new Standing(one), new Standing(one)).Trust);
            foreach (Trust other in Enum.GetValues<Trust>().Where(other => other > Trust.Compared && other != Trust.Noted && other != one))
            {
                bool isNoted = one == Trust.Noted;
                Assert.True(isNoted || !Standing.Join(new Standing(one), new Standing(other)).IsSafe, $"{one} and {other}");
            }
        }

        Assert.True(Standing.Join(new Standing(Trust.Compared, IsPartial: true), new Standing(Trust.Unchecked)).IsSafe);
    }

    [Fact]
    public void A_value_is_as_good_as_its_worst_part()
    {
        FlowState state = FlowState.Empty.Set(N, new Standing(Trust.Unchecked));
        Term host = _terms.Atom(SpecialType.System_UInt64);
        TermTable terms = _terms.Terms;

        Assert.Equal(Trust.Host, state.StandingOf(host).Trust);
        Assert.Equal(Trust.Unchecked, state.StandingOf(terms.Cast(N, host.Type!, false)).Trust);
        Assert.Equal(Trust.Unchecked, state.StandingOf(terms.Tuple([host, N])).Trust);
        Assert.Equal(Trust.Unchecked, state.StandingOf(terms.Binary(BinaryOperatorKind.Add, host, N, host.Type, false)).Trust);
        Assert.Equal(Trust.Bounded, state.StandingOf(terms.Binary(BinaryOperatorKind.Remainder, N, host, host.Type, false)).Trust);
        Assert.Equal(Trust.Unchecked, state.StandingOf(terms.Binary(BinaryOperatorKind.Remainder, host, N, host.Type, false)).Trust);
        Assert.Equal(Trust.Bounded, state.StandingOf(terms.Binary(BinaryOperatorKind.And, N, host, host.Type, false)).Trust);
    }

    [Fact]
    public void A_check_that_overflows_holds_once_what_it_depends_on_is_bounded()
    {
        Term at = _terms.Atom(SpecialType.System_UInt64);
        Term length = N;
        FlowState state = FlowState.Empty.Set(at, new Standing(Trust.Unchecked)).Set(length, new Standing(Trust.Unchecked));
        Term size = _terms.Constant(64, at.Type!);

        state = Arithmetic.AtMost(state, length, _terms.Terms.Binary(BinaryOperatorKind.Subtract, size, at, at.Type, false), null!);
        Assert.Equal(Trust.Overflowed, state.StandingOf(length).Trust);

        state = Ordering.Learn(Arithmetic.AtMost(state, at, size, null!), at, size);
        Assert.Equal(Trust.Bounded, state.StandingOf(length).Trust);
    }

    [Fact]
    public void What_is_bounded_stays_so_and_what_was_made_of_a_new_value_does_not()
    {
        Term limit = _terms.Constant(16, N.Type!);
        Term twice = _terms.Terms.Binary(BinaryOperatorKind.Multiply, N, _terms.Constant(2, N.Type!), N.Type, true);
        FlowState state = FlowState.Empty.Set(N, new Standing(Trust.Unchecked));

        FlowState bounded = Arithmetic.AtMost(state, twice, limit, null!);
        Assert.Equal(Trust.Bounded, bounded.StandingOf(N).Trust);
        Assert.Equal(Trust.Bounded, Arithmetic.Exceeds(bounded, N, limit, null!).StandingOf(N).Trust);

        FlowState anew = bounded.Redefine(N).Set(N, new Standing(Trust.Unchecked));
        Assert.Equal(Trust.Unchecked, anew.StandingOf(N).Trust);
        Assert.Equal(Trust.Unchecked, anew.StandingOf(twice).Trust);
        Assert.Equal(Trust.Refuted, Arithmetic.Exceeds(state, N, limit, null!).StandingOf(N).Trust);
    }

    [Fact]
    public void Origins_are_kept_by_holder_and_forgotten_when_there_are_none()
    {
        Holder holder = Holder.Of(UInt32.GetMembers()[0]);
        Holder other = Holder.Of(UInt32.GetMembers()[1]);
        var memory = new Origin("memory");
        OriginState state = OriginState.Empty.Set(holder, [memory, memory.As(OriginKind.Inside)]);

        Assert.Equal(holder, Holder.Of(UInt32.GetMembers()[0]));
        Assert.NotEqual(holder, other);
        Assert.Equal(2, state.Of(holder)!.Count);
        Assert.Null(state.Of(other));
        Assert.Same(state, state.Set(holder, [memory.As(OriginKind.Inside), memory]));
        Assert.Same(state, state.Set(other, []));
        Assert.Null(state.Set(holder, []).Of(holder));
        Assert.Same(memory, memory.As(OriginKind.Itself));
        Assert.Equal(new Origin("memory", OriginKind.Address), memory.As(OriginKind.Address));
    }

    [Fact]
    public void A_mark_is_kept_as_it_was_first_made()
    {
        IOperation first = Operation("1");
        IOperation second = Operation("2");
        OriginState state = OriginState.Empty.Mark("lease", first);

        Assert.Same(state, state.Mark("lease", second));
        Assert.Same(first, state.Marked["lease"]);
        Assert.Same(state, state.Unmark("another"));
        Assert.Empty(state.Unmark("lease").Marked);
        Assert.Equal(ImmutableHashSet<Origin>.Empty, OriginState.Empty.Of(Holder.Of(UInt32)) ?? []);
    }

    private static ITypeSymbol UInt32 => RandomTerms.Type(SpecialType.System_UInt32);

    private static IOperation Operation(string expression)
    {
        Microsoft.CodeAnalysis.CSharp.CSharpCompilation compilation = Harness.Code.Compile($"class Test {{ int Value => {expression}; }}");
        SyntaxTree tree = compilation.SyntaxTrees[0];
        return compilation.GetSemanticModel(tree).GetOperation(tree.GetRoot().DescendantNodes()
            .OfType<Microsoft.CodeAnalysis.CSharp.Syntax.LiteralExpressionSyntax>().First())!;
    }
}
