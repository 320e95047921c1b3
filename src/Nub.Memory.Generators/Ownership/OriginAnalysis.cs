using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;

namespace Nub.Memory.Generators.Ownership;

/// <summary>
/// Follows where values came from, through locals, fields of <c>this</c> and the compiler's temporaries, on every way through a
/// method. What an operation makes of its parts is the rule's to say.
/// </summary>
internal abstract class OriginAnalysis : ForwardAnalysis<OriginState>
{
    protected static readonly ImmutableHashSet<Origin> None = [];

    public sealed override OriginState Join(FlowNode node, OriginState known, OriginState incoming)
    {
        OriginState joined = known;
        if (known.Values != incoming.Values)
        {
            foreach (KeyValuePair<Holder, ImmutableHashSet<Origin>> value in incoming.Values)
            {
                joined = joined.Set(value.Key, (joined.Of(value.Key) ?? None).Union(value.Value));
            }
        }

        if (known.Marked != incoming.Marked)
        {
            foreach (KeyValuePair<object, IOperation> mark in incoming.Marked)
            {
                joined = joined.Mark(mark.Key, mark.Value);
            }
        }

        return joined;
    }

    // At the end it does not matter what was held where; only the marks are of interest.
    public override OriginState Pass(FlowNode from, FlowNode to, OriginState state) =>
        to.Block.Kind == BasicBlockKind.Exit && !state.Values.IsEmpty ? state with { Values = OriginState.Empty.Values } : state;

    public sealed override OriginState Transfer(FlowNode node, IOperation operation, OriginState state)
    {
        ImmutableHashSet<Origin> value = Visit(node, operation, ref state);
        if (operation == node.Block.BranchValue && node.Block.FallThroughSuccessor?.Semantics == ControlFlowBranchSemantics.Return)
        {
            Return(operation, value, ref state);
        }

        return state;
    }

    /// <summary>Where the value of an operation came from, seeing where its parts did.</summary>
    protected abstract ImmutableHashSet<Origin> Combine(FlowNode node, IOperation operation, IReadOnlyList<ImmutableHashSet<Origin>> parts, ref OriginState state);

    /// <summary>A variable is read, or written through where it is a reference.</summary>
    /// <param name="held">What it holds; null when nothing was put into it in this method.</param>
    protected virtual ImmutableHashSet<Origin> Load(IOperation reference, ImmutableHashSet<Origin>? held, ref OriginState state) => held ?? None;

    /// <summary>A value is put into a local, a parameter or a field.</summary>
    /// <returns>What the variable is to hold.</returns>
    protected virtual ImmutableHashSet<Origin> Store(IOperation target, ImmutableHashSet<Origin> value, ref OriginState state) => value;

    /// <summary>A value is put into something else: an element, a property, what a pointer points at, or nowhere.</summary>
    protected virtual void StoreAway(IOperation target, IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
    }

    /// <summary>A value is returned.</summary>
    protected virtual void Return(IOperation value, ImmutableHashSet<Origin> origins, ref OriginState state)
    {
    }

    /// <summary>The variable that an operation names; null when it names something else.</summary>
    protected static ISymbol? SymbolOf(IOperation operation) => operation switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IFieldReferenceOperation { Instance: null or IInstanceReferenceOperation } field => field.Field,
        IDeclarationExpressionOperation declaration => SymbolOf(declaration.Expression),
        _ => null,
    };

    protected ImmutableHashSet<Origin> Visit(FlowNode node, IOperation operation, ref OriginState state)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IFlowCaptureOperation capture:
                ImmutableHashSet<Origin> captured = Visit(node, capture.Value, ref state);
                state = state.Set(Holder.Of(capture.Id), captured);
                return None;
            case IFlowCaptureReferenceOperation reference:
                return state.Of(Holder.Of(reference.Id)) ?? None;
            case ISimpleAssignmentOperation assignment:
                return Assign(node, assignment, ref state);
            case IDeconstructionAssignmentOperation deconstruction:
                ImmutableHashSet<Origin> parts = Visit(node, deconstruction.Value, ref state);
                Forget(deconstruction.Target, ref state);
                return parts;
            case IArgumentOperation { Parameter.RefKind: RefKind.Out, Value: { } value } when SymbolOf(value) is not null:
                Forget(value, ref state);
                return None;
            case IFlowAnonymousFunctionOperation or INameOfOperation:
                return Combine(node, operation, [], ref state);
        }

        if (SymbolOf(operation) is { } symbol)
        {
            return Load(operation, state.Of(Holder.Of(symbol)), ref state);
        }

        var values = new List<ImmutableHashSet<Origin>>();
        foreach (IOperation child in operation.ChildOperations)
        {
            values.Add(Visit(node, child, ref state));
        }

        return Combine(node, operation, values, ref state);
    }

    private ImmutableHashSet<Origin> Assign(FlowNode node, ISimpleAssignmentOperation assignment, ref OriginState state)
    {
        ISymbol? symbol = SymbolOf(assignment.Target);

        // Through a reference, not into the variable.
        bool isThrough = symbol is ILocalSymbol { IsRef: true } && !assignment.IsRef;
        if (symbol is null || isThrough)
        {
            _ = Visit(node, assignment.Target, ref state);
        }

        ImmutableHashSet<Origin> value = Visit(node, assignment.Value, ref state);
        if (symbol is not null && !isThrough)
        {
            // In two steps: to store may change the state.
            ImmutableHashSet<Origin> stored = Store(assignment.Target, value, ref state);
            state = state.Set(Holder.Of(symbol), stored);
        }

        if (symbol is not (ILocalSymbol or IParameterSymbol { RefKind: RefKind.None }) || isThrough)
        {
            StoreAway(assignment.Target, assignment.Value, value, ref state);
        }

        return value;
    }

    private static void Forget(IOperation target, ref OriginState state)
    {
        foreach (IOperation part in target.DescendantsAndSelf())
        {
            if (SymbolOf(part) is { } symbol)
            {
                state = state.Set(Holder.Of(symbol), None);
            }
        }
    }
}
