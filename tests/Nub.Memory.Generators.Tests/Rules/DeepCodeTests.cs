using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>
/// Expressions as deep as generated code has them. What goes through an expression does so by calling itself, and a stack that
/// overflows ends the compiler, or the editor.
/// </summary>
[Trait("Kind", "slow")]
public sealed class DeepCodeTests
{
    [Theory]
    [InlineData("sum", 20_000)]
    [InlineData("concatenation", 20_000)]
    [InlineData("conjunction", 5_000)]
    [InlineData("chain", 2_000)]
    [InlineData("calls", 400)]
    [InlineData("choices", 400)]
    [InlineData("initializers", 400)]
    [InlineData("lambdas", 60)]
    [InlineData("else", 1_000)]
    [InlineData("coalescing", 400)]
    public async Task A_deep_expression_is_gone_through_or_left_alone(string shape, int depth)
    {
        CSharpCompilation compilation = Code.Compile(Source(shape, depth));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static one => one.Severity == DiagnosticSeverity.Error);
        TimedAnalysis run = await TimedAnalysis.RunAsync(compilation, TimedAnalysis.AllAnalyzers());
        Assert.Empty(run.Thrown);
        Assert.Empty(run.Found);
    }

    // Each has all that makes the flow rules look: a lease, a span of an exclusive memory, an address, a read.
    private static string Source(string shape, int depth)
    {
        string Repeat(Func<int, string> part, string between = "") => string.Join(between, Enumerable.Range(0, depth).Select(part));
        string body = shape switch
        {
            "sum" => $"return (int)({Repeat(static _ => "v", " + ")});",
            "concatenation" => $"return ({Repeat(static _ => "text", " + ")}).Length;",
            "conjunction" => $"if ({Repeat(static i => $"v != {i}", " && ")}) {{ return 1; }} return 0;",
            "chain" => $"return new System.Text.StringBuilder(){Repeat(static _ => ".Append(v)")}.Length;",
            "calls" => $"return {Repeat(static _ => "Same(")}(int)v{new string(')', depth)};",
            "choices" => $"return {Repeat(static i => $"v == {i} ? {i} : ")}-1;",
            "initializers" => $"return new Node {{ Next = {Repeat(static _ => "new Node { Next = ")}null {Repeat(static _ => "} ")}}}.Value;",
            "lambdas" => $"{Repeat(static i => $"Func<int> f{i} = () => {{")} return (int)v; {Repeat(i => $"}}; return f{depth - 1 - i}();")}",
            "else" => Repeat(static i => $"if (v == {i}) {{ return {i}; }}", " else ") + " return 0;",
            _ => $"return ({Repeat(static _ => "text", " ?? ")}).Length;",
        };
        return $$"""
            public sealed class Node { public Node? Next { get; set; } public int Value { get; set; } }
            public static class Test
            {
                public static int Run(HostSharedMemory host, ExclusiveSharedMemory exclusive, string text)
                {
                    using HostLease access = host.Enter();
                    uint v = access.Read<uint>(0);
                    Console.WriteLine(host.BaseAddress + exclusive.AsSpan(0, 8).Length + text);
                    {{body}}
                }

                private static int Same(int value) => value;
            }
            """;
    }
}
