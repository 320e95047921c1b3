using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Taint;

/// <summary>What a method does with a field, as far as its text says.</summary>
internal static class FieldUses
{
    /// <summary>Whether a field is mentioned.</summary>
    public static bool IsUsed(SyntaxNode code, IFieldSymbol field) => Mentions(code, field).Any();

    /// <summary>Whether a field is compared with something, or cut to a range: other methods may rely on that.</summary>
    public static bool IsChecked(SyntaxNode code, IFieldSymbol field) => Mentions(code, field).Any(static use => use.Ancestors().TakeWhile(static outer => outer is ExpressionSyntax or ArgumentSyntax or ArgumentListSyntax).Any(static outer => outer switch
    {
        BinaryExpressionSyntax binary => binary.Kind() is SyntaxKind.LessThanExpression or SyntaxKind.LessThanOrEqualExpression or SyntaxKind.GreaterThanExpression
            or SyntaxKind.GreaterThanOrEqualExpression or SyntaxKind.EqualsExpression or SyntaxKind.NotEqualsExpression or SyntaxKind.ModuloExpression,
        IsPatternExpressionSyntax or SwitchExpressionSyntax => true,
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name } } => name is "Min" or "Clamp" || name.StartsWith("ThrowIf", StringComparison.Ordinal),
        _ => false,
    }));

    private static IEnumerable<IdentifierNameSyntax> Mentions(SyntaxNode code, IFieldSymbol field) =>
        code.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Where(name => name.Identifier.ValueText == field.Name && (name.Parent is not MemberAccessExpressionSyntax access || access.Expression == name || access.Expression is ThisExpressionSyntax));
}
