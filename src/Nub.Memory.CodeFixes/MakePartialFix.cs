using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0003: makes a type partial, and each type around it, so that the generator can add to it.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class MakePartialFix : RemedyProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.Shape.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        TypeDeclarationSyntax[] missing = [.. site.Node.AncestorsAndSelf().OfType<TypeDeclarationSyntax>()
            .Where(static type => !type.Modifiers.Any(SyntaxKind.PartialKeyword))];
        if (missing.Length == 0)
        {
            yield break;
        }

        yield return new Remedy("Make it partial", "partial", missing[0], editor =>
        {
            foreach (TypeDeclarationSyntax type in missing)
            {
                editor.ReplaceNode(type, static (current, _) => MakePartial((TypeDeclarationSyntax)current));
            }
        }, KeepsInside: true);
    }

    // Two structs of one type come here with the same containing type.
    private static TypeDeclarationSyntax MakePartial(TypeDeclarationSyntax type)
    {
        if (type.Modifiers.Any(SyntaxKind.PartialKeyword))
        {
            return type;
        }

        SyntaxToken partial = SyntaxFactory.Token(SyntaxKind.PartialKeyword).WithTrailingTrivia(SyntaxFactory.Space);
        if (type.Modifiers.Count > 0)
        {
            return type.WithModifiers(type.Modifiers.Add(partial));
        }

        // What stands before the keyword, such as its comment, stays before the first word.
        partial = partial.WithLeadingTrivia(type.Keyword.LeadingTrivia);
        return type.WithKeyword(type.Keyword.WithLeadingTrivia()).WithModifiers([partial]);
    }
}
