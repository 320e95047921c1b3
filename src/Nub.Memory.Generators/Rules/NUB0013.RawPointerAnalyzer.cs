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
        {
            var summaries = new OwnershipSummaries(start.Compilation, RawPointerAnalysis.Summarize);
            var addresses = new AddressHolders();
            Bodies.Register(start, operation => Concerns(operation, addresses), (context, body) => Look(context, body, summaries), OperationKind.Invocation, OperationKind.PropertyReference);
        });
    }

    private static bool Concerns(IOperation operation, AddressHolders addresses) => operation switch
    {
        IPropertyReferenceOperation { Property: var property } => property.IsAddress()
            || (operation.Type.IsOwnAddress() && property.GetMethod is { } getter && OwnershipSummaries.CanFollow(getter) && addresses.MayReturn(getter)),
        IInvocationOperation { TargetMethod: var method } => operation.Type.IsOwnAddress() && OwnershipSummaries.CanFollow(method) && addresses.MayReturn(method),
        _ => false,
    };

    private static void Look(OperationBlockAnalysisContext context, Body body, OwnershipSummaries summaries)
    {
        if (FlowGraph.Create(body.Graph) is { } graph)
        {
            OriginState captured = body.Lambda is { Syntax: var syntax } && body.Captured.TryGetValue(syntax, out OriginState? held) ? held : OriginState.Empty;
            ForwardSolver.Run(graph, new RawPointerAnalysis(body.Captured, summaries, new OwnershipScope(body.Graph, 0, context.CancellationToken), RuleOptions.Filter(context)), captured, context.CancellationToken);
        }
    }
}

internal static partial class Descriptors
{
    /// <summary>The address of a memory is dereferenced.</summary>
    public static readonly DiagnosticDescriptor RawPointer = Warning(
        "NUB0013",
        "Shared memory is dereferenced by a raw pointer",
        "'{0}' dereferences '{1}', past the bounds check, the lock and the single access; use {2}",
        "A raw pointer has no bounds, touches a byte as often as the compiler likes, and does not know that the memory is held exclusively or gone. The address is there to be handed to the system.");
}
