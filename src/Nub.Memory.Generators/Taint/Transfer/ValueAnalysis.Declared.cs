using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;

namespace Nub.Memory.Generators.Taint;

// What a project says of its own code: which members give what is the guest's, which read, and which check.
internal sealed partial class ValueAnalysis
{
    private readonly Dictionary<IOperation, List<(Term Value, Term Limit, bool When)>> _declared = [];

    private Term? EvaluateDeclared(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        DeclaredMember said = _session.Bodies.DeclaredOf(method);
        if (said == DeclaredMember.Nothing)
        {
            return null;
        }

        foreach (DeclaredCheck check in said.Checks)
        {
            if (arguments.TryGetValue(check.Parameter, out Term? value))
            {
                LearnDeclared(call, value, LimitOf(call, check, arguments), check.When);
            }
        }

        bool gives = false;
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { RefKind: RefKind.Out, Ordinal: var ordinal, Type: var type } && said.Given.Contains(ordinal))
            {
                Assign(argument.Value, Received(argument, type));
                gives = true;
            }
        }

        if (said.Read is { } read)
        {
            return ReadDeclared(call, read, instance, arguments);
        }

        if (said.GivesGuests)
        {
            Array.ForEach(arguments.Values, Use);
            return Received(call, method.ReturnType);
        }

        // A method that declares what it checks is believed that, and nothing more.
        return said.Checks.IsEmpty && !gives ? null : Result(call);
    }

    private Term LimitOf(IInvocationOperation call, DeclaredCheck check, Arguments arguments) => check.Max switch
    {
        string name => call.TargetMethod.Parameters.FirstOrDefault(one => one.Name == name) is { } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? given)
            ? given : Terms.Result(call, _frame, "limit"),
        byte or sbyte or short or ushort or int or uint or long or ulong => Terms.Constant(Convert.ToDecimal(check.Max, null), null),
        _ => Terms.Result(call, _frame, "limit"),
    };

    private void LearnDeclared(IInvocationOperation call, Term value, Term limit, bool when)
    {
        if (call.TargetMethod.ReturnType.SpecialType != SpecialType.System_Boolean)
        {
            _state = AtMostDeclared(_state, value, limit, call);
            return;
        }

        if (!_declared.TryGetValue(call, out List<(Term, Term, bool)>? known))
        {
            _declared.Add(call, known = []);
        }

        known.Clear();
        known.Add((value, limit, when));
    }

    private static FlowState AtMostDeclared(FlowState state, Term value, Term limit, IOperation check) =>
        Ordering.Learn(Arithmetic.AtMost(state, value, limit, check), value, limit);

    // On the way on which a declared check has given what it gives within its limit.
    private FlowState LearnDeclared(FlowState state, IOperation condition, bool value)
    {
        foreach ((Term checkedValue, Term limit, bool when) in _declared.Count > 0 && _declared.TryGetValue(condition, out List<(Term, Term, bool)>? known) ? known : [])
        {
            state = when == value ? AtMostDeclared(state, checkedValue, limit, condition) : state;
        }

        return state;
    }

    private Term ReadDeclared(IInvocationOperation call, (string Offset, string? Length) read, Term? instance, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        Array.ForEach(arguments.Values, Use);
        Term? Named(string? name) => method.Parameters.FirstOrDefault(one => one.Name == name) is { } parameter && arguments.TryGetValue(parameter.Ordinal, out Term? given) ? given : null;
        Term memory = instance ?? (method.IsStatic && arguments.TryGetValue(0, out Term? first) ? first : Terms.Input(method.ContainingType, null));
        long? length = Named(read.Length) is { } given
            ? given.Kind == TermKind.Constant ? (long)Math.Min(given.Constant, long.MaxValue) : null
            : _session.Sizes.Of(method.ReturnType);
        Term fetch = Fetch(call, new ByteRange(memory, Named(read.Offset) ?? Terms.Constant(0, null), length), method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean ? null : method.ReturnType);
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { RefKind: RefKind.Out })
            {
                Assign(argument.Value, Derive(argument, fetch));
            }
            else if (argument.Parameter is { Type: var type, Ordinal: var ordinal } && (IsSpan(type) || type is IArrayTypeSymbol) && arguments.TryGetValue(ordinal, out Term? buffer))
            {
                Fill(WholeOf(buffer), fetch);
            }
        }

        return method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean ? Result(call) : fetch;
    }

    /// <summary>A property or a field that is said to hold what is the guest's: the same each time, until it is assigned.</summary>
    private Term? HeldAsDeclared(ISymbol member, ITypeSymbol? type, IOperation? instance)
    {
        if (!_session.Bodies.DeclaredOf(member).GivesGuests)
        {
            return null;
        }

        Term? owner = instance is null || (IsThis(instance) && Receiver is null) ? null : Evaluate(instance);
        Term held = owner is null || TermTable.IsTooDeep(owner) ? Get(member) : Terms.Field(owner, member, type);
        return held.Kind is TermKind.Input or TermKind.Field && !_state.Taints.ContainsKey(held) ? WithTaint(held, VerdictSet.Unchecked) : held;
    }
}
