using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>Calls that make their answer of what they are given, and of nothing else: where one of them lets a loop go on, it does so in each round.</summary>
internal static class Calculations
{
    // Characters: what does more is no such method.
    private const int Longest = 200;

    /// <summary>Those in a method.</summary>
    public static HashSet<SyntaxNode> In(FlowGraph graph)
    {
        var found = new HashSet<SyntaxNode>();
        foreach (IOperation operation in new OperationWalk(graph.Blocks.Blocks.SelectMany(static block => FlowGraph.OperationsOf(block))))
        {
            if (operation is IInvocationOperation { TargetMethod: var method } && (IsOfMemory(method) || IsOfNumbers(method) || IsOwn(method)))
            {
                found.Add(operation.Syntax);
            }
        }

        return found;
    }

    // Whether bytes are there, or mean anything: a chain can lead through the same good ones for ever.
    private static bool IsOfMemory(IMethodSymbol method) =>
        (method.Name is "Contains" or "IsSameMemory" && method.ContainingType.IsInNub()) || (method.Name.StartsWith("TryGet", StringComparison.Ordinal) && ShapeRules.IsGenerated(method));

    private static bool IsOfNumbers(IMethodSymbol method) =>
        method.IsStatic && FrameworkTypes.IsFrameworks(method.ContainingType)
        && (method.ContainingType.Name is "Math" or "BitOperations" or "Enum" or "BinaryPrimitives" || IntegerTypes.IsInteger(method.ContainingType))
        && method.Parameters.All(static parameter => parameter.RefKind == RefKind.None);

    // static bool IsAligned(ulong at) => (at & 15) == 0;
    private static bool IsOwn(IMethodSymbol method) =>
        method is { IsStatic: true, ReturnsVoid: false, DeclaringSyntaxReferences: [{ Span.Length: <= Longest } reference] }
        && method.Parameters.All(static parameter => parameter.RefKind == RefKind.None)
        && reference.GetSyntax() switch
        {
            MethodDeclarationSyntax { ExpressionBody.Expression: var value } => value,
            MethodDeclarationSyntax { Body.Statements: [ReturnStatementSyntax { Expression: var value }] } => value,
            LocalFunctionStatementSyntax { ExpressionBody.Expression: var value } => value,
            LocalFunctionStatementSyntax { Body.Statements: [ReturnStatementSyntax { Expression: var value }] } => value,
            _ => null,
        } is { } answer && answer.DescendantNodesAndSelf().All(node => IsComputed(node, method));

    private static bool IsComputed(SyntaxNode node, IMethodSymbol method) => node switch
    {
        IdentifierNameSyntax { Identifier.ValueText: var name } => method.Parameters.Any(one => one.Name == name) || method.ContainingType.GetMembers(name).Any(static one => one is IFieldSymbol { IsConst: true }),
        BinaryExpressionSyntax or ParenthesizedExpressionSyntax or LiteralExpressionSyntax or CastExpressionSyntax or PredefinedTypeSyntax => true,
        PrefixUnaryExpressionSyntax => !Steps.IsStep(node),
        _ => false,
    };
}
