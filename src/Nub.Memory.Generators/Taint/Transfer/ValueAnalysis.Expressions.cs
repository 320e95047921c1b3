using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Expressions, but for calls, properties and assignments.
internal sealed partial class ValueAnalysis
{
    private Term Evaluate(IOperation operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (ConstantOf(operation) is { } constant)
        {
            return constant;
        }

        // By kinds: to ask an object for one interface after the other takes longer than most of what is done then.
        switch (operation.Kind)
        {
            case OperationKind.LocalReference:
                ILocalSymbol local = ((ILocalReferenceOperation)operation).Local;
                return local.IsRef && Resolve(operation) is var other && other != operation ? Evaluate(other) : Get(local);
            case OperationKind.ParameterReference:
                return Get(((IParameterReferenceOperation)operation).Parameter);
            case OperationKind.FlowCaptureReference:
                return _state.Variables.TryGetValue(Variable.Of(((IFlowCaptureReferenceOperation)operation).Id, _frame), out Term? captured) ? captured : Result(operation);
            case OperationKind.FieldReference:
                return EvaluateField((IFieldReferenceOperation)operation);
            case OperationKind.PropertyReference:
                return EvaluateProperty((IPropertyReferenceOperation)operation);
            case OperationKind.Invocation:
                return EvaluateCall((IInvocationOperation)operation);
            case OperationKind.ObjectCreation:
                return EvaluateCreation((IObjectCreationOperation)operation);
            case OperationKind.Conversion:
                return EvaluateConversion((IConversionOperation)operation);
            case OperationKind.Binary:
                return EvaluateBinary((IBinaryOperation)operation);
            case OperationKind.IsPattern:
                return EvaluatePattern((IIsPatternOperation)operation);
            case OperationKind.Unary when operation is IUnaryOperation { OperatorKind: not UnaryOperatorKind.Not } unary:
                return EvaluateUnary(unary);
            case OperationKind.SizeOf when operation is ISizeOfOperation measured && _session.Sizes.Of(measured.TypeOperand) is { } bytes:
                return Terms.Constant(bytes, operation.Type);
            case OperationKind.SimpleAssignment:
                var assignment = (ISimpleAssignmentOperation)operation;
                ReferTo(assignment);
                Term value = Evaluate(assignment.Value);
                CheckSetter(assignment.Target, assignment.Value, value);
                Assign(assignment.Target, value);
                return value;
            case OperationKind.CompoundAssignment:
                return EvaluateCompound((ICompoundAssignmentOperation)operation);
            case OperationKind.Increment or OperationKind.Decrement:
                return EvaluateStep((IIncrementOrDecrementOperation)operation);
            case OperationKind.DeconstructionAssignment:
                var deconstruction = (IDeconstructionAssignmentOperation)operation;
                Term whole = Evaluate(deconstruction.Value);
                if (Deconstruction.TargetsOf(deconstruction) is { } targets)
                {
                    AssignElements(targets, whole, deconstruction);
                }

                return whole;
            case OperationKind.Tuple:
                return EvaluateTuple((ITupleOperation)operation);
            case OperationKind.ArrayCreation:
                return EvaluateArray((IArrayCreationOperation)operation);
            case OperationKind.ArrayElementReference when operation is IArrayElementReferenceOperation element:
                return EvaluateElement(element, element.ArrayReference, element.Indices);
            case OperationKind.InlineArrayAccess when operation is IInlineArrayAccessOperation element:
                return EvaluateElement(element, element.Instance, [element.Argument]);
            case OperationKind.ImplicitIndexerReference when operation is IImplicitIndexerReferenceOperation element:
                return EvaluateElement(element, element.Instance, [element.Argument]);
            case OperationKind.Await:
                Term awaited = Evaluate(((IAwaitOperation)operation).Operation);
                LetGuestRun();
                return Awaited(operation, awaited);
            case OperationKind.InstanceReference when IsThis(operation) && Receiver is { } receiver:
                return receiver;
            case OperationKind.DelegateCreation:
                return EvaluateDelegate((IDelegateCreationOperation)operation);
            case OperationKind.DeclarationExpression:
                return Evaluate(((IDeclarationExpressionOperation)operation).Expression);
            case OperationKind.Argument:
                return Evaluate(((IArgumentOperation)operation).Value);
            default:
                return EvaluateOther(operation);
        }
    }

    // A helper that was followed has given the value itself; a task of the framework's has it somewhere.
    private Term Awaited(IOperation operation, Term awaited)
    {
        if (awaited.Type is { Name: "Task" or "ValueTask" or "ConfiguredTaskAwaitable" or "ConfiguredValueTaskAwaitable" } task && FrameworkTypes.IsFrameworks(task))
        {
            Use(awaited);
            return Derive(operation, awaited);
        }

        return awaited;
    }

    private Term EvaluateUnary(IUnaryOperation unary) => unary switch
    {
        { OperatorKind: UnaryOperatorKind.Plus or UnaryOperatorKind.Hat } => Evaluate(unary.Operand),
        { OperatorKind: UnaryOperatorKind.Minus, OperatorMethod: null } when IntegerTypes.IsInteger(unary.Type) =>
            Compute(unary, BinaryOperatorKind.Subtract, Terms.Constant(0, unary.Type), Evaluate(unary.Operand), unary.IsChecked),
        { OperatorKind: UnaryOperatorKind.BitwiseNegation } => Scramble(unary, Evaluate(unary.Operand)),
        _ => Derive(unary, Evaluate(unary.Operand)),
    };

    private Term? ConstantOf(IOperation operation) => operation.ConstantValue is { HasValue: true, Value: { } value }
        ? value switch
        {
            int or uint or long or ulong or short or ushort or byte or sbyte => Terms.Constant(Convert.ToDecimal(value, null), operation.Type),
            bool flag => Terms.Constant(flag ? 1 : 0, operation.Type),
            char character => Terms.Constant(character, operation.Type),
            _ => null,
        }
        : null;

    private Term EvaluateOther(IOperation operation)
    {
        bool isStack = operation.Syntax is StackAllocArrayCreationExpressionSyntax;
        if (operation.Syntax is ElementAccessExpressionSyntax && operation.ChildOperations.ToArray() is [var pointer, var index])
        {
            // An element that a pointer points at has no operation of its own.
            return EvaluateElement(operation, pointer, [index]);
        }

        Term? size = null;
        var elements = new List<Term>();
        foreach (IOperation child in operation.ChildOperations)
        {
            Term value = Evaluate(child);
            value = operation.Kind is OperationKind.IsNull or OperationKind.IsType ? value : Escape(value);
            elements.Add(value);
            if (isStack && size is null)
            {
                size = value;
                CheckUse(child, value, Sink.Allocation);
            }

            Use(value);
        }

        Term result = operation.Kind == OperationKind.CollectionExpression ? Derive(operation, [.. elements]) : Result(operation);
        long? length = operation switch
        {
            ICollectionExpressionOperation collection when !collection.Elements.Any(static element => element is ISpreadOperation) => collection.Elements.Length,
            IDefaultValueOperation when IsSpan(operation.Type) => 0,
            _ when size is { Kind: TermKind.Constant } => (long)Math.Min(size.Constant, long.MaxValue),
            _ => null,
        };
        return length is { } known ? OfLength(result, known) : result;
    }

    /// <summary>Something that nothing is known of; in a loop it is another one each time.</summary>
    private Term Result(IOperation operation, string part = "")
    {
        return Redefined(Terms.Result(operation, _frame, part));
    }

    private Term Redefined(Term result)
    {
        if (_node.IsInLoop && !_state.Reads.IsEmpty)
        {
            _state = _state.Redefine(result);
        }

        return result;
    }

    /// <summary>Something that was made of other values, in a way that need not be known: it is the guest's when one of them is.</summary>
    private Term Derive(IOperation operation, params Term[] from)
    {
        Term result = Result(operation);
        VerdictSet worst = VerdictSet.Host;
        foreach (Term one in from)
        {
            worst = VerdictSet.Worse(worst, _state.TaintOf(one));
            _session.AddOrigins(result, one);
        }

        return WithTaint(result, worst);
    }

    private Term WithTaint(Term term, VerdictSet taint)
    {
        if (!taint.IsHost || _state.Taints.ContainsKey(term))
        {
            _state = _state.Set(term, taint);
        }

        return term;
    }

    private Term EvaluateField(IFieldReferenceOperation field)
    {
        if (HeldAsDeclared(field.Field, field.Type, field.Instance) is { } declared)
        {
            return declared;
        }

        if (field.Instance is null)
        {
            return field.Field.IsReadOnly ? Terms.Input(field.Field, field.Type) : IsOurMemory(field.Field) ? Get(field.Field) : Result(field);
        }

        if (IsThis(field.Instance) && Receiver is null)
        {
            return Get(field.Field);
        }

        Term instance = Evaluate(field.Instance);
        if (instance.Kind == TermKind.Tuple)
        {
            return ElementOf(instance, (field.Field.CorrespondingTupleField ?? field.Field).Name) ?? Result(field);
        }

        return field.Field.ContainingType.IsValueType || field.Field.IsReadOnly || SharedTypes.IsMemory(field.Type) ? FieldOf(instance, field.Field, field.Type, field) : KeptIn(instance, field.Field) ?? Result(field);
    }

    // One that only this type can put another in the place of.
    private static bool IsOurMemory(IFieldSymbol field) => field.DeclaredAccessibility == Accessibility.Private && SharedTypes.IsMemory(field.Type);

    private Term FieldOf(Term instance, ISymbol field, ITypeSymbol? type, IOperation operation) =>
        TermTable.IsTooDeep(instance) ? Derive(operation, instance) : Terms.Field(instance, field, type);

    private static bool IsThis(IOperation? instance) => instance is IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance };

    private Term EvaluateConversion(IConversionOperation conversion)
    {
        Term operand = Evaluate(conversion.Operand);
        CheckPointer(conversion.Type, conversion.Operand, operand);
        if (conversion.OperatorMethod is not null && conversion.Operand.Type is not IArrayTypeSymbol && !IsSpan(conversion.Type))
        {
            if (conversion.OperatorMethod is { ContainingType.Name: "GCHandle" })
            {
                CheckUse(conversion.Operand, operand, Sink.Pointer);
            }

            Use(operand);
            return Derive(conversion, operand);
        }

        if (operand.Type is { IsReferenceType: true } && IntegerTypes.IsInteger(conversion.Type))
        {
            // Taken out of a box.
            return Derive(conversion, operand);
        }

        bool isNumber = IntegerTypes.IsInteger(operand) && conversion.Type is { } type && IntegerTypes.IsInteger(type);
        bool isCut = IntegerTypes.HasSign(operand) && IntegerTypes.IsInteger(conversion.Type);
        return (isNumber || isCut) && !TermTable.IsTooDeep(operand) ? Terms.Cast(operand, conversion.Type!, conversion.IsChecked) : operand;
    }

    private static bool IsSpan(ITypeSymbol? type) => type is { Name: "Span" or "ReadOnlySpan" or "Memory" or "ReadOnlyMemory" };

    private Term EvaluateBinary(IBinaryOperation binary)
    {
        Term left = Evaluate(binary.LeftOperand);
        Term right = Evaluate(binary.RightOperand);
        CheckPointer(binary.Type, binary.LeftOperand, left);
        CheckPointer(binary.Type, binary.RightOperand, right);
        switch (binary.OperatorKind)
        {
            case BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual
                or BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals:
                return Compare(binary, binary.OperatorKind, left, right);
            case BinaryOperatorKind.Add or BinaryOperatorKind.Subtract or BinaryOperatorKind.Multiply or BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder
                or BinaryOperatorKind.LeftShift or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift
                or BinaryOperatorKind.And or BinaryOperatorKind.Or or BinaryOperatorKind.ExclusiveOr
                when binary.OperatorMethod is null or { ContainingType.Name: "UInt128" or "Int128" }:
                CheckDivisor(binary.OperatorKind, binary.RightOperand, right);
                return Compute(binary, binary.OperatorKind, left, right, binary.IsChecked);
            default:
                if (binary is { OperatorKind: BinaryOperatorKind.LeftShift, OperatorMethod.ContainingType.Name: "BigInteger" })
                {
                    CheckUse(binary.RightOperand, right, Sink.Allocation);
                }

                Use(left);
                Use(right);
                return Derive(binary, left, right);
        }
    }

    private Term Compute(IOperation operation, BinaryOperatorKind kind, Term left, Term right, bool isChecked) =>
        TermTable.IsTooDeep(left, right) ? Derive(operation, left, right) : Terms.Binary(kind, left, right, operation.Type, isChecked);

    private Term EvaluateCompound(ICompoundAssignmentOperation compound)
    {
        Term before = Evaluate(Resolve(compound.Target));
        Term operand = Evaluate(compound.Value);
        CheckPointer(compound.Type, compound.Value, operand);
        if (compound is { OperatorKind: BinaryOperatorKind.LeftShift, OperatorMethod.ContainingType.Name: "BigInteger" })
        {
            CheckUse(compound.Value, operand, Sink.Allocation);
        }

        if (compound.OperatorMethod is null)
        {
            CheckDivisor(compound.OperatorKind, compound.Value, operand);
        }

        Term value = compound.OperatorMethod is null
            ? Compute(compound, compound.OperatorKind, before, operand, compound.IsChecked)
            : Derive(compound, before, operand);
        CheckSetter(compound.Target, compound, value);
        Assign(compound.Target, value);
        return value;
    }

    private Term EvaluateStep(IIncrementOrDecrementOperation step)
    {
        Term before = Evaluate(Resolve(step.Target));
        BinaryOperatorKind kind = step.Kind == OperationKind.Increment ? BinaryOperatorKind.Add : BinaryOperatorKind.Subtract;
        Term after = Compute(step, kind, before, Terms.Constant(1, step.Type), step.IsChecked);
        Assign(step.Target, after);
        return step.IsPostfix ? before : after;
    }

    private Term EvaluateTuple(ITupleOperation tuple)
    {
        var elements = tuple.Elements.Select(Evaluate).ToList();
        return elements.Any(static element => TermTable.IsTooDeep(element)) ? Derive(tuple, [.. elements]) : Terms.Tuple(elements);
    }

    private static Term? ElementOf(Term tuple, string name) =>
        name.StartsWith("Item", StringComparison.Ordinal) && int.TryParse(name.Substring(4), out int number) ? ElementOf(tuple, number) : null;

    // The first is the innermost: each further one is put around it.
    private static Term ElementOf(Term tuple, int number)
    {
        int count = (int)tuple.Key!;
        for (int i = count; i > number && i > 1; i--)
        {
            tuple = tuple.Left!;
        }

        return number == 1 ? tuple : tuple.Right!;
    }
}
