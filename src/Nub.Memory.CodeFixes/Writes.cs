using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>Tells whether more than its value is taken of an expression.</summary>
internal static class Writes
{
    /// <summary>Whether it, or a part of it, is assigned or passed by reference, or a method that may change it is called on it.</summary>
    public static bool MayChange(ExpressionSyntax variable, Site site)
    {
        SyntaxNode node = variable.Parent is MemberAccessExpressionSyntax of && of.Name == variable ? of : variable;
        while (true)
        {
            switch (node.Parent)
            {
                case ParenthesizedExpressionSyntax:
                case ElementAccessExpressionSyntax element when element.Expression == node && IsValue(element.Expression, site):
                    break;
                case MemberAccessExpressionSyntax access when access.Expression == node && IsValue(access.Expression, site):
                    if (site.Model.GetSymbolInfo(access, site.CancellationToken).Symbol is IMethodSymbol method)
                    {
                        return IsChanging(method);
                    }

                    break;
                default:
                    return IsWritten(node);
            }

            node = node.Parent!;
        }
    }

    /// <summary>Whether a variable may change in a part of the code.</summary>
    public static bool MayChange(ISymbol variable, IEnumerable<SyntaxNode> nodes, Site site) => nodes.OfType<IdentifierNameSyntax>().Any(use =>
        use.Identifier.ValueText == variable.Name && SymbolEqualityComparer.Default.Equals(site.Model.GetSymbolInfo(use, site.CancellationToken).Symbol, variable) && MayChange(use, site));

    // A part of a value is a part of the variable; what a reference leads to is not.
    private static bool IsValue(ExpressionSyntax expression, Site site) => site.Model.GetTypeInfo(expression, site.CancellationToken).Type is null or { IsValueType: true };

    private static bool IsChanging(IMethodSymbol method) => method.ReducedFrom is { Parameters: [var extended, ..] }
        ? extended.RefKind == RefKind.Ref
        : method.ContainingType.TypeKind == TypeKind.Extension // May take what it is called on by reference.
            || method is { IsStatic: false, IsReadOnly: false, ContainingType: { IsValueType: true, IsReadOnly: false, SpecialType: SpecialType.None } };

    private static bool IsWritten(SyntaxNode node) => node.Parent switch
    {
        AssignmentExpressionSyntax assignment => assignment.Left == node,
        PrefixUnaryExpressionSyntax or PostfixUnaryExpressionSyntax => node.Parent.Kind() is SyntaxKind.PreIncrementExpression or SyntaxKind.PreDecrementExpression
            or SyntaxKind.PostIncrementExpression or SyntaxKind.PostDecrementExpression or SyntaxKind.AddressOfExpression,
        ArgumentSyntax { Parent: TupleExpressionSyntax tuple } => IsWritten(tuple),
        ArgumentSyntax argument => argument.RefKindKeyword.RawKind is (int)SyntaxKind.RefKeyword or (int)SyntaxKind.OutKeyword,
        RefExpressionSyntax => true,
        _ => false,
    };
}
