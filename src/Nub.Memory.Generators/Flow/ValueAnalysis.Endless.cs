using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

// What a guest can bring to no end: chains that lead back to themselves, steps of 0, recursion, collections; and division by its 0.
internal sealed partial class ValueAnalysis
{
    // As many keys as a number of 16 bits has are a limit.
    private const int FewKeys = 1 << 16;

    private void CheckDivisor(BinaryOperatorKind kind, IOperation operand, Term divisor)
    {
        if (kind is BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder)
        {
            CheckDivisor(operand, divisor);
        }
    }

    private void CheckDivisor(IOperation operand, Term divisor)
    {
        if (divisor.Kind == TermKind.Constant || !Widths.IsInteger(divisor) || !CanBeZero(divisor) || IsCaught(operand.Syntax))
        {
            return;
        }

        Report(operand, divisor, Sink.Divisor);

        // Whatever comes after it, it was none.
        _state = FindNotZero(divisor);
    }

    // A tainted value that no condition on this path has shown to differ from 0.
    private bool CanBeZero(Term value)
    {
        if (_state.Judge(value).Verdict is Verdict.Host or Verdict.Compared || Widths.RangeOf(_state, value) is not { Least.Sign: <= 0, Most.Sign: >= 0 })
        {
            return false;
        }

        for (Term? whole = value; whole is not null; whole = whole.Kind == TermKind.Cast && Widths.IsWideningOrSame(whole) ? whole.Left : null)
        {
            if (_state.Facts.Denies(IsZero(whole)))
            {
                return false;
            }
        }

        return true;
    }

    private Term IsZero(Term value) => TermTable.IsTooDeep(value) ? value : Terms.Binary(BinaryOperatorKind.Equals, value, Terms.Constant(0, null), null, false);

    private FlowState FindNotZero(Term value) =>
        Ordering.LearnUnequal(_state, value, Terms.Constant(0, value.Type)) with { Facts = TermTable.IsTooDeep(value) ? _state.Facts : _state.Facts.With(IsZero(value), 0) };

    private static bool IsCaught(SyntaxNode node) => node.Ancestors().TakeWhile(static outer => outer is not MemberDeclarationSyntax).OfType<TryStatementSyntax>()
        .Any(outer => outer.Block.Span.Contains(node.Span) && outer.Catches.Any(static handler => handler.Declaration is null || handler.Declaration.Type.ToString() is var type
            && (type.EndsWith("DivideByZeroException", StringComparison.Ordinal) || type.EndsWith("ArithmeticException", StringComparison.Ordinal) || type is "Exception" or "System.Exception")));

    /// <summary>A variable of a loop gets a value that was read from where the variable pointed to: the next link of a chain, or a step to it.</summary>
    private void CheckLink(IOperation target, Variable variable, Term value)
    {
        if (!IsReporting || !_node.IsInLoop || IsHosts(value) || LinkIn(value, variable) is not { } link
            || Loops.LoopAround(target.Syntax) is not { } loop)
        {
            return;
        }

        IOperation operand = target.Parent is IAssignmentOperation assignment && assignment.Target == target ? assignment.Value : link.Operation ?? target;
        Term? step = StepOf(value, variable);
        if (Loops.HasOwnLimit(loop, variable.Symbol!.Name, isAnyStep: step is null))
        {
            return;
        }

        if (step is null)
        {
            Report(operand, value, Sink.Link);
        }
        else if (CanBeZero(step))
        {
            Report(operand, step, Sink.Advance);
        }
    }

    // What was read from where the variable pointed to when the round of the loop began.
    private Term? LinkIn(Term value, Variable variable) => value switch
    {
        { Kind: TermKind.Fetch } => _state.Reads.TryGetValue(value, out ReadFact? read) && read.Place.Offset.Mentions(atom => IsOfRound(atom, variable)) ? value : null,
        { Kind: TermKind.Element, Right: { } index } when index.Mentions(atom => IsOfRound(atom, variable)) => value,
        { Kind: TermKind.Cast or TermKind.Binary or TermKind.Field } => LinkIn(value.Left!, variable) ?? (value.Right is { } right ? LinkIn(right, variable) : null),
        _ => null,
    };

    private static bool IsOfRound(Term atom, Variable variable) => atom.Key is MergePoint { Node.IsInLoop: true } point && point.Variable.Equals(variable);

    // Of position + length the length; null when the variable does not move on from where it is.
    private static Term? StepOf(Term value, Variable variable)
    {
        while (value.Kind == TermKind.Cast)
        {
            value = value.Left!;
        }

        return value is not { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add } ? null
            : IsRound(value.Left!, variable) ? value.Right
            : IsRound(value.Right!, variable) ? value.Left
            : null;
    }

    private static bool IsRound(Term term, Variable variable)
    {
        while (term.Kind == TermKind.Cast)
        {
            term = term.Left!;
        }

        return IsOfRound(term, variable);
    }

    /// <summary>A method that calls itself with what it has read from where it was told to.</summary>
    private void CheckRecursion(IInvocationOperation call, IArgumentOperation argument, Term value)
    {
        if (!IsReporting || _frame is not null || !SymbolEqualityComparer.Default.Equals(call.TargetMethod.OriginalDefinition, _body.Method.OriginalDefinition))
        {
            return;
        }

        IParameterSymbol own = _body.Method.Parameters[argument.Parameter!.Ordinal];
        bool isFollowed = Reads(value).Any(read => _state.Reads.TryGetValue(read, out ReadFact? fact) && fact.Place.Offset.Mentions(atom => SymbolEqualityComparer.Default.Equals(atom.Key as ISymbol, own)));
        bool hasDepth = call.Arguments.Any(other => other != argument && other.Value.Syntax is BinaryExpressionSyntax or PrefixUnaryExpressionSyntax or PostfixUnaryExpressionSyntax)
            || Loops.Counts(_body.Method);
        if (isFollowed && !hasDepth)
        {
            Report(argument.Value, value, Sink.Recursion);
        }
    }

    private static IEnumerable<Term> Reads(Term value)
    {
        var parts = new HashSet<Term>();
        value.AddPartsTo(parts);
        return parts.Where(static part => part.Kind == TermKind.Fetch);
    }

    // dictionary.Add(key, …)
    private void CheckGrowth(IInvocationOperation call, IArgumentOperation argument, Term key)
    {
        if (argument.Parameter is { Name: "key" } && call.TargetMethod.Name is "Add" or "TryAdd" or "GetOrAdd" or "AddOrUpdate" && IsOfCollection(call.TargetMethod))
        {
            CheckGrowth(call.Instance, argument.Value, key);
        }
    }

    /// <summary>A collection that outlives the call gets an element for a key.</summary>
    private void CheckGrowth(IOperation? collection, IOperation operand, Term key)
    {
        if (!IsReporting || collection is not IFieldReferenceOperation { Field: var field } || !Sinks.IsFrameworks(field.Type) || Widths.Of(key) < 32 || _state.Judge(key).IsSafe)
        {
            return;
        }

        Interval range = Widths.RangeOf(_state, key);
        if (range.Most - range.Least >= new BigInteger(FewKeys) && !Loops.IsPruned(field))
        {
            Report(operand, key, Sink.Growth);
        }
    }

    private void Report(IOperation operand, Term value, Sink sink)
    {
        if (IsReporting)
        {
            _session.UncheckedUses.Add(new UncheckedUse(operand, _frame, value, sink, _state.Judge(value), false));
        }
    }
}
