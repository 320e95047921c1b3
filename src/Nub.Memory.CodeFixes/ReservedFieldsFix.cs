using System.Collections.Immutable;
using System.Composition;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0005: declares the bytes of a gap, so that every other field stays where it is and the struct's size and alignment do too.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class ReservedFieldsFix : RemedyProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.Padding.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        // The struct itself is the place of a gap before its first field; anything else is the member before the gap.
        SyntaxNode? member = site.Node.AncestorsAndSelf().FirstOrDefault(static node => node is MemberDeclarationSyntax or ParameterSyntax);
        TypeDeclarationSyntax? type = member as TypeDeclarationSyntax ?? member?.Parent as TypeDeclarationSyntax;
        if (member is null || type is null || type.AttributeLists.Any(static list => list.Attributes.Any(static attribute => attribute.Name.ToString().Contains("InlineArray"))))
        {
            yield break;
        }

        var gap = new ReservedFields(
            Number(site, Hints.Offset), Number(site, Hints.Length), (int)Number(site, Hints.Alignment), site.HasHint(Hints.Explicit),
            type.Modifiers.Any(SyntaxKind.ReadOnlyKeyword), site.Model.GetDeclaredSymbol(type, site.CancellationToken)?.MemberNames ?? []);
        yield return new Remedy("Insert reserved fields", "reserved", member, editor =>
        {
            MemberDeclarationSyntax[] fields = [.. gap.Write().Select(static text =>
                SyntaxFactory.ParseMemberDeclaration(text)!
                    .WithLeadingTrivia(SyntaxFactory.ElasticMarker)
                    .WithTrailingTrivia(SyntaxFactory.ElasticCarriageReturnLineFeed)
                    .WithAdditionalAnnotations(Formatter.Annotation))];
            if (member == type)
            {
                editor.InsertMembers(type, 0, fields);
            }
            else
            {
                editor.InsertAfter(member, fields);
            }
        }, KeepsInside: true);
    }

    private static long Number(Site site, string hint) => long.Parse(site.Hint(hint) ?? "0", CultureInfo.InvariantCulture);
}
