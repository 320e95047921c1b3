using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>What of interest stands in a body, found by going through it once.</summary>
internal sealed class BodyContents
{
    private readonly ControlFlowGraph _body;
    private readonly List<IMethodSymbol> _calls = [];
    private readonly HashSet<IMethodSymbol> _others = new(SymbolEqualityComparer.Default);
    private readonly HashSet<IFieldSymbol> _fields = new(SymbolEqualityComparer.Default);
    private readonly List<IFlowAnonymousFunctionOperation> _lambdas = [];
    private readonly Dictionary<int, IOperation> _capturesToAssign = [];

    /// <param name="body">The blocks, each of which is gone through once, whatever it is run for.</param>
    /// <param name="isSought">Whether an operation is what the body is gone through for.</param>
    public BodyContents(ControlFlowGraph body, Func<IOperation, bool>? isSought = null)
    {
        _body = body;
        IOperation[] operations = [.. body.Blocks.SelectMany(static block => FlowGraph.OperationsOf(block))];
        Operations = operations.Length;
        foreach (IOperation operation in new OperationWalk(operations))
        {
            HasSought = HasSought || isSought?.Invoke(operation) == true;
            switch (operation.Kind)
            {
                case OperationKind.Invocation:
                    IMethodSymbol method = ((IInvocationOperation)operation).TargetMethod;
                    CallsDelegates |= method.MethodKind == MethodKind.DelegateInvoke;
                    AddCall(method);
                    break;
                case OperationKind.PropertyReference:
                    AddCall(((IPropertyReferenceOperation)operation).Property.GetMethod);
                    break;
                case OperationKind.ObjectCreation when ((IObjectCreationOperation)operation).Constructor is { } constructor:
                    AddOther(constructor);
                    break;
                case OperationKind.FieldReference:
                    _fields.Add(((IFieldReferenceOperation)operation).Field);
                    break;
                case OperationKind.FlowAnonymousFunction:
                    _lambdas.Add((IFlowAnonymousFunctionOperation)operation);
                    break;
                case OperationKind.Increment or OperationKind.Decrement:
                    AddTarget(((IIncrementOrDecrementOperation)operation).Target);
                    break;
                case OperationKind.SimpleAssignment or OperationKind.CompoundAssignment or OperationKind.CoalesceAssignment or OperationKind.DeconstructionAssignment:
                    AddTarget(((IAssignmentOperation)operation).Target);
                    AddCall(Deconstruction.MethodOf(operation));
                    break;
                case OperationKind.RecursivePattern:
                    AddCall(Deconstruction.MethodOf(operation));
                    break;
                case OperationKind.YieldReturn or OperationKind.YieldBreak:
                    Yields = true;
                    break;
            }
        }
    }

    /// <summary>How many operations the blocks are made of, those of an expression not counted.</summary>
    public int Operations { get; }

    /// <summary>What is called that may be a helper, as often as it is called.</summary>
    public IReadOnlyList<IMethodSymbol> Calls => _calls;

    /// <summary>What is called besides, but for the framework.</summary>
    public IReadOnlyCollection<IMethodSymbol> Others => _others;

    /// <summary>The fields that are asked for or set.</summary>
    public IReadOnlyCollection<IFieldSymbol> Fields => _fields;

    /// <summary>Whether what it was gone through for stands in it.</summary>
    public bool HasSought { get; }

    /// <summary>Whether a delegate is called in it, which may be one that it has made.</summary>
    public bool CallsDelegates { get; }

    /// <summary>The lambdas that stand directly in the body.</summary>
    public IReadOnlyList<IFlowAnonymousFunctionOperation> Lambdas => _lambdas;

    /// <summary>
    /// The compiler evaluates the left of an assignment first, and keeps it in a temporary when the right has branches: such
    /// temporaries, by their numbers. One that is assigned a value elsewhere (<c>a ??= b</c>) is one of values as well.
    /// </summary>
    public Dictionary<int, IOperation> CapturesToAssign => _capturesToAssign;

    /// <summary>Whether it is an iterator: it gives its values one after the other, on demand.</summary>
    public bool Yields { get; }

    /// <summary>The locals and parameters that are asked for or set, its own and those of what it stands in. They are looked for anew each time.</summary>
    public IEnumerable<ISymbol> FindVariables()
    {
        var found = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
        foreach (IOperation operation in new OperationWalk(_body.Blocks.SelectMany(static block => FlowGraph.OperationsOf(block))))
        {
            if (operation is ILocalReferenceOperation { Local: var local })
            {
                found.Add(local);
            }
            else if (operation is IParameterReferenceOperation { Parameter: var parameter })
            {
                found.Add(parameter);
            }
        }

        return found;
    }

    private void AddCall(IMethodSymbol? method)
    {
        if (method is null)
        {
            return;
        }

        if (method.IsHelper())
        {
            _calls.Add(method);
        }

        AddOther(method);
    }

    private void AddOther(IMethodSymbol method)
    {
        if (!method.DeclaringSyntaxReferences.IsEmpty || !FrameworkTypes.IsFrameworks(method))
        {
            _others.Add(method.OriginalDefinition);
        }
    }

    private void AddTarget(IOperation target)
    {
        if (target is IFlowCaptureReferenceOperation reference)
        {
            _capturesToAssign[reference.Id.GetHashCode()] = reference;
        }

        foreach (IOperation element in target is ITupleOperation tuple ? tuple.Elements : [])
        {
            AddTarget(element);
        }
    }
}
