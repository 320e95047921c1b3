using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0014: keeps the lease in a <c>using</c> declaration, which ends it on every way out of the block.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class UsingLeaseFix : RemedyProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.Lease.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        // A using declaration stands in a block; in a switch section there can be none.
        if (site.Node.FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } begin
            || begin.FirstAncestorOrSelf<StatementSyntax>() is not { Parent: BlockSyntax or GlobalStatementSyntax } statement
            || begin.Ancestors().TakeWhile(node => node != statement).Any(static node => node is AnonymousFunctionExpressionSyntax))
        {
            yield break;
        }

        Action<SyntaxEditor>? apply = statement switch
        {
            LocalDeclarationStatementSyntax { Declaration.Variables: [{ Initializer.Value: { } value } variable] } declaration when value == begin => Declare(declaration, variable, site),
            ExpressionStatementSyntax { Expression: var whole } when whole == begin || IsDiscard(whole, begin) => Keep(statement, begin, site),
            _ when begin.Parent is MemberAccessExpressionSyntax or ArgumentSyntax => Hoist(statement, begin, site),
            _ => null,
        };
        if (apply is not null)
        {
            yield return new Remedy("Declare it with 'using'", "using", statement, apply);
        }
    }

    private static bool IsDiscard(ExpressionSyntax whole, ExpressionSyntax begin) =>
        whole is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.ValueText: "_" } } assignment && assignment.Right == begin;

    // What ended it by hand would end it twice. Where that is more than a statement of its own, a person has to look.
    private static Action<SyntaxEditor>? Declare(LocalDeclarationStatementSyntax declaration, VariableDeclaratorSyntax variable, Site site)
    {
        ISymbol? local = site.Model.GetDeclaredSymbol(variable, site.CancellationToken);
        var ends = new List<StatementSyntax>();
        foreach (IdentifierNameSyntax use in declaration.Parent!.DescendantNodes().OfType<IdentifierNameSyntax>())
        {
            if (use.Identifier.ValueText != variable.Identifier.ValueText
                || !SymbolEqualityComparer.Default.Equals(site.Model.GetSymbolInfo(use, site.CancellationToken).Symbol, local))
            {
                continue;
            }

            bool isEnd = use.Parent is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Dispose" } end && end.Expression == use;
            if (isEnd && use.Parent!.Parent is InvocationExpressionSyntax { Parent: ExpressionStatementSyntax { Parent: BlockSyntax } statement })
            {
                ends.Add(statement);
            }
            else if (isEnd || use.Parent is AssignmentExpressionSyntax || use.Parent is ArgumentSyntax { RefKindKeyword.RawKind: (int)SyntaxKind.RefKeyword or (int)SyntaxKind.OutKeyword })
            {
                return null;
            }
        }

        return editor =>
        {
            SyntaxToken first = declaration.GetFirstToken();
            SyntaxToken keyword = SyntaxFactory.Token(SyntaxKind.UsingKeyword).WithLeadingTrivia(first.LeadingTrivia).WithTrailingTrivia(SyntaxFactory.Space);
            editor.ReplaceNode(declaration, declaration.ReplaceToken(first, first.WithLeadingTrivia()).WithUsingKeyword(keyword));
            foreach (StatementSyntax end in ends)
            {
                bool hasComment = end.GetLeadingTrivia().Concat(end.GetTrailingTrivia()).Any(static trivia => !trivia.IsKind(SyntaxKind.WhitespaceTrivia) && !trivia.IsKind(SyntaxKind.EndOfLineTrivia));
                editor.RemoveNode(end, hasComment ? SyntaxRemoveOptions.KeepExteriorTrivia : SyntaxRemoveOptions.KeepNoTrivia);
            }
        };
    }

    private static Action<SyntaxEditor> Keep(StatementSyntax statement, InvocationExpressionSyntax begin, Site site) =>
        editor => editor.ReplaceNode(statement, Declaration(begin, FreeName(begin, site), site).WithTriviaFrom(statement));

    private static Action<SyntaxEditor> Hoist(StatementSyntax statement, InvocationExpressionSyntax begin, Site site)
    {
        string name = FreeName(begin, site);
        return editor =>
        {
            editor.InsertBefore(statement, Declaration(begin, name, site).WithLeadingTrivia(statement.GetLeadingTrivia()));
            editor.ReplaceNode(begin, SyntaxFactory.IdentifierName(name).WithTriviaFrom(begin));
        };
    }

    private static StatementSyntax Declaration(InvocationExpressionSyntax begin, string name, Site site)
    {
        string type = site.Model.GetTypeInfo(begin, site.CancellationToken).Type!.ToMinimalDisplayString(site.Model, begin.SpanStart);
        return SyntaxFactory.ParseStatement($"using {type} {name} = {begin.WithoutTrivia()};")
            .WithTrailingTrivia(SyntaxFactory.ElasticCarriageReturnLineFeed)
            .WithAdditionalAnnotations(Formatter.Annotation);
    }

    // Several in one body get different names, whether they are fixed one by one or together.
    private static string FreeName(InvocationExpressionSyntax begin, Site site)
    {
        string wanted = site.Model.GetTypeInfo(begin, site.CancellationToken).Type?.Name == "GuestLease" ? "lease" : "access";
        int earlier = begin.FirstAncestorOrSelf<BlockSyntax>()?.DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Count(other => other.SpanStart < begin.SpanStart && other.Expression is MemberAccessExpressionSyntax access
                && begin.Expression is MemberAccessExpressionSyntax mine && access.Name.Identifier.ValueText == mine.Name.Identifier.ValueText) ?? 0;
        for (int i = earlier; ; i++)
        {
            string name = i == 0 ? wanted : wanted + (i + 1);
            if (site.Model.LookupSymbols(begin.SpanStart, name: name).IsEmpty)
            {
                return name;
            }
        }
    }
}
