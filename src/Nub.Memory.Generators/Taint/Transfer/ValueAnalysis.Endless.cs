using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// What a guest can bring to no end: chains that lead back to themselves, steps of 0, recursion, collections; and division by its 0.
internal sealed partial class ValueAnalysis
{
    // As many keys as a number of 16 bits has are a limit.
    private const int FewKeys = 1 << 16;

    // How many reads, or how many calls of a query, lead from one thing to another.
    private const int MostLinks = 8;

    private void CheckDivisor(BinaryOperatorKind kind, IOperation operand, Term divisor)
    {
        if (kind is BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder)
        {
            CheckDivisor(operand, divisor);
        }
    }

    private void CheckDivisor(IOperation operand, Term divisor)
    {
        if (divisor.Kind == TermKind.Constant || !IntegerTypes.IsInteger(divisor) || !CanBeZero(divisor) || IsCaught(operand.Syntax, "DivideByZeroException", "ArithmeticException"))
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
        if (_state.Judge(value).Verdict is Verdict.Host or Verdict.Compared || ValueRanges.RangeOf(_state, value) is not { Least.Sign: <= 0, Most.Sign: >= 0 })
        {
            return false;
        }

        for (Term? whole = value; whole is not null; whole = whole.Kind == TermKind.Cast && IntegerTypes.IsWideningOrSame(whole) ? whole.Left : null)
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

    private static bool IsCaught(SyntaxNode node, params string[] exceptions) => node.Ancestors().TakeWhile(static outer => outer is not MemberDeclarationSyntax).OfType<TryStatementSyntax>()
        .Any(outer => outer.Block.Span.Contains(node.Span) && outer.Catches.Any(handler => handler.Declaration is null || handler.Declaration.Type.ToString() is var type
            && (type is "Exception" or "System.Exception" || exceptions.Any(one => type.EndsWith(one, StringComparison.Ordinal)))));

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
        if (LimitsOf(loop).HasOwnLimit(variable.Symbol!.Name, isAnyStep: step is null))
        {
            return;
        }

        if (step is null)
        {
            if (!GoesOneWay(link, value, variable))
            {
                Report(operand, value, Sink.Link);
            }
        }
        else if (CanBeZero(step))
        {
            Report(operand, step, Sink.Advance);
        }
    }

    /// <summary>A span in a loop becomes what is left of it behind a length that stood in it: <c>rest = rest[length..]</c>, <c>rest = rest.Slice(length)</c>.</summary>
    private void CheckSlice(IOperation target, Variable variable)
    {
        if (!IsReporting || !_node.IsInLoop || target.Parent is not IAssignmentOperation assignment || assignment.Target != target || Loops.LoopAround(target.Syntax) is not { } loop)
        {
            return;
        }

        IOperation? start = assignment.Value switch
        {
            IImplicitIndexerReferenceOperation { Argument: IRangeOperation { LeftOperand: { } left, RightOperand: null } } => left is IConversionOperation index ? index.Operand : left,
            IInvocationOperation { TargetMethod: { Name: "Slice", Parameters.Length: 1 }, Arguments: [var only] } => only.Value,
            _ => null,
        };
        if (start is ILocalReferenceOperation { Local: var length } && Get(length) is var step && !IsHosts(step) && LinkIn(step, variable) is not null && CanBeZero(step)
            && !LimitsOf(loop).HasOwnLimit(variable.Symbol!.Name, isAnyStep: false))
        {
            Report(start, step, Sink.Advance);
        }
    }

    // What was read from where the variable pointed to when the round of the loop began.
    private Term? LinkIn(Term value, Variable variable) => value switch
    {
        { Kind: TermKind.Fetch } => _state.Reads.TryGetValue(value, out ReadFact? read) && read.ByteRange.Offset.Mentions(atom => IsOfRound(atom, variable)) ? value : null,
        { Kind: TermKind.Element, Left: { } whole, Right: { } index } when index.Mentions(atom => IsOfRound(atom, variable)) || whole.Mentions(atom => IsOfRound(atom, variable)) => value,
        { Kind: TermKind.Cast or TermKind.Binary or TermKind.Field } => LinkIn(value.Left!, variable) ?? (value.Right is { } right ? LinkIn(right, variable) : null),
        _ => null,
    };

    private static bool IsOfRound(Term atom, Variable variable) => atom.Key is MergePoint { Node.IsInLoop: true } point && point.Variable.Equals(variable);

    // Of position + length the length, also of what is padded to a multiple; null when the variable does not move on from where it is.
    private Term? StepOf(Term value, Variable variable)
    {
        while (value.Kind == TermKind.Cast)
        {
            value = value.Left!;
        }

        if (value is not { Kind: TermKind.Binary, Left: { } left, Right: { } right })
        {
            return null;
        }

        switch (value.Key)
        {
            case BinaryOperatorKind.Add when IsRound(left, variable):
                return right;
            case BinaryOperatorKind.Add when IsRound(right, variable):
                return left;
            case BinaryOperatorKind.Add when StepOf(right, variable) is { } inRight:
                return Terms.Binary(BinaryOperatorKind.Add, left, inRight, value.Type, value.IsChecked);

            // (at + length + 3) & ~3: the position is a multiple already, so that it is the step that is rounded.
            case BinaryOperatorKind.Add:
            case BinaryOperatorKind.Subtract when right.Kind == TermKind.Constant:
            case BinaryOperatorKind.And when ValueRanges.RangeOf(_state, right) is var mask && mask.Least == mask.Most && Interval.IsRounding(mask.Least, ValueRanges.RangeOf(_state, left)):
                return StepOf(left, variable) is { } inLeft ? Terms.Binary((BinaryOperatorKind)value.Key, inLeft, right, value.Type, value.IsChecked) : null;
            case BinaryOperatorKind.Multiply when left is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Divide } quotient && quotient.Right == right:
                return StepOf(quotient.Left!, variable) is { } inQuotient
                    ? Terms.Binary(BinaryOperatorKind.Multiply, Terms.Binary(BinaryOperatorKind.Divide, inQuotient, right, left.Type, false), right, value.Type, value.IsChecked) : null;

            // (at + length + alignment - 1) & ~(alignment - 1): with an alignment of the host's it is taken to round up.
            case BinaryOperatorKind.And when right.Operation is IUnaryOperation { OperatorKind: UnaryOperatorKind.BitwiseNegation } && IsHosts(right):
                return StepOf(left, variable) is { } padded ? WithoutHosts(padded) : null;
            default:
                return null;
        }
    }

    private Term WithoutHosts(Term sum)
    {
        while (sum is { Kind: TermKind.Binary, Key: BinaryOperatorKind.Add or BinaryOperatorKind.Subtract, Left: { } left, Right: { } right } && (IsHosts(right) || (IsHosts(left) && sum.Key is BinaryOperatorKind.Add)))
        {
            sum = IsHosts(right) ? left : right;
        }

        return sum;
    }

    // next <= at was refused: what only goes up, or only down, comes to an end.
    private bool GoesOneWay(Term link, Term value, Variable variable)
    {
        var parts = new HashSet<Term>();
        (_state.Reads.TryGetValue(link, out ReadFact? read) ? read.ByteRange.Offset : link).AddPartsTo(parts);
        return parts.Any(at => at.IsAtom && IsOfRound(at, variable) && (Ordering.IsLess(_state, at, value) || Ordering.IsLess(_state, value, at)));
    }

    private static bool IsRound(Term term, Variable variable)
    {
        while (term.Kind == TermKind.Cast)
        {
            term = term.Left!;
        }

        return IsOfRound(term, variable);
    }

    /// <summary>A method that calls itself, or is called by what it calls, with what it has read from where it was told to.</summary>
    private void CheckRecursion(IInvocationOperation call, IArgumentOperation argument, Term value)
    {
        if (!IsReporting || _session.Root is not { } root || !SymbolEqualityComparer.Default.Equals(call.TargetMethod.OriginalDefinition, root))
        {
            return;
        }

        if (IsReadFrom(value, root.Parameters[argument.Parameter!.Ordinal], MostLinks, isHere: false) && !call.Arguments.Any(other => other != argument && other.ArgumentKind != ArgumentKind.DefaultValue && IsDepth(other.Value)) && !Counts(root) && !CountsOnTheWay())
        {
            Report(argument.Value, value, Sink.Recursion);
        }
    }

    private bool Counts(IMethodSymbol method)
    {
        FlowGraph? graph = SymbolEqualityComparer.Default.Equals(method, _session.Root) ? _session.RootGraph : _session.Bodies.Find(method)?.Graph;
        return Loops.Counts(method, (graph is null ? [] : Calculations.In(graph)).Contains);
    }

    // Read from where a parameter points to, or from where such a read does. What was read on the way back only is the other method's link.
    private bool IsReadFrom(Term value, IParameterSymbol own, int links, bool isHere) => links > 0 && Reads(value).Any(read => _state.Reads.TryGetValue(read, out ReadFact? fact)
        && (((isHere || read.CallContext is null) && fact.ByteRange.Offset.Mentions(atom => SymbolEqualityComparer.Default.Equals(atom.Key as ISymbol, own)))
            || IsReadFrom(fact.ByteRange.Offset, own, links - 1, isHere || read.CallContext is null)));

    // Of the methods between, each by the call that led to it.
    private bool CountsOnTheWay()
    {
        for (CallContext? frame = _frame; frame is not null; frame = frame.Caller)
        {
            if (Counts(frame.Method) || (frame.Call is IInvocationOperation { Arguments: var passed } && passed.Any(static one => IsNextDepth(one.Value.Syntax))))
            {
                return true;
            }
        }

        return false;
    }

    // level - 1, Next(level), levels[1..], or a local that holds such: not what the method was given itself.
    private bool IsDepth(IOperation passed) => Steps.Inner(passed.Syntax) switch
    {
        IdentifierNameSyntax => LocalOf(passed) is { } local && IsMoved(Get(local)),
        InvocationExpressionSyntax call => !Loops.IsRead(call),
        MemberAccessExpressionSyntax or InstanceExpressionSyntax or LiteralExpressionSyntax or DefaultExpressionSyntax or DeclarationExpressionSyntax or AnonymousFunctionExpressionSyntax => false,
        _ => true,
    };

    private bool IsMoved(Term held) => held.Kind switch
    {
        TermKind.Cast => IsMoved(held.Left!),
        TermKind.Binary => held.Key is BinaryOperatorKind.Add or BinaryOperatorKind.Subtract && !_state.IsGuests(held),
        TermKind.Slice => held.Operation is IImplicitIndexerReferenceOperation or IArrayElementReferenceOperation or IInvocationOperation { TargetMethod.Name: "Slice" },
        TermKind.Result => held.Operation is IInvocationOperation { Syntax: InvocationExpressionSyntax call } && !Loops.IsRead(call) && !_state.IsGuests(held),
        _ => false,
    };

    private static ILocalSymbol? LocalOf(IOperation passed) => passed switch
    {
        IConversionOperation conversion => LocalOf(conversion.Operand),
        ILocalReferenceOperation { Local: var local } => local,
        _ => null,
    };

    // depth + 1, depth - 1, --depth
    private static bool IsNextDepth(SyntaxNode argument) =>
        Steps.Inner(argument) is PrefixUnaryExpressionSyntax or PostfixUnaryExpressionSyntax or BinaryExpressionSyntax { Right: LiteralExpressionSyntax { Token.Value: 1 } };

    /// <summary>As many elements of an endless sequence as the guest likes.</summary>
    private void CheckTake(IInvocationOperation call, IArgumentOperation argument, Term count)
    {
        if (call is { TargetMethod: { Name: "Take", ContainingType.Name: "Enumerable" or "AsyncEnumerable" } } && argument.Parameter is { Name: "count" }
            && IsEndless(call.Arguments[0].Value, MostLinks))
        {
            CheckUse(argument.Value, count, Sink.LoopBound);
        }
    }

    private bool IsEndless(IOperation sequence, int links) => links > 0 && sequence switch
    {
        IConversionOperation conversion => IsEndless(conversion.Operand, links),
        ITranslatedQueryOperation query => IsEndless(query.Operation, links),
        ILocalReferenceOperation local => IsEndless(Get(local.Local), links),
        IFlowCaptureReferenceOperation capture => _state.Variables.TryGetValue(Variable.Of(capture.Id, _frame), out Term? held) && held is not null && IsEndless(held, links),
        IInvocationOperation { TargetMethod: { ContainingType.Name: "Enumerable", Name: "InfiniteSequence" } } => true,
        IInvocationOperation
        {
            TargetMethod:
            {
                ContainingType.Name: "Enumerable" or "AsyncEnumerable", Name: "Select" or "Where" or "Skip" or "Index" or "Cast" or "OfType" or "Concat" or "Append" or "Prepend"
            or "SelectMany" or "AsEnumerable" or "Distinct" or "Chunk"
            }, Arguments: [{ Value: var from }, ..]
        } => IsEndless(from, links - 1),
        IInvocationOperation { TargetMethod: var method } => Loops.IsEndlessIterator(method),
        IPropertyReferenceOperation { Property.GetMethod: { } getter } => Loops.IsEndlessIterator(getter),
        _ => false,
    };

    private bool IsEndless(Term sequence, int links) => sequence.Operation is { } made && made is not (ILocalReferenceOperation or IFlowCaptureReferenceOperation) && IsEndless(made, links - 1);

    private static IEnumerable<Term> Reads(Term value)
    {
        var parts = new HashSet<Term>();
        value.AddPartsTo(parts);
        return parts.Where(static part => part.Kind == TermKind.Fetch);
    }

    // dictionary.Add(key, …)
    private void CheckGrowth(IInvocationOperation call, IArgumentOperation argument, Term key)
    {
        bool isKey = argument.Parameter is { Name: "key" } && call.TargetMethod.Name is "Add" or "TryAdd" or "GetOrAdd" or "AddOrUpdate" && FrameworkTypes.IsOfCollection(call.TargetMethod);
        bool isOfSet = argument.Parameter is { Name: "item" } && call.TargetMethod is { Name: "Add", ContainingType.Name: "HashSet" or "SortedSet" };
        if (isKey || isOfSet)
        {
            CheckGrowth(call.Instance, argument.Value, key);
        }
        else if (argument.Parameter is { Name: "key" } && call.TargetMethod is { Name: "GetValueRefOrAddDefault", ContainingType.Name: "CollectionsMarshal" })
        {
            CheckGrowth(call.Arguments[0].Value, argument.Value, key);
        }
    }

    /// <summary>A collection that outlives the call gets an element for a key.</summary>
    private void CheckGrowth(IOperation? collection, IOperation operand, Term key)
    {
        ISymbol? kept = collection switch
        {
            IFieldReferenceOperation { Field: var field } => field,
            IPropertyReferenceOperation { Property: var property } when SharedTypes.IsAuto(property) => property,
            _ => null,
        };
        if (!IsReporting || kept is null || !FrameworkTypes.IsFrameworks(collection!.Type) || IntegerTypes.BitsOf(key) < 32 || _state.Judge(key).IsSafe)
        {
            return;
        }

        Interval range = ValueRanges.RangeOf(_state, key);
        if (range.Most - range.Least >= new BigInteger(FewKeys) && !Loops.IsPruned(kept))
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
