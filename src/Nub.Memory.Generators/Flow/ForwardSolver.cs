using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>What holds at the start of each node.</summary>
internal sealed class FlowResult<TState>(FlowGraph graph, TState?[] atStart)
    where TState : class
{
    /// <summary>What holds at the start of a node; null when control never comes there.</summary>
    public TState? At(FlowNode node) => node.Order < graph.Nodes.Count && graph.Nodes[node.Order] == node ? atStart[node.Order] : null;
}

/// <summary>
/// Finds what holds at each point of a method on every way there: a worklist over the nodes in reverse postorder, until nothing
/// changes. It gives up rather than hold up an editor.
/// </summary>
internal static class ForwardSolver
{
    // Each loop around a node costs it about two visits; nobody nests loops as deep as this would need.
    private const int MostVisitsPerNode = 24;

    /// <summary>Solves an analysis for a method.</summary>
    /// <returns>The solution; null when it was not found within the limit, of which nothing may be concluded.</returns>
    public static FlowResult<TState>? Solve<TState>(
        FlowGraph graph, ForwardAnalysis<TState> analysis, TState atEntry, CancellationToken cancellation)
        where TState : class
    {
        var atStart = new TState?[graph.Nodes.Count];
        var waiting = new SortedSet<int> { graph.Entry.Order };
        atStart[graph.Entry.Order] = atEntry;

        void Send(FlowNode from, FlowNode to, TState state)
        {
            TState incoming = analysis.Pass(from, to, state);
            TState? known = atStart[to.Order];
            TState joined = known is null ? incoming : analysis.Join(to, known, incoming);
            if (!ReferenceEquals(joined, known))
            {
                atStart[to.Order] = joined;
                waiting.Add(to.Order);
            }
        }

        for (int visits = 0; waiting.Count > 0; visits++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (visits > MostVisitsPerNode * graph.Nodes.Count)
            {
                return null;
            }

            FlowNode node = graph.Nodes[waiting.Min];
            waiting.Remove(node.Order);
            TState state = Run(analysis, node, atStart[node.Order]!, (handler, thrown) => Send(node, handler, thrown));
            foreach (FlowEdge edge in node.Successors)
            {
                TState chosen = edge.When is { } value && node.Block.BranchValue is { } condition
                    ? analysis.Refine(node, condition, value, state)
                    : state;
                Send(node, edge.Target, chosen);
            }
        }

        return new FlowResult<TState>(graph, atStart);
    }

    /// <summary>Goes through the solution once, so that each operation is seen with what finally holds before it.</summary>
    public static void Replay<TState>(FlowGraph graph, FlowResult<TState> result, Func<FlowNode, IOperation, TState, TState> visit)
        where TState : class
    {
        foreach (FlowNode node in graph.Nodes)
        {
            if (result.At(node) is not { } state)
            {
                continue;
            }

            foreach (IOperation operation in node.Operations)
            {
                state = visit(node, operation, state);
            }
        }
    }

    // An exception may come before, or after, each operation.
    private static TState Run<TState>(ForwardAnalysis<TState> analysis, FlowNode node, TState state, Action<FlowNode, TState> send)
        where TState : class
    {
        Throw(node, state, send);
        foreach (IOperation operation in node.Operations)
        {
            TState next = analysis.Transfer(node, operation, state);
            if (!ReferenceEquals(next, state))
            {
                Throw(node, next, send);
            }

            state = next;
        }

        return state;
    }

    private static void Throw<TState>(FlowNode node, TState state, Action<FlowNode, TState> send)
    {
        foreach (FlowNode handler in node.Handlers)
        {
            send(handler, state);
        }
    }
}
