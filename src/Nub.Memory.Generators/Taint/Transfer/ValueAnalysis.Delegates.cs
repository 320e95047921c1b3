using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Delegates: which function one is of, and what that does where it is called, or with the elements of a sequence.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateDelegate(IDelegateCreationOperation creation)
    {
        Term made = EvaluateOther(creation);
        IMethodSymbol? function = creation.Target switch
        {
            IFlowAnonymousFunctionOperation lambda => lambda.Symbol,
            IMethodReferenceOperation { Method: var method } when method.IsStatic || method.MethodKind == MethodKind.LocalFunction => method,
            _ => null,
        };
        if (function is not null && !SharedTypes.IsParser(creation.Type))
        {
            _session.Functions[made] = function;
        }

        return made;
    }

    private MethodBody? FunctionOf(Term function, Arguments arguments) =>
        _session.Functions.TryGetValue(function, out IMethodSymbol? method) && !method.IsAsync && (_frame?.Depth ?? 0) < _session.MostFrames && _frame?.IsWithin(method.OriginalDefinition) != true
            && !SymbolEqualityComparer.Default.Equals(_body.Method, method.OriginalDefinition) && !arguments.Values.Any(static argument => TermTable.IsTooDeep(argument))
            && (_session.Bodies.Find(method) ?? _session.Bodies.FindOther(method)) is { IsSmall: true } body ? body : null;

    // A delegate that this method, or one on the way here, has made.
    private Term? TryFollowFunction(IInvocationOperation call, Term function, Arguments arguments) =>
        FunctionOf(function, arguments) is { } body && _session.MayFollowOther(_session.FrameOf(_frame, call, body.Method))
            ? Follow(call, body.Method, body, null, call.Arguments, arguments) : null;

    /// <summary>What a sequence of the guest's is gone through with: each element is the guest's as well.</summary>
    /// <returns>What the call gives, where that is what the function has made; null when it is something else.</returns>
    private Term? FollowElements(IInvocationOperation call, Term[] all)
    {
        IMethodSymbol method = call.TargetMethod;
        if (all.Length < 2 || !_state.IsGuests(all[0]) || method.ContainingType.Name is not ("Enumerable" or "List" or "Array" or "Parallel" or "ParallelEnumerable" or "ImmutableArray"))
        {
            return null;
        }

        foreach (Term function in all.Skip(1))
        {
            var arguments = new Arguments(1);
            if (FunctionOf(function, arguments) is not { Method.Parameters: [var first, ..] } body || !_session.MayFollowOther(_session.FrameOf(_frame, call, body.Method)))
            {
                continue;
            }

            Term element = Redefined(Terms.Result(call, _frame, first.Type, "element"));
            _session.AddOrigins(element, all[0]);
            arguments[0] = WithTaint(element, _state.TaintOf(all[0]));
            Term made = Follow(call, body.Method, body, null, [], arguments);

            // A sequence may be empty, and then nothing of it throws.
            _isDead = false;
            if (method.Name is "Select" or "ConvertAll")
            {
                return Derive(call, made);
            }
        }

        return null;
    }
}
