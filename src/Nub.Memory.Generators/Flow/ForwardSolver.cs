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
/// <remarks>
/// In that order a node outside of loops has its turn when all that leads there has had it for the last time. So it is gone through
/// once, and what holds there is final; what stands in loops is gone through once more when it has been found.
/// </remarks>
internal static class ForwardSolver
{
    // Each loop around a node costs it about two visits; nobody nests loops as deep as this would need.
    private const int MostVisitsPerNode = 24;

    /// <summary>Solves an analysis for a method, and goes through each operation with what finally holds before it.</summary>
    /// <returns>The solution; null when it was not found within the limit, of which nothing may be concluded.</returns>
    public static FlowResult<TState>? Run<TState>(
        FlowGraph graph, ForwardAnalysis<TState> analysis, TState atEntry, CancellationToken cancellation)
        where TState : class
    {
        FlowResult<TState>? result = Solve(graph, analysis, atEntry, cancellation);
        if (result is not null)
        {
            Replay(graph, result, analysis, static node => node.IsInLoop);
        }

        return result;
    }

    /// <summary>Solves an analysis for a method. What does not stand in a loop has been gone through for the last time then.</summary>
    /// <returns>The solution; null when it was not found within the limit, of which nothing may be concluded.</returns>
    public static FlowResult<TState>? Solve<TState>(
        FlowGraph graph, ForwardAnalysis<TState> analysis, TState atEntry, CancellationToken cancellation)
        where TState : class
    {
        var atStart = new TState?[graph.Nodes.Count];
        var arriving = new Arrivals<TState>?[graph.Nodes.Count];
        bool[] climbs = graph.Climbing;
        var waiting = new Worklist(graph.Nodes.Count);
        waiting.Add(graph.Entry.Order);
        atStart[graph.Entry.Order] = atEntry;

        void Send(FlowNode from, bool? when, FlowNode to, TState state)
        {
            TState incoming = analysis.Pass(from, to, state);
            if (!climbs[to.Order])
            {
                // What came over an edge earlier is out of date once something else comes over it. It is joined when the node's turn
                // comes: by then all that comes from before it is there, and where many ways meet each is looked at once.
                (arriving[to.Order] ??= new()).Set(from.Order, when, incoming);
                waiting.Add(to.Order);
                return;
            }

            TState? known = atStart[to.Order];
            TState joined = known is null ? incoming : analysis.Join(to, known, incoming);
            if (known is null || !ReferenceEquals(analysis.Join(to, known, joined), known))
            {
                atStart[to.Order] = joined;
                waiting.Add(to.Order);
            }
        }

        // Whether there is anything new for a node whose turn it is.
        bool Meet(FlowNode node)
        {
            if (arriving[node.Order] is { } ways)
            {
                TState? known = atStart[node.Order];
                TState incoming = ways.Join(analysis, node);
                if (known is not null && ReferenceEquals(analysis.Join(node, known, incoming), known))
                {
                    return false;
                }

                atStart[node.Order] = incoming;
            }

            return true;
        }

        for (int visits = 0; waiting.Any; visits++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (visits > MostVisitsPerNode * graph.Nodes.Count)
            {
                return null;
            }

            FlowNode node = graph.Nodes[waiting.TakeFirst()];
            analysis.IsFinal = !node.IsInLoop;
            if (!Meet(node) || Visit(analysis, node, atStart[node.Order]!, (handler, thrown) => Send(node, null, handler, thrown)) is not { } state)
            {
                continue;
            }

            foreach (FlowEdge edge in node.Successors)
            {
                TState? chosen = edge.When is { } value && node.Block.BranchValue is { } condition
                    ? analysis.Refine(node, condition, value, state)
                    : state;
                if (chosen is not null)
                {
                    Send(node, edge.When, edge.Target, chosen);
                }
            }
        }

        return new FlowResult<TState>(graph, atStart);
    }

    /// <summary>Goes through the solution once, so that each operation is seen with what finally holds before it.</summary>
    /// <param name="isChosen">Which nodes are gone through.</param>
    public static void Replay<TState>(FlowGraph graph, FlowResult<TState> result, ForwardAnalysis<TState> analysis, Func<FlowNode, bool> isChosen)
        where TState : class
    {
        analysis.IsFinal = true;
        foreach (FlowNode node in graph.Nodes.Where(isChosen))
        {
            TState? state = result.At(node);
            foreach (IOperation operation in node.Operations)
            {
                state = state is null ? null : analysis.Transfer(node, operation, state);
            }
        }
    }

    // An exception may come before, or after, each operation.
    private static TState? Visit<TState>(ForwardAnalysis<TState> analysis, FlowNode node, TState state, Action<FlowNode, TState> send)
        where TState : class
    {
        Throw(node, state, send);
        foreach (IOperation operation in node.Operations)
        {
            if (analysis.Transfer(node, operation, state) is not { } next)
            {
                return null;
            }

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
