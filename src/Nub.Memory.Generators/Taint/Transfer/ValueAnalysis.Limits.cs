using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Taint;

// What the text of a loop does not say of how often it runs: which calls come back, which only compute, and which numbers have no limit.
internal sealed partial class ValueAnalysis : ILoopContext
{
    private readonly Dictionary<StatementSyntax, LoopLimits> _limits = [];
    private HashSet<SyntaxNode>? _computing;
    private Dictionary<SyntaxNode, ISymbol>? _named;

    bool ILoopContext.NeverReturns(SyntaxNode call) => NeverReturns(call);

    bool ILoopContext.OnlyComputes(SyntaxNode call) => OnlyComputes(call);

    bool ILoopContext.IsUnlimited(ExpressionSyntax value) => IsUnlimited(value);

    private LoopLimits LimitsOf(StatementSyntax loop)
    {
        if (!_limits.TryGetValue(loop, out LoopLimits? limits))
        {
            _limits.Add(loop, limits = new LoopLimits(loop, this));
            _session.Cancellation.ThrowIfCancellationRequested();
        }

        return limits;
    }

    private bool OnlyComputes(SyntaxNode call) => (_computing ??= Calculations.In(_graph)).Contains(call);

    // A number of the guest's that nothing limits yet, or a sum of such. Of anything else it is taken that it has a limit.
    private bool IsUnlimited(ExpressionSyntax value) => Steps.Inner(value) switch
    {
        BinaryExpressionSyntax { OperatorToken.ValueText: "+" or "-" or "*" } sum => IsUnlimited(sum.Left) || IsUnlimited(sum.Right),
        InvocationExpressionSyntax call => Loops.NameOf(call) == "Read" && Loops.IsRead(call),
        var name => (_named ??= FindNamed()).TryGetValue(name, out ISymbol? symbol) && Get(symbol) is var held && IntegerTypes.IsInteger(held) && !_state.Judge(held).IsSafe,
    };

    // The variables by where they are named.
    private Dictionary<SyntaxNode, ISymbol> FindNamed()
    {
        var named = new Dictionary<SyntaxNode, ISymbol>();
        foreach (IOperation operation in new OperationWalk(_graph.Blocks.Blocks.SelectMany(static block => FlowGraph.OperationsOf(block))))
        {
            switch (operation)
            {
                case ILocalReferenceOperation { Local: var local }:
                    named[operation.Syntax] = local;
                    break;
                case IParameterReferenceOperation { Parameter: var parameter }:
                    named[operation.Syntax] = parameter;
                    break;
                case IFieldReferenceOperation { Field: var field, Instance: var instance } when IsThis(instance) && _frame is not { HasReceiver: true }:
                    named[operation.Syntax] = field;
                    break;
            }
        }

        return named;
    }
}
