using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>What the limits of a loop cost, by counts: the rules ask for them at each link, and at each visit of a condition.</summary>
public sealed class LoopLimitsTests
{
    [Fact]
    public void A_loop_is_gone_through_once_however_often_it_is_asked_about()
    {
        const int Branches = 2_000;
        string branches = string.Concat(Enumerable.Range(0, Branches).Select(static i => $"if (length == k{i}) break;\n"));
        StatementSyntax loop = CSharpSyntaxTree.ParseText($"while (at < size) {{ ushort length = Read(at); {branches} at += length; }}").GetRoot().DescendantNodes().OfType<WhileStatementSyntax>().Single();
        var context = new CountingContext();
        var limits = new LoopLimits(loop, context);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(limits.HasOwnLimit("at", isAnyStep: false));
        }

        Assert.InRange(context.Calls, 1, loop.DescendantNodes().Count());
    }

    private sealed class CountingContext : ILoopContext
    {
        public int Calls { get; private set; }

        public bool NeverReturns(SyntaxNode call)
        {
            Calls++;
            return false;
        }

        public bool OnlyComputes(SyntaxNode call) => false;

        public bool IsUnlimited(ExpressionSyntax value) => false;
    }
}
