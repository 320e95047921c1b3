using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Symbols;

/// <summary>
/// By which names a type with a marked type parameter may be written in a compilation. To find out what one name means has the compiler
/// bind all that it stands in, a table of a thousand entries if need be; and almost every generic name is that of a list or a dictionary.
/// </summary>
internal sealed class MarkedNames(Compilation compilation)
{
    // An editor asks file by file, each time with another compilation of the same files; after an edit all of them but one are
    // the same.
    private static readonly ConditionalWeakTable<SyntaxTree[], HashSet<string>> s_ofAll = new();
    private static readonly ConditionalWeakTable<SyntaxTree, string[]> s_ofTrees = new();

    private readonly Lazy<HashSet<string>> _own = new(() => s_ofAll.GetValue(
        compilation.TreeArray(),
        static trees => new HashSet<string>(trees.SelectMany(static tree => s_ofTrees.GetValue(tree, NamesIn)), StringComparer.Ordinal)));

    private static readonly ConditionalWeakTable<MetadataReference[], HashSet<string>> s_ofReferences = new();

    // Of what is referred to, and of modules that are added to the assembly itself.
    private readonly Lazy<List<ICollection<string>>> _others = new(() =>
    [
        s_ofReferences.GetValue(Marks.ReferencesOf(compilation), _ => new HashSet<string>(
            compilation.SourceModule.ReferencedAssemblySymbols.Where(static one => Marks.MayBeIn(one)).SelectMany(static one => one.TypeNames), StringComparer.Ordinal)),
        .. compilation.Assembly.Modules.Skip(1).Any() ? new[] { compilation.Assembly.TypeNames } : [],
    ]);

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
}
