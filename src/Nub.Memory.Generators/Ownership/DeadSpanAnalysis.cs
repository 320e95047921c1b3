using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Ownership;

/// <summary>
/// Follows exclusive memories to where they end, and spans and pointers into them to where they are used. The marks are the
/// memories that have ended, each with what ended it.
/// </summary>
/// <param name="lambda">The lambda whose body it is; null when it is no lambda's.</param>
/// <param name="lent">The parameter by which a callback is lent a memory.</param>
/// <param name="summaries">What other methods do with memories.</param>
/// <param name="scope">Where the body stands.</param>
/// <param name="report">Null when only a summary is wanted.</param>
internal sealed class DeadSpanAnalysis(IMethodSymbol? lambda, ISymbol? lent, OwnershipSummaries summaries, OwnershipScope scope, Action<Diagnostic>? report) : OriginAnalysis
{
    private readonly HashSet<SyntaxNode> _reported = [];
    private readonly HashSet<Origin> _returned = [];
    private HashSet<object>? _endedAtReturns;

    /// <summary>What a body does with the memories that it can get at.</summary>
    public static OwnershipSummary Summarize(FlowGraph graph, OwnershipScope scope, OwnershipSummaries summaries)
    {
        var analysis = new DeadSpanAnalysis(null, null, summaries, scope, null);
        if (ForwardSolver.Run(graph, analysis, OriginState.Empty, scope.Cancellation) is not { } result)
        {
            return OwnershipSummary.Nothing;
        }

        IEnumerable<object> ended = analysis._endedAtReturns ?? (IEnumerable<object>?)result.At(graph.Exit)?.Marked.Keys ?? [];
        return new OwnershipSummary([.. analysis._returned.Where(static origin => origin.Source is ISymbol && origin.Kind != OriginKind.Itself)], [.. ended.Where(static source => source is ISymbol)]);
    }

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
            case IInvocationOperation call when IsOfInterest(call, call.TargetMethod, parts) && OwnershipSummaries.CanFollow(call.TargetMethod):
                return Follow(call, call.TargetMethod, call.Instance, call.Arguments, parts, ref state);
            case IPropertyReferenceOperation { Property: { GetMethod: { } getter, IsIndexer: false } } property when property.Type.IsSpanOrPointer() && IsOfInterest(property, getter, parts) && OwnershipSummaries.CanFollow(getter):
                return Follow(property, getter, property.Instance, [], parts, ref state);
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
        if (IsFinal)
        {
            _returned.UnionWith(origins);
            _endedAtReturns ??= [.. state.Marked.Keys];
            _endedAtReturns.IntersectWith(state.Marked.Keys);
        }

        if (value.Type.IsPointer())
        {
            Escape(value, origins, "returned out of the callback");
        }
    }

    // It is given a memory, or what points into one; or it can get at one by itself.
    private static bool IsOfInterest(IOperation call, IMethodSymbol method, IReadOnlyList<ImmutableHashSet<Origin>> parts)
    {
        foreach (ImmutableHashSet<Origin> part in parts)
        {
            if (!part.IsEmpty)
            {
                return true;
            }
        }

        return method.MethodKind == MethodKind.LocalFunction
            || ((call.Type.IsSpanOrPointer() || method.RefKind != RefKind.None) && method.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(static field => field.Type.IsExclusive()));
    }

    // What a helper returns points into what it was given; and what it has built or disposed has ended here.
    private ImmutableHashSet<Origin> Follow(
        IOperation call, IMethodSymbol method, IOperation? instance, ImmutableArray<IArgumentOperation> arguments, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        if (call.Type.IsExclusive())
        {
            state = state.Unmark(call);
            return [new Origin(call)];
        }

        OwnershipSummary summary = summaries.Of(method, scope);
        OriginState before = state;
        ImmutableHashSet<Origin> result = Within(call, parts);
        foreach (Origin returned in summary.Returned)
        {
            result = result.Union(Into(Given(returned.Source), returned.Kind, before));
        }

        foreach (object ended in call is IInvocationOperation ? summary.Ended : [])
        {
            state = Given(ended) is { Count: 1 } given && given.First() is { Kind: OriginKind.Itself } memory ? state.Mark(memory.Source, call) : state;
        }

        return result;

        ImmutableHashSet<Origin> Given(object source)
        {
            if (source is IParameterSymbol { ContainingSymbol: var of } parameter && SymbolEqualityComparer.Default.Equals(of, method.OriginalDefinition))
            {
                int at = arguments.IndexOf(arguments.FirstOrDefault(one => one.Parameter!.Ordinal == parameter.Ordinal)!);
                return at < 0 ? None : parts[at + (instance is null ? 0 : 1)];
            }

            // What an extension block is for: its members have no parameter of their own for it.
            if (source is IParameterSymbol { ContainingSymbol: INamedTypeSymbol { TypeKind: TypeKind.Extension } block } && SymbolEqualityComparer.Default.Equals(block, method.ContainingType.OriginalDefinition))
            {
                return instance is null ? None : parts[0];
            }

            // A field of another object is another one.
            bool isHere = instance is null or IInstanceReferenceOperation;
            return isHere && source is ISymbol symbol ? before.Of(Holder.Of(symbol)) ?? [new Origin(symbol)] : None;
        }
    }

    private static ImmutableHashSet<Origin> Into(ImmutableHashSet<Origin> memories, OriginKind kind, OriginState state) =>

        // A memory that has ended gives none: the call throws.
        [.. memories.Where(memory => memory.Kind == OriginKind.Itself && !state.Marked.ContainsKey(memory.Source)).Select(memory => memory.As(kind))];

    private static ImmutableHashSet<Origin> Convert(IConversionOperation conversion, ImmutableHashSet<Origin> operand, OriginState state)
    {
        if (conversion.Type.IsPointer())
        {
            // An address that is made a pointer when the memory has ended is NUB0013's: the memory is no longer this method's then.
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
        if (report is not null && _reported.Add(place))
        {
            report(Diagnostic.Create(Descriptors.DeadSpan, place.GetLocation(), what, memory, why));
        }
    }

    private static string Ended(IInvocationOperation end)
    {
        int line = SourceText.LineOf(end.Syntax);
        return !end.TargetMethod.ContainingType.IsExclusive() && end.TargetMethod.Name is not "Dispose"
            ? $"is used after '{end.TargetMethod.Name}' in line {line} has built or disposed the memory; use it before that, or the HostSharedMemory from there on"
            : end.TargetMethod.Name == "Build"
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
