using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Analyzers;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>What the flow rules cost: they run while somebody types.</summary>
public sealed class FlowSpeedTests(ITestOutputHelper output)
{
    private const string Header = "[AllValid] public partial struct Header { public uint Kind; public uint Length; }\n";

    // What is exponential in 12 or 60 is millions of times as much.
    private const double MostOfYardstick = 10;

    [Fact]
    public async Task A_file_of_a_thousand_methods_costs_a_thousand_times_one()
    {
        (TimeSpan many, TimeSpan few, int found) = await BesideYardstickAsync(Methods(1000));
        output.WriteLine($"250 methods: {few.TotalMilliseconds:F0} ms, 1000 methods: {many.TotalMilliseconds:F0} ms, {many.TotalMilliseconds:F1} µs for each method; {found} reports");

        // Each method has one of each.
        Assert.Equal(2000, found);

        // Four times as many: it may take four times as long, and what else the machine is doing; quadratic would be sixteen times.
        Assert.InRange(many / few, 0, 10);
    }

    [Fact]
    public async Task A_method_that_is_very_long_is_gone_through()
    {
        foreach (int statements in new[] { 100, 200, 400, 800, 1600, 3200, 5000 })
        {
            (TimeSpan time, TimeSpan yardstick, int found) = await BesideYardstickAsync(LongMethod(statements));
            output.WriteLine($"{statements} statements: {time.TotalMilliseconds:F0} ms, {time / yardstick:F1} of {yardstick.TotalMilliseconds:F0} ms, {found} reports");
            Assert.InRange(time / yardstick, 0, MostOfYardstick);

            // The last statement reads again what the first has read.
            Assert.Equal(1, found);
        }
    }

    [Theory]
    [InlineData(100, 99)]
    [InlineData(1_000, 0)]
    public async Task What_is_too_much_is_left_alone_as_a_whole(int reads, int expected)
    {
        // Each read repeats each of those before it: half a million pairs, where the limit is 200,000 steps.
        string body = string.Concat(Enumerable.Repeat("sum += host.Read<uint>(offset);\n", reads));
        (TimeSpan _, int found) = await MeasureAsync("public static class Test { public static ulong Run(HostSharedMemory host, ulong offset) { ulong sum = 0;\n" + body + "return sum; } }");
        Assert.Equal(expected, found);
    }

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
        (TimeSpan time, TimeSpan yardstick, int _) = await BesideYardstickAsync(Deep(what, depth));
        output.WriteLine($"{depth} {what}: {time.TotalMilliseconds:F0} of {yardstick.TotalMilliseconds:F0} ms");
        Assert.InRange(time / yardstick, 0, MostOfYardstick);
    }

    /// <summary>
    /// What a source costs, and what 250 plain methods do here and now: the best of three of each, in turn, because a collection of garbage,
    /// or another test, comes by chance to one side and not to the other, and a machine that others use is another half a minute later.
    /// </summary>
    private static async Task<(TimeSpan Time, TimeSpan Yardstick, int Found)> BesideYardstickAsync(string source)
    {
        string plain = Methods(250);
        await MeasureAsync(Methods(50));
        (TimeSpan yardstick, int _) = await MeasureAsync(plain);
        (TimeSpan best, int found) = await MeasureAsync(source);
        for (int i = 0; i < 2; i++)
        {
            (TimeSpan beside, int _) = await MeasureAsync(plain);
            (TimeSpan time, int again) = await MeasureAsync(source);
            Assert.Equal(found, again);
            (best, yardstick) = (time < best ? time : best, beside < yardstick ? beside : yardstick);
        }

        return (best, yardstick, found);
    }

    private static async Task<(TimeSpan Time, int Found)> MeasureAsync(string source)
    {
        CSharpCompilation compilation = Code.Generate(Code.Compile(Header + source));
        Assert.Empty(compilation.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error));
        var analyzer = new SharedBytesAnalyzer();
        TimedAnalysis run = await TimedAnalysis.RunAsync(compilation, analyzer);
        Assert.Empty(run.Thrown);
        return (await run.TimeOfAsync(analyzer), run.Found.Length);
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
        var source = new StringBuilder("public static class Test { public static ulong Run(HostSharedMemory host, ulong offset) { ulong sum = 0;\n");
        for (int i = 0; i < statements; i++)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"uint v{i} = host.Read<uint>(offset + {i * 4}); if (v{i} > {i}) {{ sum += v{i}; }}");
        }

        return source.Append("return sum + host.Read<uint>(offset); } }").ToString();
    }

    private static string Deep(string what, int depth)
    {
        string Repeat(Func<int, string> part) => string.Concat(Enumerable.Range(0, depth).Select(part));
        string members = what switch
        {
            // Each calls the next twice: 2 to the power of the depth, if somebody followed them all.
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
        return "public static class Test {\n" + members + "\n}";
    }
}
