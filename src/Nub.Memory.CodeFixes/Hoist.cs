using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace Nub.Memory.CodeFixes;

/// <summary>A declaration that goes before a statement, for something that stood in it.</summary>
internal sealed record Hoist(StatementSyntax Statement, StatementSyntax Declaration)
{
    /// <summary>The statement that an expression can be evaluated before: not more often than now, nor before something that it should see the effect of; null when there is none.</summary>
    /// <param name="isHarmless">Whether a call that stands before it may as well come after it.</param>
    public static StatementSyntax? StatementToPrecede(ExpressionSyntax expression, Func<InvocationExpressionSyntax, bool> isHarmless)
    {
        SyntaxNode node = expression;
        for (; node.Parent is { } parent and not (BlockSyntax or GlobalStatementSyntax); node = parent)
        {
            if (!IsAlwaysRun(node, parent))
            {
                return null;
            }
        }

        return node is StatementSyntax { Parent: not null } statement and not (UsingStatementSyntax or FixedStatementSyntax or LockStatementSyntax)
            && !statement.DescendantNodes().Any(earlier => earlier.Span.End <= expression.SpanStart && HasEffect(earlier, isHarmless))
            ? statement
            : null;
    }

    /// <summary>Puts the declaration where it belongs.</summary>
    /// <param name="isFirst">Whether no other was put there: what stands before the statement, such as its comment, then stands before the declaration.</param>
    public void Apply(SyntaxEditor editor, bool isFirst)
    {
        SyntaxTriviaList before = Statement.GetLeadingTrivia();
        SyntaxTriviaList indentation = [.. before.Reverse().TakeWhile(static trivia => trivia.IsKind(SyntaxKind.WhitespaceTrivia))];
        StatementSyntax declaration = Declaration.WithLeadingTrivia(isFirst ? before : indentation);
        if (Statement.Parent is GlobalStatementSyntax global)
        {
            editor.InsertBefore(global, SyntaxFactory.GlobalStatement(declaration));
        }
        else
        {
            editor.InsertBefore(Statement, declaration);
        }

        if (isFirst)
        {
            editor.ReplaceNode(Statement, (current, _) => current.WithLeadingTrivia(indentation));
        }
    }

    /// <summary>Whether a part of an expression does something besides giving a value.</summary>
    public static bool HasEffect(SyntaxNode node, Func<InvocationExpressionSyntax, bool> isHarmless) => node switch
    {
        InvocationExpressionSyntax call => !isHarmless(call),
        AssignmentExpressionSyntax or AwaitExpressionSyntax or BaseObjectCreationExpressionSyntax or SingleVariableDesignationSyntax => true,
        _ => node.Kind() is SyntaxKind.PreIncrementExpression or SyntaxKind.PreDecrementExpression or SyntaxKind.PostIncrementExpression or SyntaxKind.PostDecrementExpression,
    };

    private static bool IsAlwaysRun(SyntaxNode node, SyntaxNode parent) => parent switch
    {
        WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or ElseClauseSyntax or SwitchSectionSyntax or LabeledStatementSyntax or LocalFunctionStatementSyntax or CatchFilterClauseSyntax
            or AnonymousFunctionExpressionSyntax or ConditionalAccessExpressionSyntax or SwitchExpressionArmSyntax or WhenClauseSyntax or QueryExpressionSyntax or MemberDeclarationSyntax => false,
        BinaryExpressionSyntax both when parent.Kind() is SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression or SyntaxKind.CoalesceExpression => both.Left == node,
        AssignmentExpressionSyntax => !parent.IsKind(SyntaxKind.CoalesceAssignmentExpression),
        ConditionalExpressionSyntax choice => choice.Condition == node,
        IfStatementSyntax branch => branch.Condition == node,
        CommonForEachStatementSyntax each => each.Expression == node,

        // What is declared beside it may be used in it.
        VariableDeclarationSyntax declaration => declaration.Variables[0] == node,
        _ => true,
    };
}
