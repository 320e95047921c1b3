using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Taint;

// A second try, as in a catch block: the first value was not used before, and is no longer held afterwards.
internal sealed partial class ValueAnalysis
{
    // The reads of the operation that is gone through, once it is gone through for the last time.
    private readonly List<Term> _latest = [];

    /// <summary>Finds the reads of an operation that were made in the place of earlier ones.</summary>
    /// <remarks>In a loop what comes later in the method may have come before; there nothing is replaced.</remarks>
    private void FindReplaced(IOperation operation)
    {
        if (_latest.Count == 0)
        {
            return;
        }

        if (_frame is null && !_node.IsInLoop && _session.MayReplace && _latest.Any(fetch => _session.RepetitionsOf(fetch).Count > 0))
        {
            // What is returned is all that is left, but for what a finally block does yet.
            bool isEnd = operation == _node.Block.BranchValue && IsReturn(_node);
            HashSet<int> nodes = _graph.Before(_node);
            if (isEnd)
            {
                nodes.UnionWith(FlowGraph.After(_node));
            }

            Func<Variable, bool> isHeld = isEnd
                ? static variable => variable.Equals(Variable.Return(null)) || variable.Symbol is IParameterSymbol { RefKind: not RefKind.None }
                : IsAlive;
            _session.Replace(_latest, _state.Variables.Where(variable => isHeld(variable.Key)).Select(static variable => variable.Value), nodes);
        }

        _latest.Clear();
    }

    // The compiler's temporaries end with their region, though they are not cleared.
    private bool IsAlive(Variable variable)
    {
        if (variable.Symbol is not null || variable.Equals(Variable.Return(null)))
        {
            return true;
        }

        ControlFlowRegion? region = _node.Block.EnclosingRegion;
        while (region is not null && !region.CaptureIds.Any(id => id.GetHashCode() == variable.Temporary))
        {
            region = region.EnclosingRegion;
        }

        return region is not null;
    }
}
