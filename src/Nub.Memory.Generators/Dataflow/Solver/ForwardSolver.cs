using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Dataflow.Solver;

/// <summary>What holds at the start of each node.</summary>
internal sealed class FlowResult<TState>(FlowGraph graph, TState?[] atStart)
    where TState : class
{
    /// <summary>What holds at the start of a node; null when control never comes there.</summary>
    public TState? At(FlowNode node) => node.Order < graph.Nodes.Length && graph.Nodes[node.Order] == node ? atStart[node.Order] : null;
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
    /// <summary>Solves an analysis for a method, and goes through each operation with what finally holds before it.</summary>
    /// <returns>The solution; null when it was not found within the limit; of what comes behind the loop that was too much nothing may be concluded then.</returns>
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
    /// <returns>The solution; null when it was not found within the limit; of what comes behind the loop that was too much nothing may be concluded then.</returns>
    public static FlowResult<TState>? Solve<TState>(
        FlowGraph graph, ForwardAnalysis<TState> analysis, TState atEntry, CancellationToken cancellation)
        where TState : class =>
        new Solution<TState>(graph, analysis).Find(atEntry, cancellation);

    /// <summary>Goes through the solution once, so that each operation is seen with what finally holds before it.</summary>
    /// <param name="isChosen">Which nodes are gone through.</param>
    public static void Replay<TState>(FlowGraph graph, FlowResult<TState> result, ForwardAnalysis<TState> analysis, Func<FlowNode, bool> isChosen)
        where TState : class
    {
        analysis.IsFinal = true;
        foreach (FlowNode node in graph.Nodes)
        {
            TState? state = isChosen(node) ? result.At(node) : null;
            for (int at = 0; state is not null && at < node.Operations.Length; at++)
            {
                state = analysis.Transfer(node, node.Operations[at], state);
            }
        }
    }

    /// <summary>What is known while the solution is being found.</summary>
    private sealed class Solution<TState>(FlowGraph graph, ForwardAnalysis<TState> analysis)
        where TState : class
    {
        // Each loop around a node costs it about two visits; loops nested as deep as this would need do not occur.
        private const int MostVisitsPerNode = 24;

        private readonly TState?[] _atStart = new TState?[graph.Nodes.Length];
        private readonly IncomingStates<TState>?[] _arriving = new IncomingStates<TState>?[graph.Nodes.Length];
        private readonly Worklist _waiting = new(graph.Nodes.Length);

        public FlowResult<TState>? Find(TState atEntry, CancellationToken cancellation)
        {
            _waiting.Add(graph.Entry.Order);
            _atStart[graph.Entry.Order] = atEntry;
            for (int visits = 0; _waiting.Any; visits++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (visits > MostVisitsPerNode * graph.Nodes.Length)
                {
                    return null;
                }

                FlowNode node = graph.Nodes[_waiting.TakeFirst()];
                analysis.IsFinal = !node.IsInLoop;
                TState? state = Meet(node) ? Visit(node, _atStart[node.Order]!) : null;
                analysis.IsFinal = false;
                if (state is not null)
                {
                    Leave(node, state);
                }
            }

            return new FlowResult<TState>(graph, _atStart);
        }

        // Whether there is anything new for a node whose turn it is.
        private bool Meet(FlowNode node)
        {
            if (_arriving[node.Order] is { } ways)
            {
                TState? known = _atStart[node.Order];
                TState incoming = ways.Join(analysis, node);
                if (known is not null && ReferenceEquals(analysis.Join(node, known, incoming), known))
                {
                    return false;
                }

                _atStart[node.Order] = incoming;
            }

            return true;
        }

        // An exception may come before, or after, each operation.
        private TState? Visit(FlowNode node, TState state)
        {
            Throw(node, state);
            foreach (IOperation operation in node.Operations)
            {
                if (analysis.Transfer(node, operation, state) is not { } next)
                {
                    return null;
                }

                if (!ReferenceEquals(next, state))
                {
                    Throw(node, next);
                }

                state = next;
            }

            return state;
        }

        private void Throw(FlowNode node, TState state)
        {
            foreach (FlowNode handler in node.Handlers)
            {
                Send(node, null, handler, state);
            }
        }

        private void Leave(FlowNode node, TState state)
        {
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

        private void Send(FlowNode from, bool? when, FlowNode to, TState state)
        {
            TState incoming = analysis.Pass(from, to, state);
            if (!graph.Climbing[to.Order])
            {
                // What came over an edge earlier is out of date once something else comes over it. It is joined when the node's turn
                // comes: by then all that comes from before it is there, and where many ways meet each is looked at once.
                (_arriving[to.Order] ??= new()).Set(from.Order, when, incoming);
                _waiting.Add(to.Order);
                return;
            }

            TState? known = _atStart[to.Order];
            TState joined = known is null ? incoming : analysis.Join(to, known, incoming);
            if (known is null || !ReferenceEquals(analysis.Join(to, known, joined), known))
            {
                _atStart[to.Order] = joined;
                _waiting.Add(to.Order);
            }
        }
    }
}
