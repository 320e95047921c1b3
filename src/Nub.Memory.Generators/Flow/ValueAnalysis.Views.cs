using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

// Views of shared memory: what is read through them, and the views of their parts.
internal sealed partial class ValueAnalysis
{
    private Term? EvaluateView(IInvocationOperation call, Term view, Arguments arguments)
    {
        IMethodSymbol method = call.TargetMethod;
        Term memory = view.Left!;
        Term start = view.Right!;
        ITypeSymbol? field = Frame.Actual(_frame, method.TypeArguments is [var only] ? only : null);
        switch (method.Name)
        {
            case "Load":
                return Fetch(call, new Place(memory, start, _session.Sizes.Of(view.Type)), view.Type);
            case "Store":
                Array.ForEach(arguments.Values, Use);
                Overwrite(new Place(memory, start, _session.Sizes.Of(view.Type)));
                return Result(call);
            case "Read" or "ReadBigEndian":
                return Fetch(call, new Place(memory, Plus(start, arguments[0]), _session.Sizes.Of(field)), field);
            case "Write" or "WriteBigEndian":
                Array.ForEach(arguments.Values, Use);
                Overwrite(new Place(memory, Plus(start, arguments[0]), _session.Sizes.Of(field)));
                return Result(call);
            case "Field":
                return Terms.View(memory, Plus(start, arguments[0]), field!);
            case "Elements":
                return Terms.ArrayView(memory, Plus(start, arguments[0]), field!);
            case var _ when SharedTypes.IsAtomic(method):
                return Exchange(call, new Place(memory, start, _session.Sizes.Of(view.Type)), view.Type, arguments);
            case "TryLoad":
                return FetchInto(call, new Place(memory, start, _session.Sizes.Of(view.Type)), view.Type);
            case { } name when name.StartsWith("TryGet", StringComparison.Ordinal)
                && _session.Sizes.Field(view.Type as INamedTypeSymbol, name.Substring("TryGet".Length)) is { } part:
                return FetchInto(call, PlaceOf(view, part), null);
        }

        // HeaderView() is Header, for use on the left of an assignment.
        return method.Name.EndsWith("View", StringComparison.Ordinal) && method.Parameters.IsEmpty
            ? PartOf(view, method.Name.Substring(0, method.Name.Length - "View".Length), method.ReturnType)
            : null;
    }

    // A value that is given out by a method that says whether it is legal.
    private Term FetchInto(IInvocationOperation call, Place place, ITypeSymbol? type)
    {
        IArgumentOperation? given = call.Arguments.FirstOrDefault(static argument => argument.Parameter is { RefKind: RefKind.Out });
        Term value = Fetch(call, place, type ?? given?.Parameter!.Type);
        if (given is not null)
        {
            Assign(given.Value, value);
        }

        return Result(call);
    }

    // What an atomic gives was there at one moment, and it has written since.
    private Term Exchange(IInvocationOperation call, Place place, ITypeSymbol? type, Arguments arguments)
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
        Term distance = index;
        if (_session.Sizes.Of(element) is { } size && !TermTable.IsTooDeep(index))
        {
            distance = index.Kind == TermKind.Constant
                ? Terms.Constant(index.Constant * size, null)
                : Terms.Binary(BinaryOperatorKind.Multiply, index, Terms.Constant(size, null), null, false);
        }

        Term offset = Plus(array.Right!, distance);
        return SharedTypes.ViewedBy(type) is { } viewed
            ? Terms.View(array.Left!, offset, viewed)
            : Fetch(operation, new Place(array.Left!, offset, _session.Sizes.Of(element)), element);
    }
}
