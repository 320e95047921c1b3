using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Ownership;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>How far values can be relied on, and where they came from, at points and where ways meet.</summary>
public sealed class TaintTests
{
    private readonly RandomTerms _terms = new(new Random(1));

    private Term N => _terms.Atom(SpecialType.System_UInt32);

    [Fact]
    public void Where_two_ways_meet_the_worse_holds()
    {
        foreach ((Verdict one, Verdict other, Verdict both) in new[]
        {
            (Verdict.Host, Verdict.Bounded, Verdict.Bounded),
            (Verdict.Host, Verdict.Unchecked, Verdict.Unchecked),
            (Verdict.Bounded, Verdict.Unchecked, Verdict.Unchecked),
            (Verdict.Compared, Verdict.Unchecked, Verdict.Unchecked),
            (Verdict.Bounded, Verdict.Compared, Verdict.Compared),
            (Verdict.Bounded, Verdict.Overflowed, Verdict.Overflowed),
            (Verdict.Bounded, Verdict.OutOfRange, Verdict.Unchecked),
            (Verdict.Bounded, Verdict.Noted, Verdict.Compared),
            (Verdict.Host, Verdict.OutOfRange, Verdict.OutOfRange),
            (Verdict.Overflowed, Verdict.Unchecked, Verdict.Unchecked),
            (Verdict.OutOfRange, Verdict.Unchecked, Verdict.Unchecked),
        })
        {
            Assert.Equal(both, VerdictSet.Join(new TaintFact(one), new TaintFact(other)).Judged.Verdict);
            Assert.Equal(both, VerdictSet.Join(new TaintFact(other), new TaintFact(one)).Judged.Verdict);
        }
    }

    /// <summary>Only what was noted, or looked at in part, gets the benefit of the doubt.</summary>
    [Fact]
    public void No_meeting_makes_an_unchecked_value_safe()
    {
        foreach (Verdict one in Enum.GetValues<Verdict>())
        {
            Assert.Equal(one, VerdictSet.Join(new TaintFact(one), new TaintFact(one)).Judged.Verdict);
            foreach (Verdict other in Enum.GetValues<Verdict>().Where(other => other > Verdict.Compared && other != Verdict.Noted && other != one))
            {
                bool isNoted = one == Verdict.Noted;
                Assert.True(isNoted || !VerdictSet.Join(new TaintFact(one), new TaintFact(other)).Judged.IsSafe, $"{one} and {other}");
            }
        }

        Assert.True(VerdictSet.Join(new TaintFact(Verdict.Compared, IsPartial: true), VerdictSet.Unchecked).Judged.IsSafe);
    }

    [Fact]
    public void A_value_is_as_good_as_its_worst_part()
    {
        FlowState state = FlowState.Empty.Set(N, new TaintFact(Verdict.Unchecked));
        Term host = _terms.Atom(SpecialType.System_UInt64);
        TermTable terms = _terms.Terms;

        Assert.Equal(Verdict.Host, state.Judge(host).Verdict);
        Assert.Equal(Verdict.Unchecked, state.Judge(terms.Cast(N, host.Type!, false)).Verdict);
        Assert.Equal(Verdict.Unchecked, state.Judge(terms.Tuple([host, N])).Verdict);
        Assert.Equal(Verdict.Unchecked, state.Judge(terms.Binary(BinaryOperatorKind.Add, host, N, host.Type, false)).Verdict);
        Assert.Equal(Verdict.Bounded, state.Judge(terms.Binary(BinaryOperatorKind.Remainder, N, host, host.Type, false)).Verdict);
        Assert.Equal(Verdict.Unchecked, state.Judge(terms.Binary(BinaryOperatorKind.Remainder, host, N, host.Type, false)).Verdict);
        Assert.Equal(Verdict.Bounded, state.Judge(terms.Binary(BinaryOperatorKind.And, N, host, host.Type, false)).Verdict);
    }

    [Fact]
    public void A_check_that_overflows_holds_once_what_it_depends_on_is_bounded()
    {
        Term at = _terms.Atom(SpecialType.System_UInt64);
        Term length = N;
        FlowState state = FlowState.Empty.Set(at, new TaintFact(Verdict.Unchecked)).Set(length, new TaintFact(Verdict.Unchecked));
        Term size = _terms.Constant(64, at.Type!);

        state = Arithmetic.AtMost(state, length, _terms.Terms.Binary(BinaryOperatorKind.Subtract, size, at, at.Type, false), null!);
        Assert.Equal(Verdict.Overflowed, state.Judge(length).Verdict);

        state = Ordering.Learn(Arithmetic.AtMost(state, at, size, null!), at, size);
        Assert.Equal(Verdict.Bounded, state.Judge(length).Verdict);
    }

    [Fact]
    public void What_is_bounded_stays_so_and_what_was_made_of_a_new_value_does_not()
    {
        Term limit = _terms.Constant(16, N.Type!);
        Term twice = _terms.Terms.Binary(BinaryOperatorKind.Multiply, N, _terms.Constant(2, N.Type!), N.Type, true);
        FlowState state = FlowState.Empty.Set(N, new TaintFact(Verdict.Unchecked));

        FlowState bounded = Arithmetic.AtMost(state, twice, limit, null!);
        Assert.Equal(Verdict.Bounded, bounded.Judge(N).Verdict);
        Assert.Equal(Verdict.Bounded, Arithmetic.Exceeds(bounded, N, limit, null!).Judge(N).Verdict);

        FlowState anew = bounded.Redefine(N).Set(N, new TaintFact(Verdict.Unchecked));
        Assert.Equal(Verdict.Unchecked, anew.Judge(N).Verdict);
        Assert.Equal(Verdict.Unchecked, anew.Judge(twice).Verdict);
        Assert.Equal(Verdict.OutOfRange, Arithmetic.Exceeds(state, N, limit, null!).Judge(N).Verdict);
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
