using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;

namespace Nub.Memory.Generators.Ownership;

/// <summary>A body to be gone through on its own: a member's, or that of a lambda or local function in it.</summary>
/// <param name="Lambda">The lambda that it is of, where it is one's.</param>
/// <param name="Captured">What was held where a lambda was made: for a rule to fill while it looks at the outer body, which comes first.</param>
internal sealed record Body(ControlFlowGraph Graph, IFlowAnonymousFunctionOperation? Lambda, Dictionary<SyntaxNode, OriginState> Captured);

/// <summary>Finds the bodies that a rule is to look at, and those only: to make a graph costs more than all else that a rule does.</summary>
internal static class Bodies
{
    /// <summary>Has a rule look at each member in which an operation concerns it.</summary>
    public static void Register(CompilationStartAnalysisContext start, Func<IOperation, bool> concerns, Action<OperationBlockAnalysisContext, Body> look, params OperationKind[] kinds) =>
        start.RegisterOperationBlockStartAction(block =>
        {
            bool isConcerned = false;
            block.RegisterOperationAction(context => isConcerned |= concerns(context.Operation), kinds);
            block.RegisterOperationBlockEndAction(end =>
            {
                if (isConcerned)
                {
                    Depth.Run(() =>
                    {
                        foreach (Body body in Of(end))
                        {
                            look(end, body);
                        }
                    });
                }
            });
        });

    private static IEnumerable<Body> Of(OperationBlockAnalysisContext context)
    {
        var roots = new HashSet<IOperation>();
        foreach (IOperation block in context.OperationBlocks)
        {
            // A constructor and its initializer are two blocks of one body.
            ControlFlowGraph graph = context.GetControlFlowGraph(block);
            if (roots.Add(graph.OriginalOperation))
            {
                foreach (Body body in Of(graph, null, [], context.CancellationToken))
                {
                    yield return body;
                }
            }
        }
    }

    private static IEnumerable<Body> Of(ControlFlowGraph graph, IFlowAnonymousFunctionOperation? lambda, Dictionary<SyntaxNode, OriginState> captured, CancellationToken cancellation)
    {
        yield return new Body(graph, lambda, captured);
        IEnumerable<Body> functions = graph.LocalFunctions.SelectMany(function => Of(graph.GetLocalFunctionControlFlowGraph(function, cancellation), null, captured, cancellation));
        IEnumerable<Body> lambdas = new BodyContents(graph).Lambdas
            .SelectMany(inner => Of(graph.GetAnonymousFunctionControlFlowGraph(inner, cancellation), inner, captured, cancellation));
        foreach (Body inner in functions.Concat(lambdas))
        {
            yield return inner;
        }
    }
}
