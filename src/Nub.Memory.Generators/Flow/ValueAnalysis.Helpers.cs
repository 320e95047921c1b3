using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>What came of following a helper at one of its calls.</summary>
/// <param name="Entry">What was known when it was called.</param>
/// <param name="Result">What holds in it; null when that was not found out.</param>
/// <param name="Compared">What it compares with something.</param>
internal sealed record Followed(FlowState Entry, bool IsAsserting, ValueAnalysis Analysis, FlowResult<FlowState>? Result, HashSet<Term> Compared);

// Helpers: gone through from what is known where they are called.
internal sealed partial class ValueAnalysis
{
    // What an iterator gives, with the verdicts of all places at which it gives it.
    private readonly Dictionary<Term, Taint> _yielded = [];

    /// <summary>The object whose method is gone through, where it is not the one that is looked at.</summary>
    private Term? Receiver => _frame is { HasReceiver: true } frame && _state.Variables.TryGetValue(Variable.This(frame), out Term? receiver) ? receiver : null;

    private Term Follow(IOperation call, IMethodSymbol method, MethodBody body, Term? receiver, ImmutableArray<IArgumentOperation> passed, Arguments arguments)
    {
        FlowGraph graph = body.Graph!;
        Frame frame = _session.FrameOf(_frame, call, method);
        FlowState before = _state;
        FlowState entry = _state;
        if (receiver is not null)
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

        Followed followed = GoThrough(body, graph, frame, entry);
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
        if (receiver is not null && exit.Variables.TryGetValue(Variable.This(frame), out Term? changed) && changed != receiver)
        {
            result = GiveBackReceiver(call, changed, result);
        }

        foreach (Term term in IsAsserted(call.Syntax) ? [] : followed.Compared)
        {
            _session.ComparedInHelper(term, null);

            // What the helper found out, it tells by what it returns: a flag, a code.
            if (!body.Method.ReturnsVoid && _state.Judge(result).Verdict == Verdict.Host)
            {
                _state = Arithmetic.Compared(_state, term, call);
            }
        }

        _state = _state.ForgetWithin(frame, before, result);
        return result;
    }

    // What a method has changed of a struct is so for who called it; what a constructor has made is the new object.
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
    private Term Enumerate(IOperation call, Followed followed, FlowState? exit)
    {
        _state = exit is null ? _state : _state with { Reads = ReadHere(_state, exit) };
        Term all = Result(call);
        foreach (Term one in followed.Analysis._yielded.Keys)
        {
            _session.AddOrigins(all, one);
        }

        return followed.Analysis._yielded.Count == 0 ? all : WithTaint(all, followed.Analysis._yielded.Values.Aggregate(Taint.Join));
    }

    // One of the values that an iterator gives: whoever asks for them does something with them elsewhere.
    private void Yield(Term value)
    {
        if (_frame is null)
        {
            Use(value);
        }

        Taint taint = _state.TaintOf(value);
        _yielded[value] = _yielded.TryGetValue(value, out Taint? before) ? Taint.Join(before, taint) : taint;
    }

    /// <summary>
    /// What holds in a helper. A call in a loop is visited several times, and in each of them every call in the helper, and every call
    /// in those: what was found the last time is kept, and found again where nothing has changed since.
    /// </summary>
    private Followed GoThrough(MethodBody body, FlowGraph graph, Frame frame, FlowState entry)
    {
        HashSet<Term>? comparedBefore = _session.ComparedByHelper;
        _session.ComparedByHelper = [];
        _session.EnterHelper();
        if (!_session.Followed.TryGetValue(frame, out Followed? followed) || followed.IsAsserting != _session.IsAsserting || !followed.Entry.IsSameAs(entry))
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

            followed = new Followed(entry, _session.IsAsserting, analysis, result, _session.ComparedByHelper);
            _session.Followed[frame] = followed;
        }
        else if (IsReporting && followed.Result is { } result)
        {
            // It was found while nobody knew yet whether it is what finally holds.
            followed.Analysis._isCalledForTheLastTime = true;
            ForwardSolver.Replay(graph, result, followed.Analysis, static _ => true);
        }

        _session.LeaveHelper();
        _session.ComparedByHelper = comparedBefore;
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

    private static bool IsOf(Variable variable, Frame frame) =>
        variable.Frame == frame
        || (variable.Symbol is ILocalSymbol or IParameterSymbol && SymbolEqualityComparer.Default.Equals(variable.Symbol.ContainingSymbol, frame.Method));
}
