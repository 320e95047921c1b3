using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>The body of a method that several types call, which are analyzed at the same time.</summary>
public sealed class MethodBodyTests
{
    [Fact]
    public void Who_asks_while_the_graph_is_made_waits_for_it()
    {
        CSharpCompilation compilation = Code.Compile("public static class Registers { public static uint Length(HostSharedMemory host) => host.Read<uint>(0); }");
        SemanticModel model = compilation.GetSemanticModel(compilation.SyntaxTrees[0]);
        MethodDeclarationSyntax declaration = compilation.SyntaxTrees[0].GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().Single();
        IOperation operation = model.GetOperation(declaration)!;
        using var isBeingMade = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        int made = 0;
        var body = new MethodBody(model.GetDeclaredSymbol(declaration)!, () =>
        {
            Interlocked.Increment(ref made);
            isBeingMade.Set();
            mayEnd.Wait(Patience.Limit);
            return FlowGraph.BlocksOf(operation, default);
        });

        bool isFirstSmall = false, isSecondSmall = false;
        var first = new Thread(() => isFirstSmall = body.IsSmall);
        var second = new Thread(() => isSecondSmall = body.IsSmall);
        first.Start();
        Patience.WaitUntil(() => isBeingMade.IsSet);
        second.Start();

        // It waits, or has not waited.
        Patience.WaitUntil(() => (second.ThreadState & (ThreadState.WaitSleepJoin | ThreadState.Stopped)) != 0);
        mayEnd.Set();
        Assert.True(first.Join(Patience.Limit) && second.Join(Patience.Limit));
        Assert.True(isFirstSmall);
        Assert.True(isSecondSmall);
        Assert.Equal(1, made);
    }
}
