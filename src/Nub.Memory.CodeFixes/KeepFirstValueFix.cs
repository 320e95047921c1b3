using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;
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

        if (!IsReplaceable(first, second, site))
        {
            yield break;
        }

        if (LocalOf(first, second, site) is { } kept)
        {
            yield return new Remedy(Title, "keep", second, editor => editor.ReplaceNode(second, (current, _) => SyntaxFactory.ParseExpression(kept).WithTriviaFrom(current)));
        }
        else if (site.HasHint(Hints.Same) && SyntaxFactory.AreEquivalent(first, second) && Hoist.StatementToPrecede(first, static _ => false) is { Parent: BlockSyntax block } statement && block.Span.Contains(second.Span))
        {
            string name = FreeName(first, site);
            yield return new Remedy(Title, "keep", first, editor =>
            {
                editor.ReplaceNode(first, (current, _) => SyntaxFactory.IdentifierName(name).WithTriviaFrom(current));
                editor.ReplaceNode(second, (current, _) => SyntaxFactory.IdentifierName(name).WithTriviaFrom(current));
            }, Before: new Hoist(statement, Declaration(first, name, site)));
        }
    }

    // A copy has no value of its own, and an array that is made twice is two; what is computed anew from other variables is another place; and a function may run at any time.
    private static bool IsReplaceable(ExpressionSyntax first, ExpressionSyntax second, Site site)
    {
        if (first.Parent is ExpressionStatementSyntax || second.Parent is ExpressionStatementSyntax || second.SpanStart < first.SpanStart
            || FunctionAround(first) != FunctionAround(second) || Writes.MayChange(second, site)
            || site.Model.GetTypeInfo(first, site.CancellationToken).Type is not { IsValueType: true, SpecialType: not SpecialType.System_Void })
        {
            return false;
        }

        // In a loop that the first is not in, what comes after the second comes before it as well.
        SyntaxNode? loop = second.Ancestors().LastOrDefault(outer => !outer.Span.Contains(first.Span)
            && outer is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax);
        int end = loop?.Span.End ?? second.SpanStart;
        SyntaxNode[] between = [.. FreeNames.BodyAround(first).DescendantNodes().Where(node => node.SpanStart >= first.Span.End && node.SpanStart < end)];
        return first.DescendantNodesAndSelf().OfType<SimpleNameSyntax>().All(used => site.Model.GetSymbolInfo(used, site.CancellationToken).Symbol switch
        {
            IMethodSymbol method => IsOnlyRead(method, site),
            IPropertySymbol property => property.GetMethod is { } getter && IsOnlyRead(getter, site),
            ILocalSymbol or IParameterSymbol or IFieldSymbol => !Writes.MayChange(site.Model.GetSymbolInfo(used, site.CancellationToken).Symbol!, between, site),
            _ => true,
        });
    }

    // A method of the user's that does something besides would do it once only.
    private static bool IsOnlyRead(IMethodSymbol method, Site site) => method.IsInNub() || ShapeRules.IsGenerated(method) || method.DeclaringSyntaxReferences.All(reference =>
        reference.SyntaxTree == site.Model.SyntaxTree && !reference.GetSyntax(site.CancellationToken).DescendantNodes().Any(part => Hoist.HasEffect(part, call =>
            site.Model.GetSymbolInfo(call, site.CancellationToken).Symbol is { } called && (called.IsInNub() || ShapeRules.IsGenerated(called)))));

    private static SyntaxNode? FunctionAround(ExpressionSyntax expression) =>
        expression.Ancestors().FirstOrDefault(static outer => outer is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or MemberDeclarationSyntax and not GlobalStatementSyntax);

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
            || site.Model.GetDeclaredSymbol(variable, site.CancellationToken) is not ILocalSymbol local
            || Writes.MayChange(local, block.DescendantNodes(), site))
        {
            return null;
        }

        bool isSameType = SymbolEqualityComparer.Default.Equals(local.Type, site.Model.GetTypeInfo(first, site.CancellationToken).Type);
        if (!isSameType)
        {
            return null;
        }

        if (site.HasHint(Hints.Same) && SyntaxFactory.AreEquivalent(first, second))
        {
            return variable.Identifier.Text;
        }

        // whole = view.Load(), and then view.Length: whole.Length. Not where it is of another type: a [WireEnum] field is the enum in the struct, and the integer in the view.
        ITypeSymbol? type = site.Model.GetTypeInfo(second, site.CancellationToken).Type;
        return first is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Load" } load }
            && second is MemberAccessExpressionSyntax field && SyntaxFactory.AreEquivalent(load.Expression, field.Expression)
            && local.Type.GetMembers(field.Name.Identifier.ValueText).Any(member => SymbolEqualityComparer.Default.Equals((member as IFieldSymbol)?.Type ?? (member as IPropertySymbol)?.Type, type))
            ? $"{variable.Identifier.Text}.{field.Name}"
            : null;
    }

    private static StatementSyntax Declaration(ExpressionSyntax first, string name, Site site)
    {
        string type = site.Model.GetTypeInfo(first, site.CancellationToken).Type!.ToMinimalDisplayString(site.Model, first.SpanStart);
        return SyntaxFactory.ParseStatement($"{type} {name} = {first.WithoutTrivia()};")
            .WithTrailingTrivia(SyntaxFactory.ElasticCarriageReturnLineFeed)
            .WithAdditionalAnnotations(Formatter.Annotation);
    }

    // One read that is made in several places wants one name.
    private static string FreeName(ExpressionSyntax first, Site site)
    {
        string wanted = NameOf(first);
        IEnumerable<bool> earlier = FreeNames.BodyAround(first).DescendantNodes().OfType<ExpressionSyntax>()
            .Where(other => other.SpanStart < first.SpanStart && other.GetType() == first.GetType() && NameOf(other) == wanted && !SyntaxFactory.AreEquivalent(other, first))
            .GroupBy(static other => other.WithoutTrivia().ToString())
            .Select(static same => !same.Any(FreeNames.IsNamed));
        return FreeNames.Find(wanted, first, earlier, site);
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
