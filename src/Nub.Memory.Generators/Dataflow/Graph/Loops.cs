using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>How often code runs, as far as its text says; of what a loop ends by, <see cref="LoopLimits"/>.</summary>
internal static class Loops
{
    /// <summary>Whether a method counts how deep it calls itself, or asks others whether to go on.</summary>
    /// <remarks>What it declares itself is another variable in each call, and the index of a loop counts the loop's rounds.</remarks>
    /// <param name="method">The method.</param>
    /// <param name="onlyComputes">Whether a call makes its answer of what it is given alone.</param>
    public static bool Counts(IMethodSymbol method, Func<SyntaxNode, bool> onlyComputes)
    {
        foreach (SyntaxNode body in method.DeclaringSyntaxReferences.Select(static one => one.GetSyntax()))
        {
            HashSet<string> own = Steps.DeclaredIn(body);
            bool isDepth(SyntaxNode node) => Steps.IsStep(node) && Steps.Name(Steps.TargetOf(node)) is var counter && !own.Contains(counter)
                && !(node is { Parent: ForStatementSyntax { Incrementors: var each } } && each.Contains((ExpressionSyntax)node) && method.Parameters.Any(one => one.Name == counter));
            bool asksOthers(SyntaxNode node) => node is InvocationExpressionSyntax call && !IsRead(call) && !onlyComputes(call);

            // _path.Count >= 4
            bool asksCount(SyntaxNode node) => node is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Count", Expression: var collection } && !own.Contains(Steps.Name(collection));

            // bool isNew = _seen.Add(table); if (!isNew) return;
            var answers = new HashSet<string>(
                body.DescendantNodes().OfType<VariableDeclaratorSyntax>().Where(one => one.Initializer is { Value: var value } && asksOthers(Steps.Inner(value))).Select(static one => one.Identifier.ValueText), StringComparer.Ordinal);
            if (body.DescendantNodes().Any(node => isDepth(node)
                || node is IdentifierNameSyntax { Identifier.ValueText: "EnsureSufficientExecutionStack" or "Interlocked" }
                || (node is IfStatementSyntax { Condition: var condition } && condition.DescendantNodesAndSelf().Any(one => asksOthers(one) || asksCount(one) || (IsAnswer(one) && answers.Contains(Steps.Name(one)))))))
            {
                return true;
            }
        }

        return false;
    }

    // What is asked for as it is, and not compared with anything.
    private static bool IsAnswer(SyntaxNode node) => node is IdentifierNameSyntax && node.Parent is IfStatementSyntax or ParenthesizedExpressionSyntax or PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalNotExpression }
        or BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalAndExpression or (int)SyntaxKind.LogicalOrExpression };

    /// <summary>Whether a method gives element after element in a loop without a condition that nothing leaves.</summary>
    public static bool IsEndlessIterator(IMethodSymbol method) => method.DeclaringSyntaxReferences.Select(static one => one.GetSyntax()).Any(static body =>
        body.DescendantNodes().OfType<StatementSyntax>().Any(static loop => IsForEver(loop) && loop.DescendantNodes().Any(static node => node is YieldStatementSyntax { Expression: not null }) && !loop.DescendantNodes().Any(Ends)));

    private static bool IsForEver(StatementSyntax loop) => loop switch
    {
        WhileStatementSyntax { Condition: var condition } => condition.IsKind(SyntaxKind.TrueLiteralExpression),
        DoStatementSyntax { Condition: var condition } => condition.IsKind(SyntaxKind.TrueLiteralExpression),
        ForStatementSyntax { Condition: null } => true,
        _ => false,
    };

    private static bool Ends(SyntaxNode node) =>
        node is BreakStatementSyntax or ReturnStatementSyntax or ThrowStatementSyntax or ThrowExpressionSyntax or GotoStatementSyntax or YieldStatementSyntax { Expression: null };

    /// <summary>Whether anything in a type takes elements out of a collection, asks how many it has, puts another in its place, or hands it to others that may.</summary>
    public static bool IsPruned(ISymbol field) => field.ContainingType.DeclaringSyntaxReferences.SelectMany(static one => one.GetSyntax().DescendantNodes()).Any(node => node switch
    {
        MemberAccessExpressionSyntax { Expression: var collection, Name.Identifier.ValueText: var asked } => IsPruning(asked) && Steps.LastName(collection) == field.Name,
        ConditionalAccessExpressionSyntax { Expression: var collection, WhenNotNull: var then } => Steps.LastName(collection) == field.Name
            && then.DescendantNodesAndSelf().Any(static one => one is MemberBindingExpressionSyntax { Name.Identifier.ValueText: var asked } && IsPruning(asked)),
        IsPatternExpressionSyntax { Expression: var collection, Pattern: var pattern } => Steps.LastName(collection) == field.Name
            && pattern.DescendantNodesAndSelf().Any(static one => one is NameColonSyntax { Name.Identifier.ValueText: "Count" }),
        AssignmentExpressionSyntax { Left: var target } => node.IsKind(SyntaxKind.SimpleAssignmentExpression) && Steps.LastName(target) == field.Name
            && !node.Ancestors().Any(static outer => outer is ConstructorDeclarationSyntax or InitializerExpressionSyntax),
        ArgumentSyntax { Expression: var given, Parent.Parent: InvocationExpressionSyntax call } => Steps.LastName(given) == field.Name && !NameOf(call).StartsWith("GetValueRef", StringComparison.Ordinal),
        _ => false,
    });

    private static bool IsPruning(string member) => member is "Count" or "Clear" or "Remove" or "RemoveWhere" or "TryRemove" or "ExceptWith" or "IntersectWith" or "TrimExcess";

    /// <summary>The innermost loop that something stands in, of the same function.</summary>
    public static StatementSyntax? LoopAround(SyntaxNode node) =>
        node.Ancestors().FirstOrDefault(static outer => outer is ForStatementSyntax or WhileStatementSyntax or DoStatementSyntax or CommonForEachStatementSyntax or MemberDeclarationSyntax or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)
            is StatementSyntax loop and not LocalFunctionStatementSyntax ? loop : null;

    /// <summary>Whether a loop only waits: it has nothing in it but its condition, and calls that let time pass.</summary>
    public static bool OnlyWaits(StatementSyntax loop) => loop switch
    {
        WhileStatementSyntax { Statement: var body } => IsEmpty(body),
        DoStatementSyntax { Statement: var body } => IsEmpty(body),
        ForStatementSyntax { Statement: var body, Incrementors.Count: 0 } => IsEmpty(body),
        _ => false,
    };

    private static bool IsEmpty(StatementSyntax body) => body switch
    {
        EmptyStatementSyntax => true,
        BlockSyntax block => block.Statements.All(IsEmpty),
        ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call } => NameOf(call) is "SpinOnce" or "SpinWait" or "Yield" or "Sleep",
        _ => false,
    };

    /// <summary>Whether a call reads shared memory, by its name.</summary>
    public static bool IsRead(InvocationExpressionSyntax call) =>
        NameOf(call) is "Read" or "TryRead" or "TryReadValidated" or "CopyTo" or "TryCopyTo" or "ReadArray" or "TryReadArray" or "At" or "TryAt" or "Load" or "TryLoad"
        && !(call.Expression is MemberAccessExpressionSyntax { Expression: var type } && Steps.LastName(type) is "Volatile" or "Interlocked");

    /// <summary>Whether a call may refuse, by its name.</summary>
    public static bool IsTry(InvocationExpressionSyntax call) => NameOf(call).StartsWith("Try", StringComparison.Ordinal);

    /// <summary>The name of what is called.</summary>
    public static string NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name } => name,
        SimpleNameSyntax { Identifier.ValueText: var name } => name,
        _ => "",
    };
}
