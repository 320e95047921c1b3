using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>
/// NUB0001 of a <c>[ValidateOnRead]</c> struct that is read like an AllValid one: reads it with its check. What is to happen to a
/// value that is refused only its author knows; until then it is an <c>InvalidDataException</c>.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class ReadValidatedFix : RemedyProvider
{
    private const string Checked = "TryReadValidated";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.TypeArgument.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        if (!site.HasHint(Hints.Validated)
            || site.Node.FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } call
            || site.Model.GetSymbolInfo(call, site.CancellationToken).Symbol is not IMethodSymbol method
            || method.ContainingType is not { Name: "HostSharedMemory" or "HostLease", ContainingNamespace: { Name: "Memory", ContainingNamespace.Name: "Nub" } }
            || NameOf(call) is not { } name)
        {
            yield break;
        }

        Func<SyntaxNode>? fixedNode = null;
        SyntaxNode target = call;
        switch (method.Name)
        {
            case "TryRead":
                target = name;
                fixedNode = () => name.WithIdentifier(SyntaxFactory.Identifier(Checked)).WithTriviaFrom(name);
                break;
            case "Read" when !call.IsBound():
                string type = method.TypeArguments[0].ToMinimalDisplayString(site.Model, call.SpanStart);
                if (call.Parent is ExpressionStatementSyntax)
                {
                    fixedNode = () => Call(call, "_");
                }
                else if (DeclarationOf(call, site) is { } declaration)
                {
                    target = declaration;
                    fixedNode = () => Statement(declaration, call, type);
                }
                else
                {
                    string local = FreeName(call, site);
                    fixedNode = () => Expression(call, type, local);
                }

                break;
        }

        if (fixedNode is not null)
        {
            yield return new Remedy($"Use {Checked}", "validated", target, editor =>
                editor.ReplaceNode(target, fixedNode().WithAdditionalAnnotations(Formatter.Annotation, Simplifier.Annotation)));
        }
    }

    private static SimpleNameSyntax? NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => access.Name,
        MemberBindingExpressionSyntax binding => binding.Name,
        _ => null,
    };

    // Where the value is all that a local is declared for, the check can stand before it.
    private static LocalDeclarationStatementSyntax? DeclarationOf(InvocationExpressionSyntax call, Site site) =>
        call.Parent is EqualsValueClauseSyntax
        {
            Parent: VariableDeclaratorSyntax
            {
                Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: 0, Parent: BlockSyntax or GlobalStatementSyntax } statement } declaration
            }
        } && SymbolEqualityComparer.Default.Equals(
            site.Model.GetTypeInfo(declaration.Type, site.CancellationToken).Type, site.Model.GetTypeInfo(call, site.CancellationToken).Type)
            ? statement
            : null;

    private static StatementSyntax Statement(LocalDeclarationStatementSyntax declaration, InvocationExpressionSyntax call, string type)
    {
        VariableDeclarationSyntax variable = declaration.Declaration;
        string name = variable.Variables[0].Identifier.Text;
        return SyntaxFactory.ParseStatement($$"""
            if (!{{Call(call, $"{variable.Type.WithoutTrivia()} {name}")}})
            {
                {{Throw(type)}};
            }

            """).WithTriviaFrom(declaration);
    }

    private static ParenthesizedExpressionSyntax Expression(InvocationExpressionSyntax call, string type, string local) =>
        SyntaxFactory.ParenthesizedExpression(SyntaxFactory.ParseExpression($"{Call(call, $"{type} {local}")} ? {local} : {Throw(type)}")).WithTriviaFrom(call);

    private static InvocationExpressionSyntax Call(InvocationExpressionSyntax call, string result)
    {
        var access = (MemberAccessExpressionSyntax)call.Expression;
        ArgumentSyntax taken = SyntaxFactory.Argument(SyntaxFactory.ParseExpression(" " + result)).WithRefKindKeyword(SyntaxFactory.Token(SyntaxKind.OutKeyword));
        if (result != "_")
        {
            string[] words = result.Split(' ');
            taken = taken.WithExpression(SyntaxFactory.DeclarationExpression(
                SyntaxFactory.ParseTypeName(string.Join(" ", words.Take(words.Length - 1))).WithLeadingTrivia(SyntaxFactory.Space),
                SyntaxFactory.SingleVariableDesignation(SyntaxFactory.Identifier(words[words.Length - 1]).WithLeadingTrivia(SyntaxFactory.Space))));
        }

        return call.WithoutTrivia()
            .WithExpression(access.WithName(access.Name.WithIdentifier(SyntaxFactory.Identifier(Checked))))
            .AddArgumentListArguments(taken.WithLeadingTrivia(SyntaxFactory.Space));
    }

    private static string Throw(string type) => $"throw new System.IO.InvalidDataException(\"The shared memory does not hold a legal {type}.\")";

    private static string FreeName(InvocationExpressionSyntax call, Site site) => FreeNames.Find("value", call, FreeNames.BodyAround(call).DescendantNodes().OfType<InvocationExpressionSyntax>()
        .Where(other => other.SpanStart < call.SpanStart && NameOf(other)?.Identifier.ValueText is "Read" or Checked && IsOfValidated(other, site))
        .Select(other => NameOf(other)!.Identifier.ValueText == "Read" && other.Parent is not ExpressionStatementSyntax && DeclarationOf(other, site) is null), site);

    private static bool IsOfValidated(InvocationExpressionSyntax call, Site site) =>
        site.Model.GetSymbolInfo(call, site.CancellationToken).Symbol is IMethodSymbol { TypeArguments: [{ } type] } && type.IsValidateOnRead();
}
