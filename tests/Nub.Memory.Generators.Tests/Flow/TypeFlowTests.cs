using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Flow;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>How deep the methods of one type are followed, when there are more of them than there is time for.</summary>
public sealed class TypeFlowTests
{
    // Sixty methods: to follow all of them would take several times what there is.
    private static readonly string[] s_interpreters = [.. Enumerable.Range(0, 60).Select(static i => $"Run{i}")];

    private static readonly string s_members = TypeUnderTest.InterpretersHelpers
        + string.Concat(s_interpreters.Select(static name => TypeUnderTest.Interpreter(name, 10)))
        + $$"""
            public uint Plain(ulong at) => {{string.Join(" + ", Enumerable.Range(0, 120).Select(static i => $"Kind(at + {i * 4})"))}} + Kind(at);
            private uint Kind(ulong at) => Word32(at);
            private uint Word32(ulong at) => _host.Read<uint>(at);
            """;

    [Fact]
    public void All_methods_of_a_type_share_what_may_be_spent_on_what_they_call()
    {
        Dictionary<string, FlowSession> found = TypeUnderTest.Run(s_members, s_interpreters);
        int own = found.Values.Sum(static one => one.Steps - one.StepsInHelpers);
        Assert.InRange(found.Values.Sum(static one => one.StepsInHelpers), 1, TypeFlow.LeastSteps + (TypeFlow.StepsForOperation * own));

        // Not one is left out for that.
        Assert.Equal(s_interpreters.Order(), found.Keys.Order());
        Assert.All(found.Values, static session => Assert.Contains(session.UncheckedUses, static use => use.Sink == Sink.Allocation));
    }

    [Fact]
    public void A_method_that_calls_less_is_followed_however_much_others_call()
    {
        // Before it, after it: who comes first does not depend on where it stands.
        foreach (string[] names in (string[][])[[.. s_interpreters, "Plain"], ["Plain", .. s_interpreters]])
        {
            FlowSession plain = TypeUnderTest.Run(s_members, names)["Plain"];
            Assert.Equal(TypeFlow.DeepestFrame, plain.MostFrames);
            Assert.Contains(plain.Repetitions, plain.Matters);
        }
    }

    [Fact]
    public void In_which_order_methods_come_changes_nothing()
    {
        string[] names = [.. s_interpreters, "Plain"];
        Assert.Equal(Depths(names), Depths([.. names.Reverse()]));
        Assert.Equal(Depths(names), Depths([.. names.OrderBy(static name => name.GetHashCode(StringComparison.Ordinal))]));
    }

    [Fact]
    public void Of_what_is_called_too_often_the_nearest_is_followed()
    {
        // Of two hundred instructions not even the first level, which is four hundred calls; of twenty the first.
        FlowSession many = TypeUnderTest.Run(TypeUnderTest.InterpretersHelpers + TypeUnderTest.Interpreter("Run", 200), "Run")["Run"];
        FlowSession few = TypeUnderTest.Run(TypeUnderTest.InterpretersHelpers + TypeUnderTest.Interpreter("Run", 20), "Run")["Run"];
        Assert.InRange(few.MostFrames, 1, 2);
        Assert.InRange(many.MostFrames, 0, few.MostFrames - 1);
    }

    [Fact]
    public void A_helper_that_is_very_long_is_seen_to_be_so_before_its_graph_is_made()
    {
        IMethodSymbol method = Code.Compile("public static class Test { private static void Long() { } }").GetTypeByMetadataName("Test")!.GetMembers("Long").OfType<IMethodSymbol>().Single();
        var body = new MethodBody(method, static () => throw new InvalidOperationException("The graph was made."), 10_000);
        Assert.False(body.IsSmall);
        Assert.Throws<InvalidOperationException>(() => new MethodBody(method, static () => throw new InvalidOperationException("The graph was made."), 100).IsSmall);
    }

    private static IEnumerable<(string, int)> Depths(string[] names) =>
        TypeUnderTest.Run(s_members, names).Select(static one => (one.Key, one.Value.MostFrames)).Order();
}
