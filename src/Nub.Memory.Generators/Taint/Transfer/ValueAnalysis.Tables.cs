using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// A limit that is written down, of an index of a table whose length is written down as well: the two have to fit.
internal sealed partial class ValueAnalysis
{
    private void CheckLimit(IOperation position, Term index, Term container, IOperation table)
    {
        if (!IsReporting || !IntegerTypes.IsInteger(index) || _state.TaintOf(index).Facts is not [{ Verdict: Verdict.Bounded, IsPartial: false } found]
            || SettledLengthOf(container, table) is not { } length || ValueRanges.RangeOf(_state, index) is var range && range.Most < length
            || SoleGuestIn(index) is not { } guest || !IsReached(index) || !IsLimitedByConstant(index) || IsOrdered(guest) || IsEndRefused(index)
            || IsCaught(position.Syntax, "IndexOutOfRangeException", "SystemException"))
        {
            return;
        }

        _session.LooseIndexes.Add(new LooseIndex(position, _frame, index, range.Most, table, length, found.Check));
    }

    // One number of the guest's, when that is all there is but constants.
    private static Term? SoleGuestIn(Term term) => term.Kind switch
    {
        TermKind.Fetch or TermKind.Field or TermKind.Element or TermKind.Input => term,
        TermKind.Cast => SoleGuestIn(term.Left!),
        TermKind.Binary when term.Right!.Kind == TermKind.Constant || term.Left!.Kind == TermKind.Constant => SoleGuestIn(VariableOf(term)),
        _ => null,
    };

    // What a conversion is made of, or the operand beside a constant.
    private static Term VariableOf(Term term) => term.Left!.Kind == TermKind.Constant ? term.Right! : term.Left;

    // Whether the number can be the end of its range. Bits that are exchanged, and masks of what has a limit already, have ranges that are wider than what comes of them.
    private bool IsReached(Term term) => term.Kind switch
    {
        TermKind.Fetch or TermKind.Field or TermKind.Element or TermKind.Input => true,
        TermKind.Cast => CanBe(term.Left!, ValueRanges.RangeOf(_state, term).Most) && IsReached(term.Left!),
        TermKind.Binary when term.Key is BinaryOperatorKind.Add or BinaryOperatorKind.Multiply => IsReached(VariableOf(term)),
        TermKind.Binary when term.Right!.Kind == TermKind.Constant && term.Key is (BinaryOperatorKind.And or BinaryOperatorKind.Remainder) =>
            CanBe(term.Left!, ValueRanges.RangeOf(_state, term.Right).Most - (term.Key is BinaryOperatorKind.And ? 0 : 1)) && IsReached(term.Left!),
        TermKind.Binary when term.Right!.Kind == TermKind.Constant && term.Key is (BinaryOperatorKind.Subtract or BinaryOperatorKind.Divide
            or BinaryOperatorKind.LeftShift or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift) => IsReached(term.Left!),
        _ => false,
    };

    private bool CanBe(Term term, BigInteger number) => ValueRanges.RangeOf(_state, term) is var range && range.Least <= number && number <= range.Most;

    private bool IsLimitedByConstant(Term term) =>
        (_state.NumericFacts.Ranges.TryGetValue(term, out Interval known) && known.Most < IntegerTypes.RangeOf(term).Most)
        || (term.Kind == TermKind.Binary && term.Key is BinaryOperatorKind.And or BinaryOperatorKind.Remainder)
        || (term.Kind is TermKind.Binary or TermKind.Cast
            && IsLimitedByConstant(VariableOf(term)));

    // n == 16 was refused, and then n > 16.
    private bool IsEndRefused(Term term) =>
        _state.Facts.Excludes(term, ValueRanges.RangeOf(_state, term).Most)
        || (term.Kind is TermKind.Binary or TermKind.Cast && IsEndRefused(VariableOf(term)));

    // What was compared with something that is no constant may be within the table by that.
    private bool IsOrdered(Term guest) =>
        _state.NumericFacts.Orders.Any(order => order.Parts.Any(part => part.Key.Mentions(guest)))
        || _state.NumericFacts.Ranges.Keys.Any(term => term != guest && term.Kind is TermKind.Binary && term.Mentions(guest) && SoleGuestIn(term) is null);

    // Of something that has one length for good: the list that is declared with three elements may have more by now.
    private long? SettledLengthOf(Term container, IOperation table) =>
        table.Type is not (IArrayTypeSymbol { Rank: 1 } or IPointerTypeSymbol or INamedTypeSymbol { Name: "Span" or "ReadOnlySpan" or "ImmutableArray" } or { IsValueType: true }) ? null
        : _session.Lengths.TryGetValue(container, out long made) ? made
        : DeclaredLengths.OfSettled(table);
}
