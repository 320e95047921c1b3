using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Calls: of the runtime library, of helpers that are followed, of the framework, and of what is not known.
internal sealed partial class ValueAnalysis
{
    // The calls in the body after which nothing runs.
    private HashSet<SyntaxNode>? _endings;

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
        Term? instance = call.Instance is { } receiver && (!IsThis(receiver) || Receiver is not null) ? Evaluate(receiver) : null;
        var arguments = new Arguments(method.Parameters.Length);
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { RefKind: not RefKind.Out } parameter)
            {
                arguments[parameter.Ordinal] = Evaluate(argument.Value);
            }
        }

        if ((EvaluateShared(call, instance, arguments) ?? EvaluateWith(call, instance)) is { } shared)
        {
            return shared;
        }

        if (EvaluateDeclared(call, instance, arguments) is { } declared)
        {
            return declared;
        }

        if (Sources.IsValue(method))
        {
            return EvaluateMachine(call);
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? value) && !IsHosts(value))
            {
                if (Sinks.Of(method, parameter) is { } sink)
                {
                    CheckUse(argument.Value, value, sink);
                }

                CheckTake(call, argument, value);
                CheckGrowth(call, argument, value);
                CheckRecursion(call, argument, value);
            }
        }

        if (method.Name == "ToPointer" && instance is not null && FrameworkTypes.IsFrameworks(method.ContainingType))
        {
            CheckUse(call.Instance!, instance, Sink.Pointer);
        }

        if (method.MethodKind == MethodKind.DelegateInvoke && instance is not null && TryFollowFunction(call, instance, arguments) is { } called)
        {
            return called;
        }

        if (TryFollow(call, method, call.Instance, instance, arguments) is { } body)
        {
            return Follow(call, method, body, instance, call.Arguments, arguments);
        }

        HandOver(arguments);
        if (!Sanitizers.IsCalculation(method))
        {
            foreach (Term argument in arguments.Values)
            {
                Use(argument);
            }
        }

        instance = instance is null ? null : Escape(instance);
        Use(instance);
        FollowHanded(call, instance, arguments);
        if (method.MethodKind == MethodKind.DelegateInvoke && SharedTypes.IsParser(method.ContainingType))
        {
            return Result(call);
        }

        return FrameworkTypes.IsFrameworks(method.ContainingType)
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
            if (creation.Constructor is { } constructor && argument.Parameter is { } parameter && !IsHosts(value) && Sinks.Of(constructor, parameter) is { } sink)
            {
                CheckUse(argument.Value, value, sink);
            }
        }

        if (TryConstruct(creation, values) is { } constructed)
        {
            return constructed;
        }

        FollowHanded(values, isOfElements: false, isAtOnce: false);

        // A view that is made of a view.
        if (SharedTypes.ViewedBy(creation.Type) is not null || SharedTypes.ElementsOf(creation.Type) is not null)
        {
            return values.Count == 1 ? values[0] : Result(creation);
        }

        if (creation is { Type: { IsRecord: true } record, Constructor.Parameters: { IsEmpty: false } positions } && !values.Any(static one => TermTable.IsTooDeep(one)))
        {
            return EvaluateRecord(creation, record, positions, values);
        }

        values.ForEach(value => Use(Escape(value)));
        bool isOfBytes = IsSpan(creation.Type) || creation.Type is { Name: "TimeSpan" or "MemoryStream" or "BinaryReader" or "IntPtr" or "UIntPtr" };
        Term result = isOfBytes ? Signed(Derive(creation, [.. values]), values) : Result(creation);
        if (IsSpan(creation.Type) && creation.Arguments is [{ Parameter.RefKind: RefKind.Ref, Value: var variable }])
        {
            Refer(result, variable);
        }

        return result;
    }

    private void Refer(Term span, IOperation variable)
    {
        if (variable is ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation { Instance: not null })
        {
            _session.Referenced[span] = variable;
        }
    }

    // What is given for a position can be asked for by the property that has its name.
    private Term EvaluateRecord(IObjectCreationOperation creation, ITypeSymbol record, ImmutableArray<IParameterSymbol> positions, List<Term> values)
    {
        Term made = Result(creation);
        foreach ((IArgumentOperation argument, Term value) in creation.Arguments.Zip(values, static (argument, value) => (argument, value)))
        {
            if (positions.Contains(argument.Parameter!, SymbolEqualityComparer.Default)
                && record.GetMembers(argument.Parameter!.Name).OfType<IPropertySymbol>().FirstOrDefault() is { } property && SharedTypes.IsAuto(property))
            {
                made = Terms.With(made, property, value);
            }
            else
            {
                Use(value);
            }
        }

        return made;
    }

    private MethodBody? TryFollow(IOperation call, IMethodSymbol method, IOperation? instance, Term? receiver, Arguments arguments)
    {
        int depth = _frame?.Depth ?? 0;
        if ((method.IsAsync && method.ReturnsVoid) || method.Parameters.Any(static parameter => parameter.IsParams)
            || depth >= _session.MostFrames || _frame?.IsWithin(method.OriginalDefinition) == true
            || SymbolEqualityComparer.Default.Equals(_body.Method, method.OriginalDefinition)
            || arguments.Values.Any(static argument => TermTable.IsTooDeep(argument)))
        {
            return null;
        }

        bool isHelper = method.IsHelper() && (method.MethodKind == MethodKind.LocalFunction || method.IsStatic || (IsThis(instance) && receiver is null));
        if (isHelper && _session.Bodies.FindHelper(method, _session.MostFrames - depth - 1) is { } helper)
        {
            return helper;
        }

        // Of others it matters what they read, and what they do with what a guest has a say in; a member of a view reads that.
        return method.MethodKind != MethodKind.LocalFunction && _session.Bodies.CanFollow(method)
            && (IsOfInterest(receiver, arguments) || receiver is { Kind: TermKind.View } || _session.Bodies.OtherMayRead(method))
            && !TermTable.IsTooDeep(receiver ?? Terms.Constant(0, null)) && _session.MayFollowOther(_session.FrameOf(_frame, call, method))
            ? _session.Bodies.FindOther(method) : null;
    }

    private bool IsOfInterest(Term? receiver, Arguments arguments)
    {
        foreach (Term argument in arguments.Values)
        {
            if (!IsHosts(argument))
            {
                return true;
            }
        }

        return receiver is not null && !IsHosts(receiver);
    }

    private Term EvaluateUnknown(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        Note();

        // A method that is given a memory may write to it. One of the same object may have it.
        bool isOurs = (IsThis(call.Instance) && Receiver is null) || method.MethodKind is MethodKind.LocalFunction;
        Term[] all = instance is null ? arguments.Values : [.. arguments.Values, instance];
        if (!Sources.WritesNothing(method))
        {
            Forget(all);
        }

        if (isOurs || Sources.LetsGuestRun(method))
        {
            LetGuestRun();
        }

        if (isOurs || method.MethodKind == MethodKind.DelegateInvoke)
        {
            ForgetFields(call);
        }

        // A check that is not followed, or something that throws: the callee may have checked the value.
        bool mayCheck = method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean || method.ReturnType.TypeKind == TypeKind.Enum;
        if (mayCheck && !IsAsserted(call.Syntax))
        {
            for (int one = 0; one < all.Length; one++)
            {
                _state = Arithmetic.Compared(_state, all[one], call);
                for (int before = 0; before < one; before++)
                {
                    _state = DoubtOrder(_state, all[one], all[before]);
                }
            }
        }

        FillOuts(call, []);
        if (NeverReturns(method) || Throws.Always(method))
        {
            _isDead = true;
        }

        // What a struct of the guest's computes of itself is the guest's.
        return instance is not null && !method.ReturnsVoid && method.ContainingType.IsValueType && !mayCheck ? DeriveUnsigned(call, instance) : Result(call);
    }

    private static bool NeverReturns(IMethodSymbol method) =>
        KnownTypes.FindAttribute(method, "DoesNotReturnAttribute", "System.Diagnostics.CodeAnalysis") is not null;

    private bool NeverReturns(SyntaxNode node) => node is InvocationExpressionSyntax && (_endings ??= FindEndings()).Contains(node);

    // Looked for when a loop is about to be reported, which is seldom.
    private HashSet<SyntaxNode> FindEndings()
    {
        var endings = new HashSet<SyntaxNode>();
        foreach (IOperation operation in new OperationWalk(_graph.Blocks.Blocks.SelectMany(static block => FlowGraph.OperationsOf(block))))
        {
            if (operation is IInvocationOperation { TargetMethod: var method } && (NeverReturns(method) || Throws.Always(method)))
            {
                endings.Add(operation.Syntax);
            }
        }

        return endings;
    }

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
                Set(variable, Redefined(Terms.Result(call, _frame, TypeOf(variable.Symbol), variable.Symbol.Name)));
            }
        }
    }

    /// <summary>Forgets what was read of memories that are passed to a call: the callee may have written them.</summary>
    private void Forget(Term[] given)
    {
        if (_state.Reads.IsEmpty || given.All(HoldsNoMemory))
        {
            return;
        }

        HashSet<Term> owners = [.. given.Where(static one => !HoldsNoMemory(one)).Select(OwnerOf)];
        bool isAnyMemory = owners.Any(static one => SharedTypes.IsMemory(one.Type));
        bool isWritten(Term memory) => owners.Contains(OwnerOf(memory)) || (isAnyMemory && memory.IsBehindView);
        IEnumerable<Term> written = _state.Reads.Where(read => isWritten(read.Value.ByteRange.Memory)).Select(static read => read.Key);
        _state = _state with { Reads = _state.Reads.RemoveRange(written) };
    }

    // A number gives no access to memory. (The type of a view is that of what is viewed.)
    private static bool HoldsNoMemory(Term term) =>
        term.Kind == TermKind.Constant || (term.Kind is not (TermKind.View or TermKind.ArrayView or TermKind.Field) && IntegerTypes.IsInteger(term));

    // A method that gets an object also gets the memory that it holds.
    private static Term OwnerOf(Term term)
    {
        while (term.Kind is TermKind.View or TermKind.ArrayView or TermKind.Field)
        {
            term = term.Left!;
        }

        return term;
    }

    private void LetGuestRun() => _state = _state with { Reads = PersistentMap<Term, ReadFact>.Empty };
}
