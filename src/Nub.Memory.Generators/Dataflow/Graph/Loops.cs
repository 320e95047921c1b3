using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>How often a loop runs, as far as its text says.</summary>
internal static class Loops
{
    /// <summary>Whether a loop compares what it counts with something else, too, or has a limit of its own: in its condition, or where it breaks off.</summary>
    /// <param name="neverReturns">Whether a call never comes back, so that it leaves the loop.</param>
    public static bool IsBoundedElsewhere(StatementSyntax loop, SyntaxNode counter, SyntaxNode comparison, Func<SyntaxNode, bool> neverReturns)
    {
        string counted = Name(counter);
        bool isCounted(BinaryExpressionSyntax other) => other != comparison && (Name(other.Left) == counted || Name(other.Right) == counted);
        return ConditionsOf(loop, neverReturns).Any(each =>
            (each != comparison && each.DescendantNodesAndSelf().OfType<BinaryExpressionSyntax>().Any(other => IsRelational(other) && isCounted(other)))
            || (!each.DescendantNodesAndSelf().Contains(comparison) && IsLimit(each, loop, counted, isChain: false)))
            || LastNumbersOf(loop, neverReturns).Any(last => isCounted(last) && IsSteppedByOne(loop, counted))
            || GuardsOf(loop).Any(guard => guard.ArgumentList.Arguments.Any(one => CountedIn(one.Expression, loop, counted))
                || (Name(guard.ArgumentList.Arguments[0].Expression) == counted && NameOf(guard) is "ThrowIfGreaterThan" or "ThrowIfGreaterThanOrEqual"));
    }

    /// <summary>Whether a loop ends by something that the host counts, whatever its variable is: a budget, the elements of a list, what was seen.</summary>
    /// <remarks>A read that fails ends no chain: one that leads back to itself is read again and again.</remarks>
    /// <param name="isAnyStep">Whether what is moved on by anything counts, as <c>left -= length</c> does, or by a constant only.</param>
    /// <param name="neverReturns">Whether a call never comes back, so that it leaves the loop.</param>
    public static bool HasOwnLimit(StatementSyntax loop, string variable, bool isAnyStep, Func<SyntaxNode, bool> neverReturns) =>
        loop is CommonForEachStatementSyntax
        || loop.DescendantNodes().Any(static node => node is YieldStatementSyntax or IdentifierNameSyntax { Identifier.ValueText: "ThrowIfCancellationRequested" })
        || ConditionsOf(loop, neverReturns).Any(condition => IsLimit(condition, loop, variable, isChain: true, isAnyStep))
        || GuardsOf(loop).Any(guard => guard.ArgumentList.Arguments.Any(one => CountedIn(one.Expression, loop, variable)));

    /// <summary>Whether a method counts anything, or asks others whether to go on.</summary>
    public static bool Counts(IMethodSymbol method) => method.DeclaringSyntaxReferences.Select(static one => one.GetSyntax()).Any(static body =>
        body.DescendantNodes().Any(static node => IsStep(node) || (node is IfStatementSyntax { Condition: var condition } && condition.DescendantNodesAndSelf().Any(static one => one is InvocationExpressionSyntax call && !IsRead(call)))));

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

    private static bool Ends(SyntaxNode node) => Leaves(node) || node is YieldStatementSyntax { Expression: null };

    /// <summary>Whether anything in a type takes elements out of a collection, or asks how many it has.</summary>
    public static bool IsPruned(ISymbol field) => field.ContainingType.DeclaringSyntaxReferences.SelectMany(static one => one.GetSyntax().DescendantNodes())
        .Any(node => node is MemberAccessExpressionSyntax
        {
            Name.Identifier.ValueText: "Count" or "Clear" or "Remove" or "TryRemove" or "TrimExcess",
            Expression: var collection,
        } && (collection as MemberAccessExpressionSyntax)?.Name.ToString() is var member && (member ?? collection.ToString()) == field.Name);

    /// <summary>Whether a loop makes a variable smaller.</summary>
    public static bool CountsDown(StatementSyntax loop, SyntaxNode variable)
    {
        // It may be made smaller where it is compared: while (n-- > 0), while ((n -= step) > 0).
        string counted = Name(Decreased(Inner(variable)) ?? variable);
        return loop.DescendantNodes().Any(node => Decreased(node) is { } decreased && Name(decreased) == counted);
    }

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

    // What is asked in each round: in the loop's own condition, each part of it by itself, and where it is left.
    private static IEnumerable<ExpressionSyntax> ConditionsOf(StatementSyntax loop, Func<SyntaxNode, bool> neverReturns)
    {
        IEnumerable<ExpressionSyntax> leaving = loop.DescendantNodes().OfType<IfStatementSyntax>()
            .Where(branch => branch.DescendantNodes().Any(node => Leaves(node) || neverReturns(node))).Select(static branch => branch.Condition);
        return leaving.Concat(ConditionOf(loop) is { } own ? [own] : []).SelectMany(Parts);
    }

    private static ExpressionSyntax? ConditionOf(StatementSyntax loop) => loop switch
    {
        ForStatementSyntax { Condition: var condition } => condition,
        WhileStatementSyntax { Condition: var condition } => condition,
        DoStatementSyntax { Condition: var condition } => condition,
        _ => null,
    };

    // if (i == 64) break: what is left for one number alone, and in any case then, is left there by a counter that comes by every number.
    private static IEnumerable<BinaryExpressionSyntax> LastNumbersOf(StatementSyntax loop, Func<SyntaxNode, bool> neverReturns)
    {
        IEnumerable<ExpressionSyntax> leaving = loop.DescendantNodes().OfType<IfStatementSyntax>().Where(branch => AlwaysLeaves(branch.Statement, loop, neverReturns))
            .SelectMany(static branch => Parts(branch.Condition, SyntaxKind.LogicalOrExpression)).Where(static part => part.IsKind(SyntaxKind.EqualsExpression));
        IEnumerable<ExpressionSyntax> staying = ConditionOf(loop) is { } own ? Parts(own, SyntaxKind.LogicalAndExpression).Where(static part => part.IsKind(SyntaxKind.NotEqualsExpression)) : [];
        return leaving.Concat(staying).OfType<BinaryExpressionSyntax>();
    }

    private static bool AlwaysLeaves(StatementSyntax statement, StatementSyntax loop, Func<SyntaxNode, bool> neverReturns) => statement switch
    {
        BlockSyntax { Statements: [.., var last] } => AlwaysLeaves(last, loop, neverReturns),
        ExpressionStatementSyntax { Expression: var call } => neverReturns(call) && LoopAround(call) == loop,
        BreakStatementSyntax => BreaksOff(statement) == loop,
        _ => Leaves(statement) && LoopAround(statement) == loop,
    };

    private static SyntaxNode? BreaksOff(StatementSyntax leave) => leave.Ancestors().FirstOrDefault(static outer => outer is SwitchStatementSyntax) is { } choice && LoopAround(choice) == LoopAround(leave)
        ? choice : LoopAround(leave);

    // ArgumentOutOfRangeException.ThrowIfGreaterThan(++hops, 64): a condition that leaves. That nothing is null ends no loop, and that a number is not negative or zero only one that counts down.
    private static IEnumerable<InvocationExpressionSyntax> GuardsOf(StatementSyntax loop) => loop.DescendantNodes().OfType<InvocationExpressionSyntax>()
        .Where(call => call.ArgumentList.Arguments.Count > 0 && NameOf(call) is var name && name.StartsWith("ThrowIf", StringComparison.Ordinal) && !name.StartsWith("ThrowIfNull", StringComparison.Ordinal)
            && (name is not ("ThrowIfZero" or "ThrowIfNegative" or "ThrowIfNegativeOrZero") || CountsDown(loop, call.ArgumentList.Arguments[0].Expression)));

    private static IEnumerable<ExpressionSyntax> Parts(ExpressionSyntax condition) => Parts(condition, SyntaxKind.LogicalAndExpression, SyntaxKind.LogicalOrExpression);

    private static IEnumerable<ExpressionSyntax> Parts(ExpressionSyntax condition, params SyntaxKind[] by) => condition switch
    {
        ParenthesizedExpressionSyntax inner => Parts(inner.Expression, by),
        BinaryExpressionSyntax both when Array.IndexOf(by, both.Kind()) >= 0 => Parts(both.Left, by).Concat(Parts(both.Right, by)),
        _ => [condition],
    };

    // A condition comes to hold in the end when it asks for something that each round moves on: a counter, the elements of a list, what is left.
    private static bool IsLimit(ExpressionSyntax condition, StatementSyntax loop, string variable, bool isChain, bool isAnyStep = false)
    {
        foreach (SyntaxNode node in condition.DescendantNodesAndSelf())
        {
            switch (node)
            {
                case InvocationExpressionSyntax call when isChain ? !IsRead(call) && IsOfHost(call, variable) : IsTry(call):
                case MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Count" or "IsEmpty" or "IsCancellationRequested" or "End" } member when Name(member.Expression) != variable:
                case IdentifierNameSyntax when IsCounter(node, loop, variable, isAnyStep):
                    return true;
            }
        }

        return false;
    }

    private static bool CountedIn(ExpressionSyntax value, StatementSyntax loop, string variable) => value.DescendantNodesAndSelf().Any(node => IsCounter(node, loop, variable, isAnyStep: false));

    private static bool IsCounter(SyntaxNode node, StatementSyntax loop, string variable, bool isAnyStep) =>
        node is IdentifierNameSyntax { Identifier.ValueText: var name } && name != variable && loop.DescendantNodes().Any(step => (IsStep(step) || (isAnyStep && IsChange(step))) && SteppedBy(step) == name);

    private static bool IsSteppedByOne(StatementSyntax loop, string counter) => loop.DescendantNodes().Any(step => IsStep(step) && SteppedBy(step) == counter && StepOf(step) == "1");

    private static string StepOf(SyntaxNode step) => step switch
    {
        AssignmentExpressionSyntax { Right: BinaryExpressionSyntax { Right: var by } } => by.ToString().TrimEnd('u', 'U', 'l', 'L'),
        AssignmentExpressionSyntax { Right: var by } => by.ToString().TrimEnd('u', 'U', 'l', 'L'),
        _ => "1",
    };

    // visited.Add(at), limit.TryTake(): the object that is asked may have counted. What only computes of the variable has not.
    private static bool IsOfHost(InvocationExpressionSyntax call, string variable) =>
        call.Expression is MemberAccessExpressionSyntax { Expression: var receiver } ? Name(receiver) != variable : call.ArgumentList.Arguments.Count > 0;

    private static bool IsRead(InvocationExpressionSyntax call) =>
        NameOf(call) is "Read" or "TryRead" or "TryReadValidated" or "CopyTo" or "TryCopyTo" or "ReadArray" or "TryReadArray" or "At" or "TryAt" or "Load" or "TryLoad";

    private static bool IsTry(InvocationExpressionSyntax call) => NameOf(call).StartsWith("Try", StringComparison.Ordinal);

    private static string NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name } => name,
        SimpleNameSyntax { Identifier.ValueText: var name } => name,
        _ => "",
    };

    // By one, or by another constant.
    private static bool IsStep(SyntaxNode node) => node switch
    {
        PostfixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PostDecrementExpression) || step.IsKind(SyntaxKind.PostIncrementExpression),
        PrefixUnaryExpressionSyntax step => step.IsKind(SyntaxKind.PreDecrementExpression) || step.IsKind(SyntaxKind.PreIncrementExpression),
        AssignmentExpressionSyntax { Right: LiteralExpressionSyntax } step => step.IsKind(SyntaxKind.SubtractAssignmentExpression) || step.IsKind(SyntaxKind.AddAssignmentExpression),
        AssignmentExpressionSyntax { Left: var counter, Right: BinaryExpressionSyntax { Left: var before, Right: LiteralExpressionSyntax } next } step =>
            step.IsKind(SyntaxKind.SimpleAssignmentExpression) && (next.IsKind(SyntaxKind.AddExpression) || next.IsKind(SyntaxKind.SubtractExpression)) && Name(before) == Name(counter),
        _ => false,
    };

    private static bool IsChange(SyntaxNode node) =>
        node is AssignmentExpressionSyntax && (node.IsKind(SyntaxKind.SubtractAssignmentExpression) || node.IsKind(SyntaxKind.AddAssignmentExpression));

    private static string SteppedBy(SyntaxNode step) => Name(step switch
    {
        PostfixUnaryExpressionSyntax { Operand: var operand } => operand,
        PrefixUnaryExpressionSyntax { Operand: var operand } => operand,
        AssignmentExpressionSyntax { Left: var left } => left,
        _ => step,
    });

    // What a node makes smaller.
    private static ExpressionSyntax? Decreased(SyntaxNode node) => node switch
    {
        PostfixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PostDecrementExpression) => step.Operand,
        PrefixUnaryExpressionSyntax step when step.IsKind(SyntaxKind.PreDecrementExpression) => step.Operand,
        AssignmentExpressionSyntax step when step.IsKind(SyntaxKind.SubtractAssignmentExpression) => step.Left,
        _ => null,
    };

    private static bool Leaves(SyntaxNode node) => node is BreakStatementSyntax or ReturnStatementSyntax or ThrowStatementSyntax or ThrowExpressionSyntax or GotoStatementSyntax;

    private static bool IsRelational(BinaryExpressionSyntax node) =>
        node.Kind() is SyntaxKind.LessThanExpression or SyntaxKind.LessThanOrEqualExpression or SyntaxKind.GreaterThanExpression or SyntaxKind.GreaterThanOrEqualExpression;

    private static string Name(SyntaxNode node) => Inner(node).ToString();

    private static SyntaxNode Inner(SyntaxNode node)
    {
        while (node is CastExpressionSyntax or ParenthesizedExpressionSyntax)
        {
            node = node is CastExpressionSyntax cast ? cast.Expression : ((ParenthesizedExpressionSyntax)node).Expression;
        }

        return node;
    }
}
