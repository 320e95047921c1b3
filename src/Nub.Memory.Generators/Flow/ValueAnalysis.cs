using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>
/// Who reads which shared bytes, and where the value goes: follows values through a method, and through the helpers that it
/// calls, in the order in which the operations run.
/// </summary>
/// <remarks>
/// It leans to silence: of what it cannot follow it assumes what gives no warning. An operation that is not known gives the
/// host's own value, a call that is not followed has checked what it was given where it could have.
/// This part moves states along; the others go through expressions.
/// </remarks>
internal sealed partial class ValueAnalysis : ForwardAnalysis<FlowState>
{
    private readonly FlowSession _session;
    private readonly MethodBody _body;
    private readonly FlowGraph _graph;
    private readonly Frame? _frame;
    private readonly bool _isAsserted;
    private readonly Dictionary<int, IOperation> _assigned;
    private readonly Dictionary<IOperation, (Term Left, Term Right)> _compared = [];
    private PersistentMap<Term, ReadFact> _readBefore = PersistentMap<Term, ReadFact>.Empty;

    // While an operation is gone through.
    private FlowState _state = FlowState.Empty;
    private FlowNode _node;
    private bool _isDead;
    private bool _isCalledForTheLastTime = true;

    public ValueAnalysis(FlowSession session, MethodBody body, FlowGraph graph, Frame? frame)
    {
        _session = session;
        _body = body;
        _graph = graph;
        _frame = frame;
        _isAsserted = IsAsserted(frame);
        _node = graph.Entry;
        _assigned = new Dictionary<int, IOperation>(graph.Contents.CapturesToAssign);
    }

    /// <summary>Goes through a method; what is found is noted in the session.</summary>
    /// <param name="creation">Of a lambda: the delegate that it becomes.</param>
    /// <returns>Whether that was possible within the limits.</returns>
    public static bool Run(FlowSession session, MethodBody body, IOperation? creation)
    {
        if (body.Graph is not { } graph)
        {
            return false;
        }

        var analysis = new ValueAnalysis(session, body, graph, null);
        FlowState entry = FlowState.Empty;
        if (session.Bodies.IsParser(body, creation) && body.Method.Parameters is [{ } element, ..])
        {
            // The bytes that a pop hands to a parser.
            entry = entry.Set(session.Terms.Input(element, element.Type), new Standing(Trust.Unchecked));
        }

        session.CountSolution();
        return ForwardSolver.Run(graph, analysis, entry, session.Cancellation) is not null && !session.IsExhausted;
    }

    private TermTable Terms => _session.Terms;

    // Whether what is seen is to be noted: it holds here, and what holds where this is called from is final as well.
    private bool IsReporting => IsFinal && _isCalledForTheLastTime;

    public override FlowState? Transfer(FlowNode node, IOperation operation, FlowState state)
    {
        _session.Step();
        if (_session.IsExhausted)
        {
            return null;
        }

        _state = state;
        _node = node;
        _isDead = false;
        _session.Order = _frame is null ? node.Order : _session.Order;
        switch (operation.Kind)
        {
            case var _ when operation == node.Block.BranchValue && IsReturn(node):
                Return(Evaluate(operation));
                break;
            case OperationKind.ExpressionStatement:
                Evaluate(((IExpressionStatementOperation)operation).Operation);
                break;
            case OperationKind.SimpleAssignment or OperationKind.CompoundAssignment or OperationKind.CoalesceAssignment or OperationKind.DeconstructionAssignment
                or OperationKind.Increment or OperationKind.Decrement:
                // A declaration has no statement around it. What is only put into a variable is not used yet.
                Evaluate(operation);
                break;
            case OperationKind.FlowCapture:
                Capture((IFlowCaptureOperation)operation);
                break;
            default:
                Use(Evaluate(operation));
                break;
        }

        return _isDead ? null : _state;
    }

    public override FlowState Pass(FlowNode from, FlowNode to, FlowState state)
    {
        if (!from.IsBackEdge(to))
        {
            return state;
        }

        // The next iteration reads and computes anew: what was read in this one is behind it, and what was found out about values
        // that were made of the loop's variables no longer holds.
        // Nothing that was read before a helper was called is read in a loop of the helper's.
        PersistentMap<Term, ReadFact> reads = state.Reads.RemoveRange(
            _readBefore.DifferencesTo(state.Reads).Where(read => state.Reads.TryGetValue(read, out ReadFact? fact) && fact.Order >= to.Order));
        bool IsOfLoop(Term atom) => atom.IsMergeAt(to);
        PersistentMap<Term, Standing> standings = state.Standings.RemoveRange(
            state.Standings.Keys.Where(term => !term.IsAtom && term.Mentions(IsOfLoop)));
        return reads == state.Reads && standings == state.Standings ? state : state with { Reads = reads, Standings = standings };
    }

    public override FlowState Join(FlowNode node, FlowState known, FlowState incoming)
    {
        if (known == incoming)
        {
            return known;
        }

        PersistentMap<Term, Standing> standings = known.Standings;
        PathFacts here = PathFacts.None;
        PathFacts there = PathFacts.None;
        _met.Clear();
        PersistentMap<Variable, Term> variables = JoinVariables(node, known, incoming, ref standings, ref here, ref there);
        foreach (Term term in known.Standings.DifferencesTo(incoming.Standings))
        {
            _session.Step();
            bool isMine = known.Standings.TryGetValue(term, out Standing mine);
            bool isOther = incoming.Standings.TryGetValue(term, out Standing other);
            if (term.Key is MergePoint point && point.Node == node)
            {
                // A variable that is not changed in a loop holds the same there; what is known of it may be something else.
                if (Holds(known, point.Variable, term) && Holds(incoming, point.Variable, term))
                {
                    Standing of = Standing.Join(known.StandingOf(term), incoming.StandingOf(term));
                    standings = of.Trust == Trust.Host ? standings : standings.SetItem(term, of);
                }
            }
            else if (isOther)
            {
                standings = standings.SetItem(term, isMine || !term.IsAtom ? Standing.Join(isMine ? mine : known.StandingOf(term), other) : other);
            }
            else if (!term.IsAtom)
            {
                standings = standings.SetItem(term, Standing.Join(mine, incoming.StandingOf(term)));
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
        IReadOnlyList<Term> changed = known.Standings.DifferencesTo(standings);
        ImmutableHashSet<Term> refuted = known.Refuted == incoming.Refuted ? known.Refuted : known.Refuted.Union(incoming.Refuted);
        foreach (Term term in changed)
        {
            refuted = standings.TryGetValue(term, out Standing now) && now.Trust == Trust.Refuted ? refuted.Add(term) : refuted;
        }

        PathFacts facts = known.Facts.Common(incoming.Facts);
        Limits limits = JoinLimits(node, known, incoming);
        bool isSame = variables == known.Variables && facts == known.Facts && limits == known.Limits && reads == known.Reads && sound.Count == known.Sound.Count && nonNegative.Count == known.NonNegative.Count
            && changed.All(term => known.Standings.TryGetValue(term, out Standing before) && standings.TryGetValue(term, out Standing now) && before.Trust == now.Trust);
        return isSame ? known : new FlowState(variables, standings, reads, sound, nonNegative, refuted, facts, limits);
    }

    private PersistentMap<Variable, Term> JoinVariables(
        FlowNode node, FlowState known, FlowState incoming, ref PersistentMap<Term, Standing> standings, ref PathFacts here, ref PathFacts there)
    {
        PersistentMap<Variable, Term> variables = known.Variables;
        foreach (Variable variable in known.Variables.DifferencesTo(incoming.Variables))
        {
            _session.Step();
            Term? mine = ValueAtJoin(known, variable);
            Term? other = ValueAtJoin(incoming, variable);
            if (mine is null || other is null)
            {
                // Not assigned on one way: the compiler sees to it that nobody looks at it.
                variables = variables.Remove(variable);
                continue;
            }

            Term merge = MergeParts(node, variable, mine, other) ?? MergeOf(node, variable, mine, other);
            if (mine != other || mine == merge)
            {
                variables = variables.SetItem(variable, merge);
            }
        }

        foreach (Meeting meeting in _met)
        {
            (Term merge, Term mine, Term other) = meeting;
            LearnMerge(ref here, merge, mine);
            LearnMerge(ref there, merge, other);
            _session.AddOrigins(merge, mine);
            _session.AddOrigins(merge, other);
            Standing standing = Standing.Join(known.StandingOf(mine), incoming.StandingOf(other));
            if (standing.Trust != Trust.Host)
            {
                standings = standings.SetItem(merge, standing);
            }
        }

        return variables;
    }

    // What was put together is so again: each part of it for itself, so that nothing of one is said of another.
    private Term? MergeParts(FlowNode node, Variable variable, Term mine, Term other)
    {
        if (mine is { Kind: TermKind.Tuple, Key: int count } && other.Kind == TermKind.Tuple && mine.Key.Equals(other.Key))
        {
            return Terms.Tuple([.. Enumerable.Range(1, count).Select(i => MergeOf(node, variable.PartAt(i), ElementOf(mine, i), ElementOf(other, i)))]);
        }

        if (mine == other || (mine.Kind != TermKind.With && other.Kind != TermKind.With) || TermTable.IsTooDeep(mine, other))
        {
            return null;
        }

        (Term myRest, Term otherRest) = (mine, other);
        var changed = new Dictionary<int, ISymbol>();
        foreach (ISymbol field in FieldsChangedIn(ref myRest).Concat(FieldsChangedIn(ref otherRest)))
        {
            changed[_session.NumberOf(field)] = field;
        }

        Term rest = MergeOf(node, variable, myRest, otherRest);
        return changed.OrderByDescending(static one => one.Key).Aggregate(rest, (whole, field) => Terms.With(whole, field.Value, MergeOf(
            node, variable.PartAt(field.Key), Terms.Field(mine, field.Value, TypeOf(field.Value)), Terms.Field(other, field.Value, TypeOf(field.Value)))));
    }

    private static List<ISymbol> FieldsChangedIn(ref Term whole)
    {
        var changed = new List<ISymbol>();
        for (; whole.Kind == TermKind.With; whole = whole.Left!)
        {
            changed.Add((ISymbol)whole.Key!);
        }

        return changed;
    }

    // The part of a tuple, or a field that was changed.
    private Term? PartOf(Term whole, int part)
    {
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
        Term merge = Terms.Merge(node, variable, variable.Frame ?? _frame, mine, other);
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

    private bool Holds(FlowState state, Variable variable, Term value) =>
        state.Variables.TryGetValue(variable.Whole, out Term? held) && (held == value || (variable.Part != 0 && PartOf(held, variable.Part) == value));

    private Term? ValueAtJoin(FlowState state, Variable variable) =>
        state.Variables.TryGetValue(variable, out Term? value) ? value
        : variable.Symbol is IParameterSymbol or IFieldSymbol or IPropertySymbol ? Terms.Input(variable.Symbol, TypeOf(variable.Symbol))
        : null;

    private void Capture(IFlowCaptureOperation capture)
    {
        int id = capture.Id.GetHashCode();
        if (_assigned.ContainsKey(id))
        {
            // What stands on the left of an assignment is not read; where it is, is found out when it is assigned.
            _assigned[id] = capture.Value;
        }
        else
        {
            Set(Variable.Of(capture.Id, _frame), Evaluate(capture.Value));
        }
    }

    private void Return(Term value)
    {
        if (_frame is null)
        {
            Use(value);
        }

        Set(Variable.Return(_frame), value);
    }

    private static bool IsReturn(FlowNode node) => node.Block.FallThroughSuccessor?.Semantics == ControlFlowBranchSemantics.Return;

    private void Set(Variable variable, Term value) => _state = _state.Set(variable, value);

    private void Use(Term? value)
    {
        if (value is not null)
        {
            _session.Use(value);
        }
    }

    private Term Get(ISymbol symbol)
    {
        var variable = Variable.Of(symbol);
        return _state.Variables.TryGetValue(variable, out Term? value) ? value : Terms.Input(symbol, TypeOf(symbol));
    }

    private static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch
    {
        ILocalSymbol local => local.Type,
        IParameterSymbol parameter => parameter.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };
}
