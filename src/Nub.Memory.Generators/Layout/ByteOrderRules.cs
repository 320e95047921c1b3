using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>Where <c>[BigEndian]</c> would have no meaning, or two meanings.</summary>
internal static class ByteOrderRules
{
    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout)
    {
        var declared = new HashSet<string>(type.GetMembers().OfType<IFieldSymbol>().Where(static field => field.IsBigEndian()).Select(static field => field.Name));
        foreach (FieldLayout field in layout.Fields)
        {
            // Applied where it means something; what is left is a struct, or an array of something that has an inside.
            if (!field.BigEndian && declared.Contains(field.StoredName) && field.Type.NotValidatable is null)
            {
                yield return new ShapeProblem(
                    $"says [BigEndian] of '{field.Name}', whose type '{field.Type.Display}' has no byte order of its own; say it on the {PartsOf(field.Type)}", field.Name);
            }
            else if (field is { BigEndian: true, Type: { IsArray: true, HasLittleEndian: true, NotValidatable: null } } && layout.InlineArrayLength > 0)
            {
                yield return new ShapeProblem(
                    $"says [BigEndian] of elements that are arrays of type '{field.Type.Display}'; say it on the elements of '{field.Type.Display}', and mark that type", field.Name);
            }
            else if (type.IsValidateOnRead() && field is { BigEndian: true, Type: { IsArray: true, IsValidateOnRead: true, HasLittleEndian: true, NotValidatable: null } })
            {
                // What the array's own part decodes for its Validate knows nothing of the field.
                yield return new ShapeProblem(
                    $"has '{field.Name}' as [BigEndian], whose type '{field.Type.Display}' is validated as what it says itself; say [BigEndian] on the elements of '{field.Type.Display}'", field.Name);
            }
            else if (!field.BigEndian && layout.IsBigEndian && field.Type.HasLittleEndian && field.Type.NotValidatable is null)
            {
                yield return new ShapeProblem(
                    $"is [BigEndian], but '{field.Name}' of type '{field.Type.Display}' is not stored so; mark that type [BigEndian] too, or mark the fields one by one", field.Name);
            }
        }

        if (layout.HasOverlap)
        {
            foreach (ShapeProblem problem in CheckUnion(layout))
            {
                yield return problem;
            }
        }
    }

    /// <summary>
    /// The fields whose bytes are turned to change the byte order of a whole value: of fields on the same bytes, one.
    /// </summary>
    /// <returns>
    /// The fields, and whether some share bytes in different ways, so that a big-endian host could not turn them at all.
    /// Little-endian fields only: <see cref="Check"/> refuses the others.
    /// </returns>
    public static (List<FieldLayout> Fields, bool AreAmbiguous) Turned(StructLayout layout)
    {
        var turned = new List<FieldLayout>();
        bool areAmbiguous = false;
        foreach (FieldLayout field in layout.Stored)
        {
            FieldLayout? other = turned.Find(earlier => field.Offset < earlier.End && earlier.Offset < field.End);
            areAmbiguous |= layout.HasOverlap && !(other is null || TurnAlike(other, field));
            if (other is null && (field.HasBigEndian || field.HasLittleEndian))
            {
                turned.Add(field);
            }
        }

        return (turned, areAmbiguous);
    }

    // To load a union whole, its bytes are turned once. Two readings of the same bytes that want them turned differently
    // cannot both be right.
    private static IEnumerable<ShapeProblem> CheckUnion(StructLayout layout)
    {
        for (int i = 0; i < layout.Fields.Count; i++)
        {
            for (int j = i + 1; j < layout.Fields.Count; j++)
            {
                FieldLayout first = layout.Fields[i];
                FieldLayout second = layout.Fields[j];
                bool overlap = first.Offset < second.End && second.Offset < first.End;
                if (overlap && (first.HasBigEndian || second.HasBigEndian) && !TurnAlike(first, second))
                {
                    yield return new ShapeProblem(
                        $"has '{first.Name}' and '{second.Name}' on the same bytes, and [BigEndian] would turn them for one and spoil them for the other; read them as one type and convert in code", second.Name);
                }
            }
        }
    }

    private static string PartsOf(FieldType type) =>
        type.Innermost.Kind == FieldKind.Struct ? $"fields of '{type.Innermost.Display}'" : $"elements of '{type.Element?.Display}', and mark that type";

    private static bool TurnAlike(FieldLayout first, FieldLayout second)
    {
        bool sameStruct = first.Type.Kind == FieldKind.Struct && first.Type.Name == second.Type.Name;
        return first.Offset == second.Offset && first.HasBigEndian == second.HasBigEndian && first.HasLittleEndian == second.HasLittleEndian
            && (sameStruct || (UnitOf(first.Type) is { } unit && UnitOf(second.Type) == unit));
    }

    // The size of what is turned, and the number of these.
    private static (long Size, int Count)? UnitOf(FieldType type) => type switch
    {
        { Kind: FieldKind.Primitive } or { IsWireEnum: true, Element: null } => (type.Size, 1),
        { Element: { Kind: FieldKind.Primitive } or { IsWireEnum: true } } => (type.Element.Size, type.Count),
        _ => null,
    };
}
