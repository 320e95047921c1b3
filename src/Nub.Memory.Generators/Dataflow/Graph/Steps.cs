using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>How code moves a variable on, as its text says.</summary>
internal static class Steps
{
    /// <summary>Whether something is moved on by one, or by another constant.</summary>
    public static bool IsStep(SyntaxNode node) => node switch
    {
        PostfixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PostDecrementExpression) || step.IsKind(SyntaxKind.PostIncrementExpression),
        PrefixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PreDecrementExpression) || step.IsKind(SyntaxKind.PreIncrementExpression),
        AssignmentExpressionSyntax { Right: LiteralExpressionSyntax } step => step.IsKind(SyntaxKind.SubtractAssignmentExpression) || step.IsKind(SyntaxKind.AddAssignmentExpression),
        AssignmentExpressionSyntax { Left: var counter, Right: BinaryExpressionSyntax { Left: var before, Right: LiteralExpressionSyntax } next } step =>
            step.IsKind(SyntaxKind.SimpleAssignmentExpression) && (next.IsKind(SyntaxKind.AddExpression) || next.IsKind(SyntaxKind.SubtractExpression)) && Name(before) == Name(counter),
        _ => false,
    };

    /// <summary>Whether something is moved on by anything: <c>left -= length</c>.</summary>
    public static bool IsChange(SyntaxNode node) =>
        node is AssignmentExpressionSyntax && (node.IsKind(SyntaxKind.SubtractAssignmentExpression) || node.IsKind(SyntaxKind.AddAssignmentExpression));

    /// <summary>By how much a step goes.</summary>
    public static string SizeOf(SyntaxNode step) => step switch
    {
        AssignmentExpressionSyntax { Right: BinaryExpressionSyntax { Right: var by } } => by.ToString().TrimEnd('u', 'U', 'l', 'L'),
        AssignmentExpressionSyntax { Right: var by } => by.ToString().TrimEnd('u', 'U', 'l', 'L'),
        _ => "1",
    };

    /// <summary>What a step moves on.</summary>
    public static ExpressionSyntax TargetOf(SyntaxNode step) => step switch
    {
        PostfixUnaryExpressionSyntax { Operand: var operand } => operand,
        PrefixUnaryExpressionSyntax { Operand: var operand } => operand,
        AssignmentExpressionSyntax { Left: var left } => left,
        _ => (ExpressionSyntax)step,
    };

    /// <summary>What a node makes smaller.</summary>
    public static ExpressionSyntax? Decreased(SyntaxNode node) => node switch
    {
        PostfixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PostDecrementExpression) => step.Operand,
        PrefixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PreDecrementExpression) => step.Operand,
        AssignmentExpressionSyntax step when step.IsKind(SyntaxKind.SubtractAssignmentExpression) => step.Left,
        _ => null,
    };

    /// <summary>The names of the variables that are declared in code.</summary>
    public static HashSet<string> DeclaredIn(SyntaxNode code) => new(
        code.DescendantNodes().Select(static node => node switch
        {
            VariableDeclaratorSyntax { Identifier.ValueText: var name } => name,
            SingleVariableDesignationSyntax { Identifier.ValueText: var name } => name,
            ForEachStatementSyntax { Identifier.ValueText: var name } => name,
            _ => null,
        }).OfType<string>(),
        StringComparer.Ordinal);

    /// <summary>What something is called as a member of whatever it is one of: <c>_left</c> of <c>this._left</c>.</summary>
    public static string LastName(SyntaxNode node) => Inner(node) is MemberAccessExpressionSyntax { Name.Identifier.ValueText: var member } ? member : Name(node);

    /// <summary>How something is written, without casts and parentheses.</summary>
    public static string Name(SyntaxNode node) => Inner(node).ToString();

    /// <summary>Something without the casts and parentheses around it.</summary>
    public static SyntaxNode Inner(SyntaxNode node)
    {
        while (true)
        {
            switch (node)
            {
                case CastExpressionSyntax { Expression: var inner }:
                    node = inner;
                    break;
                case ParenthesizedExpressionSyntax { Expression: var inner }:
                    node = inner;
                    break;
                case CheckedExpressionSyntax { Expression: var inner }:
                    node = inner;
                    break;
                default:
                    return node;
            }
        }
    }
}
