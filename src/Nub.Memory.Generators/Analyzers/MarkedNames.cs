using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// By which names a type with a marked type parameter may be written in a compilation. To find out what one name means has the compiler
/// bind all that it stands in, a table of a thousand entries if need be; and almost every generic name is that of a list or a dictionary.
/// </summary>
internal sealed class MarkedNames(Compilation compilation)
{
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);
    private readonly Lazy<List<IAssemblySymbol>> _others = new(() => WithMarks(compilation.SourceModule.ReferencedAssemblySymbols));

    /// <summary>Whether a generic type that is written so may have a marked type parameter. An attribute may be written without its ending.</summary>
    public bool Contains(string name) => _known.GetOrAdd(name, one => IsMarked(one) || IsMarked(one + "Attribute"));

    private bool IsMarked(string name) =>
        (compilation.ContainsSymbolsWithName(name, SymbolFilter.Type)
            && compilation.GetSymbolsWithName(name, SymbolFilter.Type).OfType<INamedTypeSymbol>().Any(static type => type.TypeParameters.Any(static one => one.IsAllValid() || one.IsValidateOnRead())))
        || _others.Value.Any(assembly => assembly.TypeNames.Contains(name));

    // Who marks something has the marks, or refers to somebody who has.
    private static List<IAssemblySymbol> WithMarks(IEnumerable<IAssemblySymbol> assemblies)
    {
        var having = new HashSet<IAssemblySymbol>(assemblies.Where(static one => one.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null), SymbolEqualityComparer.Default);
        return [.. assemblies.Where(one => having.Contains(one) || one.Modules.Any(module => module.ReferencedAssemblySymbols.Any(having.Contains)))];
    }
}
