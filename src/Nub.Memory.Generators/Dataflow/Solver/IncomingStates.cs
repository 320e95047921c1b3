using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Dataflow.Solver;

/// <summary>What came to a node over each of its edges the last time, in the order of the nodes that they come from.</summary>
internal sealed class IncomingStates<TState>
    where TState : class
{
    private readonly List<(int From, bool? When, TState State)> _ways = [];

    public void Set(int from, bool? when, TState state)
    {
        // Nodes are gone through in their order, so that it is nearly always the last.
        int at = _ways.Count;
        while (at > 0 && Compare(_ways[at - 1], from, when) > 0)
        {
            at--;
        }

        if (at > 0 && Compare(_ways[at - 1], from, when) == 0)
        {
            _ways[at - 1] = (from, when, state);
        }
        else
        {
            _ways.Insert(at, (from, when, state));
        }
    }

    public TState Join(ForwardAnalysis<TState> analysis, FlowNode node)
    {
        TState joined = _ways[0].State;
        for (int at = 1; at < _ways.Count; at++)
        {
            joined = analysis.Join(node, joined, _ways[at].State);
        }

        return joined;
    }

    private static int Compare((int From, bool? When, TState State) way, int from, bool? when) =>
        way.From != from ? way.From.CompareTo(from) : Nullable.Compare(way.When, when);
}
