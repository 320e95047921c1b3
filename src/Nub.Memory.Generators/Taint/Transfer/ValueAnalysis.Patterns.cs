using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// What patterns say about a value and its parts, and which variables they give them to.
internal sealed partial class ValueAnalysis
{
    private readonly Dictionary<(SyntaxNode? Whole, Term View, string Property), IOperation> _asked = [];

    private Term EvaluatePattern(IIsPatternOperation pattern)
    {
        Term value = Evaluate(pattern.Value);
        Use(value);
        ReadParts(pattern.Pattern, value);
        Declare(pattern.Pattern, value);
        if (IsAsserted(pattern.Syntax))
        {
            return Result(pattern);
        }

        Term result = Result(pattern);
        bool isFollowed = IsFollowed(pattern);
        if (isFollowed)
        {
            _compared[pattern] = new Condition(pattern, value, value);
        }
        else
        {
            _session.Conditions[result] = new Condition(pattern, value, value);
        }

        if (IsOfZero(pattern.Pattern) && !Branches.IsPartial(pattern.Syntax) && (!isFollowed || _frame is not null))
        {
            _session.ComparedWithZeroByHelper?.Add(value);
            if (!isFollowed)
            {
                GiveBenefitOfZero(value);
            }

            return result;
        }

        foreach ((IPatternOperation part, Term of) in PartsOf(pattern.Pattern, value).Prepend((pattern.Pattern, value)))
        {
            if (!IsBounded(part, true) && !IsBounded(part, false))
            {
                continue;
            }

            _state = isFollowed ? _state : Arithmetic.Compared(_state, of, pattern);
            _session.ComparedInHelper(of, null);
        }

        return result;
    }

    // is 0, is not 0, is > 0: no limit above.
    private static bool IsOfZero(IPatternOperation pattern) => pattern switch
    {
        INegatedPatternOperation not => IsOfZero(not.Pattern),
        IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: { } value } } => NumberOf(value) is { IsZero: true },
        IRelationalPatternOperation { Value.ConstantValue: { HasValue: true, Value: { } value } } => NumberOf(value) is { } number && number <= 1,
        _ => false,
    };

    // What a pattern asks of a view, it reads.
    private void ReadParts(IPatternOperation pattern, Term value)
    {
        PathFacts before = _state.Facts;
        foreach (IRecursivePatternOperation recursive in Alternatives(pattern).OfType<IRecursivePatternOperation>())
        {
            TakeApart(recursive, value);
            foreach ((IPatternOperation position, Term element) in PositionsOf(recursive, value))
            {
                UseAsked(position, element);
                ReadParts(position, element);
            }

            foreach (IPropertySubpatternOperation part in recursive.PropertySubpatterns)
            {
                if (PartOf(value, part.Member) is not { } asked)
                {
                    continue;
                }

                if (value.Kind == TermKind.View && asked.Kind == TermKind.Fetch)
                {
                    ReadPart(value, part, asked);
                }

                ReadParts(part.Pattern, asked);

                // What comes next is asked for only where this has matched.
                _state = _state with { Facts = MatchedPart(_state.Facts, part, value) };
            }

            _state = _state with { Facts = before };
        }
    }

    private void ReadPart(Term view, IPropertySubpatternOperation part, Term asked)
    {
        // A property that is asked for again has been read already.
        if (asked.Operation == part.Member && part.Member is IPropertyReferenceOperation property && FieldOf(view, property) is { } field)
        {
            InBits(Fetch(property, PlaceOf(view, field), property.Type), view.Type, property.Property);
        }

        UseAsked(part.Pattern, asked);
    }

    private void UseAsked(IPatternOperation pattern, Term asked)
    {
        if (pattern is not (IDiscardPatternOperation or IDeclarationPatternOperation))
        {
            Use(asked);
        }
    }

    // A variable of a pattern is looked at only where the pattern has matched.
    private void Declare(IPatternOperation pattern, Term value)
    {
        foreach ((IPatternOperation part, Term of) in PartsOf(pattern, value).Prepend((pattern, value)))
        {
            foreach (IPatternOperation one in Alternatives(part))
            {
                ISymbol? declared = one switch
                {
                    IDeclarationPatternOperation declaration => declaration.DeclaredSymbol,
                    IRecursivePatternOperation recursive => recursive.DeclaredSymbol,
                    IListPatternOperation list => list.DeclaredSymbol,
                    _ => null,
                };
                if (declared is not null)
                {
                    Set(Variable.Of(declared), of);
                }
            }
        }
    }

    // The patterns that are about the very same value.
    private static IEnumerable<IPatternOperation> Alternatives(IPatternOperation pattern) => pattern switch
    {
        INegatedPatternOperation not => Alternatives(not.Pattern),
        IBinaryPatternOperation two => Alternatives(two.LeftPattern).Concat(Alternatives(two.RightPattern)),
        _ => [pattern],
    };

    // The patterns that are about a part of the value, or a part of that.
    private IEnumerable<(IPatternOperation Pattern, Term Value)> PartsOf(IPatternOperation pattern, Term value)
    {
        foreach ((IPatternOperation part, Term of) in OwnPartsOf(pattern, value))
        {
            yield return (part, of);
            foreach ((IPatternOperation, Term) deeper in PartsOf(part, of))
            {
                yield return deeper;
            }
        }
    }

    private IEnumerable<(IPatternOperation Pattern, Term Value)> OwnPartsOf(IPatternOperation pattern, Term value)
    {
        foreach ((IPatternOperation, Term) element in Alternatives(pattern).OfType<IListPatternOperation>().SelectMany(list => ElementsOf(list, value)))
        {
            yield return element;
        }

        foreach (IRecursivePatternOperation recursive in Alternatives(pattern).OfType<IRecursivePatternOperation>())
        {
            foreach (IPropertySubpatternOperation part in recursive.PropertySubpatterns)
            {
                if (PartOf(value, part.Member) is { } of)
                {
                    yield return (part.Pattern, of);
                }
            }

            foreach ((IPatternOperation, Term) position in PositionsOf(recursive, value))
            {
                yield return position;
            }
        }
    }

    // The elements of a list that is the guest's, those behind a slice by how far they are from the end.
    private IEnumerable<(IPatternOperation Pattern, Term Value)> ElementsOf(IListPatternOperation list, Term value)
    {
        if (!_state.IsGuests(value) || TermTable.IsTooDeep(value))
        {
            yield break;
        }

        int count = list.Patterns.Length;
        int slice = list.Patterns.IndexOf(list.Patterns.FirstOrDefault(static one => one is ISlicePatternOperation)!);
        for (int i = 0; i < count; i++)
        {
            IPatternOperation part = list.Patterns[i];
            ITypeSymbol? type = part.InputType;
            if (part is ISlicePatternOperation { Pattern: { } rest })
            {
                yield return (rest, Terms.Slice(value, part, _frame));
            }
            else if (slice >= 0 && i > slice && list.LengthSymbol is IPropertySymbol { Type: var ofLength })
            {
                Term index = Terms.Binary(BinaryOperatorKind.Subtract, Terms.Length(value, ofLength), Terms.Constant(count - i, ofLength), ofLength, false);
                yield return (part, Terms.Element(value, index, type));
            }
            else if (part is not ISlicePatternOperation)
            {
                yield return (part, Terms.Element(value, Terms.Constant(i, list.LengthSymbol is IPropertySymbol length ? length.Type : null), type));
            }
        }
    }

    private Term? PartOf(Term value, IOperation member) => member switch
    {
        _ when TermTable.IsTooDeep(value) || value.Kind is TermKind.ArrayView => null,
        IPropertyReferenceOperation property when value.Kind == TermKind.View => PartOf(value, property.Property.Name, property.Type!)
            ?? (FieldOf(value, property) is null ? null : Terms.Fetch(FirstToAsk(property, value), _frame, property.Type)),
        IFieldReferenceOperation { Field: { ContainingType.IsValueType: true } field } => value.Kind == TermKind.Tuple
            ? ElementOf(value, (field.CorrespondingTupleField ?? field).Name)
            : Terms.Field(value, field, field.Type),
        IPropertyReferenceOperation { Property: { ContainingType.IsValueType: true } property } when SharedTypes.IsAuto(property) || Sources.IsValue(property) => Terms.Field(value, property, property.Type),
        IMemberReferenceOperation { Member: var kept } => KeptIn(value, kept),
        _ => null,
    };

    // The compiler asks for a property once in one pattern, or in all the patterns of one switch.
    private IOperation FirstToAsk(IPropertyReferenceOperation property, Term view)
    {
        (SyntaxNode?, Term, string) question = (QuestionAround(property.Syntax), view, property.Property.Name);
        if (!_asked.TryGetValue(question, out IOperation? first))
        {
            _asked.Add(question, first = property);
        }

        return first;
    }

    private FlowState DecidePattern(FlowState state, IPatternOperation pattern, Term value, bool matches, IOperation check)
    {
        state = NarrowTo(state, pattern, value, matches);
        state = IsNonNegative(pattern, matches) ? Arithmetic.FindNonNegative(state, value) : state;
        state = IsBounded(pattern, matches) ? Arithmetic.AtMost(state, value, Terms.Constant(0, null), check) : state;

        if (pattern is INegatedPatternOperation not)
        {
            return DecidePattern(state, not.Pattern, value, !matches, check);
        }

        // What has only one part, and is never null, did not match because of that.
        if (!matches && OnlyPart(pattern, IsOwnObject(RestOf(value))) is { } only && PartOf(value, only.Member) is { } asked)
        {
            return DecidePattern(state, only.Pattern, asked, false, check);
        }

        // All parts have to match, where the pattern is no choice between several.
        if (!matches || pattern is not (IRecursivePatternOperation or IListPatternOperation or IBinaryPatternOperation { OperatorKind: BinaryOperatorKind.And }))
        {
            return state;
        }

        if (pattern is IBinaryPatternOperation both)
        {
            return DecidePattern(DecidePattern(state, both.LeftPattern, value, true, check), both.RightPattern, value, true, check);
        }

        foreach ((IPatternOperation part, Term of) in PartsOf(pattern, value))
        {
            state = NarrowTo(state, part, of, true);
            state = IsNonNegative(part, true) ? Arithmetic.FindNonNegative(state, of) : state;
            state = IsBounded(part, true) ? Arithmetic.AtMost(state, of, Terms.Constant(0, null), check) : state;
        }

        return state;
    }

    private static IPropertySubpatternOperation? OnlyPart(IPatternOperation pattern, bool isObject) =>
        pattern is IRecursivePatternOperation { DeconstructionSubpatterns.IsEmpty: true, PropertySubpatterns: [var only], InputType: { } input } recursive
            && (isObject || input.IsValueType) && SymbolEqualityComparer.Default.Equals(input, recursive.MatchedType) ? only : null;

    private static bool IsNonNegative(IPatternOperation pattern, bool matches) => pattern switch
    {
        IConstantPatternOperation constant => matches && IsNonNegative(constant.Value),
        IRelationalPatternOperation { OperatorKind: BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual } above => matches && IsNonNegative(above.Value),
        IRelationalPatternOperation below => !matches && IsNonNegative(below.Value),
        INegatedPatternOperation not => IsNonNegative(not.Pattern, !matches),
        IBinaryPatternOperation two => matches == (two.OperatorKind == BinaryOperatorKind.And)
            ? IsNonNegative(two.LeftPattern, matches) || IsNonNegative(two.RightPattern, matches)
            : IsNonNegative(two.LeftPattern, matches) && IsNonNegative(two.RightPattern, matches),
        _ => false,
    };

    private static bool IsNonNegative(IOperation constant) => constant.ConstantValue is { HasValue: true, Value: >= 0 or >= 0L or byte or ushort or uint or ulong or char or >= (short)0 or >= (sbyte)0 };

    private static bool IsBounded(IPatternOperation pattern, bool matches) => pattern switch
    {
        IConstantPatternOperation => matches,
        IRelationalPatternOperation { OperatorKind: BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual } => matches,
        IRelationalPatternOperation => !matches,
        INegatedPatternOperation not => IsBounded(not.Pattern, !matches),
        IBinaryPatternOperation { OperatorKind: BinaryOperatorKind.And } both => matches
            ? IsBounded(both.LeftPattern, true) || IsBounded(both.RightPattern, true)
            : IsBounded(both.LeftPattern, false) && IsBounded(both.RightPattern, false),
        IBinaryPatternOperation either => matches
            ? IsBounded(either.LeftPattern, true) && IsBounded(either.RightPattern, true)
            : IsBounded(either.LeftPattern, false) || IsBounded(either.RightPattern, false),
        _ => false,
    };
}
