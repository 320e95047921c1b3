using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>
/// What the flow rules do to a method that calls helpers of helpers, as interpreters do, by counts: how long it takes is another
/// matter each time, and on each machine.
/// </summary>
public sealed class FlowStepsTests
{
    [Fact]
    public void What_holds_in_a_helper_is_found_out_once_for_each_call_of_it()
    {
        // Two calls, four calls, eight calls. To go through each solution once more, so that it can be reported, is no reason to find it again.
        FlowSession session = Run("""
            public uint Run(ulong at) => A(at) + A(at + 64);
            private uint A(ulong at) => B(at) + B(at + 32);
            private uint B(ulong at) => C(at) + C(at + 16);
            private uint C(ulong at) { uint first = _host.Read<uint>(at); return first > 4 ? first : _host.Read<uint>(at + 4); }
            """);
        Assert.Equal(1 + 2 + 4 + 8, session.Solutions);
        Assert.False(session.IsExhausted);
    }

    [Fact]
    public void A_loop_around_helpers_finds_them_out_a_few_times_not_a_few_times_for_each_of_them()
    {
        FlowSession session = Run("""
            public uint Run(ulong at) { uint sum = 0; for (ulong i = 0; i < 16; i++) { sum += A(at + i); } return sum; }
            private uint A(ulong at) { uint sum = 0; for (ulong i = 0; i < 16; i++) { sum += B(at + i); } return sum; }
            private uint B(ulong at) { uint sum = 0; for (ulong i = 0; i < 16; i++) { sum += _host.Read<uint>(at + i); } return sum; }
            """);

        // Two rounds in each of the loops: the method, A in two rounds, and B in two rounds of each of those.
        Assert.InRange(session.Solutions, 3, 1 + 2 + 4);
    }

    [Fact]
    public void Where_many_ways_meet_each_is_looked_at_once()
    {
        int few = Run(Switch(20)).Steps;
        int many = Run(Switch(80)).Steps;

        // Four times as many ways. If all of them were joined anew whenever one more comes in, it would be sixteen times.
        Assert.InRange(many / (double)few, 1, 6);
    }

    [Fact]
    public void A_method_that_calls_too_much_is_followed_less_deep()
    {
        FlowSession session = Run(TypeUnderTest.Interpreter("Run") + TypeUnderTest.InterpretersHelpers);
        Assert.InRange(session.MostFrames, 0, 1);
        Assert.InRange(session.Steps, 1, 20_000);

        // What the method itself does with what it has read is found all the same.
        Assert.Contains(session.UncheckedUses, static use => use.Sink == Sink.Allocation);
    }

    private static string Switch(int ways)
    {
        string cases = string.Concat(Enumerable.Range(0, ways).Select(static i => $"case {i}: sum = {i}; break;\n"));
        return $$"""public uint Run(ulong at) { uint sum = 0; switch (_host.Read<uint>(at)) { {{cases}} } return sum; }""";
    }

    private static FlowSession Run(string members) => TypeUnderTest.Run(members, "Run")["Run"];
}
