using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Ownership;

/// <summary>What a method does with the memories that it can get at.</summary>
/// <param name="Returned">Into which of its parameters, or of the fields and captured variables that it uses, what it returns points.</param>
/// <param name="Ended">Which of them it builds or disposes on every way back to its caller.</param>
internal sealed record OwnershipSummary(ImmutableHashSet<Origin> Returned, ImmutableHashSet<object> Ended)
{
    public static OwnershipSummary Nothing { get; } = new([], []);
}

/// <summary>
/// The methods, local functions and properties with source of a compilation, as far as a rule asks what comes out of them: each is gone
/// through once, and what it calls with it, up to three calls deep.
/// </summary>
/// <param name="compilation">The compilation.</param>
/// <param name="summarize">Goes through one body, with these summaries of what it calls.</param>
internal sealed class OwnershipSummaries(Compilation compilation, Func<FlowGraph, OwnershipScope, OwnershipSummaries, OwnershipSummary> summarize)
{
    private const int Deepest = 3;

    private readonly ProgramSource _source = new(compilation);
    private readonly ConcurrentDictionary<ISymbol, OwnershipSummary>[] _known = [.. Enumerable.Range(0, Deepest).Select(static _ => new ConcurrentDictionary<ISymbol, OwnershipSummary>(SymbolEqualityComparer.Default))];

    /// <summary>Whether a call runs this very code, and its source is here.</summary>
    public static bool CanFollow(IMethodSymbol method) => method.MethodKind == MethodKind.LocalFunction
        || (!method.DeclaringSyntaxReferences.IsEmpty && ProgramSource.RunsItself(method));

    /// <summary>What a method does that is called in a body.</summary>
    public OwnershipSummary Of(IMethodSymbol method, OwnershipScope scope)
    {
        method = method.OriginalDefinition;
        if (scope.Depth >= Deepest || !CanFollow(method))
        {
            return OwnershipSummary.Nothing;
        }

        // What was gone through from elsewhere, less deep, is worth less than what is gone through from here.
        if (_known[scope.Depth].TryGetValue(method, out OwnershipSummary? known))
        {
            return known;
        }

        OwnershipSummary summary = BlocksOf(method, scope) is { } blocks && FlowGraph.Create(blocks) is { } graph
            ? summarize(graph, new OwnershipScope(blocks, scope.Depth + 1, scope.Cancellation), this)
            : OwnershipSummary.Nothing;

        return _known[scope.Depth].GetOrAdd(method, summary);
    }

    /// <summary>What an automatic property was given in its type: by its initializer, or in a constructor.</summary>
    public IEnumerable<IOperation> ValuesOf(IPropertySymbol property) =>
        from declaration in property.ContainingType.DeclaringSyntaxReferences
        from node in declaration.GetSyntax().DescendantNodes()
        let value = node switch
        {
            PropertyDeclarationSyntax { Initializer.Value: var initial } one when one.Identifier.ValueText == property.Name => initial,
            AssignmentExpressionSyntax { Left: IdentifierNameSyntax name, Right: var assigned } when name.Identifier.ValueText == property.Name => assigned,
            _ => null,
        }
        where value is not null
        let operation = _source.OperationOf(value)
        where operation is not null
        select operation;

    private ControlFlowGraph? BlocksOf(IMethodSymbol method, OwnershipScope scope)
    {
        if (method.MethodKind == MethodKind.LocalFunction)
        {
            for (ControlFlowGraph? outer = scope.Blocks; outer is not null; outer = outer.Parent)
            {
                if (outer.LocalFunctions.Contains(method))
                {
                    return outer.GetLocalFunctionControlFlowGraph(method, scope.Cancellation);
                }
            }

            return null;
        }

        return ProgramSource.CodeOf(method) is { } code && _source.OperationOf(code, scope.Cancellation) is { } operation ? FlowGraph.BlocksOf(operation, scope.Cancellation) : null;
    }
}

/// <summary>The body in which a call stands.</summary>
/// <param name="Blocks">Its graph, in which the local functions are found.</param>
/// <param name="Depth">How many calls lead to it.</param>
internal sealed record OwnershipScope(ControlFlowGraph Blocks, int Depth, CancellationToken Cancellation);
