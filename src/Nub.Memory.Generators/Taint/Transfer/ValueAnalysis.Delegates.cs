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

    private MethodBody? FunctionOf(Term function, Arguments arguments, bool isResultUsed = true) =>
        _session.Functions.TryGetValue(function, out IMethodSymbol? method) && (!isResultUsed || !method.IsAsync) && (_frame?.Depth ?? 0) < _session.MostFrames && _frame?.IsWithin(method.OriginalDefinition) != true
            && !SymbolEqualityComparer.Default.Equals(_body.Method, method.OriginalDefinition) && !arguments.Values.Any(static argument => TermTable.IsTooDeep(argument))
            && (_session.Bodies.Find(method) ?? _session.Bodies.FindOther(method)) is { IsSmall: true } body ? body : null;

    // A delegate that this method, or one on the way here, has made.
    private Term? TryFollowFunction(IInvocationOperation call, Term function, Arguments arguments) =>
        FunctionOf(function, arguments) is { } body && _session.MayFollowOther(_session.FrameOf(_frame, call, body.Method))
            ? Follow(call, body.Method, body, null, call.Arguments, arguments) : null;

    /// <summary>
    /// Goes through the functions that are handed to a call which is not followed, once, for what they have from around them. They may be called
    /// at once, later, or never: what they find out, and what they change, holds for nothing after the call.
    /// </summary>
    private void FollowHanded(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        IMethodSymbol called = call.TargetMethod;
        bool isOfElements = (instance ?? arguments.Values.FirstOrDefault()) is { } all && s_ofElements.Contains(called.ContainingType.Name) && _state.IsGuests(all);
        FollowHanded(arguments.Values, isOfElements, IsCalledAtOnce(called));
    }

    // What is given elements of the guest's is gone through with those.
    private void FollowHanded(IEnumerable<Term> handed, bool isOfElements, bool isAtOnce)
    {
        foreach (Term function in handed)
        {
            if (!_session.Functions.TryGetValue(function, out IMethodSymbol? method) || _session.Bodies.Find(method) is not { } body)
            {
                continue;
            }

            if (!isOfElements && FunctionOf(function, Arguments.None, isResultUsed: false) is not null && HasFromAround(body, isAtOnce)
                && _session.MayFollowOther(_session.FrameOf(_frame, function.Operation!, method)))
            {
                (FlowState before, bool wasDead) = (_state, _isDead);
                _state = isAtOnce ? _state : _state with { Reads = PersistentMap<Term, ReadFact>.Empty };
                Follow(function.Operation!, method, body, null, [], new Arguments(method.Parameters.Length));
                (_state, _isDead) = (before, wasDead);
            }

            // An object that it has may be another afterwards.
            foreach (ISymbol symbol in _session.Bodies.FromAround(body))
            {
                if (_state.Variables.TryGetValue(Variable.Of(symbol), out Term? held))
                {
                    Escape(held);
                }
            }
        }
    }

    // Whether a function is given anything to do with: a number of the guest's, or bytes that have been read before.
    private bool HasFromAround(MethodBody body, bool isCalledAtOnce)
    {
        if (isCalledAtOnce && !_state.Reads.IsEmpty && _session.Bodies.MayRead(body, _session.MostFrames - (_frame?.Depth ?? 0) - 1))
        {
            return true;
        }

        foreach (ISymbol symbol in _session.Bodies.FromAround(body))
        {
            if (_state.Variables.TryGetValue(Variable.Of(symbol), out Term? held) ? !IsHosts(held) : symbol is IParameterSymbol && !IsHosts(Get(symbol)))
            {
                return true;
            }
        }

        return false;
    }

    // What goes through a collection, or holds a memory exclusively, is back when all is done; a thread, a task, and what is not known may come to it later.
    private static bool IsCalledAtOnce(IMethodSymbol method) => method.ContainingType.IsMemory()
        || (method.Name != "Subscribe" && method.ContainingNamespace.ToDisplayString() is "System" or "System.Linq" or "System.Collections.Generic" or "System.Collections.Immutable");

    private static readonly HashSet<string> s_ofElements = new(StringComparer.Ordinal) { "Enumerable", "List", "Array", "Parallel", "ParallelEnumerable", "ImmutableArray" };

    /// <summary>What a sequence of the guest's is gone through with: each element is the guest's as well.</summary>
    /// <returns>What the call gives, where that is what the function has made; null when it is something else.</returns>
    private Term? FollowElements(IInvocationOperation call, Term[] all)
    {
        IMethodSymbol method = call.TargetMethod;
        if (all.Length < 2 || !_state.IsGuests(all[0]) || !s_ofElements.Contains(method.ContainingType.Name))
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
