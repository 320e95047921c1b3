using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Flow;

/// <summary>How often a loop runs, as far as its text says.</summary>
internal static class Loops
{
    /// <summary>Whether a loop compares what it counts with something else, too: in its condition, or where it breaks off.</summary>
    public static bool IsBoundedElsewhere(ExpressionSyntax condition, StatementSyntax loop, SyntaxNode counter, SyntaxNode comparison)
    {
        string counted = Name(counter);
        return condition.DescendantNodesAndSelf().Concat(loop.DescendantNodes().OfType<IfStatementSyntax>().SelectMany(static branch => branch.Condition.DescendantNodesAndSelf()))
            .OfType<BinaryExpressionSyntax>()
            .Any(other => other != comparison && IsRelational(other) && (Name(other.Left) == counted || Name(other.Right) == counted));
    }

    /// <summary>Whether a loop makes a variable smaller.</summary>
    public static bool CountsDown(StatementSyntax loop, SyntaxNode variable)
    {
        // It may be made smaller where it is compared: while (n-- > 0), while ((n -= step) > 0).
        variable = Inner(variable);
        string counted = Name(variable switch
        {
            PostfixUnaryExpressionSyntax step => step.Operand,
            PrefixUnaryExpressionSyntax step => step.Operand,
            AssignmentExpressionSyntax step => step.Left,
            _ => variable,
        });
        return loop.DescendantNodes().Any(node => node switch
        {
            PostfixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PostDecrementExpression) && Name(step.Operand) == counted,
            PrefixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PreDecrementExpression) && Name(step.Operand) == counted,
            AssignmentExpressionSyntax step => step.IsKind(SyntaxKind.SubtractAssignmentExpression) && Name(step.Left) == counted,
            _ => false,
        });
    }

    private static bool IsRelational(BinaryExpressionSyntax node) =>
        node.Kind() is SyntaxKind.LessThanExpression or SyntaxKind.LessThanOrEqualExpression or SyntaxKind.GreaterThanExpression or SyntaxKind.GreaterThanOrEqualExpression;

    private static string Name(SyntaxNode node) => Inner(node).ToString();

    private static SyntaxNode Inner(SyntaxNode node)
    {
        while (node is CastExpressionSyntax or ParenthesizedExpressionSyntax)
        {
            node = node is CastExpressionSyntax cast ? cast.Expression : ((ParenthesizedExpressionSyntax)node).Expression;
        }

        return node;
    }
}
