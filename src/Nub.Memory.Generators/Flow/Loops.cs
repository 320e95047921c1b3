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
        return condition.DescendantNodesAndSelf().Concat(loop.DescendantNodes().OfType<IfStatementSyntax>().Where(static branch => branch.DescendantNodes().Any(Leaves)).SelectMany(static branch => branch.Condition.DescendantNodesAndSelf()))
            .OfType<BinaryExpressionSyntax>()
            .Any(other => other != comparison && IsRelational(other) && (Name(other.Left) == counted || Name(other.Right) == counted));
    }

    /// <summary>Whether a loop makes a variable smaller.</summary>
    public static bool CountsDown(StatementSyntax loop, SyntaxNode variable)
    {
        // It may be made smaller where it is compared: while (n-- > 0), while ((n -= step) > 0).
        string counted = Name(Decreased(Inner(variable)) ?? variable);
        return loop.DescendantNodes().Any(node => Decreased(node) is { } decreased && Name(decreased) == counted);
    }

    // What a node makes smaller.
    private static ExpressionSyntax? Decreased(SyntaxNode node) => node switch
    {
        PostfixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PostDecrementExpression) => step.Operand,
        PrefixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PreDecrementExpression) => step.Operand,
        AssignmentExpressionSyntax step when step.IsKind(SyntaxKind.SubtractAssignmentExpression) => step.Left,
        _ => null,
    };

    private static bool Leaves(SyntaxNode node) => node is BreakStatementSyntax or ReturnStatementSyntax or ThrowStatementSyntax or ThrowExpressionSyntax or GotoStatementSyntax;

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
