using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>Follows the addresses of memories to where they are dereferenced.</summary>
internal sealed class RawPointerAnalysis(Dictionary<SyntaxNode, OriginState> captured, Action<Diagnostic> report) : OriginAnalysis
{
    private readonly HashSet<SyntaxNode> _reported = [];

    protected override ImmutableHashSet<Origin> Combine(FlowNode node, IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        switch (operation)
        {
            case IPropertyReferenceOperation reference when reference.Property.IsAddress():
                return [new Origin(reference)];
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

    private ImmutableHashSet<Origin> Call(IOperation call, IMethodSymbol method, IReadOnlyList<ImmutableHashSet<Origin>> parts)
    {
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
        if (!IsFinal || addresses.IsEmpty || !_reported.Add(place))
        {
            return;
        }

        var address = (IPropertyReferenceOperation)addresses.OrderBy(static origin => ((IOperation)origin.Source).Syntax.SpanStart).First().Source;
        report(Diagnostic.Create(
            Descriptors.RawPointer, place.GetLocation(), additionalLocations: [address.Syntax.GetLocation()],
            place.ToString(), address.Syntax.ToString(), InsteadOf(address.Instance?.Type)));
    }

    private static string InsteadOf(ITypeSymbol? memory) => memory?.Name switch
    {
        "HostSharedMemory" => "Read, Write, CopyTo, CopyFrom, or a view",
        "ExclusiveSharedMemory" => "AsSpan, CopyTo, CopyFrom, or the Read… and Write… methods",
        "ReadOnlySharedMemory" => "AsSpan or CopyTo",
        _ => "the HostSharedMemory of it",
    };
}
