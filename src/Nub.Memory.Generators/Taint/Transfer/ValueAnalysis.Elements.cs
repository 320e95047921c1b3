using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Arrays, elements and pointers, and the uses of a number that a guest must not choose freely.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateArray(IArrayCreationOperation array)
    {
        long? length = null;
        foreach (IOperation dimension in array.DimensionSizes)
        {
            Term size = Evaluate(dimension);
            CheckUse(dimension, size, Sink.Allocation);
            Use(size);
            length = size.Kind == TermKind.Constant ? (long)Math.Min(size.Constant, long.MaxValue) : null;
        }

        var elements = new List<Term>();
        foreach (IOperation element in array.Initializer?.ElementValues ?? [])
        {
            Term value = Escape(Evaluate(element));
            Use(value);
            elements.Add(value);
        }

        Term result = Derive(array, [.. elements]);
        return length is { } known ? OfLength(result, known) : result;
    }

    private Term OfLength(Term buffer, long length)
    {
        _session.Lengths[buffer] = length;
        return buffer;
    }

    private Term EvaluateElement(IOperation element, IOperation container, IReadOnlyList<IOperation> positions)
    {
        Term whole = Evaluate(container);
        Term? index = null;
        foreach (IOperation position in positions)
        {
            index = CheckPosition(position, whole, container);
        }

        return ElementOf(element, whole, positions.Count == 1 ? index : null, isPart: index is null);
    }

    private Term ElementOf(IOperation element, Term whole, Term? index, bool isPart) =>
        isPart && !TermTable.IsTooDeep(whole) ? Terms.Slice(whole, element, _frame)
        : index is not null && _state.IsGuests(whole) && !TermTable.IsTooDeep(whole, index) ? Terms.Element(whole, index, element.Type)
        : Derive(element, whole);

    /// <summary>An index, or the ends of a range.</summary>
    /// <returns>The index; null when it is a range.</returns>
    private Term? CheckPosition(IOperation position, Term container, IOperation operation)
    {
        if (position is IRangeOperation range)
        {
            foreach (IOperation side in new[] { range.LeftOperand, range.RightOperand }.OfType<IOperation>())
            {
                IOperation end = side is IConversionOperation { IsImplicit: true, OperatorMethod: not null } toIndex ? toIndex.Operand : side;
                end = end is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat } fromEnd ? fromEnd.Operand : end;
                Term value = Evaluate(end);
                CheckUse(end, value, Sink.Slice);
                Use(value);
            }

            return null;
        }

        bool isFromEnd = position is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat };
        position = position is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat } backwards ? backwards.Operand : position;
        Term index = Evaluate(position);
        if (!(IntegerTypes.IsInteger(index) && ValueRanges.RangeOf(_state, index) is { Least.Sign: >= 0 } numbers && LengthOf(container, operation) > numbers.Most))
        {
            if (!isFromEnd)
            {
                CheckLimit(position, index, container, operation);
            }

            CheckUse(position, index, Sink.Index);
        }

        Use(index);
        return isFromEnd ? Terms.Binary(BinaryOperatorKind.Subtract, Terms.Length(container, index.Type!), index, index.Type, false) : index;
    }

    /// <summary>How many elements something has, where that is written down.</summary>
    private long? LengthOf(Term container, IOperation operation)
    {
        while (container.Kind is TermKind.Field)
        {
            container = container.Left!;
        }

        return _session.Lengths.TryGetValue(container, out long length) ? length : DeclaredLengths.Of(operation);
    }

    private void CheckSetter(IOperation target, IOperation operand, Term value)
    {
        if (Resolve(target) is IPropertyReferenceOperation { Property: var property } && Sinks.Of(property) is { } sink)
        {
            CheckUse(operand, value, sink);
        }
    }

    // A pointer has no bounds check: what is added to it is an index, and so is what it is made of.
    private void CheckPointer(ITypeSymbol? result, IOperation operand, Term value)
    {
        if (result is IPointerTypeSymbol or IFunctionPointerTypeSymbol && IntegerTypes.IsInteger(operand.Type))
        {
            CheckUse(operand, value, Sink.Index);
        }
    }

    // Whether it may be used for anything: to ask that takes less than to ask what it is used for.
    private bool IsHosts(Term value) => _state.Judge(value).Verdict == Verdict.Host;

    private void CheckUse(IOperation operand, Term value, Sink sink)
    {
        TaintFact found = _state.Judge(value);
        bool isSmall = found.IsSafe || (sink is not Sink.Index and not Sink.Slice && Arithmetic.IsNarrow(_state, value, _session.Bodies.HarmlessUpTo));

        // A loop up to a negative number has no rounds.
        bool isHarmless = isSmall && (sink == Sink.LoopBound || !Arithmetic.CanBeNegative(_state, value));
        if (isHarmless)
        {
            return;
        }

        if (_frame is null || !_session.OriginsOf(value).Any(bytes => CallContext.Outermost(bytes.Fetch.CallContext, bytes.Fetch.Operation!) == CallContext.Outermost(_frame, operand)))
        {
            // What the helper has read itself is reported there, if it is.
            _state = Arithmetic.Reported(_state, value, operand);
        }

        if (IsReporting)
        {
            _session.UncheckedUses.Add(new UncheckedUse(operand, _frame, value, sink, found, isSmall));
        }
    }
}
