using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>Where the text of a file has the names of calls that read shared memory: looked for once in a file, not once in each of its methods.</summary>
internal sealed class ReadNames
{
    private static readonly string[] s_names =
    [
        "Read<", "TryRead<", "TryRead(", "TryReadValidated(", "TryReadValidated<", "CopyTo(", "TryCopyTo(", "ReadArray", "TryReadArray", "At(", "At<", "TryAt(", "TryAt<", "ArrayAt(", "TryArrayAt(",
        "Load()", "TryLoad(", "Pop(", "Pop<", "TryPop(", "CompareExchange", "Exchange<", "Exchange(", "Add<", "And<", "Or<",
    ];

    private static readonly ILookup<char, string> s_byInitial = s_names.ToLookup(static name => name[0]);
    private static readonly ConditionalWeakTable<SyntaxTree, ReadNames> s_known = new();
    private static readonly ConditionalWeakTable<SyntaxTree[], HashSet<string>> s_members = new();

    private readonly List<int> _reads = [];
    private readonly List<int> _views = [];

    // Found once in a file: an editor makes another compilation at each keystroke, in which one file is new.
    private readonly string[] _members;

    private ReadNames(SyntaxTree tree)
    {
        string text = tree.GetText().ToString();
        for (int dot = text.IndexOf('.'); dot >= 0 && dot + 1 < text.Length; dot = text.IndexOf('.', dot + 1))
        {
            foreach (string name in s_byInitial[text[dot + 1]])
            {
                if (string.CompareOrdinal(text, dot + 1, name, 0, name.Length) == 0)
                {
                    _reads.Add(dot);
                    break;
                }
            }
        }

        for (int view = text.IndexOf("View ", StringComparison.Ordinal); view >= 0; view = text.IndexOf("View ", view + 1, StringComparison.Ordinal))
        {
            _views.Add(view);
        }

        _members = _reads.Count + _views.Count == 0 ? [] : [.. MembersOf(tree.GetRoot()).Distinct()];
    }

    public static ReadNames Of(SyntaxTree tree) => s_known.GetValue(tree, static one => new ReadNames(one));

    /// <summary>The names of the members of a compilation whose text has the name of a read or a view: nearly every call of a project is of none of them.</summary>
    public static HashSet<string> MembersOf(Compilation compilation) => s_members.GetValue(
        compilation.TreeArray(), static all => new HashSet<string>(all.SelectMany(static tree => Of(tree)._members), StringComparer.Ordinal));

    /// <summary>The name of a member among those: of an accessor that of its property, and of what implements an interface explicitly that of the interface's member.</summary>
    public static string NameOf(ISymbol member)
    {
        string name = (member is IMethodSymbol { AssociatedSymbol: { } property } ? property : member).Name;
        int dot = name.LastIndexOf('.');
        return dot > 0 ? name.Substring(dot + 1) : name;
    }

    public bool IsReadIn(TextSpan span) => IsAnyIn(_reads, span);

    /// <summary>Whether something may be declared that shows a struct.</summary>
    public bool IsViewIn(TextSpan span) => IsAnyIn(_views, span);

    private IEnumerable<string> MembersOf(SyntaxNode root)
    {
        int end = 0;
        foreach (int place in _reads.Concat(_views).OrderBy(static one => one).Where(one => one >= end))
        {
            if (root.FindToken(place).Parent?.FirstAncestorOrSelf<MemberDeclarationSyntax>(static one => one is BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax) is { } member)
            {
                end = member.Span.End;
                yield return NameOf(member);
            }
            else if (root.FindToken(place).Parent?.FirstAncestorOrSelf<ParameterListSyntax>() is { Parent: TypeDeclarationSyntax { Identifier.ValueText: null or "" } block })
            {
                // What an extension block is for, each of its members has.
                foreach (MemberDeclarationSyntax extension in block.Members.Where(static one => one is BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax))
                {
                    yield return NameOf(extension);
                }
            }
        }
    }

    private static string NameOf(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax method => method.Identifier.ValueText,
        PropertyDeclarationSyntax property => property.Identifier.ValueText,
        IndexerDeclarationSyntax => "this[]",
        _ => WellKnownMemberNames.InstanceConstructorName,
    };

    private static bool IsAnyIn(List<int> places, TextSpan span)
    {
        int at = places.BinarySearch(span.Start);
        at = at < 0 ? ~at : at;
        return at < places.Count && places[at] < span.End;
    }
}
