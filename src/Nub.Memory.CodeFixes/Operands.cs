using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>Expressions as text that is put into another expression.</summary>
internal static class Operands
{
    /// <summary>The expression, in parentheses where it would otherwise be taken apart by a cast before it or a member behind it.</summary>
    public static string AsOperand(this ExpressionSyntax expression) => expression
        is SimpleNameSyntax or ThisExpressionSyntax or LiteralExpressionSyntax or MemberAccessExpressionSyntax or InvocationExpressionSyntax or ElementAccessExpressionSyntax or ParenthesizedExpressionSyntax
        ? expression.ToString()
        : $"({expression})";

    /// <summary>Whether it has its receiver before a <c>?.</c>, and means nothing without it.</summary>
    public static bool IsBound(this ExpressionSyntax expression) => expression switch
    {
        MemberBindingExpressionSyntax or ElementBindingExpressionSyntax => true,
        InvocationExpressionSyntax call => call.Expression.IsBound(),
        MemberAccessExpressionSyntax access => access.Expression.IsBound(),
        ElementAccessExpressionSyntax element => element.Expression.IsBound(),
        PostfixUnaryExpressionSyntax suppressed => suppressed.Operand.IsBound(),
        _ => false,
    };
}
