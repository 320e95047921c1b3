using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>What the result of an expression decides about, as its text says.</summary>
internal static class Branches
{
    /// <summary>The condition of a loop that an expression stands in, and the loop.</summary>
    public static (ExpressionSyntax Condition, StatementSyntax Loop)? LoopConditionAround(SyntaxNode node)
    {
        while (node.Parent is ExpressionSyntax outer and (ParenthesizedExpressionSyntax or PrefixUnaryExpressionSyntax or BinaryExpressionSyntax)
            && (outer is not BinaryExpressionSyntax || outer.IsKind(SyntaxKind.LogicalAndExpression) || outer.IsKind(SyntaxKind.LogicalOrExpression)))
        {
            node = outer;
        }

        return node.Parent switch
        {
            ForStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            WhileStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            DoStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            _ => null,
        };
    }

    /// <summary>Whether a comparison is a part of an <c>and</c> or an <c>or</c> whose value goes somewhere.</summary>
    public static bool IsPartial(SyntaxNode node) =>
        node.Ancestors().TakeWhile(static outer => outer is ExpressionSyntax).Any(static outer => outer.IsKind(SyntaxKind.LogicalAndExpression) || outer.IsKind(SyntaxKind.LogicalOrExpression));

    /// <summary>Whether a comparison decides which way is taken; otherwise its result goes somewhere that is not followed.</summary>
    public static bool Decides(SyntaxNode node)
    {
        while (node.Parent is ParenthesizedExpressionSyntax
            || node.Parent.IsKind(SyntaxKind.LogicalNotExpression) || node.Parent.IsKind(SyntaxKind.LogicalAndExpression) || node.Parent.IsKind(SyntaxKind.LogicalOrExpression))
        {
            node = node.Parent!;
        }

        return node.Parent switch
        {
            IfStatementSyntax or WhileStatementSyntax or DoStatementSyntax or WhenClauseSyntax => true,
            ForStatementSyntax loop => loop.Condition == node,
            ConditionalExpressionSyntax choice => choice.Condition == node,
            _ => false,
        };
    }
}
