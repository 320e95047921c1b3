using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// NUB0014: a lease that the method begins and nobody ends on some way out of it. As long as it is open nobody can take the memory
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
                    : "is discarded, so that nobody can end it");
            }
        }

        void Report(IInvocationOperation begin, string what)
        {
            if (!ExpectedThrow.Is(begin.Syntax) && reported.Add(begin.Syntax))
            {
                context.ReportDiagnostic(Diagnostic.Create(Descriptors.Lease, begin.Syntax.GetLocation(), begin.Syntax.ToString(), what));
            }
        }
    }
}
