using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.DoubleFetch;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

// Views of shared memory: what is read through them, and the views of their parts.
internal sealed partial class ValueAnalysis
{
    private Term? EvaluateView(IInvocationOperation call, Term view, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        Term memory = view.Left!;
        Term start = view.Right!;
        ITypeSymbol? field = CallContext.Actual(_frame, method.TypeArguments is [var only] ? only : null);
        switch (method.Name)
        {
            case "Load":
                return Fetch(call, new ByteRange(memory, start, _session.Sizes.Of(view.Type)), view.Type);
            case "Store":
                Array.ForEach(arguments.Values, Use);
                Overwrite(new ByteRange(memory, start, _session.Sizes.Of(view.Type)));
                return Result(call);
            // A field by its offset, which a generated view does not offer: there it is a user's own, of another project.
            case "Read" or "ReadBigEndian" when method.IsInNub():
                return Fetch(call, new ByteRange(memory, Plus(start, arguments[0]), _session.Sizes.Of(field)), field);
            case "Write" or "WriteBigEndian" when method.IsInNub():
                Array.ForEach(arguments.Values, Use);
                Overwrite(new ByteRange(memory, Plus(start, arguments[0]), _session.Sizes.Of(field)));
                return Result(call);
            case "Field" when method.IsInNub():
                return Terms.View(memory, Plus(start, arguments[0]), field!);
            case "Elements" when method.IsInNub():
                return Terms.ArrayView(memory, Plus(start, arguments[0]), field!);
            case var _ when Sources.IsAtomic(method):
                return Exchange(call, new ByteRange(memory, start, _session.Sizes.Of(view.Type)), view.Type, arguments);
            case "TryTail":
                return BindTail(call, view, arguments);
            case "TryLoad":
                return FetchInto(call, new ByteRange(memory, start, _session.Sizes.Of(view.Type)), view.Type);
            case { } name when name.StartsWith("TryGet", StringComparison.Ordinal)
                && _session.Sizes.Field(view.Type as INamedTypeSymbol, name.Substring("TryGet".Length)) is { } part:
                FetchTag(call, view, part.Name);
                return FetchInto(call, PlaceOf(view, part), null);
        }

        // HeaderView() is Header, for use on the left of an assignment.
        return method.Name.EndsWith("View", StringComparison.Ordinal) && method.Parameters.IsEmpty
            ? PartOf(view, method.Name.Substring(0, method.Name.Length - "View".Length), method.ReturnType)
            : null;
    }

    private Term? EvaluateElements(IInvocationOperation call, Term array, ITypeSymbol element, Arguments arguments)
    {
        switch (call.TargetMethod.Name)
        {
            case "At":
                return ElementAt(call, array, arguments[0], element, call.TargetMethod.ReturnType);
            case "TryAt":
                AssignOut(call, 1, ElementAt(call, array, arguments[0], element, call.TargetMethod.Parameters[1].Type));
                return Result(call);
            case "TryRead":
                AssignOut(call, 1, ElementAt(call, array, arguments[0], element, null));
                return Result(call);
            case "TryWrite":
                Array.ForEach(arguments.Values, Use);
                Overwrite(PlaceOfElement(array, arguments[0], element));
                return Result(call);
            case "GetEnumerator":
                return array;
            case "MoveNext":
                return Result(call);
            default:
                return null;
        }
    }

    // A value that is given out by a method that says whether it is legal.
    private Term FetchInto(IInvocationOperation call, ByteRange place, ITypeSymbol? type)
    {
        IArgumentOperation? given = call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out });
        Term value = Fetch(call, place, type ?? given?.Parameter!.Type);
        if (given is not null)
        {
            // An enum or a bool that is given out is one of those that are defined.
            value = given.Parameter!.Type is { TypeKind: TypeKind.Enum } ? WithTaint(value, new TaintFact(Verdict.Bounded, call)) : value;
            GiveBenefitOfValidate(value, given.Parameter.Type, call);
            Assign(given.Value, value);
        }

        return Result(call);
    }

    // A struct that is read only when it is legal was judged by its own Validate, or its parts by theirs.
    private void GiveBenefitOfValidate(Term value, ITypeSymbol? type, IOperation read)
    {
        if (type is not INamedTypeSymbol judged || !judged.IsValidateOnRead() || _session.Sizes.Of(judged) is null || TermTable.IsTooDeep(value))
        {
            return;
        }

        if (ValidateMethod.CallOf(judged) is not null)
        {
            WithTaint(value, new TaintFact(Verdict.Compared, read));
            return;
        }

        foreach (IFieldSymbol field in judged.GetMembers().OfType<IFieldSymbol>().Where(static one => !one.IsStatic))
        {
            GiveBenefitOfValidate(Terms.Field(value, field.AssociatedSymbol ?? field, field.Type), field.Type, read);
        }
    }

    // The elements behind a struct; their number is read there and judged, so that it is the host's when it is asked for.
    private Term? BindTail(IInvocationOperation call, Term view, Arguments arguments)
    {
        if (TailRules.DeclaredBy(view.Type!) is not { } tail || _session.Sizes.Of(view.Type) is not { } size)
        {
            return null;
        }

        Array.ForEach(arguments.Values, Use);
        if (tail.Count is { } count && _session.Sizes.Field(view.Type as INamedTypeSymbol, count) is { } field)
        {
            Use(Fetch(call, PlaceOf(view, field), null));
        }

        if (call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out }) is { } given)
        {
            Assign(given.Value, Terms.ArrayView(view.Left!, Plus(view.Right!, Terms.Constant(tail.Offset ?? size, null)), tail.Element));
        }

        return Result(call);
    }

    // Of a tagged field the tag is read too; which decides whether it is given.
    private void FetchTag(IInvocationOperation call, Term view, string name)
    {
        if (view.Type is INamedTypeSymbol type && UnionRules.DeclaredBy(type, name) is { } union && _session.Sizes.Field(type, union.Tag) is { } tag)
        {
            Use(Fetch(call, PlaceOf(view, tag), null));
        }
    }

    // value.TryGetKind(out Kind kind): what is given is a value that is defined, and what the field holds is not judged. Of a tagged field it is that.
    private Term? EvaluateTryGet(IInvocationOperation call, Term value)
    {
        IMethodSymbol method = call.TargetMethod;
        if (!method.Name.StartsWith("TryGet", StringComparison.Ordinal) || !method.ContainingType.IsValueType
            || _session.Sizes.Field(method.ContainingType, method.Name.Substring("TryGet".Length)) is not { } field)
        {
            return null;
        }

        (IFieldSymbol Field, string Tag)? union = UnionRules.DeclaredBy(method.ContainingType, field.Name);
        if (!field.Type.IsWireEnum && union is null)
        {
            return null;
        }

        if (call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out }) is { } given)
        {
            Assign(given.Value, union is { } member ? FieldOf(value, member.Field, member.Field.Type, call) : WithTaint(Derive(call, value), new TaintFact(Verdict.Bounded, call)));
        }

        return Result(call, "tried");
    }

    // What an atomic gives was there at one moment, and it has written since.
    private Term Exchange(IInvocationOperation call, ByteRange place, ITypeSymbol? type, Arguments arguments)
    {
        Array.ForEach(arguments.Values, Use);
        Overwrite(place);
        Term seen = Terms.Fetch(call, _frame, type);
        _state = _node.IsInLoop ? _state.Redefine(seen) : _state;
        if (call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out }) is not { } given)
        {
            return seen;
        }

        Assign(given.Value, seen);
        return Result(call);
    }

    private Term Plus(Term offset, Term more) =>
        TermTable.IsTooDeep(offset, more) ? Terms.Binary(BinaryOperatorKind.Add, Terms.Input(_body.Method, null), more, null, false)
        : Terms.Binary(BinaryOperatorKind.Add, offset, more, null, false);

    /// <summary>The view of a field that is a struct or an array.</summary>
    private Term? PartOf(Term view, string name, ITypeSymbol type)
    {
        if (_session.Sizes.Field(view.Type as INamedTypeSymbol, name) is not { } field)
        {
            return null;
        }

        Term offset = Plus(view.Right!, Terms.Constant(field.Offset, null));
        return SharedTypes.ViewedBy(type) is { } viewed ? Terms.View(view.Left!, offset, viewed)
            : SharedTypes.ElementsOf(type) is { } element ? Terms.ArrayView(view.Left!, offset, element)
            : null;
    }

    private Term ElementAt(IOperation operation, Term array, Term index, ITypeSymbol element, ITypeSymbol? type)
    {
        Use(index);
        ByteRange place = PlaceOfElement(array, index, element);
        return SharedTypes.ViewedBy(type) is { } viewed ? Terms.View(place.Memory, place.Offset, viewed) : Fetch(operation, place, element);
    }

    private ByteRange PlaceOfElement(Term array, Term index, ITypeSymbol element)
    {
        long? size = _session.Sizes.Of(element);
        Term distance = index;
        if (size is { } known && !TermTable.IsTooDeep(index))
        {
            distance = index.Kind == TermKind.Constant
                ? Terms.Constant(index.Constant * known, null)
                : Terms.Binary(BinaryOperatorKind.Multiply, index, Terms.Constant(known, null), null, false);
        }

        return new ByteRange(array.Left!, Plus(array.Right!, distance), size);
    }
}
