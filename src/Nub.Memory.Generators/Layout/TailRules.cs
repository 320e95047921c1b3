using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>The elements that follow a struct: a <c>[Tail]</c>.</summary>
/// <param name="Count">The field that says how many there are; null when none does.</param>
/// <param name="Offset">Where the first begins, in bytes from the start of the struct.</param>
/// <param name="BigEndian">Whether they are primitives stored most significant byte first.</param>
/// <param name="Problem">What is wrong, as the end of a sentence about the struct; null when nothing is.</param>
internal sealed record Tail(FieldType Element, FieldLayout? Count, long Offset, bool BigEndian, string? Problem);

/// <summary>Finds the tail of a struct, and what is wrong with it.</summary>
internal static class TailRules
{
    private const string Attribute = "TailAttribute";

    /// <summary>What a struct says of what follows it: the element, the name of the count, and where it begins.</summary>
    public static (ITypeSymbol Element, string? Count, int? Offset, bool BigEndian)? DeclaredBy(ITypeSymbol type)
    {
        if (type.FindAttribute(Attribute, "Nub.Memory") is not { AttributeClass.TypeArguments: [var element], ConstructorArguments: [{ Value: var count }] } attribute)
        {
            return null;
        }

        int? offset = null;
        bool bigEndian = false;
        foreach (KeyValuePair<string, TypedConstant> argument in attribute.NamedArguments)
        {
            offset = argument is { Key: "Offset", Value.Value: int given } && given != 0 ? given : offset;
            bigEndian |= argument is { Key: "BigEndian", Value.Value: true };
        }

        return (element, count as string, offset, bigEndian);
    }

    public static Tail? Of(INamedTypeSymbol type, StructLayout layout)
    {
        if (DeclaredBy(type) is not { } declared || IsIn(type, declared.Element))
        {
            return null;
        }

        FieldType element = new LayoutBuilder().TypeOf(declared.Element);
        FieldLayout? count = declared.Count is null ? null : layout.Fields.FirstOrDefault(field => field.Name == declared.Count || field.StoredName == declared.Count);
        long offset = declared.Offset ?? layout.Size;
        bool isPrimitive = element is { Kind: FieldKind.Primitive, Size: > 1 };
        string? problem = layout switch
        {
            { InlineArrayLength: > 0 } => "has a tail and is an inline array, of which each element would have it; put the array into a struct",
            _ when declared.Count is not null && count is null => $"has a tail whose number is '{declared.Count}', which is no field of it; name an integer field by nameof, or none",
            _ when count is not null && !BitFieldRules.IsUnit(count.Type) => $"has a tail whose number is '{declared.Count}' of type '{count.Type.Display}'; a number is an integer of 8 to 64 bits",
            _ when offset < 1 || offset > layout.Size => $"has a tail that begins at {offset}; it begins within the struct or right behind it, at 1 to {layout.Size}",
            _ when declared.BigEndian && !isPrimitive => $"says BigEndian of a tail of '{element.Display}', which has no byte order of its own; say [BigEndian] on its fields",
            _ when layout.IsBigEndian && !isPrimitive && element.HasLittleEndian && element.NotValidatable is null =>
                $"is [BigEndian], but its tail of '{element.Display}' is not stored so; mark that type [BigEndian] too, or mark the fields of the struct one by one",
            _ => null,
        };
        return new Tail(element, count, offset, isPrimitive && (declared.BigEndian || layout.IsBigEndian), problem);
    }

    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout)
    {
        if (DeclaredBy(type) is { Element: var element } && IsIn(type, element))
        {
            yield return new ShapeProblem($"has a tail of '{LayoutBuilder.Display(element)}', in which it is itself, so that each element would have the tail; take a struct without it");
        }

        if (Of(type, layout) is { Problem: { } problem })
        {
            yield return new ShapeProblem(problem);
        }
    }

    // A generic struct in itself, which the compiler refuses and an editor may show, makes a new type in each step.
    private const int MostTypes = 200;

    private static bool IsIn(INamedTypeSymbol type, ITypeSymbol element) => Reaches(element, type, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    // Whether a struct is in another: as it, in its fields, or in what follows it.
    private static bool Reaches(ITypeSymbol from, INamedTypeSymbol target, HashSet<ISymbol> seen) =>
        SymbolEqualityComparer.Default.Equals(from, target)
        || (from is INamedTypeSymbol { IsValueType: true, SpecialType: SpecialType.None } && seen.Count < MostTypes && seen.Add(from)
            && (from.GetMembers().OfType<IFieldSymbol>().Any(field => !field.IsStatic && Reaches(StoredTypeOf(field), target, seen))
                || (DeclaredBy(from) is { Element: var element } && Reaches(element, target, seen))));

    // A buffer of structs, which the compiler refuses and an editor may show, has these inside.
    private static ITypeSymbol StoredTypeOf(IFieldSymbol field) => field is { IsFixedSizeBuffer: true, Type: IPointerTypeSymbol pointer } ? pointer.PointedAtType : field.Type;
}
