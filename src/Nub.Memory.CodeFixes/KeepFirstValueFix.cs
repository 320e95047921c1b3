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
/// NUB0010: uses the value that was read first for what was read again. Where the first value is in a local already, that is used;
/// elsewhere the first read moves into one.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class KeepFirstValueFix : RemedyProvider
{
    private const string Title = "Use the value that was read first";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.DoubleFetch.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        if (site.Diagnostic.AdditionalLocations is not [{ } place, ..] || place.SourceTree != site.Model.SyntaxTree
            || ExpressionAt(site.Diagnostic.Location, site) is not { } second || ExpressionAt(place, site) is not { } first)
        {
            yield break;
        }

        if (LocalOf(first, second, site) is { } kept)
        {
            yield return new Remedy(Title, "keep", second, editor => editor.ReplaceNode(second, SyntaxFactory.ParseExpression(kept).WithTriviaFrom(second)));
        }
        else if (SyntaxFactory.AreEquivalent(first, second) && StatementToPrecede(first, second) is { } statement)
        {
            string name = FreeName(first, statement, site);
            yield return new Remedy(Title, "keep", first, editor =>
            {
                editor.InsertBefore(statement, Declaration(first, name, statement, site));
                editor.ReplaceNode(first, SyntaxFactory.IdentifierName(name).WithTriviaFrom(first));
                editor.ReplaceNode(second, SyntaxFactory.IdentifierName(name).WithTriviaFrom(second));
            });
        }
    }

    // What a pattern asks for is the name of a property, and nothing that another expression could stand for.
    private static ExpressionSyntax? ExpressionAt(Location place, Site site) =>
        site.Model.SyntaxTree.GetRoot(site.CancellationToken).FindNode(place.SourceSpan, getInnermostNodeForTie: true)
            is ExpressionSyntax { Parent: not BaseExpressionColonSyntax } expression ? expression : null;

    /// <summary>What to write for the second value where the first, or the struct that it is a field of, is in a local that is not assigned again.</summary>
    private static string? LocalOf(ExpressionSyntax first, ExpressionSyntax second, Site site)
    {
        if (first.Parent is not EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax variable }
            || variable.Parent?.Parent is not LocalDeclarationStatementSyntax { Parent: BlockSyntax block }
            || !block.Span.Contains(second.Span)
            || IsAssigned(variable.Identifier.ValueText, block)
            || site.Model.GetDeclaredSymbol(variable, site.CancellationToken) is not ILocalSymbol local)
        {
            return null;
        }

        bool isSameType = SymbolEqualityComparer.Default.Equals(local.Type, site.Model.GetTypeInfo(first, site.CancellationToken).Type);
        if (!isSameType)
        {
            return null;
        }

        if (SyntaxFactory.AreEquivalent(first, second))
        {
            return variable.Identifier.ValueText;
        }

        // whole = view.Load(), and then view.Length: whole.Length.
        return first is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Load" } load }
            && second is MemberAccessExpressionSyntax field && SyntaxFactory.AreEquivalent(load.Expression, field.Expression)
            && local.Type.GetMembers(field.Name.Identifier.ValueText).Any(static member => member is IFieldSymbol or IPropertySymbol)
            ? $"{variable.Identifier.ValueText}.{field.Name}"
            : null;
    }

    private static bool IsAssigned(string name, SyntaxNode scope) => scope.DescendantNodes().OfType<IdentifierNameSyntax>().Any(use =>
        use.Identifier.ValueText == name && use.Parent switch
        {
            AssignmentExpressionSyntax assignment => assignment.Left == use,
            PrefixUnaryExpressionSyntax or PostfixUnaryExpressionSyntax => use.Parent.Kind() is SyntaxKind.PreIncrementExpression or SyntaxKind.PreDecrementExpression
                or SyntaxKind.PostIncrementExpression or SyntaxKind.PostDecrementExpression or SyntaxKind.AddressOfExpression,
            ArgumentSyntax argument => argument.RefKindKeyword.RawKind is (int)SyntaxKind.RefKeyword or (int)SyntaxKind.OutKeyword || argument.Parent is TupleExpressionSyntax { Parent: AssignmentExpressionSyntax },
            RefExpressionSyntax => true,
            _ => false,
        });

    /// <summary>The statement that the first read can be moved in front of, without it being made more often, or earlier than something that it should see the effect of.</summary>
    private static StatementSyntax? StatementToPrecede(ExpressionSyntax first, ExpressionSyntax second)
    {
        SyntaxNode node = first;
        for (; node.Parent is { } parent and not BlockSyntax; node = parent)
        {
            bool isAlwaysRun = parent switch
            {
                WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or ElseClauseSyntax or SwitchSectionSyntax or GlobalStatementSyntax
                    or AnonymousFunctionExpressionSyntax or ConditionalAccessExpressionSyntax or SwitchExpressionArmSyntax or WhenClauseSyntax => false,
                BinaryExpressionSyntax both when parent.Kind() is SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression or SyntaxKind.CoalesceExpression => both.Left == node,
                ConditionalExpressionSyntax choice => choice.Condition == node,
                IfStatementSyntax branch => branch.Condition == node,
                _ => parent is not MemberDeclarationSyntax,
            };
            if (!isAlwaysRun)
            {
                return null;
            }
        }

        return node is StatementSyntax { Parent: BlockSyntax block } statement and not (UsingStatementSyntax or FixedStatementSyntax or LockStatementSyntax)
            && block.Span.Contains(second.Span)
            && !statement.DescendantNodes().Any(earlier => earlier.Span.End <= first.SpanStart
                && earlier is InvocationExpressionSyntax or AssignmentExpressionSyntax or AwaitExpressionSyntax or ObjectCreationExpressionSyntax)
            ? statement
            : null;
    }

    private static StatementSyntax Declaration(ExpressionSyntax first, string name, StatementSyntax statement, Site site)
    {
        string type = site.Model.GetTypeInfo(first, site.CancellationToken).Type!.ToMinimalDisplayString(site.Model, first.SpanStart);
        return SyntaxFactory.ParseStatement($"{type} {name} = {first.WithoutTrivia()};")
            .WithLeadingTrivia(statement.GetLeadingTrivia())
            .WithTrailingTrivia(SyntaxFactory.ElasticCarriageReturnLineFeed)
            .WithAdditionalAnnotations(Formatter.Annotation);
    }

    // Different reads of one body get different names, whether they are fixed one by one or together: by how many others of the
    // same name come before.
    private static string FreeName(ExpressionSyntax first, StatementSyntax statement, Site site)
    {
        SyntaxNode body = first.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().FirstOrDefault() ?? (SyntaxNode)statement;
        string wanted = NameOf(first);
        int earlier = body.DescendantNodes().OfType<ExpressionSyntax>()
            .Where(other => other.SpanStart < first.SpanStart && other.GetType() == first.GetType() && NameOf(other) == wanted && !SyntaxFactory.AreEquivalent(other, first))
            .Select(static other => other.WithoutTrivia().ToString()).Distinct().Count();
        for (int i = earlier; ; i++)
        {
            string name = i == 0 ? wanted : wanted + (i + 1);
            if (site.Model.LookupSymbols(statement.SpanStart, name: name).IsEmpty && SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None
                && !body.DescendantTokens().Any(token => token.IsKind(SyntaxKind.IdentifierToken) && token.ValueText == name))
            {
                return name;
            }
        }
    }

    private static string NameOf(ExpressionSyntax read)
    {
        string member = read switch
        {
            MemberAccessExpressionSyntax access => access.Name.Identifier.ValueText,
            IdentifierNameSyntax name => name.Identifier.ValueText,
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name: var name } } => name.Identifier.ValueText,
            InvocationExpressionSyntax { Expression: SimpleNameSyntax name } => name.Identifier.ValueText,
            _ => "value",
        };
        return member is "Read" or "Load" or "ReadBigEndian" ? "value" : char.ToLowerInvariant(member[0]) + member.Substring(1);
    }
}
