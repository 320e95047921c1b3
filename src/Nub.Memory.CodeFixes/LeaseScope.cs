using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>What follows from a lease being open until its block ends.</summary>
internal static class LeaseScope
{
    /// <summary>What a declaration in a statement is known in: its block, or the file where the statements are a program.</summary>
    public static SyntaxNode Around(StatementSyntax statement) => statement.Parent is GlobalStatementSyntax global ? global.Parent! : statement.Parent!;

    /// <summary>Whether the lease that a call begins can be declared in its block, and end with it.</summary>
    public static bool MayHold(InvocationExpressionSyntax begin, Site site)
    {
        // A view that is handed out would be one under a lease that has ended.
        if (begin.IsBound() || site.Model.GetEnclosingSymbol(begin.SpanStart, site.CancellationToken) is not IMethodSymbol method || method.ReturnType.IsRefLikeType
            || method.Parameters.Any(static parameter => parameter.RefKind is RefKind.Out or RefKind.Ref && parameter.Type.IsRefLikeType))
        {
            return false;
        }

        // Nothing jumps over a using declaration, and what is on the stack only cannot wait.
        SyntaxNode scope = Around(begin.FirstAncestorOrSelf<StatementSyntax>()!);
        return !scope.ChildNodes().Any(static node => node is LabeledStatementSyntax or GlobalStatementSyntax { Statement: LabeledStatementSyntax })
            && !(site.Model.GetTypeInfo(begin, site.CancellationToken).Type is { IsRefLikeType: true } && scope.DescendantTokens().Any(token => token.SpanStart > begin.SpanStart && token.Kind() is SyntaxKind.AwaitKeyword or SyntaxKind.YieldKeyword));
    }

    /// <summary>Whether the scope is left right after a statement that ends the lease by hand, with nothing done in between that an open lease could be in the way of.</summary>
    public static bool IsLeftAfter(StatementSyntax end, SyntaxNode scope)
    {
        for (SyntaxNode node = end; ; node = node.Parent!)
        {
            switch (node.Parent)
            {
                case BlockSyntax or CompilationUnitSyntax:
                    SyntaxNode? next = node.Parent.ChildNodes().FirstOrDefault(later => later.SpanStart > node.SpanStart && IsStep(later));
                    if (next is not null)
                    {
                        return IsWayOut(next is GlobalStatementSyntax { Statement: var statement } ? statement : next, scope);
                    }

                    if (node.Parent == scope)
                    {
                        return true;
                    }

                    break;
                case IfStatementSyntax or ElseClauseSyntax or GlobalStatementSyntax:
                    break;
                default:
                    return false;
            }
        }
    }

    private static bool IsStep(SyntaxNode node) => node switch
    {
        GlobalStatementSyntax global => IsStep(global.Statement),
        _ => node is StatementSyntax and not (LocalFunctionStatementSyntax or EmptyStatementSyntax),
    };

    private static bool IsWayOut(SyntaxNode next, SyntaxNode scope)
    {
        IEnumerable<SyntaxNode> around = next.Ancestors().TakeWhile(outer => outer != scope);
        bool runsMore = around.Any(outer => outer is TryStatementSyntax { Finally: not null } or UsingStatementSyntax or LockStatementSyntax);
        return !runsMore && next switch
        {
            ReturnStatementSyntax given => IsHarmless(given.Expression),
            ThrowStatementSyntax { Expression: var thrown } => (thrown is BaseObjectCreationExpressionSyntax { Initializer: null } made ? IsHarmless(made.ArgumentList) : IsHarmless(thrown))
                && !around.Any(outer => outer is TryStatementSyntax { Catches.Count: > 0 } attempt && attempt.Block.Span.Contains(next.Span)),
            BreakStatementSyntax or ContinueStatementSyntax =>
                !around.Any(static outer => outer is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax or SwitchStatementSyntax),
            _ => false,
        };
    }

    private static bool IsHarmless(SyntaxNode? expression) => expression is null
        || !expression.DescendantNodesAndSelf().Any(static part => part is InvocationExpressionSyntax or BaseObjectCreationExpressionSyntax or AwaitExpressionSyntax or AssignmentExpressionSyntax);
}
