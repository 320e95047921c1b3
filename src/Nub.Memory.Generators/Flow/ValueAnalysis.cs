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
    private readonly Dictionary<int, IOperation> _assigned;
    private readonly Dictionary<IOperation, (Term Left, Term Right)> _compared = [];

    // While an operation is gone through.
    private FlowState _state = FlowState.Empty;
    private FlowNode _node;
    private bool _isDead;

    public ValueAnalysis(FlowSession session, MethodBody body, FlowGraph graph, Frame? frame)
    {
        _session = session;
        _body = body;
        _graph = graph;
        _frame = frame;
        _node = graph.Entry;
        _assigned = CapturesToAssign(graph);
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
        if (SharedTypes.IsParser(creation?.Type) && body.Method.Parameters is [{ } element, ..])
        {
            // The bytes that a pop hands to a parser.
            entry = entry.Set(session.Terms.Input(element, element.Type), new Standing(Trust.Unchecked));
        }

        session.IsFinal = true;
        Solve(analysis, graph, entry);
        return !session.IsExhausted;
    }

    private TermTable Terms => _session.Terms;

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
        switch (operation)
        {
            case IExpressionStatementOperation statement:
                Evaluate(statement.Operation);
                break;
            case IAssignmentOperation or IIncrementOrDecrementOperation:
                // A declaration has no statement around it. What is only put into a variable is not used yet.
                Evaluate(operation);
                break;
            case IFlowCaptureOperation capture when _assigned.ContainsKey(capture.Id.GetHashCode()):
                // What stands on the left of an assignment is not read; where it is, is found out when it is assigned.
                _assigned[capture.Id.GetHashCode()] = capture.Value;
                break;
            case IFlowCaptureOperation capture:
                Set(Variable.Of(capture.Id, _frame), Evaluate(capture.Value));
                break;
            case var value when value == node.Block.BranchValue && IsReturn(node):
                Return(Evaluate(value));
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
        ImmutableDictionary<Term, ReadFact> reads = state.Reads.RemoveRange(
            state.Reads.Where(read => read.Value.Order >= to.Order).Select(static read => read.Key));
        bool IsOfLoop(Term atom) => atom.Key is MergePoint point && point.Node == to;
        ImmutableDictionary<Term, Standing> standings = state.Standings.RemoveRange(
            state.Standings.Keys.Where(term => !term.IsAtom && term.Mentions(IsOfLoop)));
        return reads == state.Reads && standings == state.Standings ? state : state with { Reads = reads, Standings = standings };
    }

    public override FlowState Join(FlowNode node, FlowState known, FlowState incoming)
    {
        if (known == incoming)
        {
            return known;
        }

        _session.Step((known.Variables.Count + known.Standings.Count + known.Reads.Count) / 4);
        ImmutableDictionary<Term, Standing>.Builder standings = known.Standings.ToBuilder();
        ImmutableDictionary<Variable, Term> variables = JoinVariables(node, known, incoming, standings);
        foreach (KeyValuePair<Term, Standing> other in incoming.Standings)
        {
            bool isKnown = known.Standings.TryGetValue(other.Key, out Standing mine);
            if (other.Key.Key is MergePoint point && point.Node == node)
            {
                continue;
            }

            standings[other.Key] = isKnown || !other.Key.IsAtom
                ? Standing.Join(isKnown ? mine : known.StandingOf(other.Key), other.Value)
                : other.Value;
        }

        foreach (KeyValuePair<Term, Standing> mine in known.Standings)
        {
            if (!mine.Key.IsAtom && !incoming.Standings.ContainsKey(mine.Key))
            {
                standings[mine.Key] = Standing.Join(mine.Value, incoming.StandingOf(mine.Key));
            }
        }

        ImmutableDictionary<Term, ReadFact>.Builder reads = known.Reads.ToBuilder();
        foreach (KeyValuePair<Term, ReadFact> read in incoming.Reads)
        {
            reads[read.Key] = read.Value;
        }

        var joined = new FlowState(variables, standings.ToImmutable(), reads.ToImmutable(), known.Sound.Intersect(incoming.Sound));
        bool isSame = joined.Variables == known.Variables && joined.Reads == known.Reads && joined.Sound.Count == known.Sound.Count
            && joined.Standings.Count == known.Standings.Count
            && joined.Standings.All(one => known.Standings.TryGetValue(one.Key, out Standing before) && before.Trust == one.Value.Trust);
        return isSame ? known : joined;
    }

    private ImmutableDictionary<Variable, Term> JoinVariables(
        FlowNode node, FlowState known, FlowState incoming, ImmutableDictionary<Term, Standing>.Builder standings)
    {
        ImmutableDictionary<Variable, Term>.Builder variables = known.Variables.ToBuilder();
        foreach (Variable variable in known.Variables.Keys.Concat(incoming.Variables.Keys.Where(key => !known.Variables.ContainsKey(key))))
        {
            Term? mine = ValueAtJoin(known, variable);
            Term? other = ValueAtJoin(incoming, variable);
            if (mine is null || other is null)
            {
                // Not assigned on one way: the compiler sees to it that nobody looks at it.
                variables.Remove(variable);
                continue;
            }

            object key = variable.Symbol is { } symbol ? symbol : variable.Temporary;
            Term merge = Terms.Merge(node, key, variable.Frame ?? _frame, mine.Type ?? other.Type);
            if (mine == other && mine != merge)
            {
                continue;
            }

            variables[variable] = merge;
            _session.AddOrigins(merge, mine);
            _session.AddOrigins(merge, other);
            Standing standing = Standing.Join(known.StandingOf(mine), incoming.StandingOf(other));
            if (standing.Trust != Trust.Host)
            {
                standings[merge] = standing;
            }
        }

        return variables.ToImmutable();
    }

    private Term? ValueAtJoin(FlowState state, Variable variable) =>
        state.Variables.TryGetValue(variable, out Term? value) ? value
        : variable.Symbol is IParameterSymbol or IFieldSymbol or IPropertySymbol ? Terms.Input(variable.Symbol, TypeOf(variable.Symbol))
        : null;

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

    // The compiler evaluates the left of an assignment first, and keeps it in a temporary when the right has branches.
    private static Dictionary<int, IOperation> CapturesToAssign(FlowGraph graph)
    {
        var found = new Dictionary<int, IOperation>();
        foreach (IOperation operation in graph.Nodes.SelectMany(static node => node.Operations).SelectMany(static one => one.DescendantsAndSelf()))
        {
            IOperation? target = operation switch
            {
                IAssignmentOperation assignment => assignment.Target,
                IIncrementOrDecrementOperation step => step.Target,
                _ => null,
            };
            if (target is IFlowCaptureReferenceOperation reference)
            {
                found[reference.Id.GetHashCode()] = reference;
            }
        }

        // A temporary that is assigned a value elsewhere (a ??= b) is one of values as well.
        return found;
    }
}
