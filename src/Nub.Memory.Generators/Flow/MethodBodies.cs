using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>A method, an accessor, a local function or a lambda, and its code.</summary>
/// <param name="length">How many operations it is written with, each of an expression counted, as far as that is known.</param>
internal sealed class MethodBody(IMethodSymbol method, Func<ControlFlowGraph?> blocks, int length = 0)
{
    // What is larger is no part of others, but a method of its own. A table of registers is straight code: that it is large shows
    // before its graph is made, which would take longer than anything that is done with it.
    private const int MostNodesOfHelper = 80;
    private const int LongestHelper = 4_000;

    private FlowGraph? _graph;
    private bool _isMade;
    private List<IMethodSymbol>? _calls;
    private int _operations;

    public IMethodSymbol Method { get; } = method;

    /// <summary>The graph; null when there is none, or it is too large or too deep.</summary>
    public FlowGraph? Graph
    {
        get
        {
            if (!_isMade)
            {
                _isMade = true;
                Depth.Run(() => _graph = blocks() is { } made ? FlowGraph.Create(made) : null);
            }

            return _graph;
        }
    }

    /// <summary>Whether it may be followed from where it is called.</summary>
    public bool IsSmall => length <= LongestHelper && Graph is { Nodes.Count: <= MostNodesOfHelper };

    /// <summary>How many operations there are, without what is called.</summary>
    public int Operations => Calls is null ? 0 : _operations;

    /// <summary>What is called in it that may be a helper, as often as it is called.</summary>
    public IReadOnlyList<IMethodSymbol> Calls
    {
        get
        {
            if (_calls is null)
            {
                _calls = [];
                foreach (IOperation operation in Graph?.Nodes.SelectMany(static node => node.Operations) ?? [])
                {
                    _operations++;
                    _calls.AddRange(operation.DescendantsAndSelf().Select(CalledBy).OfType<IMethodSymbol>().Where(IsHelper));
                }
            }

            return _calls;
        }
    }

    /// <summary>Whether a method may be a part of others, cut out of them: one that nobody else calls.</summary>
    public static bool IsHelper(IMethodSymbol method) => method.MethodKind == MethodKind.LocalFunction || method.DeclaredAccessibility == Accessibility.Private;

    private static IMethodSymbol? CalledBy(IOperation operation) => operation switch
    {
        IInvocationOperation call => call.TargetMethod,
        IPropertyReferenceOperation property => property.Property.GetMethod,
        _ => null,
    };
}

/// <summary>The methods of one type that can be followed from each other.</summary>
internal sealed class MethodBodies
{
    private readonly ConcurrentDictionary<(MethodBody, int Depth), long> _costs = new();
    private readonly ConcurrentDictionary<ISymbol, MethodBody> _bodies = new(SymbolEqualityComparer.Default);

    public MethodBody? Find(IMethodSymbol method) => _bodies.TryGetValue(method.OriginalDefinition, out MethodBody? body) ? body : null;

    /// <summary>How many operations a method has with the helpers that it calls, each as often as it is called; a call is one itself.</summary>
    /// <param name="depth">How deep calls are followed.</param>
    public long CostOf(MethodBody body, int depth)
    {
        if (depth == 0)
        {
            return body.Operations;
        }

        if (!_costs.TryGetValue((body, depth), out long cost))
        {
            cost = body.Operations + body.Calls.Sum(call => Find(call) is { IsSmall: true } helper ? 1 + CostOf(helper, depth - 1) : 0);
            _costs[(body, depth)] = cost;
        }

        return cost;
    }

    /// <summary>Adds a body from what an analyzer is given for it.</summary>
    /// <param name="length">How many operations it is written with.</param>
    public void Add(IMethodSymbol method, IOperation operation, int length, CancellationToken cancellation) =>
        _bodies[method.OriginalDefinition] = new MethodBody(method, () => FlowGraph.BlocksOf(operation, cancellation), length);

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
