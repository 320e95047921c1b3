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
        var arriving = new SortedDictionary<(int From, bool? When), TState>?[graph.Nodes.Count];
        bool[] climbs = NodesThatClimb(graph);
        var waiting = new SortedSet<int> { graph.Entry.Order };
        atStart[graph.Entry.Order] = atEntry;

        void Send(FlowNode from, bool? when, FlowNode to, TState state)
        {
            TState incoming = analysis.Pass(from, to, state);
            TState? known = atStart[to.Order];
            if (climbs[to.Order])
            {
                incoming = known is null ? incoming : analysis.Join(to, known, incoming);
            }
            else
            {
                // What came over an edge earlier is out of date once something else comes over it.
                (arriving[to.Order] ??= new(s_edges))[(from.Order, when)] = incoming;
                incoming = arriving[to.Order]!.Values.Aggregate((before, one) => analysis.Join(to, before, one));
            }

            if (known is null || !ReferenceEquals(analysis.Join(to, known, incoming), known))
            {
                atStart[to.Order] = incoming;
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
            if (Run(analysis, node, atStart[node.Order]!, (handler, thrown) => Send(node, null, handler, thrown)) is not { } state)
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
    public static void Replay<TState>(FlowGraph graph, FlowResult<TState> result, Func<FlowNode, IOperation, TState, TState?> visit)
        where TState : class
    {
        foreach (FlowNode node in graph.Nodes)
        {
            TState? state = result.At(node);
            foreach (IOperation operation in node.Operations)
            {
                state = state is null ? null : visit(node, operation, state);
            }
        }
    }

    // Where a loop begins, each round has to cover the one before, or it would never end; and an exception comes from many places
    // of one block. Elsewhere what holds is what comes over the edges now.
    private static bool[] NodesThatClimb(FlowGraph graph)
    {
        bool[] climbs = new bool[graph.Nodes.Count];
        foreach (FlowNode node in graph.Nodes)
        {
            foreach (FlowNode handler in node.Handlers)
            {
                climbs[handler.Order] = true;
            }

            foreach (FlowEdge edge in node.Successors)
            {
                climbs[edge.Target.Order] |= node.IsBackEdge(edge.Target);
            }
        }

        return climbs;
    }

    private static readonly Comparer<(int From, bool? When)> s_edges = Comparer<(int From, bool? When)>.Create(static (one, other) =>
        one.From != other.From ? one.From.CompareTo(other.From) : Nullable.Compare(one.When, other.When));

    // An exception may come before, or after, each operation.
    private static TState? Run<TState>(ForwardAnalysis<TState> analysis, FlowNode node, TState state, Action<FlowNode, TState> send)
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
