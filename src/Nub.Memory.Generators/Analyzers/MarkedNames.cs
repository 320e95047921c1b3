using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// By which names a type with a marked type parameter may be written in a compilation. To find out what one name means has the compiler
/// bind all that it stands in, a table of a thousand entries if need be; and almost every generic name is that of a list or a dictionary.
/// </summary>
internal sealed class MarkedNames(Compilation compilation)
{
    // While somebody types, all files but one are the same each time.
    private static readonly ConditionalWeakTable<SyntaxTree, string[]> s_ofTrees = new();

    private readonly Lazy<HashSet<string>> _own = new(() => new HashSet<string>(compilation.SyntaxTrees.SelectMany(static tree => s_ofTrees.GetValue(tree, NamesIn)), StringComparer.Ordinal));
    private readonly Lazy<List<ICollection<string>>> _others = new(() => [.. WithMarks([.. compilation.SourceModule.ReferencedAssemblySymbols]).Select(static one => one.TypeNames)]);

    /// <summary>Whether a generic type that is written so may have a marked type parameter. An attribute may be written without its ending.</summary>
    public bool Contains(string name) => IsMarked(name) || IsMarked(name + "Attribute");

    private bool IsMarked(string name) => _own.Value.Contains(name) || _others.Value.Exists(names => names.Contains(name));

    // Types, one of whose type parameters has an attribute: whichever it is, and whatever it is called here.
    private static string[] NamesIn(SyntaxTree tree)
    {
        var found = new List<string>();
        foreach (SyntaxNode node in tree.GetRoot().DescendantNodes(static node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax or TypeDeclarationSyntax))
        {
            (SyntaxToken name, TypeParameterListSyntax? parameters) = node switch
            {
                TypeDeclarationSyntax type => (type.Identifier, type.TypeParameterList),
                DelegateDeclarationSyntax type => (type.Identifier, type.TypeParameterList),
                _ => default,
            };
            if (parameters is not null && parameters.Parameters.Any(static parameter => parameter.AttributeLists.Count > 0))
            {
                found.Add(name.ValueText);
            }
        }

        return [.. found];
    }

    // Who marks something has the marks, or refers to somebody who has.
    private static IEnumerable<IAssemblySymbol> WithMarks(List<IAssemblySymbol> assemblies)
    {
        var having = new HashSet<IAssemblySymbol>(assemblies.Where(static one => one.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null), SymbolEqualityComparer.Default);
        return assemblies.Where(one => having.Contains(one) || one.Modules.Any(module => module.ReferencedAssemblySymbols.Any(having.Contains)));
    }
}
