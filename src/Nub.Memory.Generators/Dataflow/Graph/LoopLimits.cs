using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Graph;

/// <summary>What the text of a loop does not say of how often it runs.</summary>
internal interface ILoopContext
{
    /// <summary>Whether a call never comes back, so that it leaves the loop.</summary>
    bool NeverReturns(SyntaxNode call);

    /// <summary>Whether a call makes its answer of what it is given and of nothing else: it has not counted.</summary>
    bool OnlyComputes(SyntaxNode call);

    /// <summary>Whether nothing limits a value itself, so that it is no limit of anything.</summary>
    bool IsUnlimited(ExpressionSyntax value);
}

/// <summary>What a loop ends by, as far as its text says. The text is gone through once, however often it is asked.</summary>
internal sealed class LoopLimits
{
    private readonly StatementSyntax _loop;
    private readonly ILoopContext _context;
    private readonly HashSet<string> _steppedByOne = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stepped = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _decreased = new(StringComparer.Ordinal);
    private readonly Dictionary<IfStatementSyntax, Way> _leaving = [];
    private readonly List<InvocationExpressionSyntax> _guards = [];
    private readonly List<Part> _parts = [];
    private readonly bool _isStopped;

    public LoopLimits(StatementSyntax loop, ILoopContext context)
    {
        (_loop, _context) = (loop, context);
        var flags = new List<AssignmentExpressionSyntax>();
        foreach (SyntaxNode node in loop.DescendantNodes())
        {
            _isStopped |= node is YieldStatementSyntax or IdentifierNameSyntax { Identifier.ValueText: "ThrowIfCancellationRequested" };
            NoteStep(node);
            if (Leaves(node))
            {
                NoteLeaving(node, isFlag: false);
            }
            else if (node is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression, Right: LiteralExpressionSyntax or MemberAccessExpressionSyntax or PrefixUnaryExpressionSyntax { Operand: LiteralExpressionSyntax } } flag)
            {
                flags.Add(flag);
            }
            else if (node is InvocationExpressionSyntax { ArgumentList.Arguments.Count: > 0 } call && IsGuard(Loops.NameOf(call)))
            {
                _guards.Add(call);
            }
        }

        // What is set or declared anew in each round counts nothing.
        foreach (string name in SetInEachRound())
        {
            _stepped.Remove(name);
            _changed.Remove(name);
        }

        NoteFlags(flags);
        foreach (KeyValuePair<IfStatementSyntax, Way> branch in _leaving)
        {
            AddParts(branch.Key.Condition, branch.Value, isOneOfAll: false);
        }

        if (ConditionOf(loop) is { } own)
        {
            AddParts(own, Way.Stays, isOneOfAll: false);
        }
    }

    /// <summary>What happens where a condition holds.</summary>
    private enum Way
    {
        Stays,
        Leaves,
        Unknown,
    }

    /// <summary>Whether the loop compares what it counts with something else, too, or has a limit of its own: in its condition, or where it breaks off.</summary>
    public bool IsBoundedElsewhere(SyntaxNode counter, SyntaxNode comparison)
    {
        string counted = Steps.Name(counter);
        return _parts.Any(part =>
            (part.Code != comparison && part.Code.DescendantNodesAndSelf().OfType<BinaryExpressionSyntax>().Any(other => other != comparison && IsRelational(other) && IsLimitOf(other, counted, part)))
            || (!part.Code.DescendantNodesAndSelf().Contains(comparison) && IsLimit(part, counted, isChain: false)))
            || LastNumbers().Any(last => last != comparison && OtherThan(last, value => Steps.Name(value) == counted) is { } number && !_context.IsUnlimited(number) && _steppedByOne.Contains(counted))
            || _guards.Any(guard => IsLimit(guard, counted)
                || (Steps.Name(guard.ArgumentList.Arguments[0].Expression) == counted && Loops.NameOf(guard) is "ThrowIfGreaterThan" or "ThrowIfGreaterThanOrEqual" && !HasUnlimited(guard)));
    }

    /// <summary>Whether the loop ends by something that the host counts, whatever its variable is: a budget, the elements of a list, what was seen.</summary>
    /// <remarks>A read that fails ends no chain: one that leads back to itself is read again and again.</remarks>
    /// <param name="isAnyStep">Whether what is moved on by anything counts, as <c>left -= length</c> does, or by a constant only.</param>
    public bool HasOwnLimit(string variable, bool isAnyStep) =>
        _loop is CommonForEachStatementSyntax || _isStopped
        || _parts.Any(part => IsLimit(part, variable, isChain: true, isAnyStep))
        || _guards.Any(guard => IsLimit(guard, variable));

    /// <summary>Whether the loop makes a variable smaller.</summary>
    /// <remarks>It may be made smaller where it is compared: <c>while (n-- > 0)</c>, <c>while ((n -= step) > 0)</c>.</remarks>
    public bool CountsDown(SyntaxNode variable) => _decreased.Contains(Steps.Name(Steps.Decreased(Steps.Inner(variable)) ?? variable));

    private void NoteStep(SyntaxNode node)
    {
        if (Steps.IsStep(node))
        {
            _stepped.Add(Steps.LastName(Steps.TargetOf(node)));
            if (Steps.SizeOf(node) == "1")
            {
                _steppedByOne.Add(Steps.Name(Steps.TargetOf(node)));
            }
        }

        if (Steps.IsChange(node))
        {
            _changed.Add(Steps.LastName(Steps.TargetOf(node)));
        }

        if (Steps.Decreased(node) is { } decreased)
        {
            _decreased.Add(Steps.Name(decreased));
        }
    }

    private IEnumerable<string> SetInEachRound()
    {
        StatementSyntax? round = _loop switch
        {
            ForStatementSyntax { Statement: var body } => body,
            WhileStatementSyntax { Statement: var body } => body,
            DoStatementSyntax { Statement: var body } => body,
            CommonForEachStatementSyntax { Statement: var body } => body,
            _ => null,
        };
        return round is null ? [] : Steps.DeclaredIn(round).Concat(round.DescendantNodes().OfType<AssignmentExpressionSyntax>()
            .Where(one => one.IsKind(SyntaxKind.SimpleAssignmentExpression) && IsInEachRound(one, round) && !one.Right.DescendantNodesAndSelf().Any(part => Steps.Name(part) == Steps.Name(one.Left)))
            .Select(static one => Steps.LastName(one.Left)));
    }

    // Not in a branch, and not in a loop but as what that begins with.
    private static bool IsInEachRound(AssignmentExpressionSyntax assignment, StatementSyntax round)
    {
        SyntaxNode inner = assignment;
        for (SyntaxNode? outer = inner.Parent; inner != round && outer is not null; (inner, outer) = (outer, outer.Parent))
        {
            if (outer is not (BlockSyntax or ExpressionStatementSyntax or TryStatementSyntax or UsingStatementSyntax or LockStatementSyntax or CheckedStatementSyntax or UnsafeStatementSyntax)
                && !(outer is ForStatementSyntax { Initializers: var first } && inner is ExpressionSyntax began && first.Contains(began)))
            {
                return false;
            }
        }

        return true;
    }

    // The branches that something stands in by which the loop is left, up to the loop. What leaves a function in it leaves no loop.
    private void NoteLeaving(SyntaxNode leave, bool isFlag)
    {
        var branches = new List<(IfStatementSyntax, Way)>();
        SyntaxNode inner = leave;
        for (SyntaxNode? outer = inner.Parent; outer != _loop; (inner, outer) = (outer, outer.Parent))
        {
            switch (outer)
            {
                case null or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax:
                    return;
                case IfStatementSyntax branch:
                    branches.Add((branch, isFlag || inner == branch.Condition ? Way.Unknown : inner == branch.Statement ? Way.Leaves : Way.Stays));
                    break;
            }
        }

        foreach ((IfStatementSyntax branch, Way way) in branches)
        {
            _leaving[branch] = _leaving.TryGetValue(branch, out Way known) && known != way ? Way.Unknown : way;
        }
    }

    // if (++hops > 64) { done = true; } of a loop that asks for done, or error = Error.TooLong, or at = 0.
    private void NoteFlags(List<AssignmentExpressionSyntax> flags)
    {
        if (flags.Count > 0)
        {
            var asked = new HashSet<string>(_leaving.Keys.Select(static branch => branch.Condition).Concat(ConditionOf(_loop) is { } own ? [own] : [])
                .SelectMany(static condition => condition.DescendantNodesAndSelf()).OfType<IdentifierNameSyntax>().Select(static name => name.Identifier.ValueText), StringComparer.Ordinal);
            foreach (AssignmentExpressionSyntax flag in flags.Where(flag => asked.Contains(Steps.LastName(flag.Left))))
            {
                NoteLeaving(flag, isFlag: true);
            }
        }
    }

    private bool Leaves(SyntaxNode node) => node switch
    {
        BreakStatementSyntax leave => BreaksOff(leave) == _loop,
        GotoStatementSyntax { Expression: IdentifierNameSyntax { Identifier.ValueText: var label } } leave =>
            leave.IsKind(SyntaxKind.GotoStatement) && !_loop.DescendantNodes().OfType<LabeledStatementSyntax>().Any(one => one.Identifier.ValueText == label),
        YieldStatementSyntax leave => leave.IsKind(SyntaxKind.YieldBreakStatement),
        ReturnStatementSyntax or ThrowStatementSyntax or ThrowExpressionSyntax => true,
        _ => _context.NeverReturns(node),
    };

    private static SyntaxNode? BreaksOff(StatementSyntax leave) => leave.Ancestors().FirstOrDefault(static outer => outer is SwitchStatementSyntax) is { } choice && Loops.LoopAround(choice) == Loops.LoopAround(leave)
        ? choice : Loops.LoopAround(leave);

    private static ExpressionSyntax? ConditionOf(StatementSyntax loop) => loop switch
    {
        ForStatementSyntax { Condition: var condition } => condition,
        WhileStatementSyntax { Condition: var condition } => condition,
        DoStatementSyntax { Condition: var condition } => condition,
        _ => null,
    };

    // Each part of a condition by itself.
    private void AddParts(ExpressionSyntax condition, Way way, bool isOneOfAll)
    {
        switch (condition)
        {
            case ParenthesizedExpressionSyntax inner:
                AddParts(inner.Expression, way, isOneOfAll);
                break;
            case BinaryExpressionSyntax both when both.Kind() is SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression:
                AddParts(both.Left, way, isOneOfAll || both.IsKind(SyntaxKind.LogicalAndExpression));
                AddParts(both.Right, way, isOneOfAll || both.IsKind(SyntaxKind.LogicalAndExpression));
                break;
            default:
                _parts.Add(new Part(condition, way, isOneOfAll));
                break;
        }
    }

    // if (i == 64) break: what is left for one number alone, and in any case then, is left there by a counter that comes by every number.
    private IEnumerable<BinaryExpressionSyntax> LastNumbers()
    {
        IEnumerable<ExpressionSyntax> leaving = _leaving.Keys.Where(branch => AlwaysLeaves(branch.Statement))
            .SelectMany(static branch => PartsOf(branch.Condition, SyntaxKind.LogicalOrExpression)).Where(static part => part.IsKind(SyntaxKind.EqualsExpression));
        IEnumerable<ExpressionSyntax> staying = ConditionOf(_loop) is { } own ? PartsOf(own, SyntaxKind.LogicalAndExpression).Where(static part => part.IsKind(SyntaxKind.NotEqualsExpression)) : [];
        return leaving.Concat(staying).OfType<BinaryExpressionSyntax>();
    }

    private static IEnumerable<ExpressionSyntax> PartsOf(ExpressionSyntax condition, SyntaxKind by) => condition switch
    {
        ParenthesizedExpressionSyntax inner => PartsOf(inner.Expression, by),
        BinaryExpressionSyntax both when both.IsKind(by) => PartsOf(both.Left, by).Concat(PartsOf(both.Right, by)),
        _ => [condition],
    };

    private bool AlwaysLeaves(StatementSyntax statement) => statement switch
    {
        BlockSyntax { Statements: [.., var last] } => AlwaysLeaves(last),
        ExpressionStatementSyntax { Expression: var call } => _context.NeverReturns(call) && Loops.LoopAround(call) == _loop,
        _ => Leaves(statement) && Loops.LoopAround(statement) == _loop,
    };

    // ArgumentOutOfRangeException.ThrowIfGreaterThan(++hops, 64): a condition that leaves. That nothing is null ends no loop.
    private static bool IsGuard(string name) => name.StartsWith("ThrowIf", StringComparison.Ordinal) && !name.StartsWith("ThrowIfNull", StringComparison.Ordinal);

    // That a number is not negative or zero ends only a loop that counts it down.
    private bool IsLimit(InvocationExpressionSyntax guard, string variable) => !HasUnlimited(guard)
        && (Loops.NameOf(guard) is not ("ThrowIfZero" or "ThrowIfNegative" or "ThrowIfNegativeOrZero") || CountsDown(guard.ArgumentList.Arguments[0].Expression))
        && guard.ArgumentList.Arguments.Any(one => one.Expression.DescendantNodesAndSelf().Any(node => IsCounter(node, variable, isAnyStep: false)));

    private bool HasUnlimited(InvocationExpressionSyntax guard) => guard.ArgumentList.Arguments.Skip(1).Any(limit => _context.IsUnlimited(limit.Expression));

    // Whether a comparison of a counter ends the loop: it is one with a limit, it is left above the limit, and not only in all rounds but the first.
    private bool IsLimitOf(BinaryExpressionSyntax comparison, string counted, Part part)
    {
        if (OtherThan(comparison, value => GrowsWith(counted, value)) is not { } limit || _context.IsUnlimited(limit))
        {
            return false;
        }

        bool isLarger = limit == comparison.Right == comparison.Kind() is SyntaxKind.GreaterThanExpression or SyntaxKind.GreaterThanOrEqualExpression;
        return Steps.Inner(part.Code) != comparison || part.Way == Way.Unknown || (isLarger == (part.Way == Way.Leaves) && !IsNotFirst(comparison, part));
    }

    private static ExpressionSyntax? OtherThan(BinaryExpressionSyntax comparison, Func<ExpressionSyntax, bool> isCounter) =>
        isCounter(comparison.Left) ? comparison.Right : isCounter(comparison.Right) ? comparison.Left : null;

    // i, 64 + i * 16
    private static bool GrowsWith(string counted, ExpressionSyntax value) => Steps.Inner(value) switch
    {
        BinaryExpressionSyntax { OperatorToken.ValueText: "+" or "*" } sum => GrowsWith(counted, sum.Left) || GrowsWith(counted, sum.Right),
        var one => Steps.Name(one) == counted,
    };

    // if (i > 0 && size < before) throw: what is asked of each but the first.
    private static bool IsNotFirst(BinaryExpressionSyntax comparison, Part part) =>
        part is { Way: Way.Leaves, IsOneOfAll: true }
        && (comparison.Kind() is SyntaxKind.LessThanExpression or SyntaxKind.LessThanOrEqualExpression ? comparison.Left : comparison.Right) is LiteralExpressionSyntax { Token.ValueText: "0" or "1" };

    // A condition comes to hold in the end when it asks for something that each round moves on: a counter, the elements of a list, what is left, the time.
    private bool IsLimit(Part part, string variable, bool isChain, bool isAnyStep = false)
    {
        foreach (SyntaxNode node in part.Code.DescendantNodesAndSelf())
        {
            switch (node)
            {
                case InvocationExpressionSyntax call when isChain ? !Loops.IsRead(call) && IsOfHost(call, variable) && !_context.OnlyComputes(call) : Loops.IsTry(call) || Loops.NameOf(call) == "Contains":
                case MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Count" or "IsEmpty" or "IsCancellationRequested" or "End" } member when Steps.Name(member.Expression) != variable:
                case MemberAccessExpressionSyntax { Name.Identifier.ValueText: "TickCount" or "TickCount64" or "UtcNow" or "Now" or "Elapsed" or "ElapsedMilliseconds" or "ElapsedTicks" }:
                case IdentifierNameSyntax when IsCounter(node, variable, isAnyStep) && !IsComparedInVain(node, part):
                    return true;
            }
        }

        return false;
    }

    // A counter is compared with what has no limit itself, or asked only whether it has begun.
    private bool IsComparedInVain(SyntaxNode counter, Part part)
    {
        if (counter.AncestorsAndSelf().TakeWhile(outer => outer != part.Code.Parent).OfType<BinaryExpressionSyntax>().FirstOrDefault(IsComparison) is not { } comparison)
        {
            return false;
        }

        (ExpressionSyntax side, ExpressionSyntax other) = comparison.Left.Contains(counter) ? (comparison.Left, comparison.Right) : (comparison.Right, comparison.Left);
        SyntaxNode compared = Steps.Inner(side);
        return Steps.LastName(Steps.IsStep(compared) ? Steps.TargetOf(compared) : compared) == counter.ToString()
            && (_context.IsUnlimited(other) || (Steps.Inner(part.Code) == comparison && IsRelational(comparison) && IsNotFirst(comparison, part)));
    }

    private bool IsCounter(SyntaxNode node, string variable, bool isAnyStep) =>
        node is IdentifierNameSyntax { Identifier.ValueText: var name } && name != variable && (_stepped.Contains(name) || (isAnyStep && _changed.Contains(name)));

    // visited.Add(at), limit.TryTake(): the object that is asked may have counted. What only computes of the variable has not.
    private static bool IsOfHost(InvocationExpressionSyntax call, string variable) =>
        call.Expression is MemberAccessExpressionSyntax { Expression: var receiver } ? Steps.Name(receiver) != variable : call.ArgumentList.Arguments.Count > 0;

    private static bool IsComparison(BinaryExpressionSyntax node) => IsRelational(node) || node.Kind() is SyntaxKind.EqualsExpression or SyntaxKind.NotEqualsExpression;

    private static bool IsRelational(BinaryExpressionSyntax node) =>
        node.Kind() is SyntaxKind.LessThanExpression or SyntaxKind.LessThanOrEqualExpression or SyntaxKind.GreaterThanExpression or SyntaxKind.GreaterThanOrEqualExpression;

    /// <summary>A part of a condition that each round asks.</summary>
    /// <param name="Code">The part.</param>
    /// <param name="Way">What happens where the condition holds.</param>
    /// <param name="IsOneOfAll">Whether the others have to hold, too.</param>
    private readonly record struct Part(ExpressionSyntax Code, Way Way, bool IsOneOfAll);
}
