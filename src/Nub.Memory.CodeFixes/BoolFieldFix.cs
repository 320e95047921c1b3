using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>
/// NUB0002 of a <c>bool</c>: stores a <c>byte</c>, which has no illegal value; and on request keeps the name for a property that
/// says what the byte means, so that code which uses the field still compiles.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class BoolFieldFix : RemedyProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.Field.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        SyntaxNode? member = site.Node.AncestorsAndSelf().FirstOrDefault(static node => node is FieldDeclarationSyntax or PropertyDeclarationSyntax or ParameterSyntax);
        TypeSyntax? type = member switch
        {
            FieldDeclarationSyntax field => field.Declaration.Type,
            PropertyDeclarationSyntax property => property.Type,
            ParameterSyntax parameter => parameter.Type,
            _ => null,
        };
        if (member is null || type is null || site.Model.GetTypeInfo(type, site.CancellationToken).Type?.SpecialType != SpecialType.System_Boolean || HasValue(member))
        {
            yield break;
        }

        if (BytesWithProperties.Of(member, site) is { } storage)
        {
            yield return new Remedy("Use byte, and keep the meaning in a property", "byte with property", member, editor =>
            {
                // A declaration that becomes several: all but the last go before it.
                MemberDeclarationSyntax[] parts = [.. storage.Write().Select(static part => part.WithAdditionalAnnotations(Formatter.Annotation))];
                editor.InsertBefore(member, parts.Take(parts.Length - 1));
                editor.ReplaceNode(member, parts[parts.Length - 1]);
            });
        }

        yield return new Remedy("Use byte", "byte", type, editor =>
            editor.ReplaceNode(type, SyntaxFactory.PredefinedType(SyntaxFactory.Token(SyntaxKind.ByteKeyword)).WithTriviaFrom(type)));
    }

    // A value that is given where the field stands would have to be changed too, and is for a person to judge.
    private static bool HasValue(SyntaxNode member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration.Variables.Any(static variable => variable.Initializer is not null),
        PropertyDeclarationSyntax property => property.Initializer is not null,
        ParameterSyntax parameter => parameter.Default is not null,
        _ => false,
    };
}
