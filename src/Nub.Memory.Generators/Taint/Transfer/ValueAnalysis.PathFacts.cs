using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Taint;

// What conditions say about which way was taken.
internal sealed partial class ValueAnalysis
{
    private FlowState Learn(FlowState state, IOperation condition, Condition? asked, bool value)
    {
        PathFacts facts = asked switch
        {
            { Operation: IBinaryOperation { OperatorMethod: null } binary, Left: var left, Right: var right } =>
                Related(state.Facts, binary.OperatorKind, left, IsNull(binary.RightOperand) ? Terms.Constant(0, null) : right, value),
            { Operation: IIsPatternOperation pattern, Left: var matched } => Matched(state.Facts, pattern.Pattern, matched, value),
            _ => state.Facts,
        };
        facts = FlagOf(condition, state) is { } flag ? facts.With(flag, value ? 1 : 0) : facts;
        return facts == state.Facts ? state : state with { Facts = facts };
    }

    private PathFacts Matched(PathFacts facts, IPatternOperation pattern, Term value, bool matches) => pattern switch
    {
        IConstantPatternOperation constant when IsNull(constant.Value) => Related(facts, BinaryOperatorKind.Equals, value, Terms.Constant(0, null), matches),
        IConstantPatternOperation constant when ConstantOf(constant.Value) is { } number => Related(facts, BinaryOperatorKind.Equals, value, number, matches),
        IRelationalPatternOperation relation when ConstantOf(relation.Value) is { } number => Related(facts, relation.OperatorKind, value, number, matches),
        INegatedPatternOperation not => Matched(facts, not.Pattern, value, !matches),
        IBinaryPatternOperation two when matches == (two.OperatorKind == BinaryOperatorKind.And) =>
            Matched(Matched(facts, two.LeftPattern, value, matches), two.RightPattern, value, matches),
        _ when !matches && OnlyPart(pattern, isObject: false) is { } only => PartOf(value, only.Member) is { } asked ? Matched(facts, only.Pattern, asked, false) : facts,
        IRecursivePatternOperation recursive when matches => recursive.PropertySubpatterns.Aggregate(facts, (known, part) => MatchedPart(known, part, value)),
        _ => facts,
    };

    private PathFacts MatchedPart(PathFacts facts, IPropertySubpatternOperation part, Term value) =>
        PartOf(value, part.Member) is { } asked ? Matched(facts, part.Pattern, asked, matches: true) : facts;

    // Each relation in one form, so that n > 4 is found to be the contrary of n <= 4.
    private PathFacts Related(PathFacts facts, BinaryOperatorKind kind, Term left, Term right, bool holds)
    {
        switch (kind)
        {
            case BinaryOperatorKind.NotEquals:
                return Related(facts, BinaryOperatorKind.Equals, left, right, !holds);
            case BinaryOperatorKind.GreaterThan:
                return Related(facts, BinaryOperatorKind.LessThan, right, left, holds);
            case BinaryOperatorKind.LessThanOrEqual:
                return Related(facts, BinaryOperatorKind.LessThan, right, left, !holds);
            case BinaryOperatorKind.GreaterThanOrEqual:
                return Related(facts, BinaryOperatorKind.LessThan, left, right, !holds);
            case BinaryOperatorKind.Equals when left.Kind == TermKind.Constant && right.Kind != TermKind.Constant:
                return Related(facts, kind, right, left, holds);
            case BinaryOperatorKind.Equals when right.Kind == TermKind.Constant && holds:
                facts = facts.With(left, right.Constant);
                break;
            case BinaryOperatorKind.Equals:
                break;

            // What is not a number is neither smaller nor larger.
            case BinaryOperatorKind.LessThan when IntegerTypes.IsInteger(left) || IntegerTypes.IsInteger(right):
                break;
            default:
                return facts;
        }

        return TermTable.IsTooDeep(left, right) ? facts : facts.With(Terms.Binary(kind, left, right, null, false), holds ? 1 : 0);
    }

    private static bool IsNull(IOperation operation) => operation.ConstantValue is { HasValue: true, Value: null };

    // What a variable holds that was brought as a constant: it tells which way it was.
    private static void LearnMerge(ref PathFacts facts, Term merge, Term brought)
    {
        if (brought.Kind == TermKind.Constant)
        {
            facts = facts.With(merge, brought.Constant);
        }
    }
}
