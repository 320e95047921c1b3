using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>
/// A call that is being followed. The session has one object for each, so that they are told apart by reference: nearly every term
/// and variable of a helper is looked up by its frame.
/// </summary>
internal sealed class CallContext(CallContext? caller, IOperation call, IMethodSymbol method)
{
    private readonly ImmutableArray<ITypeSymbol> _types = [.. method.TypeArguments.Select(type => Actual(caller, type)!)];

    /// <summary>The call in which the call stands; null when it stands in the method that is looked at.</summary>
    public CallContext? Caller { get; } = caller;

    public IOperation Call { get; } = call;

    /// <summary>Whether it is a call on another object than the one that is looked at; then that is the value of a variable (<see cref="Variable.This"/>).</summary>
    public bool HasReceiver { get; set; }

    /// <summary>What is called.</summary>
    public IMethodSymbol Method { get; } = method.OriginalDefinition;

    public int Depth { get; } = (caller?.Depth ?? 0) + 1;

    /// <summary>Where the method that is looked at left off: a place in a helper is shown as the call of the helper.</summary>
    public static IOperation Outermost(CallContext? frame, IOperation operation)
    {
        for (; frame is not null; frame = frame.Caller)
        {
            operation = frame.Call;
        }

        return operation;
    }

    /// <summary>Where something is shown: as <see cref="Outermost"/> says, but within a function that is written where it is handed on.</summary>
    public static IOperation Shown(CallContext? frame, IOperation operation)
    {
        for (; frame is not null; frame = frame.Caller)
        {
            SyntaxNode call = frame.Call.Syntax;
            bool isWithin = frame.Call.Kind == OperationKind.DelegateCreation && call.SyntaxTree == operation.Syntax.SyntaxTree && call.Span.Contains(operation.Syntax.Span);
            operation = isWithin ? operation : frame.Call;
        }

        return operation;
    }

    /// <summary>What a type is in a call: for a type parameter of what is called, the type that it is called with.</summary>
    public static ITypeSymbol? Actual(CallContext? frame, ITypeSymbol? type) =>
        type is ITypeParameterSymbol { TypeParameterKind: TypeParameterKind.Method, DeclaringMethod: { } declared, Ordinal: var ordinal }
            && SymbolEqualityComparer.Default.Equals(declared, frame?.Method) ? frame!._types[ordinal] : type;

    /// <summary>Whether the call stands in another, however deep.</summary>
    public bool IsInside(CallContext other)
    {
        CallContext? frame = Caller;
        while (frame is not null && frame != other)
        {
            frame = frame.Caller;
        }

        return frame is not null;
    }

    public bool IsWithin(ISymbol method)
    {
        for (CallContext? frame = this; frame is not null; frame = frame.Caller)
        {
            if (SymbolEqualityComparer.Default.Equals(frame.Method, method))
            {
                return true;
            }
        }

        return false;
    }
}
