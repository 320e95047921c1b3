using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Flow;

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
            return EvaluateIndexer(property, instance);
        }

        if (instance is not null && SharedTypes.IsOfExit(symbol.ContainingType))
        {
            return PartOfExit(instance, symbol, property);
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

        return FieldOf(view, property) is { } field ? Fetch(property, PlaceOf(view, field), property.Type) : null;
    }

    private FieldLayout? FieldOf(Term view, IPropertyReferenceOperation property) => _session.Sizes.Field(view.Type as INamedTypeSymbol, property.Property.Name);

    private Place PlaceOf(Term view, FieldLayout field) => new(view.Left!, Plus(view.Right!, Terms.Constant(field.Offset, null)), field.Type.Size);

    private Term EvaluateIndexer(IPropertyReferenceOperation indexer, Term? instance)
    {
        Term? index = null;
        bool isPart = false;
        foreach (IArgumentOperation argument in indexer.Arguments)
        {
            if (instance is not null && indexer.Instance is { } container && Sinks.IsPositional(indexer.Property))
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
            return SharedTypes.IsMemory(symbol.Type) ? Get(symbol) : Result(property);
        }

        if (symbol is { Name: "Value", ContainingType.OriginalDefinition.SpecialType: SpecialType.System_Nullable_T })
        {
            return instance;
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
            _state = Sinks.IsFrameworks(symbol.ContainingType) ? _state : Arithmetic.Compared(_state, instance, property);
            return Result(property);
        }

        // The length of a buffer is the host's, whatever stands in it; and it is the same each time.
        if (symbol.Name == "Length" && !TermTable.IsTooDeep(instance) && (symbol.ContainingType.SpecialType is SpecialType.System_Array or SpecialType.System_String || IsSpan(symbol.ContainingType)))
        {
            return Terms.Length(instance, symbol.Type);
        }

        if (symbol.Name == "Current" && Sinks.IsFrameworks(symbol.ContainingType))
        {
            return Derive(property, instance);
        }

        return symbol.Name is "Length" or "Count" or "IsEmpty" || !symbol.ContainingType.IsValueType ? Result(property)
            : Sinks.IsFrameworks(symbol.ContainingType) ? Derive(property, instance)
            : DeriveUnsigned(property, instance);
    }
}
