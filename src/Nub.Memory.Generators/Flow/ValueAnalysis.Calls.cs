using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

// Calls: of the runtime library, of helpers that are followed, of the framework, and of what is not known.
internal sealed partial class ValueAnalysis
{
    // A helper of a helper of a helper; deeper than that nobody could make sense of the message.
    private const int MostFrames = 3;
    private const int MostNodesOfHelper = 80;

    private Term EvaluateCall(IInvocationOperation call)
    {
        bool wasAsserting = _session.IsAsserting;
        _session.IsAsserting |= call.TargetMethod.ContainingType.Name == "Assert";
        Term result = EvaluateCallItself(call);
        _session.IsAsserting = wasAsserting;
        return result;
    }

    private Term EvaluateCallItself(IInvocationOperation call)
    {
        IMethodSymbol method = call.TargetMethod;
        Term? instance = call.Instance is { } receiver && !IsThis(receiver) ? Evaluate(receiver) : null;
        var arguments = new Dictionary<int, Term>();
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { RefKind: not RefKind.Out } parameter)
            {
                arguments[parameter.Ordinal] = Evaluate(argument.Value);
            }
        }

        if (EvaluateShared(call, instance, arguments) is { } shared)
        {
            return shared;
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? value) && Sinks.Of(method, parameter) is { } sink)
            {
                CheckUse(argument.Value, value, sink);
            }
        }

        if (TryFollow(method, call.Instance, arguments) is { } body)
        {
            return Follow(call, body, call.Arguments, arguments);
        }

        foreach (Term argument in arguments.Values)
        {
            Use(argument);
        }

        Use(instance);
        if (method.MethodKind == MethodKind.DelegateInvoke && SharedTypes.IsParser(method.ContainingType))
        {
            return Result(call);
        }

        return Sinks.IsFrameworks(method.ContainingType)
            ? EvaluateFrameworks(call, instance, arguments)
            : EvaluateUnknown(call, instance, arguments);
    }

    private Term EvaluateCreation(IObjectCreationOperation creation)
    {
        var values = new List<Term>();
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            Term value = Evaluate(argument.Value);
            values.Add(value);
            if (creation.Constructor is { } constructor && argument.Parameter is { } parameter && Sinks.Of(constructor, parameter) is { } sink)
            {
                CheckUse(argument.Value, value, sink);
            }
        }

        // A view that is made of a view.
        if (SharedTypes.ViewedBy(creation.Type) is not null || SharedTypes.ElementsOf(creation.Type) is not null)
        {
            return values.Count == 1 ? values[0] : Result(creation);
        }

        values.ForEach(Use);
        bool isOfBytes = IsSpan(creation.Type) || creation.Type is { Name: "TimeSpan" };
        return isOfBytes ? Derive(creation, [.. values]) : Result(creation);
    }

    private MethodBody? TryFollow(IMethodSymbol method, IOperation? instance, Dictionary<int, Term> arguments)
    {
        bool isHelper = method.MethodKind == MethodKind.LocalFunction
            || (method.DeclaredAccessibility == Accessibility.Private && (method.IsStatic || IsThis(instance)));
        if (!isHelper || method.IsAsync || method.Parameters.Any(static parameter => parameter.IsParams)
            || (_frame?.Depth ?? 0) >= MostFrames || _frame?.IsWithin(method.OriginalDefinition) == true
            || SymbolEqualityComparer.Default.Equals(_body.Method, method.OriginalDefinition)
            || arguments.Values.Any(static argument => TermTable.IsTooDeep(argument)))
        {
            return null;
        }

        MethodBody? body = _session.Bodies.Find(method);
        return body?.Graph is { } graph && graph.Nodes.Count <= MostNodesOfHelper && !IsIterator(method, graph) ? body : null;
    }

    private static bool IsIterator(IMethodSymbol method, FlowGraph graph) =>
        method.ReturnType is { Name: "IEnumerable" or "IEnumerator" or "IAsyncEnumerable" }
        && graph.Nodes.Any(static node => node.Operations.Any(static one => one is IReturnOperation { Kind: OperationKind.YieldReturn or OperationKind.YieldBreak }));

    private Term Follow(IOperation call, MethodBody body, ImmutableArray<IArgumentOperation> passed, Dictionary<int, Term> arguments)
    {
        FlowGraph graph = body.Graph!;
        var frame = new Frame(_frame, call, body.Method);
        FlowState entry = _state;
        foreach (IParameterSymbol parameter in body.Method.Parameters)
        {
            if (arguments.TryGetValue(parameter.Ordinal, out Term? value))
            {
                entry = entry.Set(Variable.Of(parameter), value);
            }
        }

        PersistentMap<Term, ReadFact> readBefore = entry.Reads;
        HashSet<Term>? comparedBefore = _session.ComparedByHelper;
        _session.ComparedByHelper = [];
        FlowState? exit = Solve(new ValueAnalysis(_session, body, graph, frame) { _readBefore = readBefore }, graph, entry);
        HashSet<Term> compared = _session.ComparedByHelper;
        _session.ComparedByHelper = comparedBefore;
        if (exit is null)
        {
            _isDead = true;
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

        // What the helper has read was read where it was called.
        PersistentMap<Term, ReadFact> reads = exit.Reads;
        foreach (Term read in readBefore.DifferencesTo(reads))
        {
            if (reads.TryGetValue(read, out ReadFact? fact))
            {
                reads = reads.SetItem(read, fact with { Order = _node.Order });
            }
        }

        _state = exit with
        {
            Variables = exit.Variables.RemoveRange(exit.Variables.Keys.Where(key => IsOf(key, frame))),
            Reads = reads,
        };
        GiveBackOuts(passed, arguments);
        foreach (Term term in compared)
        {
            _session.ComparedInHelper(term, null);

            // What the helper found out, it tells by what it returns: a flag, a code.
            if (!body.Method.ReturnsVoid && _state.StandingOf(result).Trust == Trust.Host)
            {
                _state = Arithmetic.Compared(_state, term, call);
            }
        }

        return result;
    }

    private void GiveBackOuts(ImmutableArray<IArgumentOperation> passed, Dictionary<int, Term> arguments)
    {
        foreach (IArgumentOperation argument in passed)
        {
            if (argument.Parameter is { RefKind: RefKind.Out or RefKind.Ref } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? value))
            {
                Assign(argument.Value, value);
            }
        }
    }

    /// <summary>Runs a method from what is known at its start; what is found in it is noted in the session.</summary>
    /// <returns>What is known where it returns; null when it does not, or when it was given up.</returns>
    public static FlowState? Solve(ValueAnalysis analysis, FlowGraph graph, FlowState entry)
    {
        bool wasFinal = analysis._session.IsFinal;
        analysis._session.IsFinal = false;
        FlowResult<FlowState>? result = ForwardSolver.Solve(graph, analysis, entry, analysis._session.Cancellation);
        analysis._session.IsFinal = wasFinal;
        if (result is null || analysis._session.IsExhausted)
        {
            return analysis._frame is null ? null : entry;
        }

        if (wasFinal)
        {
            ForwardSolver.Replay(graph, result, analysis.Transfer);
        }

        return result.At(graph.Exit);
    }

    private static bool IsOf(Variable variable, Frame frame) =>
        variable.Frame == frame
        || (variable.Symbol is ILocalSymbol or IParameterSymbol && SymbolEqualityComparer.Default.Equals(variable.Symbol.ContainingSymbol, frame.Method));

    private Term EvaluateUnknown(IInvocationOperation call, Term? instance, Dictionary<int, Term> arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        Note();

        // Who is given a memory may write to it. Who belongs to the same object, or is a delegate, may have it.
        bool isOurs = IsThis(call.Instance) || method.MethodKind is MethodKind.LocalFunction or MethodKind.DelegateInvoke;
        foreach (Term given in arguments.Values.Concat(instance is null ? [] : [instance]))
        {
            Forget(given);
        }

        if (isOurs || SharedTypes.LetsGuestRun(method))
        {
            LetGuestRun();
            ForgetFields(call);
        }

        // A check that is not followed, or something that throws: whoever is given the value may have done it.
        bool mayCheck = method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean || method.ReturnType.TypeKind == TypeKind.Enum;
        if (mayCheck)
        {
            foreach (Term given in arguments.Values.Concat(instance is null ? [] : [instance]))
            {
                _state = Arithmetic.Compared(_state, given, call);
            }
        }

        FillOuts(call, []);
        if (NeverReturns(method))
        {
            _isDead = true;
        }

        // What a struct of the guest's computes of itself is the guest's.
        return instance is not null && !method.ReturnsVoid && method.ContainingType.IsValueType && !mayCheck ? Derive(call, instance) : Result(call);
    }

    private static bool NeverReturns(IMethodSymbol method) =>
        Layout.KnownTypes.FindAttribute(method, "DoesNotReturnAttribute", "System.Diagnostics.CodeAnalysis") is not null;

    private void FillOuts(IInvocationOperation call, Term[] from)
    {
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { RefKind: RefKind.Out or RefKind.Ref } parameter)
            {
                Assign(argument.Value, from.Length == 0 ? Result(argument) : Derive(argument, from));
            }
        }
    }

    // The object's own fields may be others after a call; those that are set once are not.
    private void ForgetFields(IOperation call)
    {
        foreach (Variable variable in _state.Variables.Keys)
        {
            if (variable.Symbol is IFieldSymbol { IsReadOnly: false } or IPropertySymbol)
            {
                Set(variable, Result(call, variable.Symbol.Name));
            }
        }
    }

    /// <summary>Forgets what was read of a memory: it may have been written.</summary>
    private void Forget(Term given)
    {
        Term owner = OwnerOf(given);
        IEnumerable<Term> written = _state.Reads.Where(read => OwnerOf(read.Value.Place.Memory) == owner).Select(static read => read.Key);
        _state = _state with { Reads = _state.Reads.RemoveRange(written) };
    }

    // Whoever is given an object has the memory that hangs on it, too.
    private static Term OwnerOf(Term term)
    {
        while (term.Kind is TermKind.View or TermKind.ArrayView or TermKind.Field)
        {
            term = term.Left!;
        }

        return term;
    }

    private void LetGuestRun() => _state = _state with { Reads = PersistentMap<Term, ReadFact>.Empty };

    private Term EvaluateFrameworks(IInvocationOperation call, Term? instance, Dictionary<int, Term> arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        if (SharedTypes.LetsGuestRun(method))
        {
            LetGuestRun();
        }

        if (NeverReturns(method))
        {
            _isDead = true;
        }

        if (method.MethodKind == MethodKind.DelegateInvoke)
        {
            LetGuestRun();
        }

        Term[] all = [.. (instance is null ? [] : new[] { instance }).Concat(arguments.OrderBy(static one => one.Key).Select(static one => one.Value))];
        FillOuts(call, all);
        bool isHosts(int i) => i < all.Length && _state.StandingOf(all[i]).IsSafe;
        switch (method.Name)
        {
            case "Min" when isHosts(0) || isHosts(1):
            case "Clamp" when isHosts(2):
            case "PopCount" or "LeadingZeroCount" or "TrailingZeroCount" or "Log2" or "Sign" or "CompareTo" or "Equals" or "GetHashCode":
                return WithStanding(Derive(call, all), new Standing(all.All(one => _state.StandingOf(one).Trust == Trust.Host) ? Trust.Host : Trust.Bounded, call));
            case "ThrowIfGreaterThan" or "ThrowIfGreaterThanOrEqual" or "ThrowIfNotEqual" when all.Length > 1:
                _state = Arithmetic.AtMost(_state, all[0], all[1], call);
                return Result(call);
            case "ThrowIfNegative" or "ThrowIfNegativeOrZero" when all.Length > 0:
                _state = Arithmetic.FindNonNegative(_state, all[0]);
                return Result(call);
            case "ThrowIfLessThan" or "ThrowIfLessThanOrEqual" when all.Length > 1:
                _state = AtLeast(_state, all[0], all[1]);
                return Result(call);
            case "AsSpan" or "AsMemory" or "Slice" or "AsReadOnlySpan" or "AsBytes" or "Cast" when all.Length > 0 && !TermTable.IsTooDeep(all[0]):
                return Terms.Slice(all[0], call, _frame);
        }

        return method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean || method.Name is "IndexOf" or "get_Length"
            ? Result(call)
            : Derive(call, all);
    }
}
