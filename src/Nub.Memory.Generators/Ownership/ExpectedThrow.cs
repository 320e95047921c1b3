using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Ownership;

/// <summary>
/// Recognises a delegate that does nothing but make one call, and is handed to what expects that call to throw:
/// <c>Assert.Throws&lt;SharedMemoryLockedException&gt;(() =&gt; guest.EnterGuest())</c>. A call that throws begins no lease.
/// </summary>
internal static class ExpectedThrow
{
    /// <summary>Whether a call is all that a delegate does, and the method that is given the delegate says by its name that it is to throw.</summary>
    public static bool Is(SyntaxNode call) => FunctionAround(call) switch
    {
        AnonymousFunctionExpressionSyntax lambda => IsExpected(lambda),
        LocalFunctionStatementSyntax local => IsExpectedByName(local, local.Identifier.ValueText),
        _ => false,
    };

    // The function of which the call is the whole body.
    private static SyntaxNode? FunctionAround(SyntaxNode call)
    {
        SyntaxNode whole = call;
        while (whole.Parent is ParenthesizedExpressionSyntax or CastExpressionSyntax or AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.ValueText: "_" } }
            or ExpressionStatementSyntax or ReturnStatementSyntax or ArrowExpressionClauseSyntax or BlockSyntax { Statements.Count: 1 })
        {
            whole = whole.Parent;
        }

        return whole.Parent;
    }

    private static bool IsExpected(AnonymousFunctionExpressionSyntax lambda)
    {
        SyntaxNode value = lambda;
        while (value.Parent is ParenthesizedExpressionSyntax or CastExpressionSyntax)
        {
            value = value.Parent;
        }

        return value.Parent switch
        {
            EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax variable } => IsExpectedByName(variable, variable.Identifier.ValueText),
            AssignmentExpressionSyntax { Left: IdentifierNameSyntax variable } => IsExpectedByName(variable, variable.Identifier.ValueText),
            _ => IsGivenToThrow(value),
        };
    }

    // The delegate goes by a name that is used somewhere else in the member.
    private static bool IsExpectedByName(SyntaxNode declaration, string name) =>
        declaration.FirstAncestorOrSelf<MemberDeclarationSyntax>() is { } member
        && member.DescendantNodes().OfType<IdentifierNameSyntax>().Any(use => use.Identifier.ValueText == name && IsGivenToThrow(use));

    // An argument of a call that is named so, or what a chain of calls begins with of which one is: act.Should().Throw<T>().
    private static bool IsGivenToThrow(SyntaxNode value) =>
        value.Ancestors().TakeWhile(static node => node is not (StatementSyntax or AnonymousFunctionExpressionSyntax))
            .OfType<InvocationExpressionSyntax>().Any(static call => NameOf(call.Expression) is { } name && SaysThrow(name));

    private static bool SaysThrow(string name) => name.Contains("Throw") || name is "Catch" or "CatchAsync" or "Exception" or "ExceptionAsync";

    private static string? NameOf(ExpressionSyntax callee) => callee switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.ValueText,
        SimpleNameSyntax name => name.Identifier.ValueText,
        _ => null,
    };
}
