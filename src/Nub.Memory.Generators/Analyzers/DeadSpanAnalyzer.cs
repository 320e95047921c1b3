using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// NUB0012: a span or pointer into an exclusive memory that is used after the memory was built or disposed, or that leaves the
/// callback which the memory was lent to. It is the one thing that no lock covers.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DeadSpanAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.DeadSpan];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
            Bodies.Register(start, Concerns, Look, OperationKind.Invocation, OperationKind.PropertyReference));
    }

    private static bool Concerns(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: { Name: "AsSpan" or "WithContents", ContainingType: var type } } => type.IsMemory(),
        IPropertyReferenceOperation reference => reference.Property.IsAddress(),
        _ => false,
    };

    private static void Look(OperationBlockAnalysisContext context, Body body)
    {
        if (FlowGraph.Create(body.Graph) is { } graph)
        {
            ISymbol? lent = LentTo(body.Lambda);
            OriginState atEntry = lent is null
                ? OriginState.Empty
                : OriginState.Empty.Set(Holder.Of(lent), [new Origin(lent, lent is IParameterSymbol { Type: var type } && type.IsExclusive() ? OriginKind.Itself : OriginKind.Inside)]);
            ForwardSolver.Run(graph, new DeadSpanAnalysis(body.Lambda?.Symbol, lent, context.ReportDiagnostic), atEntry, context.CancellationToken);
        }
    }

    // The callbacks of WithExclusivity and WithContents, by the delegates that they are.
    private static IParameterSymbol? LentTo(Microsoft.CodeAnalysis.FlowAnalysis.IFlowAnonymousFunctionOperation? lambda) =>
        lambda is { Symbol.Parameters: [var parameter, ..], Parent: IDelegateCreationOperation { Type: INamedTypeSymbol type } }
            && (parameter.Type.IsExclusive() ? type.Name is "Action" or "Func" : type.Name == "SharedMemoryContents" && type.IsInNub())
            ? parameter
            : null;
}
