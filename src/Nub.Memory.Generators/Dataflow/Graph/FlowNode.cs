using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>A way from one node to another.</summary>
/// <param name="When">The value of the source's condition on this way; null when it is taken always.</param>
internal readonly record struct FlowEdge(FlowNode Target, bool? When);

/// <summary>
/// A basic block in one of the situations it can be run in. Most blocks have one node; those of a <c>finally</c> have one for each
/// place that the <c>finally</c> goes on to, so that what holds on one way through it is not mixed with what holds on another.
/// </summary>
internal sealed class FlowNode(BasicBlock block, Continuation? continuation)
{
    public BasicBlock Block { get; } = block;

    /// <summary>Where the innermost <c>finally</c> around this node goes on to; null outside of one.</summary>
    public Continuation? Continuation { get; } = continuation;

    /// <summary>The place in reverse postorder: smaller than that of every successor, but for the edges that close a loop.</summary>
    public int Order { get; set; }

    /// <summary>Whether the node may run again after itself.</summary>
    public bool IsInLoop { get; set; }

    /// <summary>The nodes that control goes to at the end of the block.</summary>
    public ImmutableArray<FlowEdge> Successors { get; private set; } = [];

    /// <summary>The nodes that an exception in any operation of the block may go to: filters, <c>catch</c> and <c>finally</c> blocks.</summary>
    public ImmutableArray<FlowNode> Handlers { get; private set; } = [];

    /// <summary>The operations in the order in which they run; the last may be the condition, or the value that is returned or thrown.</summary>
    public ImmutableArray<IOperation> Operations { get; } = FlowGraph.OperationsOf(block);

    /// <summary>Whether an edge to <paramref name="target"/> closes a loop.</summary>
    public bool IsBackEdge(FlowNode target) => target.Order <= Order;

    public void AddSuccessor(FlowNode target, bool? when) => Successors = Successors.Add(new FlowEdge(target, when));

    public void AddHandler(FlowNode target) => Handlers = Handlers.Add(target);
}

/// <summary>Where control goes on to when a <c>finally</c> has ended.</summary>
/// <param name="Finally">The <c>finally</c> that is run.</param>
/// <param name="Rest">Those to run after it, the innermost first.</param>
/// <param name="Destination">The block to go to then; null when it is run for an exception, which then goes on outwards.</param>
/// <param name="Outer">The situation in which the whole statement is run: it may stand in another <c>finally</c>.</param>
internal sealed record Continuation(ControlFlowRegion Finally, Continuation? Rest, BasicBlock? Destination, Continuation? Outer);
