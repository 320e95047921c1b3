using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// What comparisons say about the values that were compared.
internal sealed partial class ValueAnalysis
{
    public override FlowState? Refine(FlowNode node, IOperation condition, bool value, FlowState state)
    {
        while (condition is IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not)
        {
            condition = not.Operand;
            value = !value;
        }

        // A flag that a helper is called with, for one.
        if (FlagOf(condition, state) is { Kind: TermKind.Constant } flag && flag.Constant != 0 != value)
        {
            return null;
        }

        Condition? asked = ConditionOf(condition, state);
        state = LearnDeclared(Learn(AfterWait(node, condition, state), condition, asked, value), condition, value);
        return asked switch
        {
            { Operation: IBinaryOperation binary, Left: var left, Right: var right } => InFewerBits(InFewerBits(BoundBelow(
                state, Order(Decide(state, binary, binary.OperatorKind, left, right, value), binary.OperatorKind, left, right, value), binary),
                left), right),
            { Operation: IIsPatternOperation pattern, Left: var matched } => InFewerBits(DecidePattern(state, pattern.Pattern, matched, value, pattern), matched),
            _ => state,
        };
    }

    // The comparison itself, or the one whose result is asked for: a variable's, or a helper's.
    private Condition? ConditionOf(IOperation condition, FlowState state) =>
        _compared.TryGetValue(condition, out Condition compared) ? compared
        : (_tested.TryGetValue(condition, out Term? held) || (held = FlagOf(condition, state)) is not null) && _session.Conditions.TryGetValue(held, out Condition behind) ? behind
        : null;

    // What decides which way is taken is a call, say, of a helper that has returned the result of a comparison.
    private void NoteTested(IOperation operation, Term value)
    {
        while (operation is IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not)
        {
            operation = not.Operand;
        }

        if (operation.Type?.SpecialType == SpecialType.System_Boolean && _session.Conditions.ContainsKey(value))
        {
            _tested[operation] = value;
        }
        else
        {
            _tested.Remove(operation);
        }
    }

    // A loop that does nothing but ask waits for the guest: what was read before is meant to be another then.
    private FlowState AfterWait(FlowNode node, IOperation condition, FlowState state)
    {
        if (!node.IsInLoop || state.Reads.IsEmpty || Branches.LoopConditionAround(condition.Syntax) is not var (_, loop) || !Loops.OnlyWaits(loop))
        {
            return state;
        }

        bool isOfLoop(KeyValuePair<Term, ReadFact> read) => read.Value.Order == node.Order && !_readBefore.ContainsKey(read.Key);
        return state.Reads.Any(isOfLoop) ? state with { Reads = state.Reads.RemoveRange(state.Reads.Where(read => !isOfLoop(read)).Select(static read => read.Key).ToList()) } : state;
    }

    private Term? FlagOf(IOperation condition, FlowState state) => condition switch
    {
        IParameterReferenceOperation parameter => ValueAtJoin(state, Variable.Of(parameter.Parameter)),
        IFieldReferenceOperation field when IsThis(field.Instance) && _frame is not { HasReceiver: true } => ValueAtJoin(state, Variable.Of(field.Field)),
        IPropertyReferenceOperation property when IsThis(property.Instance) && _frame is not { HasReceiver: true } && SharedTypes.IsAuto(property.Property) => ValueAtJoin(state, Variable.Of(property.Property)),
        ILocalReferenceOperation local => state.Variables.TryGetValue(Variable.Of(local.Local), out Term? value) ? value : null,
        IFlowCaptureReferenceOperation capture => state.Variables.TryGetValue(Variable.Of(capture.Id, _frame), out Term? value) ? value : null,
        _ => null,
    };

    private Term Compare(IBinaryOperation comparison, BinaryOperatorKind kind, Term left, Term right)
    {
        Term result = Result(comparison);
        if (kind is BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals)
        {
            _session.Compare(left, right);
        }

        Use(left);
        Use(right);
        if (IsAsserted(comparison.Syntax))
        {
            return result;
        }

        CheckLoopBound(comparison, kind, left, right);
        if (!IsFollowed(comparison))
        {
            // Of a sum that can overflow it is not known any more, once it was found to be within the limit, that its parts need not be.
            bool isKept = !ValueRanges.CanOverflowIn(_state, left) && !ValueRanges.CanOverflowIn(_state, right);
            if (isKept)
            {
                _session.Conditions[result] = new Condition(comparison, left, right);
            }

            if (isKept && _frame is not null && IsReturned(comparison.Syntax))
            {
                _returnedConditions.Add(result);
            }
            else
            {
                GiveBenefitOfDoubt(comparison, left, right);
            }

            return result;
        }

        _compared[comparison] = new Condition(comparison, left, right);
        if (IsReporting && !IsWithZero(kind, left, right))
        {
            _session.AddBounded(left);
            _session.AddBounded(right);
        }

        if (_frame is not null && IsWithZero(kind, left, right))
        {
            _session.ComparedWithZeroByHelper?.UnionWith([left, right]);
        }
        else if (_frame is not null)
        {
            _session.ComparedInHelper(_state.Judge(right).IsSafe ? left : null, _state.Judge(left).IsSafe ? right : null);
        }

        return result;
    }

    // The caller of the helper gets the comparison itself, and decides what becomes of it.
    private static bool IsReturned(SyntaxNode comparison)
    {
        while (comparison.Parent is ParenthesizedExpressionSyntax outer)
        {
            comparison = outer;
        }

        return comparison.Parent is ArrowExpressionClauseSyntax or ReturnStatementSyntax;
    }

    // Whatever comes of it, it is no limit above.
    private static bool IsWithZero(BinaryOperatorKind kind, Term left, Term right) => kind switch
    {
        BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals or BinaryOperatorKind.GreaterThan or BinaryOperatorKind.LessThanOrEqual when IsZero(right, 0) => true,
        BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals or BinaryOperatorKind.LessThan or BinaryOperatorKind.GreaterThanOrEqual when IsZero(left, 0) => true,
        BinaryOperatorKind.LessThan or BinaryOperatorKind.GreaterThanOrEqual => IsZero(right, 1),
        BinaryOperatorKind.GreaterThan or BinaryOperatorKind.LessThanOrEqual => IsZero(left, 1),
        _ => false,
    };

    private static bool IsZero(Term term, decimal most) => term.Kind == TermKind.Constant && term.Constant <= most;

    // Its result goes somewhere that is not followed. What was compared with 0 has no limit above, whatever is done with the result.
    private void GiveBenefitOfDoubt(IOperation comparison, Term left, Term right)
    {
        if (comparison is IBinaryOperation { OperatorKind: var kind } && IsWithZero(kind, left, right) && !Branches.IsPartial(comparison.Syntax))
        {
            GiveBenefitOfZero(left);
            GiveBenefitOfZero(right);
            if (_frame is not null)
            {
                _session.ComparedWithZeroByHelper?.UnionWith([left, right]);
            }

            return;
        }

        bool bounds = comparison is not IBinaryOperation binary || (!ValueRanges.CanOverflowIn(_state, left) && !ValueRanges.CanOverflowIn(_state, right));
        _state = bounds ? DoubtOrder(_state, left, right) : _state;
        bool isLeftSafe = _state.Judge(left).IsSafe;
        bool isRightSafe = _state.Judge(right).IsSafe;
        if (!bounds)
        {
            _state = isRightSafe ? Arithmetic.AtMost(_state, left, right, comparison) : _state;
            _state = isLeftSafe ? Arithmetic.AtMost(_state, right, left, comparison) : _state;
            return;
        }

        if (isRightSafe || right.Kind == TermKind.Binary)
        {
            _state = Arithmetic.Compared(_state, left, comparison);
            _session.ComparedInHelper(left, null);
        }

        if (isLeftSafe || left.Kind == TermKind.Binary)
        {
            _state = Arithmetic.Compared(_state, right, comparison);
            _session.ComparedInHelper(null, right);
        }
    }

    private void GiveBenefitOfZero(Term value)
    {
        if (_state.Judge(value).Verdict != Verdict.Host)
        {
            _state = Ordering.LearnUnequal(Arithmetic.Doubt(_state, value), value, Terms.Constant(0, value.Type));
        }
    }

    // Whether it decides which way is taken, here and by itself. A switch does, too; in the graph it is a row of comparisons.
    private static bool IsFollowed(IOperation comparison)
    {
        IOperation? parent = comparison.Parent;
        while (parent is IUnaryOperation { OperatorKind: UnaryOperatorKind.Not })
        {
            parent = parent.Parent;
        }

        return parent is null && (Branches.Decides(comparison.Syntax) || comparison.Syntax is not ExpressionSyntax
            || comparison.Syntax.Parent is SwitchExpressionSyntax or SwitchStatementSyntax or SwitchLabelSyntax or SwitchExpressionArmSyntax);
    }

    // In a release build it is not there.
    private bool IsAsserted(SyntaxNode syntax) => _isAsserted || IsInAssertion(syntax);

    // The helper, too, that is called there.
    private static bool IsAsserted(CallContext? frame) => frame is not null && (IsInAssertion(frame.Call.Syntax) || IsAsserted(frame.Caller));

    private static bool IsInAssertion(SyntaxNode syntax) =>
        ArgumentAround(syntax) is { Parent.Parent: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: var type } } }
        && type is SimpleNameSyntax { Identifier.Text: "Debug" } or MemberAccessExpressionSyntax { Name.Identifier.Text: "Debug" };

    // Within a statement: what stands in the statements of a lambda is no condition of the method that is given the lambda.
    private static ArgumentSyntax? ArgumentAround(SyntaxNode? node)
    {
        while (node is not (null or ArgumentSyntax or StatementSyntax))
        {
            node = node.Parent;
        }

        return node as ArgumentSyntax;
    }

    private static FlowState Decide(FlowState state, IBinaryOperation check, BinaryOperatorKind kind, Term left, Term right, bool value)
    {
        switch (kind)
        {
            case BinaryOperatorKind.Equals when value:
            case BinaryOperatorKind.NotEquals when !value:
                state = AtLeast(AtLeast(state, left, right), right, left);
                return Arithmetic.AtMost(Arithmetic.AtMost(state, left, right, check), right, left, check);
            case BinaryOperatorKind.LessThan when value:
            case BinaryOperatorKind.LessThanOrEqual when value:
            case BinaryOperatorKind.GreaterThan when !value:
            case BinaryOperatorKind.GreaterThanOrEqual when !value:
                return Ordered(state, left, right, check);
            case BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual:
                return Ordered(state, right, left, check);
            default:
                return state;
        }
    }

    private static FlowState Ordered(FlowState state, Term smaller, Term larger, IBinaryOperation check)
    {
        // size - offset <= size: the difference did not wrap round.
        if (Arithmetic.IsUnderflowTest(smaller, larger))
        {
            return state with { Sound = state.Sound.Add(smaller) };
        }

        if (Arithmetic.IsUnderflowTest(larger, smaller))
        {
            return state;
        }

        // offset <= offset + length: the sum did not overflow.
        if (Arithmetic.IsOverflowTest(larger, smaller))
        {
            return Arithmetic.FindSound(state, larger);
        }

        if (Arithmetic.IsOverflowTest(smaller, larger))
        {
            return state;
        }

        // First, because it may tell what the limit is a limit of.
        state = Arithmetic.AtMost(AtLeast(state, larger, smaller), smaller, larger, check);

        // To be larger than nothing is not to be too large.
        return smaller is { Kind: TermKind.Constant, Constant: <= 1 } ? state : Arithmetic.Exceeds(state, larger, smaller, check);
    }

    private static FlowState AtLeast(FlowState state, Term value, Term limit) =>
        ValueRanges.RangeOf(state, limit).Least >= 0 ? Arithmetic.FindNonNegative(state, value) : state;

    // A count of the host's that runs up to a number of the guest's, or one of the guest's that is counted down.
    private void CheckLoopBound(IBinaryOperation comparison, BinaryOperatorKind kind, Term left, Term right)
    {
        if (kind is BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals || Branches.LoopConditionAround(comparison.Syntax) is not var (_, loop))
        {
            return;
        }

        foreach ((Term bound, IOperation operand, Term counter, IOperation counted) in new[]
        {
            (left, comparison.LeftOperand, right, comparison.RightOperand), (right, comparison.RightOperand, left, comparison.LeftOperand),
        })
        {
            bool isLarger = operand == comparison.RightOperand == kind is BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual;
            if (!isLarger || _state.Judge(bound).IsSafe || !_state.Judge(counter).IsSafe)
            {
                continue;
            }

            bool isCounting = counter.Mentions(static atom => atom.Kind == TermKind.Merge) && !LimitsOf(loop).IsBoundedElsewhere(counted.Syntax, comparison.Syntax);
            bool isCountedDown = counter.Kind == TermKind.Constant && LimitsOf(loop).CountsDown(operand.Syntax) && !LimitsOf(loop).IsBoundedElsewhere(operand.Syntax, comparison.Syntax);
            if (isCounting || isCountedDown)
            {
                CheckUse(operand, bound, Sink.LoopBound);
            }
        }
    }
}
