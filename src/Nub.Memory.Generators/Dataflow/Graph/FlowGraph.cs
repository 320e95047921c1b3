using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>
/// The compiler's control flow graph made ready for data flow analysis. The compiler's has no edges into <c>catch</c> and
/// <c>finally</c> blocks and none out of them: it only names the regions. Here they are edges like all others.
/// </summary>
/// <remarks>
/// An exception that is thrown by an operation follows <see cref="FlowNode.Handlers"/>. That an operation outside of every
/// <c>try</c> may throw is not shown: it would end the method, and nearly every operation may.
/// </remarks>
internal sealed class FlowGraph
{
    /// <summary>A method of a thousand statements has about as many blocks as it has branches. What is larger than this was generated.</summary>
    public const int MaximumBlocks = 25_000;

    // What finally blocks are run for is told apart, each by a copy; where they nest, the copies multiply.
    private const int MaximumCopies = 4_000;

    private readonly Dictionary<(int Block, Continuation? Continuation), FlowNode> _known = [];
    private readonly Queue<FlowNode> _open = new();
    private readonly Func<IOperation, bool>? _isSought;
    private bool[]? _climbing;
    private BodyContents? _contents;
    private ILookup<FlowNode, FlowNode>? _predecessors;

    private FlowGraph(ControlFlowGraph blocks, Func<IOperation, bool>? isSought)
    {
        _isSought = isSought;
        Blocks = blocks;
        Entry = NodeOf(blocks.Blocks[0], null);
        Exit = NodeOf(blocks.Blocks[blocks.Blocks.Length - 1], null);
        Unhandled = new FlowNode(Exit.Block, null);
    }

    /// <summary>The compiler's graph.</summary>
    public ControlFlowGraph Blocks { get; }

    public FlowNode Entry { get; }

    /// <summary>Where the method returns.</summary>
    public FlowNode Exit { get; }

    /// <summary>Where an exception leaves the method that a <c>throw</c> threw, or that went through a <c>finally</c>.</summary>
    public FlowNode Unhandled { get; }

    /// <summary>The nodes that can be reached, in reverse postorder.</summary>
    public ImmutableArray<FlowNode> Nodes { get; private set; } = [];

    /// <summary>
    /// The nodes at which what is known only grows, by their order. Where a loop begins, each round has to cover the one before, or
    /// it would never end; and an exception comes from many places of one block. Elsewhere what holds is what comes over the edges now.
    /// </summary>
    public bool[] Climbing => _climbing ??= FindClimbing();

    /// <summary>What stands in it. It is found out once, and not anew at each call of a helper.</summary>
    public BodyContents Contents => _contents ??= new BodyContents(Blocks, _isSought);

    /// <summary>The nodes from which a node can be reached, by their order, and that one.</summary>
    public HashSet<int> Before(FlowNode node)
    {
        _predecessors ??= Nodes.SelectMany(static from => Next(from).Select(to => (From: from, To: to))).ToLookup(static edge => edge.To, static edge => edge.From);
        return Reach(node, before => _predecessors[before]);
    }

    /// <summary>The nodes that can be reached from a node, by their order, and that one.</summary>
    public static HashSet<int> After(FlowNode node) => Reach(node, Next);

    private static IEnumerable<FlowNode> Next(FlowNode node) => node.Successors.Select(static edge => edge.Target).Concat(node.Handlers);

    private static HashSet<int> Reach(FlowNode node, Func<FlowNode, IEnumerable<FlowNode>> neighbours)
    {
        var found = new HashSet<int> { node.Order };
        var open = new Stack<FlowNode>([node]);
        while (open.Count > 0)
        {
            foreach (FlowNode next in neighbours(open.Pop()))
            {
                if (found.Add(next.Order))
                {
                    open.Push(next);
                }
            }
        }

        return found;
    }

    /// <summary>Makes the graph of a method's body; null when it is too large to be looked at in an editor.</summary>
    /// <param name="blocks">The compiler's graph.</param>
    /// <param name="isSought">Whether an operation is what the body is gone through for: <see cref="BodyContents.HasSought"/>.</param>
    public static FlowGraph? Create(ControlFlowGraph blocks, Func<IOperation, bool>? isSought = null)
    {
        if (blocks.Blocks.Length > MaximumBlocks)
        {
            return null;
        }

        var graph = new FlowGraph(blocks, isSought);
        while (graph._open.Count > 0)
        {
            graph.Connect(graph._open.Dequeue());
            if (graph._known.Count > blocks.Blocks.Length + MaximumCopies)
            {
                return null;
            }
        }

        graph.Sort();
        return graph;
    }

    /// <summary>The operations of a block in the order in which they run; the last may be the condition, or the value that is returned or thrown.</summary>
    public static ImmutableArray<IOperation> OperationsOf(BasicBlock block) => block.BranchValue is { } value ? block.Operations.Add(value) : block.Operations;

    /// <summary>Makes the compiler's graph of a body, from any operation that is the root of one.</summary>
    public static ControlFlowGraph? BlocksOf(IOperation body, CancellationToken cancellation)
    {
        while (body.Parent is { } parent)
        {
            body = parent;
        }

        return body switch
        {
            IMethodBodyOperation method => ControlFlowGraph.Create(method, cancellation),
            IConstructorBodyOperation constructor => ControlFlowGraph.Create(constructor, cancellation),
            IBlockOperation block => ControlFlowGraph.Create(block, cancellation),
            IFieldInitializerOperation field => ControlFlowGraph.Create(field, cancellation),
            IPropertyInitializerOperation property => ControlFlowGraph.Create(property, cancellation),
            _ => null,
        };
    }

    private FlowNode NodeOf(BasicBlock block, Continuation? continuation)
    {
        if (!_known.TryGetValue((block.Ordinal, continuation), out FlowNode? node))
        {
            node = new FlowNode(block, continuation);
            _known.Add((block.Ordinal, continuation), node);
            _open.Enqueue(node);
        }

        return node;
    }

    private void Connect(FlowNode node)
    {
        foreach (FlowNode handler in HandlersFrom(node.Block.EnclosingRegion, node.Continuation))
        {
            if (handler != Unhandled)
            {
                node.AddHandler(handler);
            }
        }

        bool? jumps = node.Block.ConditionKind switch
        {
            ControlFlowConditionKind.WhenTrue => true,
            ControlFlowConditionKind.WhenFalse => false,
            _ => null,
        };
        // The compiler has a way out of while (true), too.
        bool? known = node.Block.BranchValue is { ConstantValue: { HasValue: true, Value: bool constant } } ? constant : null;
        if (jumps is null || known is null || known == jumps)
        {
            Follow(node, node.Block.ConditionalSuccessor, jumps);
        }

        if (jumps is null || known is null || known != jumps)
        {
            Follow(node, node.Block.FallThroughSuccessor, !jumps);
        }
    }

    private void Follow(FlowNode node, ControlFlowBranch? branch, bool? when)
    {
        switch (branch?.Semantics)
        {
            case ControlFlowBranchSemantics.Regular or ControlFlowBranchSemantics.Return when branch.Destination is { } destination:
                node.AddSuccessor(Leave(branch.FinallyRegions, destination, node.Continuation), when);
                break;

            case ControlFlowBranchSemantics.Throw or ControlFlowBranchSemantics.Rethrow:
                foreach (FlowNode handler in HandlersFrom(node.Block.EnclosingRegion, node.Continuation))
                {
                    node.AddSuccessor(handler, when);
                }

                break;

            case ControlFlowBranchSemantics.StructuredExceptionHandling when node.Continuation is { } ended && IsFinally(node.Block.EnclosingRegion):
                foreach (FlowNode next in After(ended))
                {
                    node.AddSuccessor(next, when);
                }

                break;
        }
    }

    // A filter ends in the same way as a finally does; one that refuses the exception passes it on, and HandlersFrom has that already.
    private static bool IsFinally(ControlFlowRegion region)
    {
        for (ControlFlowRegion? around = region; around is { Kind: not ControlFlowRegionKind.Root }; around = around.EnclosingRegion)
        {
            if (around.Kind is ControlFlowRegionKind.Finally or ControlFlowRegionKind.Filter)
            {
                return around.Kind == ControlFlowRegionKind.Finally;
            }
        }

        return false;
    }

    private FlowNode Leave(ImmutableArray<ControlFlowRegion> through, BasicBlock destination, Continuation? outer)
    {
        Continuation? first = null;
        for (int i = through.Length - 1; i >= 0; i--)
        {
            first = new Continuation(through[i], first, destination, outer);
        }

        return first is null ? NodeOf(destination, outer) : Start(first);
    }

    private FlowNode Start(Continuation continuation) => NodeOf(Blocks.Blocks[continuation.Finally.FirstBlockOrdinal], continuation);

    private IEnumerable<FlowNode> After(Continuation ended)
    {
        if (ended.Rest is { } rest)
        {
            return [Start(rest)];
        }

        return ended.Destination is { } destination
            ? [NodeOf(destination, ended.Outer)]
            : HandlersFrom(ended.Finally.EnclosingRegion?.EnclosingRegion, ended.Outer);
    }

    // From the inside outwards, up to the first that stops the exception or is run on its way.
    private IEnumerable<FlowNode> HandlersFrom(ControlFlowRegion? region, Continuation? continuation)
    {
        // Around the whole body of a lambda the compiler shows the regions in which the lambda stands; nothing runs in them here.
        for (; region is { Kind: not ControlFlowRegionKind.Root }; region = region.EnclosingRegion)
        {
            if (region.Kind == ControlFlowRegionKind.Finally)
            {
                continuation = continuation?.Outer;
            }
            else if (region is { Kind: ControlFlowRegionKind.Try, EnclosingRegion: { } statement })
            {
                foreach (ControlFlowRegion part in statement.NestedRegions)
                {
                    switch (part.Kind)
                    {
                        case ControlFlowRegionKind.Finally:
                            yield return Start(new Continuation(part, null, null, continuation));
                            yield break;

                        case ControlFlowRegionKind.Catch or ControlFlowRegionKind.FilterAndHandler:
                            yield return NodeOf(Blocks.Blocks[part.FirstBlockOrdinal], continuation);
                            if (part.Kind == ControlFlowRegionKind.Catch && CatchesAll(part))
                            {
                                yield break;
                            }

                            break;
                    }
                }
            }
        }

        yield return Unhandled;
    }

    private static bool CatchesAll(ControlFlowRegion region) =>
        region.ExceptionType is null or { SpecialType: SpecialType.System_Object }
        || region.ExceptionType is { Name: "Exception", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } };

    // Not recursive: a method of a thousand statements in a row would be as deep.
    private void Sort()
    {
        var postorder = new List<FlowNode>();
        var seen = new HashSet<FlowNode> { Entry };
        var path = new Stack<(FlowNode Node, int Next)>();
        path.Push((Entry, 0));
        while (path.Count > 0)
        {
            (FlowNode node, int at) = path.Pop();
            if (at == node.Handlers.Length + node.Successors.Length)
            {
                postorder.Add(node);
                continue;
            }

            path.Push((node, at + 1));
            FlowNode next = at < node.Handlers.Length ? node.Handlers[at] : node.Successors[at - node.Handlers.Length].Target;
            if (seen.Add(next))
            {
                path.Push((next, 0));
            }
        }

        postorder.Reverse();
        Nodes = [.. postorder];
        for (int i = 0; i < Nodes.Length; i++)
        {
            Nodes[i].Order = i;
        }

        MarkLoops();
    }

    private bool[] FindClimbing()
    {
        bool[] climbing = new bool[Nodes.Length];
        foreach (FlowNode node in Nodes)
        {
            foreach (FlowNode handler in node.Handlers)
            {
                climbing[handler.Order] = true;
            }

            foreach (FlowEdge edge in node.Successors)
            {
                climbing[edge.Target.Order] |= node.IsBackEdge(edge.Target);
            }
        }

        return climbing;
    }

    // What lies between the ends of an edge that goes back. It may say so of a few nodes too many, never of one too few.
    private void MarkLoops()
    {
        int start = int.MaxValue;
        for (int i = Nodes.Length - 1; i >= 0; i--)
        {
            foreach (FlowNode handler in Nodes[i].Handlers)
            {
                start = handler.Order <= i ? Math.Min(start, handler.Order) : start;
            }

            foreach (FlowEdge edge in Nodes[i].Successors)
            {
                start = edge.Target.Order <= i ? Math.Min(start, edge.Target.Order) : start;
            }

            Nodes[i].IsInLoop = start <= i;
            start = start == i ? int.MaxValue : start;
        }
    }
}
