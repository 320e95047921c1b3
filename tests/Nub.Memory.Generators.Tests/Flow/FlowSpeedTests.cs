using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>
/// What the flow rules cost, by their steps: they run while a developer types. How long a step takes is for benchmarks/Nub.Memory.Generators.Benchmarks to say.
/// </summary>
[Trait("Kind", "slow")]
public sealed class FlowSpeedTests(ITestOutputHelper output)
{
    private const string Header = "[AllValid] public partial struct Header { public uint Kind; public uint Length; }\n";

    // Each has one of each.
    [Fact]
    public async Task Each_method_of_a_thousand_in_a_file_gets_its_reports() => Assert.Equal(2000, await CountAsync(Methods(1000)));

    [Fact]
    public async Task A_method_that_is_very_long_is_gone_through()
    {
        int before = 0;
        foreach (int statements in new[] { 200, 400, 800, 1600, 3200 })
        {
            int steps = TypeUnderTest.Run(LongMethod(statements), "Run")["Run"].Steps;
            output.WriteLine($"{statements} statements: {steps} steps");

            // Twice as many: quadratic would be four times.
            Assert.InRange(steps, 1, before == 0 ? int.MaxValue : 3 * before);
            before = steps;
        }

        // The last statement reads again what the first has read.
        Assert.Equal(1, await CountAsync(InClass(LongMethod(5000))));
    }

    [Theory]
    [InlineData(100, 99)]
    [InlineData(1_000, 0)]
    public async Task What_is_too_much_is_left_alone_as_a_whole(int reads, int expected)
    {
        // Each read repeats each of those before it: half a million pairs, where the limit is 200,000 steps.
        string body = string.Concat(Enumerable.Repeat("sum += host.Read<uint>(offset);\n", reads));
        Assert.Equal(expected, await CountAsync("public static class Test { public static ulong Run(HostSharedMemory host, ulong offset) { ulong sum = 0;\n" + body + "return sum; } }"));
    }

    // What is exponential in 12 or 60 does not come to an end.
    [Theory]
    [InlineData("helpers", 12)]
    [InlineData("loops", 12)]
    [InlineData("sums", 60)]
    [InlineData("choices", 60)]
    [InlineData("tries", 24)]
    [InlineData("fields", 12)]
    [InlineData("tries anew", 250)]
    public async Task What_is_deep_is_bounded(string what, int depth)
    {
        string members = Deep(what, depth);
        await CountAsync("public static class Test {\n" + members + "\n}");

        // What is generated is not there for a session; what helpers cost is counted by FlowStepsTests.
        if (what is not ("fields" or "helpers"))
        {
            FlowSession session = TypeUnderTest.Run(members, "Run")["Run"];
            output.WriteLine($"{depth} {what}: {session.Steps} steps, of which {session.StepsInHelpers} in helpers");

            // Whatever begins before the limit is reached is ended.
            Assert.InRange(session.Steps, 1, FlowSession.MostSteps * 5 / 4);
        }
    }

    /// <summary>How much is reported of a source.</summary>
    private static async Task<int> CountAsync(string source)
    {
        CSharpCompilation compilation = Code.Generate(Code.Compile(Header + source));
        Assert.Empty(compilation.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error));
        TimedAnalysis run = await TimedAnalysis.RunAsync(compilation, new SharedBytesAnalyzer());
        Assert.Empty(run.Thrown);
        return run.Found.Length;
    }

    private static string Methods(int count)
    {
        var source = new StringBuilder("public sealed class Test(HostSharedMemory memory)\n{\n    private readonly HostSharedMemory _host = memory;\n    private readonly byte[] _copy = new byte[64];\n");
        for (int i = 0; i < count; i++)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $$"""
                    public int Take{{i}}(ulong offset, int index)
                    {
                        Header.View view = Header.At(_host, offset + {{i}});
                        if (view.Kind > 16 || view.Kind == 3)
                        {
                            return -1;
                        }

                        Header whole = Header.ArrayAt(_host, 0, 64)[index].Load();
                        if (!Fits{{i}}(whole.Length))
                        {
                            return 0;
                        }

                        int sum = 0;
                        for (int k = 0; k < (int)whole.Length; k++)
                        {
                            sum += _copy[k];
                        }

                        return sum + _copy[(int)whole.Kind];
                    }

                    private bool Fits{{i}}(uint length) => length <= (uint)_copy.Length;
                """);
        }

        return source.Append('}').ToString();
    }

    private static string LongMethod(int statements)
    {
        var source = new StringBuilder("public ulong Run(ulong offset) { ulong sum = 0;\n");
        for (int i = 0; i < statements; i++)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"uint v{i} = _host.Read<uint>(offset + {i * 4}); if (v{i} > {i}) {{ sum += v{i}; }}");
        }

        return source.Append("return sum + _host.Read<uint>(offset); }").ToString();
    }

    private static string InClass(string members) =>
        "public sealed class Test(HostSharedMemory memory) { private readonly HostSharedMemory _host = memory;\n" + members + "\n}";

    private static string Deep(string what, int depth)
    {
        string Repeat(Func<int, string> part) => string.Concat(Enumerable.Range(0, depth).Select(part));
        return what switch
        {
            // Each calls the next twice: 2 to the power of the depth, if all were followed.
            "helpers" => Repeat(i => $"private static uint H{i}(HostSharedMemory host, ulong at) => H{i + 1}(host, at) + H{i + 1}(host, at + 4);\n") + $"private static uint H{depth}(HostSharedMemory host, ulong at) => host.Read<uint>(at);\npublic static uint Run(HostSharedMemory host) => H0(host, 0);",
            "loops" => "public static uint Run(HostSharedMemory host) { uint sum = 0;" + Repeat(i => $"for (uint i{i} = 0; i{i} < host.Read<byte>({i}); i{i}++) {{ sum += i{i};") + new string('}', depth) + " return sum; }",
            "sums" => "public static uint Run(HostSharedMemory host) { uint v = host.Read<uint>(0);" + Repeat(_ => "v = v * v + v;") + " return (uint)new byte[v % 16].Length; }",
            "choices" => "public static uint Run(HostSharedMemory host) { uint v = host.Read<uint>(0);" + Repeat(i => $"v = (v & {i}) == 0 ? v + 1 : host.Read<uint>({i} + v);") + " return (uint)new byte[v % 16].Length; }",
            // Parts of parts of a struct that is made of itself.
            "fields" => "public static uint Run(HostSharedMemory host) { Header h = host.Read<Header>(0); Header g = h; while (h.Kind < g.Length) {" + Repeat(_ => "h.Kind = g.Length + 1; g = h; g.Length = h.Kind;") + "} return (uint)new byte[g.Length].Length; }",

            // Each read repeats all those before it, and takes the place of the last.
            "tries anew" => "public static uint Run(HostSharedMemory host, bool again) { uint h = host.Read<uint>(4); uint s = 0;" + Repeat(i => $"s += h; uint s{i} = s; if (again) {{ h = host.Read<uint>(4); }}") + " return h; }",
            _ => "public static uint Run(HostSharedMemory host) { uint sum = 0;" + string.Concat(Enumerable.Repeat("try { if (sum > 4) return sum; sum += host.Read<uint>(sum);", depth)) + string.Concat(Enumerable.Repeat("} finally { sum++; }", depth)) + " return sum; }",
        };
    }
}
