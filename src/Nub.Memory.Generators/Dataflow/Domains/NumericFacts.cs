using System.Collections.Immutable;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>
/// What the conditions on the way have said of how large numbers are: the range of one, and which sums are not above 0, that is,
/// which value is not more than which other.
/// </summary>
internal sealed class NumericFacts
{
    // What is compared with something that is no constant, and still matters, was compared not long ago. Ranges are not counted.
    private const int MostOrders = 16;

    private NumericFacts(PersistentMap<Term, Interval> ranges, ImmutableArray<LinearExpression> orders)
    {
        Ranges = ranges;
        Orders = orders;
    }

    public static NumericFacts None { get; } = new(PersistentMap<Term, Interval>.Empty, []);

    /// <summary>Between which numbers values are.</summary>
    public PersistentMap<Term, Interval> Ranges { get; }

    /// <summary>Sums that are 0 or less, the latest last.</summary>
    public ImmutableArray<LinearExpression> Orders { get; }

    public bool IsEmpty => Ranges.IsEmpty && Orders.IsEmpty;

    /// <summary>What a value can be, given what else is known of that.</summary>
    public Interval Narrow(Term term, Interval range) => Ranges.TryGetValue(term, out Interval known) ? range.Within(known) : range;

    public NumericFacts With(Term term, Interval range) =>
        Ranges.TryGetValue(term, out Interval known) && range.Contains(known) ? this : With(Ranges.SetItem(term, range), Orders);

    public NumericFacts With(LinearExpression order) => order.IsTooLong || order.IsIn(Orders) ? this : With(Ranges, Latest(Orders, order));

    /// <summary>Sums and one more, of which only so many are kept.</summary>
    public static ImmutableArray<LinearExpression> Latest(ImmutableArray<LinearExpression> orders, LinearExpression order) =>
        (orders.Length < MostOrders ? orders : orders.RemoveAt(0)).Add(order);

    public NumericFacts With(PersistentMap<Term, Interval> ranges, ImmutableArray<LinearExpression> orders) =>
        ranges == Ranges && orders == Orders ? this : new NumericFacts(ranges, orders);

    /// <summary>Whether the same is known in both.</summary>
    public bool IsSameAs(NumericFacts other) =>
        this == other
        || (Ranges.IsSameAs(other.Ranges) && LinearExpression.AreSame(Orders, other.Orders));

    /// <summary>Without what was found out since then about values that are lost.</summary>
    public NumericFacts Without(NumericFacts before, Func<Term, bool> isLost)
    {
        if (this == before)
        {
            return this;
        }

        PersistentMap<Term, Interval> ranges = Ranges.RemoveRange(before.Ranges.DifferencesTo(Ranges).Where(term => !before.Ranges.ContainsKey(term) && isLost(term)));
        bool isOfThem(LinearExpression order) => order.Parts.Any(part => isLost(part.Key));
        return With(ranges, Orders.Any(isOfThem) ? Orders.RemoveAll(isOfThem) : Orders);
    }

    /// <summary>Without what was found out about an earlier value of a term.</summary>
    public NumericFacts Without(Term atom)
    {
        if (IsEmpty)
        {
            return this;
        }

        PersistentMap<Term, Interval> ranges = atom.IsPart ? Ranges.RemoveRange(Ranges.Keys.Where(term => term.Mentions(atom))) : Ranges.Remove(atom);
        bool isOfIt(LinearExpression order) => order.Parts.Any(part => part.Key.Mentions(atom));
        return With(ranges, Orders.Any(isOfIt) ? Orders.RemoveAll(isOfIt) : Orders);
    }
}
