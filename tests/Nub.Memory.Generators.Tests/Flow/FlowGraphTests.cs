using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>The engine of the flow rules, with an analysis that only notes which calls were made on every way to a point.</summary>
public sealed class FlowGraphTests
{
    [Theory]
    [InlineData("A(); if (C()) B(); End();", "A C")]
    [InlineData("if (C()) { A(); B(); } else { B(); } End();", "B C")]
    [InlineData("if (C()) { A(); return; } B(); End();", "B C")]
    [InlineData("while (C()) { A(); } End();", "C")]
    [InlineData("do { A(); } while (C()); End();", "A C")]
    [InlineData("while (true) { A(); if (C()) { break; } B(); } End();", "A C")]
    [InlineData("if (C()) { throw new Exception(); } A(); End();", "A C")]
    public void What_holds_on_every_way(string body, string expected) => Assert.Equal(expected, CallsBefore("End", body));

    [Theory]
    [InlineData("try { A(); } finally { B(); } End();", "A B")]
    [InlineData("try { A(); } finally { B(); End(); }", "B")]
    [InlineData("try { A(); B(); } catch { End(); }", "")]
    [InlineData("A(); try { B(); } catch (InvalidOperationException) { } End();", "A")]
    [InlineData("try { A(); B(); } catch { throw; } End();", "A B")]
    [InlineData("try { try { A(); } finally { B(); } } finally { D(); } End();", "A B D")]
    [InlineData("try { if (C()) { return; } A(); } finally { B(); } End();", "A B C")]
    [InlineData("while (true) { try { if (C()) { break; } A(); } finally { B(); } } End();", "B C")]
    [InlineData("try { A(); } catch (Exception e) when (C(e)) { B(); } End();", "")]
    [InlineData("try { A(); } catch (Exception e) when (C(e)) { End(); }", "C")]
    [InlineData("try { A(); } finally { try { B(); } finally { D(); } } End();", "A B D")]
    [InlineData("using (Open()) { A(); } End();", "A Dispose Open")]
    public void What_holds_after_try_statements(string body, string expected) => Assert.Equal(expected, CallsBefore("End", body));

    [Fact]
    public void An_exception_that_leaves_the_method_has_a_node()
    {
        FlowGraph graph = Graph("try { A(); } finally { B(); } if (C()) { throw new Exception(); }");

        FlowResult<Calls> result = ForwardSolver.Solve(graph, new CallAnalysis(), new Calls([]), default)!;

        Assert.Equal("A B C", result.At(graph.Exit)!.ToString());
        Assert.Equal("B", result.At(graph.Unhandled)!.ToString());
    }

    [Theory]
    [InlineData("try { Do(() => { A(); }); } finally { B(); }")]
    [InlineData("try { B(); } finally { Do(() => { A(); }); }")]
    [InlineData("try { B(); } catch { void Local() { A(); } Local(); }")]
    public void What_stands_around_a_lambda_is_not_a_part_of_it(string body)
    {
        ControlFlowGraph outer = Blocks(body);
        ControlFlowGraph inner = outer.LocalFunctions is [var local]
            ? outer.GetLocalFunctionControlFlowGraph(local)
            : outer.GetAnonymousFunctionControlFlowGraph(outer.Blocks.SelectMany(static block => block.Operations)
                .SelectMany(static operation => operation.DescendantsAndSelf()).OfType<IFlowAnonymousFunctionOperation>().Single());

        FlowGraph graph = FlowGraph.Create(inner)!;

        Assert.All(graph.Nodes, static node => Assert.Empty(node.Handlers));
        Assert.Equal(["A"], graph.Nodes.SelectMany(CallAnalysis.CallsOf));
    }

    [Theory]
    [InlineData("try { A(); } finally { Do(() => { B(); }); }")]
    [InlineData("try { try { A(); return; } finally { Do(() => { B(); }); } } finally { D(); }")]
    [InlineData("const bool never = false; if (never) { Do(() => { B(); }); }")]
    public void A_lambda_is_one_however_often_its_place_is_gone_through(string body) => Assert.Single(Graph(body).Contents.Lambdas);

    [Fact]
    public void Loops_are_known()
    {
        FlowGraph graph = Graph("A(); while (C()) { B(); } D();");

        string looping = string.Join(' ', graph.Nodes.Where(static node => node.IsInLoop).SelectMany(static node => CallAnalysis.CallsOf(node)));

        Assert.Equal("C B", looping);
    }

    [Theory]
    [InlineData("A(); if (C()) { B(); } D();", true)]
    [InlineData("try { A(); } catch (Exception) { B(); } finally { D(); } End();", true)]
    [InlineData("A(); while (C()) { B(); } D();", false)]
    [InlineData("while (C()) { try { A(); if (C()) { continue; } B(); } finally { D(); } } End();", false)]
    [InlineData("A(); do { for (;;) { if (C()) { break; } B(); } } while (C()); try { D(); } finally { End(); }", false)]
    [InlineData("again: A(); if (C()) { B(); goto again; } D(); for (int i = 0; i < 9; i++) { End(); }", false)]
    public void Each_operation_is_seen_for_the_last_time_once_with_what_holds_in_the_end(string body, bool isStraight)
    {
        FlowGraph graph = Graph(body);
        var final = new List<(IOperation, string)>();
        var analysis = new CallAnalysis((operation, before, _) => final.Add((operation, before.ToString())));

        FlowResult<Calls> result = ForwardSolver.Run(graph, analysis, new Calls([]), default)!;

        var expected = new List<(IOperation, string)>();
        foreach (FlowNode node in graph.Nodes.Where(node => result.At(node) is not null))
        {
            Calls state = result.At(node)!;
            foreach (IOperation operation in node.Operations)
            {
                expected.Add((operation, state.ToString()));
                state = new CallAnalysis().Transfer(node, operation, state);
            }
        }

        Assert.NotEmpty(expected);
        Assert.Equal(expected.OrderBy(Key), final.OrderBy(Key));

        // Where there is no loop, that is all there is to do.
        Assert.Equal(isStraight, analysis.Visits == expected.Count);

        static (int, int, string) Key((IOperation Operation, string Before) one) => (one.Operation.Syntax.SpanStart, one.Operation.Syntax.Span.Length, one.Before);
    }

    [Fact]
    public void What_has_no_end_is_given_up()
    {
        FlowGraph graph = Graph("A(); while (C()) { B(); } D();");
        var analysis = new EndlessAnalysis();

        Assert.Null(ForwardSolver.Run(graph, analysis, new Calls([]), default));
        Assert.InRange(analysis.Rounds, 20, 24 * graph.Nodes.Length);
    }

    [Fact]
    public void A_method_that_is_too_large_is_left_alone()
    {
        string body = string.Concat(Enumerable.Repeat("if (C()) { A(); }\n", FlowGraph.MaximumBlocks / 2));

        Assert.Null(FlowGraph.Create(Blocks(body)));
    }

    private static string CallsBefore(string call, string body)
    {
        FlowGraph graph = Graph(body);
        Calls? found = null;
        ForwardSolver.Run(graph, new CallAnalysis((operation, before, after) =>
        {
            if (after.Names.Contains(call))
            {
                found = found is null ? before : new Calls(found.Names.Intersect(before.Names));
            }
        }), new Calls([]), default);
        return found!.ToString();
    }

    private static FlowGraph Graph(string body) => FlowGraph.Create(Blocks(body))!;

    private static ControlFlowGraph Blocks(string body)
    {
        CSharpCompilation compilation = Code.Compile($$"""
            public static class Test
            {
                public static void Run() { {{body}} }
                private static void A() { }
                private static void B() { }
                private static bool C(object? any = null) => any is null;
                private static void D() { }
                private static void Do(Action action) => action();
                private static void End() { }
                private static Opened Open() => default;
                private struct Opened : IDisposable { public void Dispose() { } }
            }
            """);
        SyntaxTree tree = compilation.SyntaxTrees[0];
        MethodDeclarationSyntax run = tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().First();
        return FlowGraph.BlocksOf(compilation.GetSemanticModel(tree).GetOperation(run)!, default)!;
    }

    private sealed record Calls(ImmutableSortedSet<string> Names)
    {
        public override string ToString() => string.Join(' ', Names);
    }

    /// <param name="final">Is told of each operation that is gone through for the last time, and what was called before it and after it.</param>
    private sealed class CallAnalysis(Action<IOperation, Calls, Calls>? final = null) : ForwardAnalysis<Calls>
    {
        public int Visits { get; private set; }

        public static IEnumerable<string> CallsOf(FlowNode node) => node.Operations.SelectMany(CallsOf);

        public override Calls Join(FlowNode node, Calls known, Calls incoming)
        {
            ImmutableSortedSet<string> both = known.Names.Intersect(incoming.Names);
            return both.Count == known.Names.Count ? known : new Calls(both);
        }

        public override Calls Transfer(FlowNode node, IOperation operation, Calls state)
        {
            Visits++;
            var after = new Calls(state.Names.Union(CallsOf(operation)));
            if (IsFinal)
            {
                final?.Invoke(operation, state, after);
            }

            return after;
        }

        private static IEnumerable<string> CallsOf(IOperation operation) =>
            operation.DescendantsAndSelf().OfType<IInvocationOperation>().Select(static call => call.TargetMethod.Name);
    }

    /// <summary>Knows more after each round of a loop.</summary>
    private sealed class EndlessAnalysis : ForwardAnalysis<Calls>
    {
        public int Rounds { get; private set; }

        public override Calls Join(FlowNode node, Calls known, Calls incoming) => new(known.Names.Union(incoming.Names));

        public override Calls Transfer(FlowNode node, IOperation operation, Calls state) => new(state.Names.Add($"{Rounds++}"));
    }
}
