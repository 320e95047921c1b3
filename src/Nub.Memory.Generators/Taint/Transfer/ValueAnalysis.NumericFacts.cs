using System.Collections.Immutable;
using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Taint;

// How large values are, and which is not more than which: what conditions and calls say of it, and what holds where ways meet.
internal sealed partial class ValueAnalysis
{
    /// <summary>A variable whose values on two ways that meet are different.</summary>
    private readonly record struct Meeting(Term Merge, Term Mine, Term Other);

    private readonly List<Meeting> _met = [];

    private static FlowState Order(FlowState state, BinaryOperatorKind kind, Term left, Term right, bool holds) => (kind, holds) switch
    {
        (BinaryOperatorKind.Equals, true) or (BinaryOperatorKind.NotEquals, false) => Ordering.Learn(Ordering.Learn(state, left, right), right, left),
        (BinaryOperatorKind.Equals, false) or (BinaryOperatorKind.NotEquals, true) => Ordering.LearnUnequal(state, left, right),
        (BinaryOperatorKind.LessThan, true) or (BinaryOperatorKind.GreaterThanOrEqual, false) => Ordering.Learn(state, left, right, isLess: true),
        (BinaryOperatorKind.LessThanOrEqual, true) or (BinaryOperatorKind.GreaterThan, false) => Ordering.Learn(state, left, right),
        (BinaryOperatorKind.GreaterThan, true) or (BinaryOperatorKind.LessThanOrEqual, false) => Ordering.Learn(state, right, left, isLess: true),
        (BinaryOperatorKind.GreaterThanOrEqual, true) or (BinaryOperatorKind.LessThan, false) => Ordering.Learn(state, right, left),
        _ => state,
    };

    // offset > end || end > size: what was found to be no more than a value is within a limit once that is.
    private static FlowState BoundBelow(FlowState before, FlowState state, IOperation check)
    {
        if (state.Taints == before.Taints)
        {
            return state;
        }

        foreach (LinearExpression order in state.NumericFacts.Orders)
        {
            if (order.Parts is not [var one, var other] || one.Value != -other.Value)
            {
                continue;
            }

            (Term small, Term large) = one.Value.Sign > 0 ? (one.Key, other.Key) : (other.Key, one.Key);
            state = state.IsGuests(small) ? Arithmetic.AtMost(state, small, large, check) : state;
        }

        return state;
    }

    // Two values were compared by code that is not followed: either order is taken to have been found.
    private static FlowState DoubtOrder(FlowState state, Term left, Term right)
    {
        if (left == right)
        {
            return state;
        }

        state = right.Kind == TermKind.Constant ? state : Ordering.Learn(state, left, right);
        return left.Kind == TermKind.Constant ? state : Ordering.Learn(state, right, left);
    }

    private static FlowState NarrowTo(FlowState state, IPatternOperation pattern, Term value, bool matches) =>
        IntegerTypes.IsInteger(value) ? Ordering.Narrow(state, value, NarrowedBy(pattern, matches, ValueRanges.RangeOf(state, value))) : state;

    private static Interval NarrowedBy(IPatternOperation pattern, bool matches, Interval range)
    {
        switch (pattern)
        {
            case IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: { } value } } when NumberOf(value) is { } number:
                return matches ? range.Within(new Interval(number, number))
                    : range.Within(new Interval(range.Least == number ? number + 1 : range.Least, range.Most == number ? number - 1 : range.Most));
            case IRelationalPatternOperation { Value.ConstantValue: { HasValue: true, Value: { } value } } relation when NumberOf(value) is { } number:
                return (relation.OperatorKind, matches) switch
                {
                    (BinaryOperatorKind.LessThan, true) or (BinaryOperatorKind.GreaterThanOrEqual, false) => range.Within(range with { Most = number - 1 }),
                    (BinaryOperatorKind.LessThanOrEqual, true) or (BinaryOperatorKind.GreaterThan, false) => range.Within(range with { Most = number }),
                    (BinaryOperatorKind.GreaterThan, true) or (BinaryOperatorKind.LessThanOrEqual, false) => range.Within(range with { Least = number + 1 }),
                    _ => range.Within(range with { Least = number }),
                };
            case INegatedPatternOperation not:
                return NarrowedBy(not.Pattern, !matches, range);
            case IBinaryPatternOperation two:
                return matches == (two.OperatorKind == BinaryOperatorKind.And)
                    ? NarrowedBy(two.RightPattern, matches, NarrowedBy(two.LeftPattern, matches, range))
                    : NarrowedBy(two.LeftPattern, matches, range).Hull(NarrowedBy(two.RightPattern, matches, range));
            default:
                return range;
        }
    }

    private static BigInteger? NumberOf(object value) => value switch
    {
        char character => character,
        sbyte or byte or short or ushort or int or uint or long or ulong => new BigInteger(Convert.ToDecimal(value, null)),
        _ => null,
    };

    // ArgumentOutOfRangeException.ThrowIf…
    private void LearnFromGuard(IInvocationOperation call, string name, Term value, Term limit)
    {
        switch (name)
        {
            case "ThrowIfGreaterThan" or "ThrowIfGreaterThanOrEqual":
                _state = InFewerBits(Ordering.Learn(Arithmetic.AtMost(_state, value, limit, call), value, limit, name == "ThrowIfGreaterThanOrEqual"), value);
                break;
            case "ThrowIfNotEqual":
                _state = Order(AtLeast(Arithmetic.AtMost(_state, value, limit, call), value, limit), BinaryOperatorKind.Equals, value, limit, true);
                break;
            case "ThrowIfLessThan" or "ThrowIfLessThanOrEqual" or "ThrowIfNegative" or "ThrowIfNegativeOrZero":
                _state = Ordering.Learn(AtLeast(_state, value, limit), limit, value, name is "ThrowIfLessThanOrEqual" or "ThrowIfNegativeOrZero");
                break;
            case "ThrowIfZero" or "ThrowIfEqual":
                _state = Ordering.LearnUnequal(_state, value, limit);
                break;
        }
    }

    // What the framework's arithmetic gives, as compared with what it was given.
    private Term BoundResult(IMethodSymbol method, Term result, Term[] from)
    {
        switch (method.Name)
        {
            case "Min" or "Max" when from.Length == 2:
                bool isLeast = method.Name == "Min";
                Interval one = ValueRanges.RangeOf(_state, from[0]);
                Interval other = ValueRanges.RangeOf(_state, from[1]);
                Interval range = isLeast
                    ? new Interval(BigInteger.Min(one.Least, other.Least), BigInteger.Min(one.Most, other.Most))
                    : new Interval(BigInteger.Max(one.Least, other.Least), BigInteger.Max(one.Most, other.Most));
                _state = Ordering.Narrow(_state, result, range);
                _state = from.Aggregate(_state, (state, value) => isLeast ? Ordering.Learn(state, result, value) : Ordering.Learn(state, value, result));
                break;
            case "Clamp" when from.Length == 3:
                _state = Ordering.Narrow(_state, result, ValueRanges.RangeOf(_state, from[1]).Hull(ValueRanges.RangeOf(_state, from[2])));
                _state = Ordering.Learn(Ordering.Learn(_state, from[1], result), result, from[2]);
                break;
            case "Abs" when from.Length == 1:
                bool wasNegative = Arithmetic.CanBeNegative(_state, from[0]);
                _state = Arithmetic.FindNonNegative(_state, result);
                return wasNegative && _state.Judge(result).IsSafe ? WithTaint(result, VerdictSet.Unchecked) : result;
            case "PopCount" or "LeadingZeroCount" or "TrailingZeroCount" or "Log2":
                _state = Ordering.Narrow(_state, result, new Interval(0, 128));
                break;
            case "ReverseEndianness" or "RotateLeft" or "RotateRight" or "HostToNetworkOrder" or "NetworkToHostOrder":
                return Scrambled(result);
        }

        return result;
    }

    // The bits of a small number in another order are a large one.
    private Term Scramble(IOperation operation, Term value) => Scrambled(Derive(operation, value));

    private Term Scrambled(Term result) => _state.Judge(result).Verdict == Verdict.Bounded ? WithTaint(result, VerdictSet.Unchecked) : result;

    /// <summary>Something that code which is not followed has made of a value: it is taken not to be negative.</summary>
    private Term DeriveUnsigned(IOperation operation, Term from)
    {
        Term result = Derive(operation, from);
        _state = Arithmetic.FindNonNegative(_state, result);
        return result;
    }

    // A time that was made of numbers.
    private Term Signed(Term result, IReadOnlyList<Term> from)
    {
        if (from.All(one => !Arithmetic.CanBeNegative(_state, one)))
        {
            _state = Arithmetic.FindNonNegative(_state, result);
        }

        return result;
    }

    /// <summary>What is known of how large values are where two ways meet.</summary>
    private NumericFacts JoinLimits(FlowNode node, FlowState known, FlowState incoming)
    {
        if (known.NumericFacts == incoming.NumericFacts && _met.Count == 0)
        {
            return known.NumericFacts;
        }

        // Each round of a loop has to cover the one before; what grows there has no end.
        bool climbs = node.IsInLoop && _graph.Climbing[node.Order];
        PersistentMap<Term, Interval> ranges = known.NumericFacts.Ranges;
        foreach (Term term in ranges.DifferencesTo(incoming.NumericFacts.Ranges))
        {
            _session.Step();
            if (_met.Any(meeting => meeting.Merge == term))
            {
                continue;
            }

            if (known.NumericFacts.Ranges.TryGetValue(term, out Interval mine))
            {
                ranges = Widened(ranges, term, mine, mine.Hull(ValueRanges.RangeOf(incoming, term)), climbs);
            }
            else if (!climbs && incoming.NumericFacts.Ranges.TryGetValue(term, out Interval theirs)
                && theirs.Hull(ValueRanges.RangeOf(known, term)) is var both && !both.Contains(IntegerTypes.RangeOf(term)))
            {
                // What the one path says of its values may hold on the other without being said there.
                ranges = ranges.SetItem(term, both);
            }
        }

        foreach (Meeting meeting in _met)
        {
            if (!IntegerTypes.IsInteger(meeting.Merge) || (known.Judge(meeting.Mine).Verdict == Verdict.Host && incoming.Judge(meeting.Other).Verdict == Verdict.Host))
            {
                continue;
            }

            Interval other = ValueRanges.RangeOf(incoming, meeting.Other);
            if (meeting.Mine != meeting.Merge)
            {
                Interval both = ValueRanges.RangeOf(known, meeting.Mine).Hull(other);
                Interval all = IntegerTypes.RangeOf(meeting.Merge);
                both = !climbs ? both : both.Least >= 0 ? all.Within(new Interval(0, all.Most)) : all;
                ranges = both.Contains(all) ? ranges.Remove(meeting.Merge) : ranges.SetItem(meeting.Merge, both.Within(all));
            }
            else if (ranges.TryGetValue(meeting.Merge, out Interval mine))
            {
                ranges = Widened(ranges, meeting.Merge, mine, mine.Hull(other), climbs);
            }
            else if (!climbs && known.Judge(meeting.Merge).Verdict == Verdict.Host)
            {
                // Only the host's met there before, of which nothing is kept; that it is not negative is assumed of it.
                ranges = ranges.SetItem(meeting.Merge, ValueRanges.RangeOf(known, meeting.Merge).Hull(other));
            }
        }

        return known.NumericFacts.With(ranges, JoinOrders(node, known, incoming, climbs));
    }

    private static PersistentMap<Term, Interval> Widened(PersistentMap<Term, Interval> ranges, Term term, Interval before, Interval now, bool climbs) =>
        now == before ? ranges : climbs ? ranges.Remove(term) : ranges.SetItem(term, now);

    private ImmutableArray<LinearExpression> JoinOrders(FlowNode node, FlowState known, FlowState incoming, bool climbs)
    {
        if (known.NumericFacts.Orders == incoming.NumericFacts.Orders && (_met.Count == 0 || known.NumericFacts.Orders.IsEmpty))
        {
            return known.NumericFacts.Orders;
        }

        var orders = ImmutableArray<LinearExpression>.Empty;
        foreach (LinearExpression order in known.NumericFacts.Orders)
        {
            _session.Step();

            // Nearly all of them are of values that no way has changed, and were found out before the ways parted.
            bool holds = order.IsOf(node)
                ? Holds(known, order, static meeting => meeting.Mine) && Holds(incoming, order, static meeting => meeting.Other)
                : Holds(incoming, order);
            orders = holds ? orders.Add(order) : orders;
        }

        foreach (LinearExpression order in climbs ? [] : incoming.NumericFacts.Orders)
        {
            _session.Step();
            if (!order.IsIn(known.NumericFacts.Orders) && !order.IsOf(node) && Holds(known, order))
            {
                orders = NumericFacts.Latest(orders, order);
            }
        }

        // Around a loop only less and less holds; another variable of it is one more step of few.
        foreach (Meeting meeting in _met)
        {
            if (!IntegerTypes.IsInteger(meeting.Merge))
            {
                continue;
            }

            if (meeting.Mine != meeting.Merge && known.NumericFacts.Orders is { IsEmpty: false } mine)
            {
                orders = Gather(orders, mine, known, meeting.Mine, meeting.Merge, known, incoming);
            }

            if ((!climbs || meeting.Mine != meeting.Merge) && incoming.NumericFacts.Orders is { IsEmpty: false } others)
            {
                orders = Gather(orders, others, incoming, meeting.Other, meeting.Merge, known, incoming);
            }
        }

        return LinearExpression.AreSame(orders, known.NumericFacts.Orders) ? known.NumericFacts.Orders : orders;
    }

    // What holds of the value that a variable had on one way, of the variable.
    private ImmutableArray<LinearExpression> Gather(
        ImmutableArray<LinearExpression> orders, ImmutableArray<LinearExpression> from, FlowState of, Term value, Term merge, FlowState known, FlowState incoming)
    {
        var sum = ValueRanges.SumOf(of, value, Ordering.MostProofs);
        foreach (LinearExpression order in from)
        {
            _session.Step();
            if (order.Gather(sum, merge) is { IsTooLong: false } gathered && !gathered.IsIn(orders)
                && Holds(known, gathered, static meeting => meeting.Mine) && Holds(incoming, gathered, static meeting => meeting.Other))
            {
                orders = NumericFacts.Latest(orders, gathered);
            }
        }

        return orders;
    }

    // With what the variables held on that way.
    private bool Holds(FlowState state, LinearExpression order, Func<Meeting, Term> value)
    {
        LinearExpression before = order;
        foreach (Meeting meeting in _met)
        {
            if (!before.FactorOf(meeting.Merge).IsZero && value(meeting) != meeting.Merge)
            {
                order = order.Replace(meeting.Merge, ValueRanges.SumOf(state, value(meeting), Ordering.MostProofs));
            }
        }

        return Holds(state, order);
    }

    private static bool Holds(FlowState state, LinearExpression order) => order.IsIn(state.NumericFacts.Orders) || Ordering.IsAtMostZero(state, order, isChained: false);
}
