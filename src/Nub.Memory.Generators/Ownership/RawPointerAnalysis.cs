using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Ownership;

/// <summary>Follows the addresses of memories to where they are dereferenced.</summary>
/// <param name="captured">What was held where a lambda was made.</param>
/// <param name="summaries">What methods and properties return.</param>
/// <param name="scope">Where the body stands.</param>
/// <param name="report">Null when only a summary is wanted.</param>
internal sealed class RawPointerAnalysis(Dictionary<SyntaxNode, OriginState> captured, OwnershipSummaries summaries, OwnershipScope scope, Action<Diagnostic>? report) : OriginAnalysis
{
    private readonly HashSet<SyntaxNode> _reported = [];
    private readonly HashSet<Origin> _returned = [];

    /// <summary>The addresses that a body returns.</summary>
    public static OwnershipSummary Summarize(FlowGraph graph, OwnershipScope scope, OwnershipSummaries summaries)
    {
        var analysis = new RawPointerAnalysis([], summaries, scope, null);
        return ForwardSolver.Run(graph, analysis, OriginState.Empty, scope.Cancellation) is null ? OwnershipSummary.Nothing : new OwnershipSummary([.. analysis._returned], []);
    }

    protected override void Return(IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
        if (IsFinal)
        {
            _returned.UnionWith(origins);
        }
    }

    protected override ImmutableHashSet<Origin> Combine(FlowNode node, IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        switch (operation)
        {
            case IPropertyReferenceOperation reference when reference.Property.IsAddress():
                return [new Origin(reference)];
            case IPropertyReferenceOperation { Property: { GetMethod: { } getter, IsIndexer: false } own } when operation.Type.IsOwnAddress() && OwnershipSummaries.CanFollow(getter):
                return SharedTypes.IsAuto(own) ? AddressesIn(own) : summaries.Of(getter, scope).Returned;
            case IFlowAnonymousFunctionOperation lambda:
                captured[lambda.Syntax] = state;
                return None;
            case IConversionOperation conversion:
                return conversion.Type.CanBeAddress() ? parts[0] : None;
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Subtract }:
                // The distance of two addresses is no address.
                return parts[1].IsEmpty ? parts[0] : None;
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Add or BinaryOperatorKind.And or BinaryOperatorKind.Or }:
                return parts[0].Union(parts[1]);
            case ICompoundAssignmentOperation or IIncrementOrDecrementOperation or IAddressOfOperation or IDeclarationExpressionOperation or IArgumentOperation:
                return parts.Count > 0 ? parts[0] : None;
            case IInvocationOperation call:
                return Call(call, call.TargetMethod, parts);
            case IObjectCreationOperation { Constructor: { } constructor } creation:
                return Call(creation, constructor, parts);
            case { Kind: OperationKind.None }:
                return Raw(operation, parts);
            default:
                return None;
        }
    }

    // The compiler's operations have no kind for pointers: the syntax tells what is meant.
    private ImmutableHashSet<Origin> Raw(IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts)
    {
        ImmutableHashSet<Origin> pointer = parts.Count > 0 ? parts[0] : None;
        SyntaxNode syntax = operation.Syntax;
        bool isAccess = syntax.IsKind(SyntaxKind.PointerIndirectionExpression) || syntax is ElementAccessExpressionSyntax
            || syntax.Parent is MemberAccessExpressionSyntax { RawKind: (int)SyntaxKind.PointerMemberAccessExpression } access && access.Expression == syntax;
        if (!isAccess)
        {
            return operation.Type.CanBeAddress() ? pointer : None;
        }

        // &p[4] only computes.
        if (operation.Parent is IAddressOfOperation)
        {
            return pointer;
        }

        Report(syntax.Parent is MemberAccessExpressionSyntax { RawKind: (int)SyntaxKind.PointerMemberAccessExpression } member && member.Expression == syntax ? member : syntax, pointer);
        return None;
    }

    private ImmutableHashSet<Origin> AddressesIn(IPropertySymbol property) =>
        [.. summaries.ValuesOf(property).SelectMany(static value => value.DescendantsAndSelf()).OfType<IPropertyReferenceOperation>().Where(static one => one.Property.IsAddress()).Select(static one => new Origin(one))];

    private ImmutableHashSet<Origin> Call(IOperation call, IMethodSymbol method, IReadOnlyList<ImmutableHashSet<Origin>> parts)
    {
        if (call is IInvocationOperation && call.Type.IsOwnAddress() && OwnershipSummaries.CanFollow(method))
        {
            return summaries.Of(method, scope).Returned;
        }

        ImmutableHashSet<Origin> addresses = parts.Aggregate(None, static (all, part) => all.Union(part));
        if (addresses.IsEmpty)
        {
            return None;
        }

        if (Dereferences(method))
        {
            Report(call.Syntax, addresses);
            return None;
        }

        // nint.Add, IntPtr.ToPointer, new IntPtr(…)
        return method.ContainingType.SpecialType is SpecialType.System_IntPtr or SpecialType.System_UIntPtr && (call.Type.CanBeAddress() || method.MethodKind == MethodKind.Constructor)
            ? addresses
            : None;
    }

    /// <summary>Whether a method of the framework touches what the addresses that it is given point at.</summary>
    private static bool Dereferences(IMethodSymbol method) => (method.ContainingType.Name, method.ContainingNamespace.ToDisplayString()) switch
    {
        ("Marshal", "System.Runtime.InteropServices") => StartsWith(method, "Read", "Write", "Copy", "PtrTo", "StructureToPtr", "ZeroFree"),
        ("NativeMemory", "System.Runtime.InteropServices") => StartsWith(method, "Copy", "Clear", "Fill"),
        ("Unsafe", "System.Runtime.CompilerServices") => StartsWith(method, "AsRef", "Read", "Write", "Copy", "InitBlock"),
        ("Buffer", "System") => method.Name == "MemoryCopy",
        ("Span" or "ReadOnlySpan" or "String", "System") or ("UnmanagedMemoryStream", "System.IO") => method.MethodKind == MethodKind.Constructor,
        ("Encoding", "System.Text") => StartsWith(method, "Get"),
        (var vector, "System.Runtime.Intrinsics") => vector.StartsWith("Vector", StringComparison.Ordinal) && StartsWith(method, "Load", "Store"),
        _ => false,
    };

    private static bool StartsWith(IMethodSymbol method, params string[] beginnings) =>
        Array.Exists(beginnings, beginning => method.Name.StartsWith(beginning, StringComparison.Ordinal));

    private void Report(SyntaxNode place, ImmutableHashSet<Origin> addresses)
    {
        if (report is null || !IsFinal || addresses.IsEmpty || !_reported.Add(place))
        {
            return;
        }

        var address = (IPropertyReferenceOperation)addresses.OrderBy(static origin => ((IOperation)origin.Source).Syntax.SpanStart).First().Source;
        report(Diagnostic.Create(
            Descriptors.RawPointer, place.GetLocation(), additionalLocations: [address.Syntax.GetLocation()],
            place.ToString(), address.Syntax.ToString(), AtomicAround(place, address.Instance?.Type) ?? InsteadOf(address.Instance?.Type)));
    }

    // Interlocked.Add(ref *counter, 1): the memory has the same.
    private static string? AtomicAround(SyntaxNode place, ITypeSymbol? memory) => memory?.Name is "HostSharedMemory"
        && place.Parent is ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name, Expression: var type } } }
        && (type as SimpleNameSyntax ?? (type as MemberAccessExpressionSyntax)?.Name)?.Identifier.ValueText == "Interlocked"
        ? name switch
        {
            "Add" or "Increment" or "Decrement" => "Add",
            "Exchange" or "CompareExchange" or "And" or "Or" => name,
            _ => null,
        }
        : null;

    private static string InsteadOf(ITypeSymbol? memory) => memory?.Name switch
    {
        "HostSharedMemory" => "Read, Write, CopyTo, CopyFrom, or a view",
        "ExclusiveSharedMemory" => "AsSpan, CopyTo, CopyFrom, or the Read… and Write… methods",
        "ReadOnlySharedMemory" => "AsSpan or CopyTo",
        _ => "the HostSharedMemory of it",
    };
}
