using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0001: marks the user's own type parameter with what is demanded of it, so that its users are checked in turn.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class MarkTypeParameterFix : RemedyProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.TypeArgument.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        if (site.Hint(Hints.Parameter) is not { } name || site.Hint(Hints.Mark) is not { } mark || Find(site.Node, name) is not { } parameter)
        {
            yield break;
        }

        AttributeListSyntax attribute = SyntaxFactory
            .AttributeList([SyntaxFactory.Attribute(NameOf(mark, site))])
            .WithTrailingTrivia(SyntaxFactory.Space);
        yield return new Remedy($"Mark the type parameter '{name}' [{mark}]", "mark " + mark, parameter, editor =>
            editor.ReplaceNode(parameter, (current, _) => Mark((TypeParameterSyntax)current, attribute)));
    }

    private static TypeParameterSyntax Mark(TypeParameterSyntax parameter, AttributeListSyntax attribute) => parameter
        .WithoutLeadingTrivia()
        .WithAttributeLists(parameter.AttributeLists.Insert(0, attribute))
        .WithLeadingTrivia(parameter.GetLeadingTrivia());

    // The innermost declaration of the name is the one that is meant. A property or a lambda has none of its own.
    private static TypeParameterSyntax? Find(SyntaxNode node, string name)
    {
        foreach (SyntaxNode ancestor in node.AncestorsAndSelf())
        {
            TypeParameterListSyntax? list = ancestor switch
            {
                MethodDeclarationSyntax method => method.TypeParameterList,
                LocalFunctionStatementSyntax function => function.TypeParameterList,
                DelegateDeclarationSyntax type => type.TypeParameterList,
                TypeDeclarationSyntax type => type.TypeParameterList,
                _ => null,
            };
            if (list?.Parameters.FirstOrDefault(parameter => parameter.Identifier.ValueText == name) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static NameSyntax NameOf(string mark, Site site)
    {
        bool isInScope = site.Model.LookupNamespacesAndTypes(site.Node.SpanStart, name: mark + "Attribute").Any(static symbol =>
            symbol.ContainingNamespace.ToDisplayString() == "Nub.Memory");
        return SyntaxFactory.ParseName(isInScope ? mark : "Nub.Memory." + mark);
    }
}
