using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Dataflow.Solver;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>
/// Which code reads which shared bytes, and where the value goes: follows values through a method, and through the helpers that it
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
    private readonly CallContext? _frame;
    private readonly bool _isAsserted;
    private readonly Dictionary<int, IOperation> _assigned;
    private readonly Dictionary<int, ITypeSymbol?> _capturedTypes = [];
    private readonly Dictionary<IOperation, Condition> _compared = [];
    private readonly Dictionary<IOperation, Term> _tested = [];
    private readonly HashSet<Term> _returnedConditions = [];
    private PersistentMap<Term, ReadFact> _readBefore = PersistentMap<Term, ReadFact>.Empty;

    // While an operation is gone through.
    private FlowState _state = FlowState.Empty;
    private FlowNode _node;
    private bool _isDead;
    private bool _isCalledForTheLastTime = true;

    public ValueAnalysis(FlowSession session, MethodBody body, FlowGraph graph, CallContext? frame)
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
    /// <param name="fields">Fields in which other methods have left what is the guest's.</param>
    /// <returns>Whether that was possible within the limits.</returns>
    public static bool Run(FlowSession session, MethodBody body, IOperation? creation, IEnumerable<IFieldSymbol>? fields = null)
    {
        if (body.Graph is not { } graph)
        {
            return false;
        }

        (session.Root, session.RootGraph) = (body.Method.OriginalDefinition, graph);
        var analysis = new ValueAnalysis(session, body, graph, null);
        FlowState entry = FlowState.Empty;
        if (session.Bodies.IsParser(body, creation) && body.Method.Parameters is [{ } element, ..])
        {
            // The bytes that a pop hands to a parser.
            entry = Give(session, entry, element);
        }

        // A private method is followed from where it is called.
        foreach (IParameterSymbol parameter in body.Method.IsForOthers() ? body.Method.Parameters : [])
        {
            entry = SharedTypes.IsOfExit(parameter.Type) || (parameter.RefKind != RefKind.Out && session.Bodies.DeclaredOf(body.Method).Given.Contains(parameter.Ordinal)) ? Give(session, entry, parameter) : entry;
        }

        foreach (IFieldSymbol field in fields ?? [])
        {
            entry = Give(session, entry, field);
        }

        session.CountSolution();
        FlowResult<FlowState>? result = ForwardSolver.Run(graph, analysis, entry, session.Cancellation);
        Keep(session, result?.At(graph.Exit));
        return result is not null && !session.IsExhausted;
    }

    private static void Keep(FlowSession session, FlowState? exit)
    {
        foreach (KeyValuePair<Variable, Term> held in exit?.Variables ?? PersistentMap<Variable, Term>.Empty)
        {
            if (held.Key.Symbol is IFieldSymbol { DeclaredAccessibility: Accessibility.Private, IsStatic: false } field && IntegerTypes.IsInteger(field.Type) && exit!.IsGuests(held.Value))
            {
                session.Kept.Add(field);
            }
        }
    }

    private static FlowState Give(FlowSession session, FlowState entry, ISymbol parameter)
    {
        Term given = session.Terms.Input(parameter, TypeOf(parameter));
        session.Given.Add(given);
        return entry.Set(given, VerdictSet.Unchecked);
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
            case OperationKind.YieldReturn:
                Yield(Evaluate(((IReturnOperation)operation).ReturnedValue!));
                break;
            case OperationKind.FlowCapture:
                Capture((IFlowCaptureOperation)operation);
                break;
            default:
                Term value = Evaluate(operation);
                NoteTested(operation, value);
                Use(value);
                break;
        }

        FindReplaced(operation);
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
        bool IsOfLoop(Term atom) => atom.IsMergeAt(to);
        PersistentMap<Term, ReadFact> reads = state.Reads;
        foreach (Term read in _readBefore.DifferencesTo(reads))
        {
            if (reads.TryGetValue(read, out ReadFact? fact) && fact.Order >= to.Order)
            {
                // Behind the loop it is asked for again whether other rounds have read the same; of a helper that would take a round more of each loop around it.
                reads = _frame is not null || !fact.ByteRange.Offset.Mentions(IsOfLoop) ? reads.Remove(read) : fact.IsPast ? reads : reads.SetItem(read, fact with { IsPast = true, Facts = PathFacts.None });
            }
        }

        PersistentMap<Term, VerdictSet> taints = state.Taints.RemoveRange(
            state.Taints.Keys.Where(term => !term.IsAtom && term.Mentions(IsOfLoop)));
        return reads == state.Reads && taints == state.Taints ? state : state with { Reads = reads, Taints = taints };
    }

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
            _capturedTypes[id] = capture.Value.Type;
            Set(Variable.Of(capture.Id, _frame), Evaluate(capture.Value));
        }
    }

    private void Return(Term value)
    {
        if (_frame is null)
        {
            // From here on nothing is done any more, whatever handles what is thrown before.
            (int here, _session.Order) = (_session.Order, int.MaxValue);
            Use(value);
            _session.Order = here;
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
        // Of a primary constructor, of whichever object.
        if (symbol is IParameterSymbol { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor } of } captured
            && Receiver is { } receiver && !SymbolEqualityComparer.Default.Equals(of, _frame!.Method))
        {
            return TermTable.IsTooDeep(receiver) ? Terms.Input(symbol, captured.Type) : Terms.Field(receiver, captured, captured.Type);
        }

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
