using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Dataflow.Calls;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>Methods that only throw, as far as their text says: <c>static void ThrowOutOfRange() => throw new ...</c>, which a check calls so that it stays small.</summary>
internal static class Throws
{
    // Characters: one that does more is no such method. What is to return something and throws is not written yet.
    private const int Longest = 400;

    /// <summary>Whether a call of a method never returns, whatever it is given.</summary>
    public static bool Always(IMethodSymbol method) =>
        method is { MethodKind: MethodKind.Ordinary or MethodKind.LocalFunction, IsAsync: false, ReturnsVoid: true, DeclaringSyntaxReferences: [{ Span.Length: <= Longest } reference] }
        && (method.MethodKind == MethodKind.LocalFunction || ProgramSource.RunsItself(method)) && Throw(reference.GetSyntax());

    private static bool Throw(SyntaxNode code) => code switch
    {
        MethodDeclarationSyntax { ExpressionBody.Expression: ThrowExpressionSyntax } or LocalFunctionStatementSyntax { ExpressionBody.Expression: ThrowExpressionSyntax } => true,
        MethodDeclarationSyntax { Body: { } body } => Throw(body),
        LocalFunctionStatementSyntax { Body: { } body } => Throw(body),
        _ => false,
    };

    private static bool Throw(BlockSyntax body) =>
        body.Statements is [.., ThrowStatementSyntax] && !body.DescendantNodes().Any(static node => node is ReturnStatementSyntax or YieldStatementSyntax or GotoStatementSyntax);
}
