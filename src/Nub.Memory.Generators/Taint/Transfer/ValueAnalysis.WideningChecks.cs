using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Taint;

// (ulong)width * height is within a limit: then so is width * height, which is the same, or less where the limit is more than it can be.
internal sealed partial class ValueAnalysis
{
    private FlowState InFewerBits(FlowState state, Term wide)
    {
        if (wide.Kind != TermKind.Binary || state.TaintOf(wide) is not { Judged.Verdict: Verdict.Bounded } taint
            || Narrower(wide, wide.Type) is not { Kind: TermKind.Binary, Type: { } type } narrow || IntegerTypes.BitsOf(type) >= IntegerTypes.BitsOf(wide))
        {
            return state;
        }

        Interval range = ValueRanges.RangeOf(state, wide);
        if (ValueRanges.IsKnown(state, wide) && range.Most >= IntegerTypes.RangeOf(narrow).Most)
        {
            // A limit that says nothing about the narrower one.
            return state;
        }

        foreach (Term one in new[] { narrow, Terms.Binary((BinaryOperatorKind)narrow.Key!, narrow.Left!, narrow.Right!, type, isChecked: true) })
        {
            state = state.Set(one, taint);
            state = IntegerTypes.RangeOf(one).Contains(range) ? Ordering.Narrow(state, one, range) : state;
        }

        return state;
    }

    // The same as it is computed without the cast to the wide type; null where that is something else.
    private Term? Narrower(Term term, ITypeSymbol? wide)
    {
        switch (term)
        {
            case { Kind: TermKind.Cast, Left: { } narrow } when IntegerTypes.IsInteger(narrow) && SymbolEqualityComparer.Default.Equals(term.Type, wide):
                return narrow;
            case { Kind: TermKind.Constant }:
                return term;
            case { Kind: TermKind.Binary, Key: BinaryOperatorKind kind and (BinaryOperatorKind.Add or BinaryOperatorKind.Multiply), Left: { } left, Right: { } right }
                when SymbolEqualityComparer.Default.Equals(term.Type, wide):
                return Narrower(left, wide) is { } one && Narrower(right, wide) is { } other ? Combined(kind, one, other) : null;
            default:
                return null;
        }
    }

    private Term? Combined(BinaryOperatorKind kind, Term left, Term right)
    {
        ITypeSymbol? type = left.Kind == TermKind.Constant ? right.Type
            : right.Kind == TermKind.Constant || IntegerTypes.BitsOf(left) > IntegerTypes.BitsOf(right) || SymbolEqualityComparer.Default.Equals(left.Type, right.Type) ? left.Type
            : IntegerTypes.BitsOf(left) < IntegerTypes.BitsOf(right) ? right.Type
            : null;

        // What is less than an int is computed as one.
        return type is null || IntegerTypes.BitsOf(type) < 32 ? null : Terms.Binary(kind, In(left, type), In(right, type), type, isChecked: false);
    }

    private Term In(Term term, ITypeSymbol type) => term.Kind == TermKind.Constant ? term : Terms.Cast(term, type, isChecked: false);
}
