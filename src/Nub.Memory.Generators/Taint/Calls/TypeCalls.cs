using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>
/// What is called in the members of a type, as the compiler comes by it: who reads, who calls whom, and which methods are handed to a
/// pop. That is enough for a type in which nothing is read, and for a helper that reads nothing, as long as it is not followed.
/// </summary>
/// <remarks>
/// What stands in a lambda or a local function is its member's. What <c>foreach</c> and <c>using</c> call is not seen here, as it is in a graph.
/// Members of all threads are noted.
/// </remarks>
/// <param name="type">The type.</param>
/// <param name="program">What is called in other types, where that is followed.</param>
internal sealed class TypeCalls(INamedTypeSymbol type, ProgramBodies? program = null)
{
    private readonly object _lock = new();
    private readonly Dictionary<ISymbol, Dictionary<ISymbol, int>> _calls = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _readers = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _parsers = new(SymbolEqualityComparer.Default);
    private HashSet<ISymbol>? _whoMayRead;

    /// <summary>Whether anything is read.</summary>
    public bool AnyReads => _readers.Count > 0;

    /// <summary>The kinds of operations to note.</summary>
    public static OperationKind[] Kinds { get; } = [OperationKind.Invocation, OperationKind.PropertyReference, OperationKind.DelegateCreation, OperationKind.Loop, OperationKind.ObjectCreation, OperationKind.DeconstructionAssignment, OperationKind.RecursivePattern];

    /// <summary>
    /// Those that read, and those that call a helper which does, as deep as calls are followed. What is called and not followed brings
    /// nothing into sight: without a read there is nothing of the guest's to find. To be asked when all is noted.
    /// </summary>
    public HashSet<ISymbol> WhoMayRead => _whoMayRead ??= FindWhoMayRead();

    /// <summary>Notes an operation of a member's code.</summary>
    public void Note(ISymbol member, IOperation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Invocation:
                NoteCall(member, ((IInvocationOperation)operation).TargetMethod);
                break;
            case OperationKind.PropertyReference:
                NoteCall(member, ((IPropertyReferenceOperation)operation).Property);
                break;

            // Only where a project declares something of its own, since code has more references to fields than other operations; the fields of the type itself are looked at in the end.
            case OperationKind.FieldReference when ((IFieldReferenceOperation)operation).Field is var field && !IsOwn(field) && program?.DeclaredOf(field).GivesGuests == true:
                NoteReader(member);
                break;

            case OperationKind.ObjectCreation when ((IObjectCreationOperation)operation).Constructor is { } constructor:
                NoteCall(member, constructor);
                break;
            case OperationKind.DeconstructionAssignment or OperationKind.RecursivePattern when Deconstruction.MethodOf(operation) is { } method:
                NoteCall(member, method);
                break;

            // A callee that is given a parser may pop, and a foreach goes through elements: no member that does so stands there.
            case OperationKind.DelegateCreation when SharedTypes.IsParser(operation.Type):
                NoteParser(member, ((IDelegateCreationOperation)operation).Target);
                break;
            case OperationKind.Loop when operation is IForEachLoopOperation { Collection.Type: var collection } && SharedTypes.ElementsOf(collection) is not null:
                NoteReader(member);
                break;
        }
    }

    /// <summary>Notes a method that is given what its parameters are said to be: the guest's.</summary>
    public void NoteGiven(IMethodSymbol method)
    {
        if (program?.DeclaredOf(method).Given.IsEmpty == false)
        {
            NoteReader(method);
        }
    }

    /// <summary>The members of the type that a member calls, each with how often.</summary>
    public IEnumerable<KeyValuePair<ISymbol, int>> CallsOf(ISymbol member) => _calls.TryGetValue(member, out Dictionary<ISymbol, int>? calls) ? calls : [];

    /// <summary>Whether a method's first argument is what a pop hands to a parser.</summary>
    public bool IsParser(IMethodSymbol method) => _parsers.Contains(method.OriginalDefinition);

    private void NoteCall(ISymbol member, ISymbol called)
    {
        if (Sources.Reads(called) || (program?.MayRead(called) == true && !(called is IMethodSymbol own && own.IsHelper() && IsOwn(own))))
        {
            NoteReader(member);
        }

        if (IsOwn(called))
        {
            ISymbol to = (called is IPropertySymbol { GetMethod: { } getter } ? getter : called).OriginalDefinition;
            lock (_lock)
            {
                if (!_calls.TryGetValue(member, out Dictionary<ISymbol, int>? calls))
                {
                    _calls.Add(member, calls = new Dictionary<ISymbol, int>(SymbolEqualityComparer.Default));
                }

                calls[to] = calls.TryGetValue(to, out int before) ? before + 1 : 1;
            }
        }
    }

    private bool IsOwn(ISymbol called) => SymbolEqualityComparer.Default.Equals(called.ContainingType?.OriginalDefinition, type);

    // One that is a method has to be known before that is gone through.
    private void NoteParser(ISymbol member, IOperation parser)
    {
        NoteReader(member);
        if (parser is IMethodReferenceOperation { Method: var method })
        {
            lock (_lock)
            {
                _parsers.Add((method.PartialImplementationPart ?? method).OriginalDefinition);
            }
        }
    }

    private void NoteReader(ISymbol member)
    {
        lock (_lock)
        {
            _readers.Add(member);
        }
    }

    private HashSet<ISymbol> FindWhoMayRead()
    {
        var found = new HashSet<ISymbol>(_readers.Concat(_parsers), SymbolEqualityComparer.Default);
        for (int depth = 0; depth < TypeFlow.DeepestFrame; depth++)
        {
            var helpers = new HashSet<ISymbol>(found.Where(static one => one is IMethodSymbol method && method.IsHelper()), SymbolEqualityComparer.Default);
            found.UnionWith(_calls.Where(one => one.Value.Keys.Any(helpers.Contains)).Select(static one => one.Key).ToList());
        }

        return found;
    }
}
