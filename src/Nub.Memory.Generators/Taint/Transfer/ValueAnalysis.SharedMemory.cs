using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.DoubleFetch;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// The runtime library's calls.
internal sealed partial class ValueAnalysis
{
    /// <summary>A call that reads, writes or finds a place in shared memory; null when it is another.</summary>
    private Term? EvaluateShared(IInvocationOperation call, Term? instance, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        if (SharedTypes.IsMemory(method.ContainingType) && instance is not null)
        {
            return EvaluateMemory(call, instance, arguments);
        }

        if (SharedTypes.IsStack(method.ContainingType))
        {
            return EvaluateStack(call, arguments);
        }

        if (method is { IsStatic: true, Name: "At" or "ArrayAt" or "TryAt" or "TryArrayAt" } && method.Parameters.Length >= 2
            && SharedTypes.IsMemory(method.Parameters[0].Type) && arguments.TryGetValue(0, out Term? memory) && arguments.TryGetValue(1, out Term? offset))
        {
            return Bind(call, memory, offset);
        }

        if (instance is { Kind: TermKind.View } && SharedTypes.ViewedBy(method.ContainingType) is not null && !IsAdded(method))
        {
            return EvaluateView(call, instance, arguments);
        }

        if (instance is { Kind: TermKind.ArrayView } && SharedTypes.ElementsOf(method.ContainingType) is { } elementType)
        {
            return EvaluateElements(call, instance, elementType, arguments);
        }

        if (instance is not null && EvaluateTryGet(call, instance) is { } tried)
        {
            return tried;
        }

        // Structs decode private bytes by the same rules: who made them, made the value.
        return method is { IsStatic: true, Name: "ReadFrom" } && method.ContainingType.IsAllValid() && !IsAdded(method) && arguments.TryGetValue(0, out Term? bytes) ? Derive(call, bytes) : null;
    }

    // What a user has added to a struct or to its view is a method like any other, whatever it is called.
    private static bool IsAdded(IMethodSymbol method) =>
        method.DeclaringSyntaxReferences is [var written, ..] && !GeneratedCode.IsFileOf(written.SyntaxTree.FilePath) && !method.IsInNub();

    /// <summary>A view that a method binds: what it returns, or what it gives out where the place lies within the memory.</summary>
    private Term? Bind(IInvocationOperation call, Term memory, Term offset)
    {
        Use(offset);
        IArgumentOperation? given = call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out });
        ITypeSymbol type = given?.Parameter!.Type ?? call.TargetMethod.ReturnType;
        Term? view = SharedTypes.ViewedBy(type) is { } viewed ? Terms.View(memory, offset, viewed)
            : SharedTypes.ElementsOf(type) is { } element ? Terms.ArrayView(memory, offset, element)
            : null;
        if (given is null || view is null)
        {
            return view;
        }

        Assign(given.Value, view);
        return Result(call);
    }

    private Term? EvaluateMemory(IInvocationOperation call, Term memory, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        if (method.Name is "At" or "TryAt" && arguments.TryGetValue(0, out Term? bound))
        {
            return Bind(call, memory, bound);
        }

        if (method.Name is "Enter" or "Clone")
        {
            return memory;
        }

        // To give a lease back writes nothing.
        if (method.Name == "Dispose")
        {
            return Result(call);
        }

        if (!arguments.TryGetValue(0, out Term? offset))
        {
            return null;
        }

        foreach (Term argument in arguments.Values)
        {
            Use(argument);
        }

        ITypeSymbol? type = CallContext.Actual(_frame, method.TypeArguments is [var only] ? only : null);
        var place = new ByteRange(memory, offset, _session.Sizes.Of(type));
        switch (method.Name)
        {
            case "Read":
                return Fetch(call, place, type);
            case "TryRead" or "TryReadValidated":
                Term fetched = Fetch(call, place, type);
                if (method.Name == "TryReadValidated")
                {
                    GiveBenefitOfValidate(fetched, type, call);
                }

                AssignOut(call, 1, fetched);
                return Result(call);
            case "Write" or "TryWrite" or "WriteValidated" or "TryWriteValidated":
                Overwrite(place);
                return Result(call);
            case "ReadArray" or "TryReadArray":
                CopyOut(call, place with { Length = LengthOfBuffer(arguments[1]) * place.Length }, arguments[1]);
                return Result(call);
            case "WriteArray" or "TryWriteArray":
                Overwrite(place with { Length = LengthOfBuffer(arguments[1]) * place.Length });
                return Result(call);
            case "CopyTo" or "TryCopyTo":
                CopyOut(call, place with { Length = LengthOfBuffer(arguments[1]), Least = ByteRange.Header }, arguments[1]);
                return Result(call);
            case "CopyFrom" or "TryCopyFrom":
                Overwrite(place with { Length = LengthOfBuffer(arguments[1]) });
                return Result(call);
            case "Fill" or "TryFill":
                Overwrite(place with { Length = arguments[1].Kind == TermKind.Constant ? (long)Math.Min(arguments[1].Constant, long.MaxValue) : null });
                return Result(call);
            default:
                return Sources.IsAtomic(method) ? Exchange(call, place, type, arguments) : null;
        }
    }

    private void AssignOut(IInvocationOperation call, int ordinal, Term value)
    {
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter?.Ordinal == ordinal)
            {
                Assign(argument.Value, value);
            }
        }
    }

    /// <summary>One read: it repeats those of the same bytes, and later ones may repeat it.</summary>
    private Term Fetch(IOperation operation, ByteRange place, ITypeSymbol? type)
    {
        Term fetch = Terms.Fetch(operation, _frame, type);
        if (_node.IsInLoop || _state.Taints.ContainsKey(fetch))
        {
            _state = _state.Redefine(fetch);
        }

        place.Memory.MarkAsPart();
        place.Offset.MarkAsPart();
        _session.AddRead(fetch, place);
        if (_node.IsInLoop && LinearForm.SumOf(place.Offset).IsOfLoops)
        {
            _session.ReadsOfRounds.Add(fetch);
        }

        if (IsReporting)
        {
            FindRepetitions(fetch, place);
            FindRepetitionsOfRounds(fetch, place);
            _latest.Add(fetch);
        }

        _state = _state with { Reads = _state.Reads.SetItem(fetch, new ReadFact(place, _node.Order, _state.Facts)) };
        return WithTaint(fetch, VerdictSet.Unchecked);
    }

    private void FindRepetitions(Term fetch, ByteRange place)
    {
        foreach (Term first in _session.ReadPlaces.Near(place))
        {
            _session.Step();
            if (first != fetch && _state.Reads.TryGetValue(first, out ReadFact? earlier) && !earlier.IsPast && earlier.ByteRange.Overlap(place) is { } shared
                && !earlier.Facts.Contradicts(_state.Facts))
            {
                long distance = LinearForm.Difference(place.Offset, earlier.ByteRange.Offset)!.Value;
                _session.Repeat(new Repetition(first, fetch, shared, distance));
            }
        }
    }

    // One loop checks, and another one uses; or what one has checked is copied as a whole.
    private void FindRepetitionsOfRounds(Term fetch, ByteRange place)
    {
        SyntaxNode here = CallContext.Outermost(fetch.CallContext, fetch.Operation!).Syntax;
        foreach (Term first in _session.ReadsOfRounds)
        {
            _session.Step();
            if (first != fetch && _state.Reads.TryGetValue(first, out ReadFact? earlier) && earlier.ByteRange.OverlapOfRounds(place, _session.StartAlike) is { } shared && !earlier.Facts.Contradicts(_state.Facts)
                && Loops.LoopAround(CallContext.Outermost(first.CallContext, first.Operation!).Syntax) is { } loop && !loop.Span.Contains(here.Span))
            {
                _session.Repeat(new Repetition(first, fetch, shared, earlier.ByteRange.DistanceOfRounds(place)));
            }
        }
    }

    private void Overwrite(ByteRange place)
    {
        IEnumerable<Term> written = _state.Reads.Where(read => place.Covers(read.Value.ByteRange)).Select(static read => read.Key);
        _state = _state with { Reads = _state.Reads.RemoveRange(written) };
    }

    private void CopyOut(IOperation operation, ByteRange place, Term buffer)
    {
        // Whatever is cut out of the buffer later is the guest's.
        Term whole = WholeOf(buffer);
        if (_session.Referenced.TryGetValue(whole, out IOperation? variable))
        {
            if (IsAllOf(buffer, whole))
            {
                Assign(variable, Fetch(operation, place with { Length = _session.Sizes.Of(variable.Type) }, variable.Type));
            }
            else
            {
                // Some of it: what was checked of the rest stays so.
                _session.Use(Fetch(operation, place, null));
            }

            return;
        }

        Term fetch = Fetch(operation, place, null);
        Fill(whole, fetch);
        _session.Use(fetch);
    }

    private static bool IsAllOf(Term buffer, Term whole) =>
        buffer == whole || (buffer is { Operation: IInvocationOperation { TargetMethod.Name: "AsBytes" or "Cast" or "AsMemory" or "AsSpan", Arguments.Length: 1 } } && buffer.Left == whole);

    private static Term WholeOf(Term buffer)
    {
        while (buffer.Kind == TermKind.Slice)
        {
            buffer = buffer.Left!;
        }

        return buffer;
    }

    // What was found out about its elements was about others.
    private void Fill(Term buffer, Term bytes)
    {
        IEnumerable<Term> elements = _state.Taints.Keys.Where(one => one.Kind == TermKind.Element && one.Mentions(buffer)).ToList();
        _state = elements.Aggregate(_state, static (state, element) => state with { Taints = state.Taints.Remove(element), NumericFacts = state.NumericFacts.Without(element) });
        _session.AddOrigins(buffer, bytes);
        WithTaint(buffer, VerdictSet.Unchecked);
    }

    private long? LengthOfBuffer(Term buffer) => _session.Lengths.TryGetValue(buffer, out long length) ? length : buffer switch
    {
        // AsSpan(start, length) and Slice(start, length): the last argument.
        { Kind: TermKind.Slice, Operation: IInvocationOperation { Arguments: { Length: >= 2 } arguments } } =>
            arguments[arguments.Length - 1] is { Parameter.Name: "length", Value.ConstantValue: { HasValue: true, Value: int constant } } ? constant : null,
        { Kind: TermKind.Slice, Operation: IImplicitIndexerReferenceOperation { Argument: IRangeOperation range } } => LengthOfRange(range),
        { Kind: TermKind.Slice, Operation: IArrayElementReferenceOperation { Indices: [IRangeOperation range] } } => LengthOfRange(range),
        _ => null,
    };

    // [a..b] with constant ends that both count from the start.
    private static long? LengthOfRange(IRangeOperation range) => range.RightOperand is not null && EndOf(range.LeftOperand) is { } start && EndOf(range.RightOperand) is { } end ? end - start : null;

    private static long? EndOf(IOperation? end) => end switch
    {
        null => 0,
        IConversionOperation { Operand.ConstantValue: { HasValue: true, Value: int constant } } => constant,
        _ => null,
    };

    // What a guest gives otherwise than by bytes at a place: another one each time.
    private Term Received(IOperation operation, ITypeSymbol? type)
    {
        Term received = Terms.Fetch(operation, _frame, type);
        _state = _node.IsInLoop ? _state.Redefine(received) : _state;
        return WithTaint(received, VerdictSet.Unchecked);
    }

    private Term EvaluateStack(IInvocationOperation call, Arguments arguments)
    {
        foreach (Term argument in arguments.Values)
        {
            Use(argument);
        }

        // The stack pointer is moved, in a memory that is known by another name.
        LetGuestRun();

        IMethodSymbol method = call.TargetMethod;
        bool isPop = method.Name is "Pop" or "TryPop";
        Term popped = isPop ? Received(call, null) : Result(call);
        bool isParsed = method.IsGenericMethod;
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (isPop && argument.Parameter is { RefKind: RefKind.None, Type.Name: "Span" } && arguments.TryGetValue(argument.Parameter.Ordinal, out Term? buffer))
            {
                Term whole = WholeOf(buffer);
                if (_session.Referenced.TryGetValue(whole, out IOperation? variable) && IsAllOf(buffer, whole))
                {
                    Assign(variable, popped);
                }
                else
                {
                    Fill(whole, popped);
                }
            }
            else if (argument.Parameter is { RefKind: RefKind.Out } parameter)
            {
                // The length of what was popped is no more than what there was room for. A parser has judged what it made.
                bool isRaw = isParsed && parameter.Name == "value" && IsPlain(parameter.Type);
                Assign(argument.Value, isRaw ? Derive(argument, popped) : Result(argument));
            }
        }

        return isPop && (method.ReturnType is IArrayTypeSymbol || (isParsed && IsPlain(method.ReturnType))) ? Derive(call, popped) : Result(call);
    }

    // A number, or a struct of numbers, all of whose bit patterns are legal.
    private static bool IsPlain(ITypeSymbol type) => IntegerTypes.IsInteger(type) || type.IsAllValid();
}
