using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>A method, an accessor, a local function or a lambda, and its code.</summary>
internal sealed class MethodBody(IMethodSymbol method, Func<ControlFlowGraph?> blocks)
{
    private FlowGraph? _graph;
    private bool _isMade;

    public IMethodSymbol Method { get; } = method;

    /// <summary>The graph; null when there is none, or it is too large.</summary>
    public FlowGraph? Graph
    {
        get
        {
            if (!_isMade)
            {
                _isMade = true;
                _graph = blocks() is { } made ? FlowGraph.Create(made) : null;
            }

            return _graph;
        }
    }
}

/// <summary>The methods of one type that can be followed from each other.</summary>
internal sealed class MethodBodies
{
    private readonly ConcurrentDictionary<ISymbol, MethodBody> _bodies = new(SymbolEqualityComparer.Default);

    public MethodBody? Find(IMethodSymbol method) => _bodies.TryGetValue(method.OriginalDefinition, out MethodBody? body) ? body : null;

    /// <summary>Adds a body from what an analyzer is given for it.</summary>
    public void Add(IMethodSymbol method, IOperation operation, CancellationToken cancellation) =>
        _bodies[method.OriginalDefinition] = new MethodBody(method, () => FlowGraph.BlocksOf(operation, cancellation));

    /// <summary>The functions that stand in a body, which become known here: local functions and lambdas, from the outside inwards.</summary>
    /// <returns>Each with the operation that makes a delegate of it; null for a local function.</returns>
    public IEnumerable<(MethodBody Body, IOperation? Creation)> AddNested(MethodBody body, CancellationToken cancellation)
    {
        if (body.Graph?.Blocks is not { } blocks)
        {
            yield break;
        }

        var nested = new List<(MethodBody, IOperation?)>();
        foreach (IMethodSymbol local in blocks.LocalFunctions)
        {
            nested.Add((new MethodBody(local, () => blocks.GetLocalFunctionControlFlowGraph(local, cancellation)), null));
        }

        foreach (IFlowAnonymousFunctionOperation lambda in FlowGraph.LambdasOf(blocks))
        {
            nested.Add((new MethodBody(lambda.Symbol, () => blocks.GetAnonymousFunctionControlFlowGraph(lambda, cancellation)), lambda.Parent));
        }

        foreach ((MethodBody inner, IOperation? creation) in nested)
        {
            _bodies[inner.Method.OriginalDefinition] = inner;
            yield return (inner, creation);
            foreach ((MethodBody, IOperation?) deeper in AddNested(inner, cancellation))
            {
                yield return deeper;
            }
        }
    }
}
