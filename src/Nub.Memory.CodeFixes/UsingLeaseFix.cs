using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0014: keeps the lease in a <c>using</c> declaration, which ends it on every way out of the block.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class UsingLeaseFix : RemedyProvider
{
    private const string Title = "Declare it with 'using'";
    private const string Key = "using";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.Lease.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        // A using declaration stands in a block; in a switch section there can be none.
        if (site.Node.FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } begin
            || begin.FirstAncestorOrSelf<StatementSyntax>() is not { Parent: BlockSyntax or GlobalStatementSyntax } statement
            || !LeaseScope.MayHold(begin, site))
        {
            yield break;
        }

        if (begin.Parent is MemberAccessExpressionSyntax or ArgumentSyntax)
        {
            if (Hoist.StatementToPrecede(begin, call => IsUnderLease(call, site)) is { } first)
            {
                string name = FreeName(begin, site);
                yield return new Remedy(Title, Key, begin, editor => editor.ReplaceNode(begin, (current, _) => SyntaxFactory.IdentifierName(name).WithTriviaFrom(current)),
                    Before: new Hoist(first, Declaration(begin, name, site)));
            }

            yield break;
        }

        Action<SyntaxEditor>? apply = statement switch
        {
            LocalDeclarationStatementSyntax { Declaration.Variables: [{ Initializer.Value: { } value } variable] } declaration when value == begin => Declare(declaration, variable, begin, site),
            ExpressionStatementSyntax { Expression: var whole } when whole == begin || IsDiscard(whole, begin) => Keep(statement, begin, site),
            _ => null,
        };
        if (apply is not null)
        {
            yield return new Remedy(Title, Key, statement, apply);
        }
    }

    // What is done under a lease, and to begin one, minds no other lease.
    private static bool IsUnderLease(InvocationExpressionSyntax call, Site site) =>
        site.Model.GetSymbolInfo(call, site.CancellationToken).Symbol is IMethodSymbol method && (method.ContainingType.IsLease() || (method.ReturnType.IsLease() && method.IsInNub()));

    private static bool IsDiscard(ExpressionSyntax whole, ExpressionSyntax begin) =>
        whole is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.ValueText: "_" } } assignment && assignment.Right == begin;

    // What ended it by hand would end it twice. Where that is more than a statement of its own, a person has to look.
    private static Action<SyntaxEditor>? Declare(LocalDeclarationStatementSyntax declaration, VariableDeclaratorSyntax variable, InvocationExpressionSyntax begin, Site site)
    {
        if (site.Model.GetDeclaredSymbol(variable, site.CancellationToken) is not ILocalSymbol local
            || !SymbolEqualityComparer.Default.Equals(local.Type, site.Model.GetTypeInfo(begin, site.CancellationToken).Type))
        {
            return null;
        }

        SyntaxNode scope = LeaseScope.Around(declaration);
        var ends = new List<StatementSyntax>();
        foreach (IdentifierNameSyntax use in scope.DescendantNodes().OfType<IdentifierNameSyntax>())
        {
            if (use.Identifier.ValueText != variable.Identifier.ValueText
                || !SymbolEqualityComparer.Default.Equals(site.Model.GetSymbolInfo(use, site.CancellationToken).Symbol, local))
            {
                continue;
            }

            if (use.Parent is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Dispose", Parent: var call })
            {
                if (call is not InvocationExpressionSyntax { Parent: ExpressionStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax } end } || !LeaseScope.IsLeftAfter(end, scope))
                {
                    return null;
                }

                ends.Add(end);
            }
            else if (!IsLent(use, site))
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
                editor.RemoveNode(end.Parent is GlobalStatementSyntax global ? global : end, hasComment ? SyntaxRemoveOptions.KeepExteriorTrivia : SyntaxRemoveOptions.KeepNoTrivia);
            }
        };
    }

    // Anything else may make another its owner.
    private static bool IsLent(IdentifierNameSyntax use, Site site) => use.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == use,
        ArgumentSyntax argument => site.Model.GetOperation(argument, site.CancellationToken) is IArgumentOperation { Parameter.RefKind: RefKind.In or RefKind.RefReadOnlyParameter },
        _ => false,
    };

    private static Action<SyntaxEditor> Keep(StatementSyntax statement, InvocationExpressionSyntax begin, Site site) =>
        editor => editor.ReplaceNode(statement, Declaration(begin, FreeName(begin, site), site).WithTriviaFrom(statement));

    private static StatementSyntax Declaration(InvocationExpressionSyntax begin, string name, Site site)
    {
        string type = site.Model.GetTypeInfo(begin, site.CancellationToken).Type!.ToMinimalDisplayString(site.Model, begin.SpanStart);
        return SyntaxFactory.ParseStatement($"using {type} {name} = {begin.WithoutTrivia()};")
            .WithTrailingTrivia(SyntaxFactory.ElasticCarriageReturnLineFeed)
            .WithAdditionalAnnotations(Formatter.Annotation);
    }

    private static string FreeName(InvocationExpressionSyntax begin, Site site)
    {
        string wanted = NameFor(begin, site)!;
        IEnumerable<bool> earlier = FreeNames.BodyAround(begin).DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Where(other => other.SpanStart < begin.SpanStart && NameFor(other, site) == wanted)
            .Select(static other => !FreeNames.IsNamed(other));
        return FreeNames.Find(wanted, begin, earlier, site);
    }

    private static string? NameFor(InvocationExpressionSyntax call, Site site) =>
        call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Enter" or "EnterGuest" } && site.Model.GetTypeInfo(call, site.CancellationToken).Type is { } type && type.IsLease()
            ? type.Name == "GuestLease" ? "lease" : "access"
            : null;
}
