using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn.Rewriting;

// Indexers that read when they are got and write when they are set.
internal sealed partial class Rewriter
{
    public override SyntaxNode? VisitElementAccessExpression(ElementAccessExpressionSyntax node)
    {
        if (IndexedIn(node) is not ({ } memory, { } address, { } type))
        {
            return base.VisitElementAccessExpression(node);
        }

        if (IsTarget(node))
        {
            Leave(node, "indexers that are written to in the middle of an expression");
            return base.VisitElementAccessExpression(node);
        }

        tally.Add(CallKind.Read);
        return Expression($"{memory}.Read<{type}>({address})").WithTriviaFrom(node);
    }

    public override SyntaxNode? VisitAssignmentExpression(AssignmentExpressionSyntax node)
    {
        if (node.Left is not ElementAccessExpressionSyntax element || !IsStatement(node) || (!node.IsKind(SyntaxKind.SimpleAssignmentExpression) && !IsRepeatable(element)) || IndexedIn(element) is not ({ } memory, { } address, { } type))
        {
            return base.VisitAssignmentExpression(node);
        }

        string value = Text(Visit(node.Right)!);
        if (!node.IsKind(SyntaxKind.SimpleAssignmentExpression))
        {
            // += without its =.
            tally.Add(CallKind.Read);
            value = $"({type})({memory}.Read<{type}>({address}) {node.OperatorToken.Text[..^1]} ({value}))";
        }

        tally.Add(CallKind.Write);
        return Expression($"{memory}.Write<{type}>({address}, {value})").WithTriviaFrom(node);
    }

    public override SyntaxNode? VisitPostfixUnaryExpression(PostfixUnaryExpressionSyntax node) => Stepped(node, node.Operand, node.OperatorToken) ?? base.VisitPostfixUnaryExpression(node);

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node) => Stepped(node, node.Operand, node.OperatorToken) ?? base.VisitPrefixUnaryExpression(node);

    // ++ and --
    private ExpressionSyntax? Stepped(ExpressionSyntax node, ExpressionSyntax operand, SyntaxToken step)
    {
        if (!step.IsKind(SyntaxKind.PlusPlusToken) && !step.IsKind(SyntaxKind.MinusMinusToken))
        {
            return null;
        }

        if (operand is not ElementAccessExpressionSyntax element || !IsStatement(node) || !IsRepeatable(element) || IndexedIn(element) is not ({ } memory, { } address, { } type))
        {
            return null;
        }

        tally.Add(CallKind.Read);
        tally.Add(CallKind.Write);
        return Expression($"{memory}.Write<{type}>({address}, ({type})({memory}.Read<{type}>({address}) {step.Text[..1]} 1))").WithTriviaFrom(node);
    }

    private static bool IsTarget(ElementAccessExpressionSyntax node) => node.Parent switch
    {
        AssignmentExpressionSyntax assignment => assignment.Left == node,
        PostfixUnaryExpressionSyntax step => !step.IsKind(SyntaxKind.SuppressNullableWarningExpression),
        PrefixUnaryExpressionSyntax step => step.OperatorToken.Kind() is SyntaxKind.PlusPlusToken or SyntaxKind.MinusMinusToken,
        ArgumentSyntax argument => !argument.RefKindKeyword.IsKind(SyntaxKind.None) || argument.Parent is TupleExpressionSyntax { Parent: AssignmentExpressionSyntax },
        _ => false,
    };

    // What is written to by += is named twice afterwards: once to be read.
    private static bool IsRepeatable(ElementAccessExpressionSyntax node) => !node.ArgumentList.DescendantNodes().Any(static one =>
        one is InvocationExpressionSyntax or ElementAccessExpressionSyntax or AssignmentExpressionSyntax
        || one.Kind() is SyntaxKind.PostIncrementExpression or SyntaxKind.PostDecrementExpression or SyntaxKind.PreIncrementExpression or SyntaxKind.PreDecrementExpression);

    // Where nobody takes its value, which a write has none of.
    private static bool IsStatement(ExpressionSyntax node) => node.Parent switch
    {
        ExpressionStatementSyntax => true,
        ArrowExpressionClauseSyntax { Parent: AccessorDeclarationSyntax accessor } => !accessor.IsKind(SyntaxKind.GetAccessorDeclaration),
        ArrowExpressionClauseSyntax { Parent: MethodDeclarationSyntax { ReturnType: PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword } } } => true,
        _ => false,
    };

    private (string Memory, string Address, string Type)? IndexedIn(ElementAccessExpressionSyntax node)
    {
        if (node.Expression is not MemberAccessExpressionSyntax { Expression: not (ThisExpressionSyntax or BaseExpressionSyntax) } member
            || !project.Indexers.Contains(member.Name.Identifier.Text)
            || MemoryOf(model.GetTypeInfo(member.Expression).Type, out bool needsCast) is not { } memory
            || model.GetSymbolInfo(node).Symbol is not IPropertySymbol { IsIndexer: true } indexer)
        {
            return null;
        }

        string receiver = Through(memory, (ExpressionSyntax)Visit(member.Expression)!, needsCast).WithoutLeadingTrivia().ToFullString();
        return (receiver, PlaceOf(node.ArgumentList.Arguments), indexer.Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat));
    }

    // A physical address, a pair that is one of the 8086's, or the type that has both.
    private string PlaceOf(SeparatedSyntaxList<ArgumentSyntax> arguments)
    {
        ExpressionSyntax first = arguments[0].Expression;
        var visited = (ExpressionSyntax)Visit(first)!;
        return arguments.Count >= 2 ? Physical(Text(visited), Text(Visit(arguments[1].Expression)!))
            : model.GetTypeInfo(first).Type is { Name: "SegmentedAddress" } ? $"({Text(visited)}).Linear"
            : Address(first, visited);
    }
}
