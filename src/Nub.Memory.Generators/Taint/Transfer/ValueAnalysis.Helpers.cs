using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;

namespace Nub.Memory.Generators.Taint;

// Helpers: gone through from what is known where they are called.
internal sealed partial class ValueAnalysis
{
    // What an iterator gives, with the verdicts of all places at which it gives it.
    private readonly Dictionary<Term, VerdictSet> _yielded = [];

    /// <summary>The object whose method is gone through, where it is not the one that is looked at.</summary>
    private Term? Receiver => _frame is { HasReceiver: true } frame && _state.Variables.TryGetValue(Variable.This(frame), out Term? receiver) ? receiver : null;

    private Term Follow(IOperation call, IMethodSymbol method, MethodBody body, Term? receiver, ImmutableArray<IArgumentOperation> passed, Arguments arguments)
    {
        FlowGraph graph = body.Graph!;
        CallContext frame = _session.FrameOf(_frame, call, method);
        FlowState before = _state;
        FlowState entry = _state;
        IParameterSymbol? extended = _session.Bodies.ReceiverOf(method);
        if (extended is not null)
        {
            entry = entry.Set(Variable.Of(extended), receiver ?? Terms.Result(call, _frame, extended.Type, "receiver"));
        }
        else if (receiver is not null)
        {
            frame.HasReceiver = true;
            entry = entry.Set(Variable.This(frame), receiver);
        }

        foreach (IParameterSymbol parameter in body.Method.Parameters)
        {
            if (arguments.TryGetValue(parameter.Ordinal, out Term? value))
            {
                entry = entry.Set(Variable.Of(parameter), value);
            }
        }

        CallSummary followed = GoThrough(body, graph, frame, entry);
        FlowState? exit = _session.IsExhausted ? entry : followed.Result!.At(graph.Exit);
        if (graph.Contents.Yields)
        {
            return Enumerate(call, followed, exit);
        }

        if (exit is null)
        {
            // A task comes back at once, also from what goes on for ever.
            _isDead = !method.IsAsync;
            LetGuestRun();
            ForgetFields(call);
            return Result(call);
        }

        Term result = exit.Variables.TryGetValue(Variable.Return(frame), out Term? returned) ? returned : Result(call);
        foreach (IArgumentOperation argument in passed)
        {
            if (argument.Parameter is { RefKind: RefKind.Out or RefKind.Ref } parameter)
            {
                IParameterSymbol own = body.Method.Parameters[parameter.Ordinal];
                Term left = exit.Variables.TryGetValue(Variable.Of(own), out Term? value) ? value : Result(argument);
                arguments[parameter.Ordinal] = left;
            }
        }

        _state = exit with
        {
            Variables = exit.Variables.RemoveRange(before.Variables.DifferencesTo(exit.Variables).Where(key => IsOf(key, frame))),
            Reads = ReadHere(before, exit),
        };
        GiveBackOuts(passed, arguments);
        if (extended is not null)
        {
            GiveBackExtended(call, Variable.Of(extended), before, exit);
        }
        else if (receiver is not null && exit.Variables.TryGetValue(Variable.This(frame), out Term? changed) && changed != receiver)
        {
            result = GiveBackReceiver(call, changed, result);
        }

        result = IsTakingApart(call) ? PartsAt(exit, body.Method, call) : result;
        GiveBenefitOfHelper(call, body, followed, result);
        _state = _state.ForgetWithin(frame, before, result);
        return result;
    }

    // What the helper found out, it tells by what it returns: a flag, a code. The result of a comparison that decides here is followed.
    private void GiveBenefitOfHelper(IOperation call, MethodBody body, CallSummary followed, Term result)
    {
        if (IsAsserted(call.Syntax))
        {
            return;
        }

        bool tells = !body.Method.ReturnsVoid && _state.Judge(result).Verdict == Verdict.Host;
        foreach (Term term in followed.Compared)
        {
            _session.ComparedInHelper(term, null);
            _state = tells ? Arithmetic.Compared(_state, term, call) : _state;
        }

        foreach (Term term in followed.ComparedWithZero)
        {
            _session.ComparedWithZeroByHelper?.Add(term);
            if (tells)
            {
                GiveBenefitOfZero(term);
            }
        }

        foreach (Term returned in followed.Analysis._returnedConditions)
        {
            if (returned != result || !Branches.Decides(call.Syntax))
            {
                Condition condition = _session.Conditions[returned];
                GiveBenefitOfDoubt(condition.Operation, condition.Left, condition.Right);
            }
        }
    }

    // What a method has changed of a struct is so for its caller; what a constructor has made is the new object.
    private Term GiveBackReceiver(IOperation call, Term changed, Term result)
    {
        switch (call)
        {
            case IObjectCreationOperation:
                return changed;
            case IInvocationOperation { Instance: { } instance } when IsThis(instance) && _frame is { HasReceiver: true } frame:
                Set(Variable.This(frame), changed);
                break;
            case IInvocationOperation { Instance: { } instance, TargetMethod.ContainingType.IsValueType: true } when IsVariable(Resolve(instance)):
                Assign(instance, changed);
                break;
        }

        return result;
    }

    // All members of a block name what they are called on alike: another one may have called this one.
    private void GiveBackExtended(IOperation call, Variable extended, FlowState before, FlowState exit)
    {
        _state = before.Variables.TryGetValue(extended, out Term? outer) ? _state.Set(extended, outer) : _state with { Variables = _state.Variables.Remove(extended) };
        IOperation? instance = (call as IInvocationOperation)?.Instance ?? (call as IPropertyReferenceOperation)?.Instance;
        if (extended.Symbol is IParameterSymbol { RefKind: RefKind.Ref } && instance is not null && IsVariable(Resolve(instance)) && exit.Variables.TryGetValue(extended, out Term? changed))
        {
            Assign(instance, changed);
        }
    }

    // What a helper has read was read where it was called.
    private PersistentMap<Term, ReadFact> ReadHere(FlowState before, FlowState exit)
    {
        PersistentMap<Term, ReadFact> reads = exit.Reads;
        foreach (Term read in before.Reads.DifferencesTo(exit.Reads))
        {
            if (reads.TryGetValue(read, out ReadFact? fact))
            {
                reads = reads.SetItem(read, fact with { Order = _node.Order });
            }
        }

        return reads;
    }

    // Nothing of an iterator has run when it is called, so that nothing is found out by that; and it may never end.
    private Term Enumerate(IOperation call, CallSummary followed, FlowState? exit)
    {
        _state = exit is null ? _state : _state with { Reads = ReadHere(_state, exit) };
        Term all = Result(call);
        foreach (Term one in followed.Analysis._yielded.Keys)
        {
            _session.AddOrigins(all, one);
        }

        return followed.Analysis._yielded.Count == 0 ? all : WithTaint(all, followed.Analysis._yielded.Values.Aggregate(VerdictSet.Join));
    }

    // One of the values that an iterator gives: they are used where it is enumerated.
    private void Yield(Term value)
    {
        if (_frame is null)
        {
            Use(value);
        }

        VerdictSet taint = _state.TaintOf(value);
        _yielded[value] = _yielded.TryGetValue(value, out VerdictSet? before) ? VerdictSet.Join(before, taint) : taint;
    }

    /// <summary>
    /// What holds in a helper. A call in a loop is visited several times, and in each of them every call in the helper, and every call
    /// in those: what was found the last time is kept, and found again where nothing has changed since.
    /// </summary>
    private CallSummary GoThrough(MethodBody body, FlowGraph graph, CallContext frame, FlowState entry)
    {
        (HashSet<Term>? comparedBefore, HashSet<Term>? zeroBefore) = (_session.ComparedByHelper, _session.ComparedWithZeroByHelper);
        (_session.ComparedByHelper, _session.ComparedWithZeroByHelper) = ([], []);
        _session.EnterHelper();
        if (!_session.CallSummaries.TryGetValue(frame, out CallSummary? followed) || followed.IsAsserting != _session.IsAsserting || !followed.Entry.IsSameAs(entry))
        {
            _session.CountSolution();
            var analysis = new ValueAnalysis(_session, body, graph, frame) { _readBefore = _state.Reads, _isCalledForTheLastTime = IsReporting };
            FlowResult<FlowState>? result = IsReporting
                ? ForwardSolver.Run(graph, analysis, entry, _session.Cancellation)
                : ForwardSolver.Solve(graph, analysis, entry, _session.Cancellation);
            if (result is null)
            {
                _session.GiveUp();
            }

            followed = new CallSummary(entry, _session.IsAsserting, analysis, result, _session.ComparedByHelper, _session.ComparedWithZeroByHelper);
            _session.CallSummaries[frame] = followed;
        }
        else if (IsReporting && followed.Result is { } result)
        {
            // It was found before it was known to be what finally holds.
            followed.Analysis._isCalledForTheLastTime = true;
            ForwardSolver.Replay(graph, result, followed.Analysis, static _ => true);
        }

        _session.LeaveHelper();
        (_session.ComparedByHelper, _session.ComparedWithZeroByHelper) = (comparedBefore, zeroBefore);
        return followed;
    }

    private void GiveBackOuts(ImmutableArray<IArgumentOperation> passed, Arguments arguments)
    {
        foreach (IArgumentOperation argument in passed)
        {
            if (argument.Parameter is { RefKind: RefKind.Out or RefKind.Ref } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? value))
            {
                Assign(argument.Value, value);
            }
        }
    }

    private static bool IsOf(Variable variable, CallContext frame) =>
        variable.CallContext == frame
        || (variable.Symbol is ILocalSymbol or IParameterSymbol && SymbolEqualityComparer.Default.Equals(variable.Symbol.ContainingSymbol, frame.Method));
}
