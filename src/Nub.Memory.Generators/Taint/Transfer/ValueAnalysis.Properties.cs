using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Properties: of views, of structs that were read, and of anything else.
internal sealed partial class ValueAnalysis
{
    private Term EvaluateProperty(IPropertyReferenceOperation property)
    {
        IPropertySymbol symbol = property.Property;
        if (HeldAsDeclared(symbol, property.Type, property.Instance) is { } declared)
        {
            return declared;
        }

        if (IsThis(property.Instance) && Receiver is null && SharedTypes.IsAuto(symbol))
        {
            return Get(symbol);
        }

        Term? instance = property.Instance is { } receiver && (!IsThis(receiver) || Receiver is not null) ? Evaluate(receiver) : null;
        if (instance is { Kind: TermKind.View } && EvaluateViewProperty(property, instance) is { } part)
        {
            return part;
        }

        if (instance is { Kind: TermKind.ArrayView } && SharedTypes.ElementsOf(symbol.ContainingType) is { } element)
        {
            if (property.Arguments is [var index])
            {
                return ElementAt(property, instance, Evaluate(index.Value), element, property.Type);
            }

            // What a foreach stands at: another one each time.
            return symbol.Name == "Current" ? ElementAt(property, instance, Result(property), element, property.Type) : Result(property);
        }

        if (property.Arguments is not [])
        {
            return symbol.GetMethod is { DeclaringSyntaxReferences: not [] } accessor ? EvaluateIndexer(property, accessor, instance) : EvaluateIndexer(property, instance);
        }

        if (instance is not null && SharedTypes.IsOfExit(symbol.ContainingType))
        {
            return PartOfExit(instance, symbol, property);
        }

        if (instance is not null && symbol.ContainingType.IsValueType && BitFieldRules.DeclaredBy(symbol) is not null)
        {
            return InBits(FieldOf(instance, symbol, symbol.Type, property), symbol.ContainingType, symbol);
        }

        if (symbol.GetMethod is { } getter && TryFollow(property, getter, property.Instance, instance, Arguments.None) is { } body)
        {
            return Follow(property, getter, body, instance, [], Arguments.None);
        }

        return EvaluateOtherProperty(property, instance);
    }

    private Term? EvaluateViewProperty(IPropertyReferenceOperation property, Term view)
    {
        if (PartOf(view, property.Property.Name, property.Type!) is { } part)
        {
            return part;
        }

        // FlagsAtomic is Flags, for the operations that read and write it at once.
        if (property.Type is INamedTypeSymbol { Name: "AtomicField" } atomic && SharedTypes.ViewedBy(atomic) is { } integer
            && _session.Sizes.Field(view.Type as INamedTypeSymbol, property.Property.Name.Replace("Atomic", "")) is { } whole)
        {
            return Terms.View(view.Left!, PlaceOf(view, whole).Offset, integer);
        }

        return FieldOf(view, property) is { } field ? InBits(Fetch(property, PlaceOf(view, field), property.Type), view.Type, property.Property) : null;
    }

    // What a bit field holds is no more than its bits, and what has few is checked by that.
    private Term InBits(Term value, ITypeSymbol? type, IPropertySymbol property)
    {
        if (_session.Sizes.BitsOf(type, property.Name) is not { Bits: > 0 and <= 64 } declared)
        {
            return value;
        }

        bool isSigned = IntegerTypes.IsSigned(value);
        BigInteger most = (BigInteger.One << (declared.Bits - (isSigned ? 1 : 0))) - 1;
        _state = Ordering.Narrow(_state, value, new Interval(isSigned ? -most - 1 : 0, most));
        if (most <= byte.MaxValue && !isSigned)
        {
            WithTaint(value, _state.TaintOf(value).Map(static fact => fact.IsSafe ? fact : new TaintFact(Verdict.Bounded)));
        }

        return value;
    }

    private FieldLayout? FieldOf(Term view, IPropertyReferenceOperation property) => _session.Sizes.Field(view.Type as INamedTypeSymbol, property.Property.Name);

    private ByteRange PlaceOf(Term view, FieldLayout field) => new(view.Left!, Plus(view.Right!, Terms.Constant(field.Offset, null)), field.Type.Size);

    // An indexer with source is a method.
    private Term EvaluateIndexer(IPropertyReferenceOperation indexer, IMethodSymbol getter, Term? instance)
    {
        var arguments = new Arguments(getter.Parameters.Length);
        foreach (IArgumentOperation argument in indexer.Arguments)
        {
            arguments[argument.Parameter!.Ordinal] = Evaluate(argument.Value);
        }

        if (TryFollow(indexer, getter, indexer.Instance, instance, arguments) is { } body)
        {
            return Follow(indexer, getter, body, instance, [], arguments);
        }

        foreach (Term argument in arguments.Values)
        {
            Use(argument);
        }

        return instance is null ? Result(indexer) : ElementOf(indexer, instance, index: null, isPart: false);
    }

    private Term EvaluateIndexer(IPropertyReferenceOperation indexer, Term? instance)
    {
        Term? index = null;
        bool isPart = false;
        foreach (IArgumentOperation argument in indexer.Arguments)
        {
            if (instance is not null && indexer.Instance is { } container && FrameworkTypes.IsPositional(indexer.Property))
            {
                index = CheckPosition(argument.Value, instance, container);
                isPart |= index is null;
            }
            else
            {
                Use(Evaluate(argument.Value));
            }
        }

        return instance is null ? Result(indexer) : ElementOf(indexer, instance, indexer.Arguments.Length == 1 ? index : null, isPart);
    }

    private Term EvaluateOtherProperty(IPropertyReferenceOperation property, Term? instance)
    {
        IPropertySymbol symbol = property.Property;
        if (instance is null)
        {
            return SharedTypes.IsMemory(symbol.Type) ? Get(symbol)
                : symbol.Name == "Empty" && IsSpan(symbol.ContainingType) ? OfLength(Result(property), 0)
                : Result(property);
        }

        if (symbol is { Name: "Value", ContainingType.OriginalDefinition.SpecialType: SpecialType.System_Nullable_T })
        {
            return instance;
        }

        if (KeptIn(instance, symbol) is { } kept)
        {
            return kept;
        }

        bool isPartOfStruct = symbol.ContainingType.IsValueType && SharedTypes.IsAuto(symbol);
        if (isPartOfStruct || SharedTypes.IsMemory(symbol.Type) || (symbol.Name == "Size" && SharedTypes.IsMemory(property.Instance?.Type)) || (symbol.SetMethod is null or { IsInitOnly: true } && SharedTypes.IsAuto(symbol)))
        {
            return FieldOf(instance, symbol, symbol.Type, property);
        }

        Use(instance);
        if (symbol.Type.SpecialType == SpecialType.System_Boolean)
        {
            // Whether a span is empty or a number is there says nothing of what is in it.
            _state = FrameworkTypes.IsFrameworks(symbol.ContainingType) ? _state : Arithmetic.Compared(_state, instance, property);
            return Result(property);
        }

        // The length of a buffer is the host's, whatever stands in it; and it is the same each time.
        if (symbol.Name == "Length" && !TermTable.IsTooDeep(instance) && (symbol.ContainingType.SpecialType is SpecialType.System_Array or SpecialType.System_String || IsSpan(symbol.ContainingType)))
        {
            return Terms.Length(instance, symbol.Type);
        }

        if (symbol.Name == "Current" && FrameworkTypes.IsFrameworks(symbol.ContainingType))
        {
            return Derive(property, instance);
        }

        return symbol.Name is "Length" or "Count" or "IsEmpty" || !symbol.ContainingType.IsValueType ? Result(property)
            : FrameworkTypes.IsFrameworks(symbol.ContainingType) ? Derive(property, instance)
            : DeriveUnsigned(property, instance);
    }
}
