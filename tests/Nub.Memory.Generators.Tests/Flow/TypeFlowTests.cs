using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>How deep the methods of one type are followed, when there are more of them than there is time for.</summary>
[Trait("Kind", "slow")]
public sealed class TypeFlowTests
{
    // Sixty methods: to follow all of them would take several times what there is.
    private static readonly string[] s_interpreters = [.. Enumerable.Range(0, 60).Select(static i => $"Run{i}")];

    private static readonly string s_members = TypeUnderTest.InterpretersHelpers
        + string.Concat(s_interpreters.Select(static name => TypeUnderTest.Interpreter(name, 10)))
        + $$"""
            public uint Plain(ulong at) => {{string.Join(" + ", Enumerable.Range(0, 40).Select(static i => $"Kind(at + {i * 4})"))}} + Kind(at);
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
    public void A_helper_that_does_nothing_is_followed_like_any_other()
    {
        // Not followed, it would count as a method that may have checked what it was given, or let the guest run.
        Dictionary<string, FlowSession> found = TypeUnderTest.Run("""
            public byte[] Allocate() { uint length = _host.Read<uint>(0); Trace(length); return new byte[length]; }
            public uint Add() { uint first = _host.Read<uint>(0); Trace(4); return first + _host.Read<uint>(0); }
            private void Trace(uint value) { }
            """, "Allocate", "Add");
        Assert.Contains(found["Allocate"].UncheckedUses, static use => use.Sink == Sink.Allocation);
        Assert.Contains(found["Add"].Repetitions, found["Add"].Matters);
    }

    [Fact]
    public void The_last_one_has_nobody_to_leave_anything_to()
    {
        // More than half of what there is, and less than all.
        string calls = string.Join(" + ", Enumerable.Range(0, 12).Select(static i => $"Leaf(at + {i * 128})"));
        string sums = string.Concat(Enumerable.Range(0, 18).Select(static i => $"sum += (int)at + {i}; "));
        FlowSession alone = TypeUnderTest.Run($"public int Run(ulong at) => {calls} + _host.Read<int>(at); private int Leaf(ulong at) {{ int sum = 0; {sums} return sum; }}", "Run")["Run"];
        Assert.Equal(TypeFlow.DeepestFrame, alone.MostFrames);
        Assert.InRange(alone.StepsInHelpers, 1, TypeFlow.LeastSteps);
    }

    [Fact]
    public void A_helper_that_reads_nothing_and_is_too_large_takes_nothing_from_others()
    {
        // By their length they would take all that there is; they have too many blocks to be followed.
        string cases = string.Concat(Enumerable.Range(0, 200).Select(static i => $"case {i}: _seen += {i}; break;\n"));
        FlowSession run = TypeUnderTest.Run($$"""
            private int _seen;
            public byte[] Run() { Trace(1); Trace(2); Trace(3); return new byte[Length(0)]; }
            private void Trace(int code) { switch (code) { {{cases}} } }
            private uint Length(ulong at) => _host.Read<uint>(at);
            """, "Run")["Run"];
        Assert.Equal(TypeFlow.DeepestFrame, run.MostFrames);
        Assert.Contains(run.UncheckedUses, static use => use.Sink == Sink.Allocation);
    }

    [Fact]
    public void A_helper_that_reads_nothing_is_as_large_as_what_it_calls()
    {
        // To try with all of it would be in vain, and then not even the first level would be followed. Each statement has its line.
        string Lines(int count, string statement) => string.Concat(Enumerable.Repeat($"\n{new string(' ', 40)}{statement}", count));
        FlowSession run = TypeUnderTest.Run($$"""
            private int _seen;
            public byte[] Run() { Log(1); return new byte[Length(0)]; }
            private void Log(int x) { {{Lines(4, "A(x);")}} }
            private void A(int x) { {{Lines(10, "B(x);")}} }
            private void B(int x) { for (int i = 0; i < x; i++) { {{Lines(20, "_seen += i;")}} } }
            private uint Length(ulong at) => _host.Read<uint>(at);
            """, "Run")["Run"];
        Assert.InRange(run.MostFrames, 1, 2);
        Assert.Contains(run.UncheckedUses, static use => use.Sink == Sink.Allocation);
    }

    [Fact]
    public void What_takes_more_than_its_length_shows_is_followed_less_deep()
    {
        // Written so densely that its length tells a fifth of it: the first try is in vain.
        string members = $$"""
            private int _seen;
            public byte[] Run() { Log(1); return new byte[Length(0)]; }
            public byte[] Later() { Log(1); Log(2); Log(3); return new byte[_host.Read<uint>(4)]; }
            private void Log(int x) { A(x); A(x + 1); A(x + 2); A(x + 3); }
            private void A(int x) { {{string.Concat(Enumerable.Repeat("B(x);", 5))}} }
            private void B(int x) { for (int i = 0; i < x; i++) { {{string.Concat(Enumerable.Repeat("_seen += i;", 20))}} } }
            private uint Length(ulong at) => _host.Read<uint>(at);
            """;
        FlowSession run = TypeUnderTest.Run(members, ["Run", "Later"], out long steps)["Run"];
        Assert.InRange(steps, TypeFlow.LeastSteps / 2, 2 * TypeFlow.LeastSteps);
        Assert.InRange(run.MostFrames, 1, 2);
        Assert.Contains(run.UncheckedUses, static use => use.Sink == Sink.Allocation);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Tries_that_come_to_nothing_are_counted(int loops)
    {
        // Loops in loops in helpers of helpers: little to read, and hundreds of rounds until nothing changes.
        string start = string.Concat(Enumerable.Range(0, loops).Select(static i => $"for (uint i{i} = 0; i{i} < 16; i{i}++) {{ "));
        string Helper(string name, string next) => $"private uint {name}(ulong at) {{ uint sum = 0; {start} sum += {next}; {new string('}', loops)} return sum; }}\n";
        string members = Helper("A", "B(at + i0)") + Helper("B", "C(at + i0)") + Helper("C", "_host.Read<uint>(at + i0)")
            + string.Concat(Enumerable.Range(0, 10).Select(static i => $"public uint Run{i}(ulong at) => A(at + {i}) + _host.Read<uint>(at);\n"));
        string[] names = [.. Enumerable.Range(0, 10).Select(static i => $"Run{i}")];
        Dictionary<string, FlowSession> found = TypeUnderTest.Run(members, names, out long steps);
        Assert.Equal(names.Order(), found.Keys.Order());
        Assert.Contains(found.Values, static session => session.MostFrames < TypeFlow.DeepestFrame);

        // What there is for what is called, and the own code of each, some ten steps, as often as it was tried.
        Assert.InRange(steps, 1, TypeFlow.LeastSteps + (10 * (10 * TypeFlow.StepsForOperation)) + (10 * 4 * 10));
    }

    [Fact]
    public void Where_nothing_is_read_nothing_is_looked_for()
    {
        Dictionary<string, FlowSession> found = TypeUnderTest.Run("""
            public uint InLambda(uint at) { Func<uint, uint> later = place => _host.Read<uint>(place); while (at < 100) { at += 7; } return later(at); }
            public uint TooDeep(ulong at) => A(at) + 1;
            public uint Deep(ulong at) => B(at) + 1;
            private uint A(ulong at) => B(at) + 2;
            private uint B(ulong at) => C(at) + 3;
            private uint C(ulong at) => D(at) + 4;
            private uint D(ulong at) => _host.Read<uint>(at);
            """, ["InLambda", "TooDeep", "Deep"], out _);
        Assert.Equal(["", "Deep", "InLambda"], found.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Whose_own_code_is_too_much_is_not_tried_again_with_less()
    {
        string reads = string.Concat(Enumerable.Repeat("sum += _host.Read<uint>(at);\n", 1_000));
        Dictionary<string, FlowSession> found = TypeUnderTest.Run($"public ulong Run(ulong at) {{ ulong sum = A(at); {reads} return sum; }} private uint A(ulong at) => B(at); private uint B(ulong at) => C(at); private uint C(ulong at) => 1;", ["Run"], out long steps);
        Assert.Empty(found);
        Assert.InRange(steps, 200_000, 210_000);
    }

    [Fact]
    public void A_helper_that_is_very_long_is_seen_to_be_so_before_its_graph_is_made()
    {
        IMethodSymbol method = Code.Compile("public static class Test { private static void Long() { } }").GetTypeByMetadataName("Test")!.GetMembers("Long").OfType<IMethodSymbol>().Single();
        var body = new MethodBody(method, static () => throw new InvalidOperationException("The graph was made."), 30_000);
        Assert.False(body.IsSmall);
        Assert.Throws<InvalidOperationException>(() => new MethodBody(method, static () => throw new InvalidOperationException("The graph was made."), 100).IsSmall);
    }

    private static IEnumerable<(string, int)> Depths(string[] names) =>
        TypeUnderTest.Run(s_members, names).Select(static one => (one.Key, one.Value.MostFrames)).Order();
}
