using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// NUB0013: the address of a shared memory is dereferenced, past the bounds check, the lock and the single volatile access. To hand
/// the address on, to a system call or a log, is what it is for.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RawPointerAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.RawPointer];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
            Bodies.Register(start, static operation => ((IPropertyReferenceOperation)operation).Property.IsAddress(), Look, OperationKind.PropertyReference));
    }

    private static void Look(OperationBlockAnalysisContext context, Body body)
    {
        if (FlowGraph.Create(body.Graph) is { } graph)
        {
            OriginState captured = body.Lambda is { Syntax: var syntax } && body.Captured.TryGetValue(syntax, out OriginState? held) ? held : OriginState.Empty;
            ForwardSolver.Run(graph, new RawPointerAnalysis(body.Captured, context.ReportDiagnostic), captured, context.CancellationToken);
        }
    }
}
