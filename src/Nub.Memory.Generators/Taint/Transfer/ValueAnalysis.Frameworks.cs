using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Calls of the framework: what they make of the guest's values, and what they say about them.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateFrameworks(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        if (Sources.LetsGuestRun(method))
        {
            LetGuestRun();
        }

        if (NeverReturns(method))
        {
            _isDead = true;
        }

        Term[] all = [.. instance is null ? [] : new[] { instance }, .. arguments.Values];
        Term[] from = FrameworkTypes.IsOfCollection(method) ? WithoutKeys(call, instance, arguments) : all;
        FillOuts(call, from);
        if (instance is not null && FrameworkTypes.IsStream(method.ContainingType) && method.Name.StartsWith("Read", StringComparison.Ordinal))
        {
            FillFrom(instance, call, arguments);
        }

        if (Sanitizers.IsQuestion(method) && !IsAsserted(call.Syntax))
        {
            _state = arguments.Values.Aggregate(_state, (state, asked) => Arithmetic.Compared(state, asked, call));
        }

        bool isHosts(int i) => i < all.Length && _state.Judge(all[i]).IsSafe;
        switch (method.Name)
        {
            case "Min" when isHosts(0) || isHosts(1):
            case "Clamp" when isHosts(2):
            case var name when Sanitizers.IsBounded(name):
                return BoundResult(method, WithTaint(Derive(call, all), new TaintFact(all.All(one => _state.Judge(one).Verdict == Verdict.Host) ? Verdict.Host : Verdict.Bounded, call)), all);
            case var name when Sanitizers.IsComputed(name):
                return BoundResult(method, Derive(call, all), all);
            case var name when name.StartsWith("ThrowIf", StringComparison.Ordinal) && all.Length > 0 && method.ContainingType.Name == "ArgumentOutOfRangeException":
                LearnFromGuard(call, name, all[0], method.Parameters.Length > 2 ? all[1] : Terms.Constant(0, all[0].Type));
                return Result(call);
            case "SizeOf" when method.TypeArguments is [var measured] && _session.Sizes.Of(measured) is { } size:
                return Terms.Constant(size, method.ReturnType);
            case "DivRem" when all.Length >= 2 && IntegerTypes.IsInteger(all[0].Type) && !TermTable.IsTooDeep(all[0], all[1]):
                return Divide(call, all[0], all[1]);
            case "BigMul" when all.Length == 2 && IntegerTypes.IsInteger(method.ReturnType) && !TermTable.IsTooDeep(all[0], all[1]):
                return Terms.Binary(BinaryOperatorKind.Multiply, Terms.Cast(all[0], method.ReturnType, false), Terms.Cast(all[1], method.ReturnType, false), method.ReturnType, false);
            case "Empty" when method is { Parameters.IsEmpty: true, ContainingType.SpecialType: SpecialType.System_Array }:
                return OfLength(Result(call), 0);
            case "CreateSpan" when method.Parameters is [{ RefKind: RefKind.Ref }, _] && all is [_, { Kind: TermKind.Constant, Constant: 1 }]:
                Term span = Derive(call, all);
                Refer(span, call.Arguments.Single(static argument => argument.Parameter!.Ordinal == 0).Value);
                return span;
            case "AsSpan" or "AsMemory" or "Slice" or "AsReadOnlySpan" or "AsBytes" or "Cast" when all.Length > 0 && !TermTable.IsTooDeep(all[0]):
                return Terms.Slice(all[0], call, _frame);
        }

        if (CastBy(call, all) is { } converted)
        {
            return converted;
        }

        if (method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean || Sanitizers.IsLength(method))
        {
            return Result(call);
        }

        if (Sanitizers.IsDecoding(method) && all.Length is 1 or 2 && _state.IsGuests(all[0]) && !TermTable.IsTooDeep(all[0], all[all.Length - 1]))
        {
            return Terms.Decoded(all[0], all.Length == 2 ? all[1] : Terms.Constant(0, null), method);
        }

        if (FollowElements(call, all) is { } selected)
        {
            return selected;
        }

        Term made = method.ContainingType.Name == "TimeSpan" ? Signed(Derive(call, all), all) : Derive(call, from);

        // What went through a predicate or a selection may have been checked there.
        return method.Parameters.Any(static parameter => parameter.Type.TypeKind == TypeKind.Delegate) && _state.IsGuests(made)
            ? WithTaint(made, new TaintFact(Verdict.Compared, call))
            : made;
    }

    // Convert.ToInt32(n), int.CreateChecked(n): a cast by another name.
    private Term? CastBy(IInvocationOperation call, Term[] all)
    {
        IMethodSymbol method = call.TargetMethod;
        if (all is not [var number] || !IntegerTypes.IsInteger(method.ReturnType) || !IntegerTypes.IsInteger(number) || TermTable.IsTooDeep(number))
        {
            return null;
        }

        switch (method.Name)
        {
            case "CreateChecked":
            case var name when name.StartsWith("To", StringComparison.Ordinal) && method is { IsStatic: true, ContainingType.Name: "Convert" }:
                return Terms.Cast(number, method.ReturnType, isChecked: true);
            case "CreateTruncating":
                return Terms.Cast(number, method.ReturnType, isChecked: false);
            case "CreateSaturating":
                return Signed(Derive(call, number), all);
            default:
                return null;
        }
    }

    // What is found by a guest's key is what the host has put there.
    private static Term[] WithoutKeys(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        var from = new List<Term>();
        if (instance is not null)
        {
            from.Add(instance);
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { Name: not ("key" or "equalKey" or "equalValue"), Ordinal: var ordinal } && arguments.TryGetValue(ordinal, out Term? value))
            {
                from.Add(value);
            }
        }

        return [.. from];
    }

    // The remainder comes beside the quotient, or in a variable.
    private Term Divide(IInvocationOperation call, Term dividend, Term divisor)
    {
        CheckDivisor(call.Arguments.First(static argument => argument.Parameter!.Ordinal == 1).Value, divisor);
        ITypeSymbol type = call.TargetMethod.Parameters[0].Type;
        Term quotient = Terms.Binary(BinaryOperatorKind.Divide, dividend, divisor, type, false);
        Term remainder = Terms.Binary(BinaryOperatorKind.Remainder, dividend, divisor, type, false);
        if (call.TargetMethod.Parameters.Length == 2)
        {
            return Terms.Tuple([quotient, remainder]);
        }

        AssignOut(call, 2, remainder);
        return quotient;
    }

    // What is read from a stream is what the stream was made of; from one of the host's, the host's, where it is all of a buffer.
    private void FillFrom(Term stream, IInvocationOperation call, Arguments arguments)
    {
        bool isGuests = _state.IsGuests(stream);
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is not { Type: var type, Ordinal: var ordinal } || (type is not IArrayTypeSymbol && !IsSpan(type)) || !arguments.TryGetValue(ordinal, out Term? buffer))
            {
                continue;
            }

            Term whole = WholeOf(buffer);
            bool isAll = IsAllOf(buffer, whole) && call.TargetMethod.Name is "ReadExactly" or "ReadExactlyAsync" && !call.Arguments.Any(static one => one.Parameter is { Name: "offset" or "count" });
            if (_session.Referenced.TryGetValue(whole, out IOperation? variable))
            {
                if (isGuests || isAll)
                {
                    Assign(variable, Derive(call, stream));
                }
            }
            else if (isGuests)
            {
                Fill(whole, stream);
            }
            else if (isAll)
            {
                Fill(whole, stream);
                _state = _state.Set(whole, VerdictSet.Host);
            }
        }
    }
}
