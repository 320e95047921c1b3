using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Ownership;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

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
        {
            var summaries = new OwnershipSummaries(start.Compilation, DeadSpanAnalysis.Summarize);
            Bodies.Register(start, Concerns, (context, body) => Look(context, body, summaries), OperationKind.Invocation, OperationKind.PropertyReference);
        });
    }

    private static bool Concerns(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: { Name: "AsSpan" or "WithContents", ContainingType: var type } } => type.IsMemory(),
        IInvocationOperation { TargetMethod: var method } call => IsPlace(call.Type, method.RefKind) && OwnershipSummaries.CanFollow(method)
            && (method.ContainingType.Mentions(TreeWords.Exclusive) || call.Instance?.Type.IsExclusive() == true || call.Arguments.Any(static one => one.Value.Type.IsExclusive())),
        IPropertyReferenceOperation { Property: var property } reference => property.IsAddress()
            || (IsPlace(reference.Type, property.RefKind) && property.GetMethod is { } getter && property.ContainingType.Mentions(TreeWords.Exclusive) && OwnershipSummaries.CanFollow(getter)),
        _ => false,
    };

    private static bool IsPlace(ITypeSymbol? type, RefKind refKind) => refKind != RefKind.None || type.IsSpanOrPointer();

    private static void Look(OperationBlockAnalysisContext context, Body body, OwnershipSummaries summaries)
    {
        if (FlowGraph.Create(body.Graph) is { } graph)
        {
            ISymbol? lent = LentTo(body.Lambda);
            OriginState atEntry = lent is null
                ? OriginState.Empty
                : OriginState.Empty.Set(Holder.Of(lent), [new Origin(lent, lent is IParameterSymbol { Type: var type } && type.IsExclusive() ? OriginKind.Itself : OriginKind.Inside)]);
            ForwardSolver.Run(graph, new DeadSpanAnalysis(body.Lambda?.Symbol, lent, summaries, new OwnershipScope(body.Graph, 0, context.CancellationToken), RuleOptions.Filter(context)), atEntry, context.CancellationToken);
        }
    }

    // The callbacks of WithExclusivity and WithContents, by the delegates that they are.
    private static IParameterSymbol? LentTo(Microsoft.CodeAnalysis.FlowAnalysis.IFlowAnonymousFunctionOperation? lambda) =>
        lambda is { Symbol.Parameters: [var parameter, ..], Parent: IDelegateCreationOperation { Type: INamedTypeSymbol type } }
            && (parameter.Type.IsExclusive() ? type.Name is "Action" or "Func" : type.Name == "SharedMemoryContents" && type.IsInNub())
            ? parameter
            : null;
}

internal static partial class Descriptors
{
    /// <summary>A span or pointer into an exclusive memory that outlives it.</summary>
    public static readonly DiagnosticDescriptor DeadSpan = Error(
        "NUB0012",
        "A span or pointer outlives its exclusive memory",
        "'{0}' points into '{1}' and {2}",
        "A span is the one thing that no lock covers. After Build a guest writes what it shows; after Dispose it shows memory that is unmapped, or in use for something else.");
}
