using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// Follows exclusive memories to where they end, and spans and pointers into them to where they are used. The marks are the
/// memories that have ended, each with what ended it.
/// </summary>
internal sealed class DeadSpanAnalysis(IMethodSymbol? lambda, ISymbol? lent, Action<Diagnostic> report) : OriginAnalysis
{
    private readonly HashSet<SyntaxNode> _reported = [];

    protected override ImmutableHashSet<Origin> Combine(FlowNode node, IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        switch (operation)
        {
            case IInvocationOperation { TargetMethod.Name: "AsSpan", Instance.Type: var type } span when type.IsExclusive():
                return Into(parts[0], OriginKind.Inside, state);
            case IPropertyReferenceOperation { Instance.Type: var type } address when address.Property.IsAddress() && type.IsExclusive():
                return Into(parts[0], OriginKind.Address, state);
            case IInvocationOperation { TargetMethod.Name: "Build" or "Dispose", Instance: not null } end when parts[0].Count == 1 && parts[0].First() is { Kind: OriginKind.Itself } memory:
                state = state.Mark(memory.Source, end);
                return None;
            case IInvocationOperation or IObjectCreationOperation or IPropertyReferenceOperation when operation.Type.IsExclusive():
                // A new one, or one that a method gives: whatever was made here before is another.
                state = state.Unmark(operation);
                return [new Origin(operation)];
            case IConversionOperation conversion:
                return Convert(conversion, parts[0], state);
            case IParenthesizedOperation or IDeclarationExpressionOperation or IArgumentOperation:
                return parts.Count > 0 ? parts[0] : None;
            case IBinaryOperation { Type: var type } when !type.CanBeAddress():
                return None;
            default:
                return Within(operation, parts);
        }
    }

    protected override ImmutableHashSet<Origin> Load(IOperation reference, ImmutableHashSet<Origin>? held, ref OriginState state)
    {
        if (held is null)
        {
            // What a parameter or a field had when the method began.
            return reference.Type.IsExclusive() && SymbolOf(reference) is { } symbol ? [new Origin(symbol)] : None;
        }

        foreach (Origin origin in held)
        {
            if (IsFinal && origin.Kind == OriginKind.Inside && state.Marked.TryGetValue(origin.Source, out IOperation? end) && !IsHarmless(reference))
            {
                Report(reference.Syntax, reference.Syntax.ToString(), NameOf(origin), Ended((IInvocationOperation)end));
            }
        }

        return held;
    }

    protected override ImmutableHashSet<Origin> Store(IOperation target, ImmutableHashSet<Origin> value, ref OriginState state)
    {
        // A local of the outer method outlives the callback.
        if (SymbolOf(target) is ILocalSymbol { ContainingSymbol: var owner } && lambda is not null && !SymbolEqualityComparer.Default.Equals(owner, lambda) && target.Type.IsPointer())
        {
            Escape(target, value, "stored where it outlives the callback");
        }

        // A byte out of a span is no longer the memory's.
        bool keepsPlace = target.Type.IsSpanOrPointer() || SymbolOf(target) is ILocalSymbol { IsRef: true };
        return [.. value.Where(origin => origin.Kind == OriginKind.Inside ? keepsPlace : origin.Kind == OriginKind.Itself || target.Type.CanBeAddress())];
    }

    protected override void StoreAway(IOperation target, IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
        if (value.Type.IsPointer())
        {
            Escape(value, origins, "stored where it outlives the callback");
        }
    }

    protected override void Return(IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
        if (value.Type.IsPointer())
        {
            Escape(value, origins, "returned out of the callback");
        }
    }

    private static ImmutableHashSet<Origin> Into(ImmutableHashSet<Origin> memories, OriginKind kind, OriginState state) =>

        // Of a memory that has ended there is none to be had: the call throws.
        [.. memories.Where(memory => memory.Kind == OriginKind.Itself && !state.Marked.ContainsKey(memory.Source)).Select(memory => memory.As(kind))];

    private static ImmutableHashSet<Origin> Convert(IConversionOperation conversion, ImmutableHashSet<Origin> operand, OriginState state)
    {
        if (conversion.Type.IsPointer())
        {
            // An address that is made a pointer when the memory has ended is NUB0013's: the memory is somebody else's then.
            return [.. operand.Where(origin => !state.Marked.ContainsKey(origin.Source) || origin.Kind == OriginKind.Inside).Select(static origin => origin.As(OriginKind.Inside))];
        }

        if (conversion.Operand.Type.IsPointer())
        {
            return conversion.Type.CanBeAddress() ? [.. operand.Select(static origin => origin.As(OriginKind.Address))] : None;
        }

        return operand.IsEmpty || conversion.Type.IsSpanOrPointer() || conversion.Type.CanBeAddress() || !conversion.Operand.Type.IsSpanOrPointer() ? operand : None;
    }

    // A slice, an element by reference, a pointer to one, a ref struct around a span: they lead to the same bytes.
    private static ImmutableHashSet<Origin> Within(IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts)
    {
        bool leadsThere = operation.Type.IsSpanOrPointer() || operation switch
        {
            IPropertyReferenceOperation { Property.RefKind: not RefKind.None } => true,
            IInvocationOperation { TargetMethod.RefKind: not RefKind.None } => true,
            IAddressOfOperation => true,
            IBinaryOperation { OperatorKind: BinaryOperatorKind.Add or BinaryOperatorKind.Subtract } => true,
            { Kind: OperationKind.None } => operation.Type is not null,
            _ => false,
        };
        return leadsThere
            ? parts.Aggregate(None, static (all, part) => all.Union(part.Where(static origin => origin.Kind != OriginKind.Itself)))
            : None;
    }

    private void Escape(IOperation value, ImmutableHashSet<Origin> origins, string how)
    {
        if (IsFinal && lambda is not null && lent is not null && origins.Any(origin => origin.Kind == OriginKind.Inside && origin.Source.Equals(lent)))
        {
            Report(value.Syntax, value.Syntax.ToString(), lent.Name, $"is {how}, with which its life ends; copy the bytes out instead");
        }
    }

    private void Report(SyntaxNode place, string what, string memory, string why)
    {
        if (_reported.Add(place))
        {
            report(Diagnostic.Create(Descriptors.DeadSpan, place.GetLocation(), what, memory, why));
        }
    }

    private static string Ended(IInvocationOperation end)
    {
        int line = end.Syntax.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        return end.TargetMethod.Name == "Build"
            ? $"is used after 'Build' in line {line} has given the memory to a guest; use the HostSharedMemory from there on"
            : $"is used after 'Dispose' in line {line} has released the memory; dispose it when everything is done";
    }

    // How long it is does not touch it.
    private static bool IsHarmless(IOperation reference) => reference.Parent is IPropertyReferenceOperation { Property.Name: "Length" or "IsEmpty" };

    private static string NameOf(Origin origin) => origin.Source switch
    {
        ISymbol symbol => symbol.Name,
        IOperation { Parent: ISimpleAssignmentOperation { Target: var target } } => SymbolOf(target)?.Name ?? "the memory",
        _ => "the memory",
    };
}
