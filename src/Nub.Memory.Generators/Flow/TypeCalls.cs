using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>
/// Which members of a type read, and which call which others: all that is asked of a type in which nothing is read, and of a helper
/// that reads nothing until it is called. It says that one may read rather than that it does not: of what stands in a lambda, too.
/// </summary>
internal sealed class TypeCalls
{
    private readonly Dictionary<ISymbol, HashSet<ISymbol>> _calls = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _readers = new(SymbolEqualityComparer.Default);

    /// <summary>Whether anything is read.</summary>
    public bool AnyReads => _readers.Count > 0;

    /// <summary>Notes that bytes of a guest's come in in a member's code.</summary>
    public void AddReader(ISymbol member) => _readers.Add(member);

    /// <summary>Notes that a member calls another one of the type.</summary>
    public void Add(ISymbol from, ISymbol to)
    {
        if (!_calls.TryGetValue(from, out HashSet<ISymbol>? calls))
        {
            _calls.Add(from, calls = new HashSet<ISymbol>(SymbolEqualityComparer.Default));
        }

        calls.Add(to.OriginalDefinition);
    }

    /// <summary>
    /// Those that read, and those that call a helper which does, as deep as calls are followed. What is called and not followed brings
    /// nothing into sight: without a read there is nothing of the guest's to find.
    /// </summary>
    /// <param name="others">More that read: who is handed to a pop is given what was read.</param>
    public HashSet<ISymbol> WhoMayRead(IEnumerable<ISymbol> others)
    {
        var found = new HashSet<ISymbol>(_readers.Concat(others), SymbolEqualityComparer.Default);
        for (int depth = 0; depth < TypeFlow.DeepestFrame; depth++)
        {
            var helpers = new HashSet<ISymbol>(found.Where(static one => one is IMethodSymbol method && MethodBody.IsHelper(method)), SymbolEqualityComparer.Default);
            found.UnionWith(_calls.Where(one => one.Value.Overlaps(helpers)).Select(static one => one.Key).ToList());
        }

        return found;
    }
}
