using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Ownership;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0014: a lease that the method begins and does not end on some way out of it. As long as it is open the memory cannot be taken
/// exclusively, and the memory is never released.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class LeaseAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.Lease];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
            Bodies.Register(start, static operation => LeaseAnalysis.Begins(operation), Look, OperationKind.Invocation));
    }

    private static void Look(OperationBlockAnalysisContext context, Body body)
    {
        if (FlowGraph.Create(body.Graph) is not { } graph)
        {
            return;
        }

        var analysis = new LeaseAnalysis(body.Graph.OriginalOperation);
        if (ForwardSolver.Run(graph, analysis, OriginState.Empty, context.CancellationToken) is not { } result)
        {
            return;
        }

        var reported = new HashSet<SyntaxNode>();
        Action<Diagnostic> add = RuleOptions.Filter(context);

        // A call on a lease that was never kept is the discarding itself.
        foreach ((IInvocationOperation begin, IOperation by) in analysis.AtMercy.Where(pair => pair.Begin != pair.By && analysis.IsKept(pair.Begin)).OrderBy(static pair => pair.By.Syntax.SpanStart))
        {
            Report(begin, $"is not ended when '{by.Syntax}' throws, which a guest can make it do");
        }

        foreach (FlowNode end in new[] { graph.Exit, graph.Unhandled })
        {
            foreach (IOperation begin in result.At(end)?.Marked.Values ?? [])
            {
                Report((IInvocationOperation)begin, analysis.IsKept(begin)
                    ? end == graph.Exit ? "is not ended on every way out of the method" : "is not ended on a way out of the method by an exception"
                    : "is discarded, and can never be ended");
            }
        }

        void Report(IInvocationOperation begin, string what)
        {
            if (!ExpectedThrow.Is(begin.Syntax) && reported.Add(begin.Syntax))
            {
                add(Diagnostic.Create(Descriptors.Lease, begin.Syntax.GetLocation(), begin.Syntax.ToString(), what));
            }
        }
    }
}

internal static partial class Descriptors
{
    /// <summary>A lease that is begun and not ended.</summary>
    public static readonly DiagnosticDescriptor Lease = Error(
        "NUB0014",
        "A lease is discarded or not disposed on every path",
        "The lease that '{0}' begins {1}; declare it with 'using', or dispose it in a finally",
        "While a lease is open the memory cannot be taken exclusively, and it is never released. One that is lost is open until the process ends.");
}
