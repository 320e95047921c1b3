using System.Collections.Concurrent;
using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>A method, an accessor, a local function or a lambda, and its code.</summary>
/// <param name="length">How many characters it is written with, as far as that is known.</param>
/// <param name="code">How it is written, as far as that is known.</param>
internal sealed class MethodBody(IMethodSymbol method, Func<ControlFlowGraph?> blocks, int length = 0, SyntaxNode? code = null)
{
    // What is larger is no part of others, but a method of its own. A table of registers is straight code: that it is large shows
    // before its graph is made, which would take longer than anything that is done with it.
    private const int MostNodesOfHelper = 80;
    private const int LongestHelper = 24_000;

    // Of 263 methods of device models half have more than 66 characters for each of them, and eight of ten between 38 and 112.
    private const int LengthOfOperation = 64;

    private readonly object _making = new();
    private FlowGraph? _graph;
    private volatile bool _isMade;

    public IMethodSymbol Method { get; } = method;

    /// <summary>How it is written; null when that is not known, as of a lambda.</summary>
    public SyntaxNode? Code { get; } = code;

    /// <summary>The graph; null when there is none, or it is too large or too deep.</summary>
    /// <remarks>The body may be asked for it from several types at once. Who comes second waits: without the graph the body would not be followed, and what is reported would depend on chance.</remarks>
    public FlowGraph? Graph
    {
        get
        {
            if (!_isMade)
            {
                Make();
            }

            return _graph;
        }
    }

    /// <summary>Whether it may be followed from where it is called.</summary>
    public bool IsSmall => IsShort && Graph is { Nodes.Length: <= MostNodesOfHelper };

    /// <summary>Whether it may be small, as far as that can be said without a graph.</summary>
    public bool IsShort => length <= LongestHelper;

    /// <summary>About how many operations there are, as far as that can be said without a graph.</summary>
    public int EstimatedOperations => length / LengthOfOperation;

    /// <summary>How many operations there are, without what is called.</summary>
    public int Operations => Graph?.Contents.Operations ?? 0;

    /// <summary>Whether something is called in it through which bytes of a guest's come in.</summary>
    public bool Reads => Graph?.Contents.HasSought ?? false;

    /// <summary>What is called in it that has source.</summary>
    public IReadOnlyCollection<IMethodSymbol> Others => Graph?.Contents.Others ?? [];

    /// <summary>What is called in it that may be a helper, as often as it is called.</summary>
    public IReadOnlyList<IMethodSymbol> Calls => Graph?.Contents.Calls ?? [];

    // To make a graph asks for no other one.
    private void Make()
    {
        lock (_making)
        {
            if (!_isMade)
            {
                Depth.Run(() => _graph = blocks() is { } made ? FlowGraph.Create(made, Sources.IsRead) : null);
                _isMade = true;
            }
        }
    }
}

/// <summary>The methods of one type that can be followed from each other.</summary>
/// <param name="calls">What is called in the type: shows, without their graphs, which helpers read nothing.</param>
/// <param name="program">The methods of other types; null when they are not followed.</param>
internal sealed class MethodBodies(TypeCalls calls, ProgramBodies? program = null)
{
    private readonly ConcurrentDictionary<(MethodBody, int Depth, bool IsExact), long> _costs = new();
    private readonly ConcurrentDictionary<(MethodBody, int Depth), bool> _reading = new();
    private readonly ConcurrentDictionary<MethodBody, HashSet<ISymbol>> _fromAround = new();
    private readonly ConcurrentDictionary<ISymbol, MethodBody> _bodies = new(SymbolEqualityComparer.Default);

    /// <summary>What cannot be more than this needs no check as a size, a number of rounds or a wait.</summary>
    public BigInteger HarmlessUpTo { get; set; } = byte.MaxValue;

    /// <summary>Whether a function is given bytes of the guest's by a pop.</summary>
    /// <param name="creation">Of a lambda: the delegate that it becomes.</param>
    public bool IsParser(MethodBody function, IOperation? creation) => SharedTypes.IsParser(creation?.Type) || calls.IsParser(function.Method);

    public MethodBody? Find(IMethodSymbol method) => _bodies.TryGetValue(method.OriginalDefinition, out MethodBody? body) ? body : null;

    /// <summary>What is to be gone through where a helper is called.</summary>
    /// <remarks>A property that others can ask for, too, is followed where it reads; elsewhere it is the same each time, whatever it does besides.</remarks>
    /// <param name="depth">How deep calls are followed from there.</param>
    public MethodBody? FindHelper(IMethodSymbol method, int depth) =>
        Find(method) is { IsShort: true } body && (!method.IsForOthers() || HelperMayRead(body, depth)) && body.IsSmall ? body : null;

    /// <summary>Whether a method of another type, or of another object, reads shared memory.</summary>
    public bool OtherMayRead(IMethodSymbol method) => program?.MayRead(method) == true;

    /// <summary>Whether a call of a method of another type, or of another object, runs code that is here.</summary>
    public bool CanFollow(IMethodSymbol method) => program?.CanFollow(method) == true;

    /// <summary>What a member of an extension block is called on, as its code names it; null for any other method.</summary>
    public IParameterSymbol? ReceiverOf(IMethodSymbol method) => program?.ReceiverOf(method);

    /// <summary>What the project says of a member of its own.</summary>
    public DeclaredMember DeclaredOf(ISymbol member) => program?.DeclaredOf(member) ?? DeclaredMember.Nothing;

    /// <summary>What is to be gone through where a method of another type, or of another object, is called.</summary>
    public MethodBody? FindOther(IMethodSymbol method) =>
        CanFollow(method) && (Find(method) ?? program!.Find(method)) is { IsSmall: true } body ? body : null;

    /// <summary>How many operations a method has with the helpers that it calls, each as often as it is called; a call is one itself.</summary>
    /// <remarks>
    /// To make a graph takes as long as to go through it once, and hardly any of the helpers that read nothing comes to be followed: of them
    /// it is asked how long they are, unless the number has to be exact.
    /// </remarks>
    /// <param name="depth">How deep calls are followed.</param>
    public long CostOf(MethodBody body, int depth, bool isExact) =>
        Cost(body, depth, isExact, body.Operations, body.Calls.Select(static call => new KeyValuePair<ISymbol, int>(call, 1)));

    private long CostByLength(MethodBody helper, int depth) => Cost(helper, depth, isExact: false, helper.EstimatedOperations, calls.CallsOf(helper.Method));

    private long Cost(MethodBody body, int depth, bool isExact, int own, IEnumerable<KeyValuePair<ISymbol, int>> called)
    {
        if (depth == 0)
        {
            return own;
        }

        if (!_costs.TryGetValue((body, depth, isExact), out long cost))
        {
            cost = own + called.Sum(call => call.Value * CostOfCall(call.Key, depth - 1, isExact));
            _costs[(body, depth, isExact)] = cost;
        }

        return cost;
    }

    private long CostOfCall(ISymbol called, int depth, bool isExact)
    {
        if (called is not IMethodSymbol method || !method.IsHelper() || Find(method) is not { IsShort: true } helper)
        {
            return 0;
        }

        return !isExact && ReadsNothing(helper) ? (method.IsForOthers() ? 0 : 1 + CostByLength(helper, depth))
            : FindHelper(method, depth) is not null ? 1 + CostOf(helper, depth, isExact)
            : 0;
    }

    // Of a function in another one nothing is known without the other one's graph.
    private bool ReadsNothing(MethodBody body) =>
        body.Method.MethodKind is not (MethodKind.LocalFunction or MethodKind.AnonymousFunction) && !calls.WhoMayRead.Contains(body.Method);

    private bool HelperMayRead(MethodBody helper, int depth) => !ReadsNothing(helper) && MayRead(helper, depth);

    /// <summary>Whether a method may meet bytes of a guest's, in its own code or in a helper that it calls.</summary>
    /// <param name="depth">How deep calls are followed.</param>
    public bool MayRead(MethodBody body, int depth)
    {
        if (body.Reads || depth == 0)
        {
            return body.Reads;
        }

        if (!_reading.TryGetValue((body, depth), out bool reads))
        {
            reads = CallsReader(body) || body.Calls.Any(call => Find(call) is { IsShort: true } helper && HelperMayRead(helper, depth - 1) && helper.IsSmall) || body.Others.Any(OtherMayRead)
                || (program is { MayDeclareFields: true } && body.Graph?.Contents.Fields.Any(field => DeclaredOf(field).GivesGuests) == true);
            _reading[(body, depth)] = reads;
        }

        return reads;
    }

    private bool CallsReader(MethodBody body) =>
        body.Graph?.Contents is { CallsDelegates: true, Lambdas: var lambdas } && lambdas.Any(lambda => Find(lambda.Symbol) is { Reads: true });

    /// <summary>The variables, the parameters and the fields that a function has from around it, and those that functions in it have.</summary>
    public IReadOnlyCollection<ISymbol> FromAround(MethodBody function)
    {
        if (!_fromAround.TryGetValue(function, out HashSet<ISymbol>? found))
        {
            found = new HashSet<ISymbol>(function.Graph?.Contents.Fields ?? [], SymbolEqualityComparer.Default);
            foreach (ISymbol variable in function.Graph?.Contents.FindVariables() ?? [])
            {
                if (!SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, function.Method))
                {
                    found.Add(variable);
                }
            }

            foreach (IFlowAnonymousFunctionOperation lambda in function.Graph?.Contents.Lambdas ?? [])
            {
                found.UnionWith(Find(lambda.Symbol) is { } inner ? FromAround(inner) : []);
            }

            _fromAround[function] = found;
        }

        return found;
    }

    /// <summary>Adds a body from what an analyzer is given for it.</summary>
    public void Add(IMethodSymbol method, IOperation operation, CancellationToken cancellation) =>
        _bodies[method.OriginalDefinition] = new MethodBody(method, () => FlowGraph.BlocksOf(operation, cancellation), operation.Syntax.Span.Length, operation.Syntax);

    /// <summary>The methods of the type itself.</summary>
    public IEnumerable<MethodBody> Own => _bodies.Values.Where(static body => body.Code is not null);

    /// <summary>The functions that stand in a body, which become known here: local functions and lambdas, from the outside inwards.</summary>
    /// <returns>Each with the operation that makes a delegate of it; null for a local function.</returns>
    public IEnumerable<(MethodBody Body, IOperation? Creation)> AddNested(MethodBody body, CancellationToken cancellation)
    {
        if (body.Graph is not { Blocks: var blocks, Contents: var contents })
        {
            yield break;
        }

        var nested = new List<(MethodBody, IOperation?)>();
        foreach (IMethodSymbol local in blocks.LocalFunctions)
        {
            nested.Add((new MethodBody(local, () => blocks.GetLocalFunctionControlFlowGraph(local, cancellation)), null));
        }

        foreach (IFlowAnonymousFunctionOperation lambda in contents.Lambdas)
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
