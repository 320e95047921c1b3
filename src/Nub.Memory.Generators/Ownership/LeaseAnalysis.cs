using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Ownership;

/// <summary>
/// Follows leases from where they begin to where they end, or to where another becomes their owner: a caller, a field, a
/// method or an object that gets them by value. By <c>in</c> they are lent.
/// </summary>
internal sealed class LeaseAnalysis(IOperation body) : OriginAnalysis
{
    private readonly HashSet<ISymbol> _others = FindOthers(body);
    private readonly HashSet<IOperation> _kept = [];

    /// <summary>Leases that are open at a call that a guest can make throw, with nothing around it that would end them.</summary>
    public HashSet<(IInvocationOperation Begin, IOperation By)> AtMercy { get; } = [];

    /// <summary>Whether an operation begins a lease.</summary>
    public static bool Begins(IOperation operation) => operation is IInvocationOperation { TargetMethod: { Name: "Enter" or "EnterGuest", Parameters.IsEmpty: true, ReturnType: var type } method }
        && type.IsLease() && method.ContainingType.IsInNub();

    /// <summary>Whether the lease was put anywhere at all.</summary>
    public bool IsKept(IOperation begin) => _kept.Contains(begin);

    public override OriginState Refine(FlowNode node, IOperation condition, bool value, OriginState state)
    {
        // Where the variable is null, there is no lease in it.
        (IOperation? tested, bool isNullWhen) = condition switch
        {
            IIsNullOperation isNull => (isNull.Operand, true),
            IPropertyReferenceOperation { Property.Name: "HasValue", Instance: { } instance } => (instance, false),
            IIsPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } } pattern => (pattern.Value, true),
            IIsPatternOperation { Pattern: INegatedPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } } } pattern => (pattern.Value, false),
            IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals, RightOperand.ConstantValue: { HasValue: true, Value: null } } equality =>
                (equality.LeftOperand, equality.OperatorKind == BinaryOperatorKind.Equals),
            _ => (null, false),
        };
        if (tested is null || value != isNullWhen)
        {
            return state;
        }

        ImmutableHashSet<Origin> held = Visit(node, tested, ref state);
        return Close(held, state);
    }

    public override OriginState Pass(FlowNode from, FlowNode to, OriginState state)
    {
        if (!from.Handlers.Contains(to))
        {
            return base.Pass(from, to, state);
        }

        // Nearly every call may throw. In a catch the method goes on, and has to end its leases; but that a finally runs for an
        // exception is of interest only where a guest can cause it, or a throw says it.
        bool isOnTheWay = to.Continuation is { Destination: null };
        IInvocationOperation[] calls = [.. from.Operations.SelectMany(static operation => operation.DescendantsAndSelf()).OfType<IInvocationOperation>()];
        bool isCaused = calls.Any(GuestCanMakeThrow);
        bool isThrown = from.Block.FallThroughSuccessor?.Semantics is ControlFlowBranchSemantics.Throw or ControlFlowBranchSemantics.Rethrow;
        if (isOnTheWay && !isCaused && !isThrown)
        {
            return state with { Marked = OriginState.Empty.Marked };
        }

        // The engine lets an exception come after each operation, too. After one that begins a lease something else has to throw it.
        foreach (IOperation begin in state.Marked.Values)
        {
            if (!IsFollowedByCall(from, begin))
            {
                state = state.Unmark(begin);
            }
        }

        // Nor is the end of a lease what throws.
        foreach (IInvocationOperation end in isCaused ? [] : calls.Where(call => Ends(call) && (isOnTheWay || !MayThrowBefore(from, call))))
        {
            OriginState scratch = state;
            state = Close(Visit(from, end.Instance!, ref scratch), state);
        }

        return state;
    }

    protected override ImmutableHashSet<Origin> Combine(FlowNode node, IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        switch (operation)
        {
            case IInvocationOperation begin when Begins(begin):
                // One of an earlier iteration cannot be told from this one; it was reported where the loop goes round.
                state = state.Mark(begin, begin);
                return [new Origin(begin)];
            case IInvocationOperation end when Ends(end):
                state = Close(parts[0], state);
                return None;
            case IInvocationOperation call:
                return Call(node, call, parts, ref state);
            case IObjectCreationOperation { Type: INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } } when parts.Count > 0:
                return parts[0];
            case IArgumentOperation argument:
                if (!IsLent(argument))
                {
                    state = Close(parts[0], state);
                    return None;
                }

                return parts[0];
            case IConversionOperation:
                return parts[0];
            case IPropertyReferenceOperation { Property.Name: "Value" } property when property.Instance?.Type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T }:
                return parts[0];
            case ITupleOperation or IArrayInitializerOperation or IReturnOperation or ICollectionExpressionOperation or IAnonymousObjectCreationOperation:
                foreach (ImmutableHashSet<Origin> part in parts)
                {
                    state = Close(part, state);
                }

                return None;
            default:
                return None;
        }
    }

    protected override ImmutableHashSet<Origin> Store(IOperation target, ImmutableHashSet<Origin> value, ref OriginState state)
    {
        Keep(value);
        if (SymbolOf(target) is not (ILocalSymbol or IParameterSymbol { RefKind: RefKind.None }) || _others.Contains(SymbolOf(target)!))
        {
            state = Close(value, state);
        }

        return value;
    }

    protected override void StoreAway(IOperation target, IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
        if (target is not IDiscardOperation)
        {
            Keep(origins);
            state = Close(origins, state);
        }
    }

    protected override void Return(IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state) => state = Close(origins, state);

    private ImmutableHashSet<Origin> Call(FlowNode node, IInvocationOperation call, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state)
    {
        if (IsFinal && node.Handlers.IsEmpty && GuestCanMakeThrow(call))
        {
            foreach (IOperation open in state.Marked.Values)
            {
                AtMercy.Add(((IInvocationOperation)open, call));
            }
        }

        // Nullable<T>.GetValueOrDefault
        return call.Type.IsLease() && call.Instance is not null ? parts[0] : None;
    }

    private static bool IsLent(IArgumentOperation argument) =>
        argument.Parameter is { RefKind: RefKind.In or RefKind.RefReadOnlyParameter }
        || argument.Parameter?.ContainingSymbol.ContainingType.IsLease() == true
        || argument is { Parameter: { Ordinal: 0, ContainingSymbol: IMethodSymbol { IsExtensionMethod: true } }, Parent: IInvocationOperation }
        || argument.Parent is IObjectCreationOperation { Type: INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } };

    // What has a Try twin for the offsets and counts that a guest chooses. With constants the host's own mistake would show in its first test.
    private static bool GuestCanMakeThrow(IInvocationOperation call)
    {
        IMethodSymbol method = call.TargetMethod;
        if (!method.ContainingAssembly.Name.StartsWith("Nub.Memory", StringComparison.Ordinal) && !ShapeRules.IsGenerated(method) || method.Name.StartsWith("Try", StringComparison.Ordinal))
        {
            return false;
        }

        return method is { Name: "Pop" or "Push" or "PushPrefixed", ContainingType.Name: "SharedStack" }
            || (call.Arguments.Any(IsChosen) && (method.Name == "StackAt" || !method.ContainingType.GetMembers("Try" + method.Name).IsEmpty));
    }

    private static bool IsChosen(IArgumentOperation argument) => argument is { Value.ConstantValue.HasValue: false, Parameter: { Type.SpecialType: var type } parameter } && parameter.Name switch
    {
        "offset" or "guestAddress" => type == SpecialType.System_UInt64,
        "count" or "length" => type is SpecialType.System_UInt64 or SpecialType.System_Int32 && !IsHostsNumber(argument.Value),
        _ => false,
    };

    // How much there is of a memory or an array, or what was set when the object was made: a guest has no say in it.
    private static bool IsHostsNumber(IOperation value) => value switch
    {
        IConversionOperation conversion => IsHostsNumber(conversion.Operand),
        IPropertyReferenceOperation { Property: { Name: "Size" or "Length" or "Count" } property } => property.IsInNub() || FrameworkTypes.IsFrameworks(property),
        IFieldReferenceOperation { Field: { IsReadOnly: true, ContainingType.IsReferenceType: true } } => true,
        _ => false,
    };

    private static bool Ends(IInvocationOperation call) => call is { TargetMethod.Name: "Dispose", Instance: not null };

    private static bool IsFollowedByCall(FlowNode node, IOperation begin)
    {
        bool isBehind = false;
        bool isHere = false;
        foreach (IOperation operation in node.Operations)
        {
            if (isBehind && operation.DescendantsAndSelf().Any(static part => part is IInvocationOperation or IPropertyReferenceOperation or IObjectCreationOperation))
            {
                return true;
            }

            isHere |= operation.DescendantsAndSelf().Contains(begin);
            isBehind = isHere;
        }

        return !isHere;
    }

    // Something else than the memory is called after the lease has begun and before it is ended: a catch that goes on has it open.
    private static bool MayThrowBefore(FlowNode node, IInvocationOperation end)
    {
        bool mayThrow = false;
        foreach (IOperation operation in node.Operations.SelectMany(static one => one.DescendantsAndSelf()))
        {
            if (operation == end)
            {
                return mayThrow;
            }

            mayThrow = !Begins(operation) && (mayThrow || operation is IObjectCreationOperation || (operation is IInvocationOperation call && !Ends(call) && !call.TargetMethod.ContainingType.IsInNub()
                && !ShapeRules.IsGenerated(call.TargetMethod)));
        }

        return mayThrow;
    }

    private void Keep(ImmutableHashSet<Origin> origins)
    {
        foreach (Origin origin in origins)
        {
            _kept.Add((IOperation)origin.Source);
        }
    }

    private static OriginState Close(ImmutableHashSet<Origin> origins, OriginState state)
    {
        foreach (Origin origin in origins)
        {
            state = state.Unmark(origin.Source);
        }

        return state;
    }

    // Variables that not only this body looks after: those that a lambda or a local function in it has too, or that are
    // themselves the outer method's. And those that a finally ends under a condition, which stands for whether there is a lease.
    private static HashSet<ISymbol> FindOthers(IOperation body)
    {
        var others = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
        foreach (IOperation operation in body.Descendants())
        {
            if (operation is ILocalReferenceOperation local && (IsOfAnother(local, body) || IsEndedConditionally(local)))
            {
                others.Add(local.Local);
            }
        }

        return others;
    }

    private static bool IsOfAnother(ILocalReferenceOperation reference, IOperation body)
    {
        for (IOperation? outer = reference.Parent; outer is not null && outer != body; outer = outer.Parent)
        {
            if (outer is IAnonymousFunctionOperation or ILocalFunctionOperation)
            {
                return true;
            }
        }

        // Declared outside of this lambda or local function.
        return !body.Syntax.Span.Contains(reference.Local.DeclaringSyntaxReferences.FirstOrDefault()?.Span ?? body.Syntax.Span);
    }

    private static bool IsEndedConditionally(ILocalReferenceOperation reference)
    {
        if (reference.Parent is not IInvocationOperation { TargetMethod.Name: "Dispose" })
        {
            return false;
        }

        bool isConditional = false;
        foreach (SyntaxNode outer in reference.Syntax.Ancestors())
        {
            isConditional |= outer is IfStatementSyntax or ConditionalExpressionSyntax;
            if (outer is FinallyClauseSyntax or MemberDeclarationSyntax)
            {
                return isConditional && outer is FinallyClauseSyntax;
            }
        }

        return false;
    }
}
