using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Taint;

// Where ways meet: what variables hold there, and what is known of it.
internal sealed partial class ValueAnalysis
{
    public override FlowState Join(FlowNode node, FlowState known, FlowState incoming)
    {
        if (known == incoming)
        {
            return known;
        }

        PersistentMap<Term, VerdictSet> taints = known.Taints;
        PathFacts here = PathFacts.None;
        PathFacts there = PathFacts.None;
        _met.Clear();
        PersistentMap<Variable, Term> variables = JoinVariables(node, known, incoming, ref taints, ref here, ref there);
        foreach (Term term in known.Taints.DifferencesTo(incoming.Taints))
        {
            _session.Step();
            bool isMine = known.Taints.TryGetValue(term, out VerdictSet? mine);
            bool isOther = incoming.Taints.TryGetValue(term, out VerdictSet? other);
            if (term.Key is MergePoint point && point.Node == node)
            {
                // A variable that is not changed in a loop holds the same there; what is known of it may be something else.
                if (Holds(known, point.Variable, term) && Holds(incoming, point.Variable, term))
                {
                    var of = VerdictSet.Join(known.TaintOf(term), incoming.TaintOf(term));
                    taints = of.IsHost ? taints : taints.SetItem(term, of);
                }
            }
            else if (isOther)
            {
                taints = taints.SetItem(term, isMine || !term.IsAtom ? VerdictSet.Join(isMine ? mine! : known.TaintOf(term), other!) : other!);
            }
            else if (!term.IsAtom)
            {
                taints = taints.SetItem(term, VerdictSet.Join(mine!, incoming.TaintOf(term)));
            }
        }

        PersistentMap<Term, ReadFact> reads = known.Reads;
        foreach (Term read in known.Reads.DifferencesTo(incoming.Reads))
        {
            _session.Step();
            bool isMine = known.Reads.TryGetValue(read, out ReadFact? mine);
            reads = reads.SetItem(read, !incoming.Reads.TryGetValue(read, out ReadFact? other) ? mine! with { Facts = mine.Facts.And(here) }
                : isMine ? other with { Facts = mine!.Facts.Common(other.Facts) }
                : other with { Facts = other.Facts.And(there) });
        }

        ImmutableHashSet<Term> sound = known.Sound == incoming.Sound ? known.Sound : known.Sound.Intersect(incoming.Sound);
        ImmutableHashSet<Term> nonNegative = known.NonNegative == incoming.NonNegative ? known.NonNegative : known.NonNegative.Intersect(incoming.NonNegative);
        IReadOnlyList<Term> changed = known.Taints.DifferencesTo(taints);
        ImmutableHashSet<Term> outOfRange = known.OutOfRange == incoming.OutOfRange ? known.OutOfRange : known.OutOfRange.Union(incoming.OutOfRange);
        foreach (Term term in changed)
        {
            outOfRange = taints.TryGetValue(term, out VerdictSet? now) && now.Has(Verdict.OutOfRange) ? outOfRange.Add(term) : outOfRange;
        }

        PathFacts facts = known.Facts.Common(incoming.Facts);
        NumericFacts limits = JoinLimits(node, known, incoming);
        bool isSame = variables == known.Variables && facts == known.Facts && limits == known.NumericFacts && reads == known.Reads && sound.Count == known.Sound.Count && nonNegative.Count == known.NonNegative.Count
            && changed.All(term => known.Taints.TryGetValue(term, out VerdictSet? before) && taints.TryGetValue(term, out VerdictSet? now) && before.Covers(now));
        return isSame ? known : new FlowState(variables, taints, reads, sound, nonNegative, outOfRange, facts, limits);
    }

    private PersistentMap<Variable, Term> JoinVariables(
        FlowNode node, FlowState known, FlowState incoming, ref PersistentMap<Term, VerdictSet> taints, ref PathFacts here, ref PathFacts there)
    {
        PersistentMap<Variable, Term> variables = known.Variables;
        foreach (Variable variable in known.Variables.DifferencesTo(incoming.Variables))
        {
            _session.Step();
            Term? mine = ValueAtJoin(known, variable);
            Term? other = ValueAtJoin(incoming, variable);
            if (mine is null || other is null)
            {
                // Not assigned on one way: the compiler does not let it be read.
                variables = variables.Remove(variable);
                continue;
            }

            variables = variables.SetItem(variable, MergeParts(node, variable, mine, other) ?? MergeOf(node, variable, mine, other));
        }

        foreach (Meeting meeting in _met)
        {
            (Term merge, Term mine, Term other) = meeting;
            LearnMerge(ref here, merge, mine);
            LearnMerge(ref there, merge, other);
            _session.AddOrigins(merge, mine);
            _session.AddOrigins(merge, other);
            var taint = VerdictSet.Join(known.TaintOf(mine), incoming.TaintOf(other));
            if (!taint.IsHost)
            {
                taints = taints.SetItem(merge, taint);
            }
        }

        return variables;
    }

    // What was put together is so again: each part of it for itself, so that nothing of one is said of another.
    private Term? MergeParts(FlowNode node, Variable variable, Term mine, Term other)
    {
        if (mine is { Kind: TermKind.Tuple, Key: int count } && other.Kind == TermKind.Tuple && mine.Key.Equals(other.Key))
        {
            return Terms.Tuple([.. Enumerable.Range(1, count).Select(i => MergePart(node, variable, i, ElementOf(mine, i), ElementOf(other, i)))]);
        }

        if (mine == other || (mine.Kind != TermKind.With && other.Kind != TermKind.With) || TermTable.IsTooDeep(mine, other))
        {
            return null;
        }

        var changed = new Dictionary<int, ISymbol>();
        foreach (ISymbol field in FieldsChangedIn(mine).Concat(FieldsChangedIn(other)))
        {
            changed[_session.NumberOf(field)] = field;
        }

        Term rest = MergeOf(node, variable, RestOf(mine), RestOf(other));
        return changed.OrderByDescending(static one => one.Key).Aggregate(rest, (whole, field) => Terms.With(whole, field.Value, MergePart(
            node, variable, field.Key, Terms.Field(mine, field.Value, TypeOf(field.Value)), Terms.Field(other, field.Value, TypeOf(field.Value)))));
    }

    private Term MergePart(FlowNode node, Variable variable, int part, Term mine, Term other)
    {
        Variable inner = variable.PartAt(_session.PathOf(variable.Part, part));
        return MergeParts(node, inner, mine, other) ?? MergeOf(node, inner, mine, other);
    }

    private static IEnumerable<ISymbol> FieldsChangedIn(Term whole)
    {
        for (; whole.Kind == TermKind.With; whole = whole.Left!)
        {
            yield return (ISymbol)whole.Key!;
        }
    }

    private static Term RestOf(Term whole)
    {
        while (whole.Kind == TermKind.With)
        {
            whole = whole.Left!;
        }

        return whole;
    }

    // An element of a tuple, or a field that was changed; of one that is such a part itself, too.
    private Term? HeldAt(Term whole, int path)
    {
        (int outer, int part) = _session.StepOf(path);
        if (outer != 0)
        {
            if (HeldAt(whole, outer) is not { } inner)
            {
                return null;
            }

            whole = inner;
        }

        if (part > 0)
        {
            return whole is { Kind: TermKind.Tuple, Key: int count } && count >= part ? ElementOf(whole, part) : null;
        }

        while (whole.Kind == TermKind.With && _session.NumberOf((ISymbol)whole.Key!) != part)
        {
            whole = whole.Left!;
        }

        return whole.Kind == TermKind.With ? whole.Right : null;
    }

    // What a variable, or one part of it, holds where two ways meet.
    private Term MergeOf(FlowNode node, Variable variable, Term mine, Term other)
    {
        Term merge = Terms.Merge(node, variable, variable.CallContext ?? _frame, mine, other, HeldTypeOf(variable));
        if (mine == other && mine != merge)
        {
            return mine;
        }

        // There is nothing to be found out about a view, but about what it shows.
        if (merge.Kind is not (TermKind.View or TermKind.ArrayView))
        {
            _met.Add(new Meeting(merge, mine, other));
        }

        return merge;
    }

    private ITypeSymbol? HeldTypeOf(Variable variable) =>
        variable.Part != 0 ? null
        : variable.Symbol is { } symbol ? TypeOf(symbol)
        : variable.CallContext == _frame && _capturedTypes.TryGetValue(variable.Temporary, out ITypeSymbol? type) ? type : null;

    private bool Holds(FlowState state, Variable variable, Term value) =>
        state.Variables.TryGetValue(variable.Whole, out Term? held) && (variable.Part == 0 ? RestOf(held) : HeldAt(held, variable.Part)) == value;

    private Term? ValueAtJoin(FlowState state, Variable variable) =>
        state.Variables.TryGetValue(variable, out Term? value) ? value
        : variable.Symbol is IParameterSymbol or IFieldSymbol or IPropertySymbol ? Terms.Input(variable.Symbol, TypeOf(variable.Symbol))
        : null;
}
