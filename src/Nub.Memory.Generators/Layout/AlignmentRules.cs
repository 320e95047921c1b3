using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>Alignments that C gives and C# does not: what <c>[Layout(Alignment = 64)]</c> says, and whether it holds.</summary>
internal static class AlignmentRules
{
    private const int Most = 1 << 20;

    /// <summary>The alignment that a struct or a field says it has in C; 0 when it says nothing.</summary>
    public static int DeclaredBy(ISymbol symbol)
    {
        foreach (KeyValuePair<string, TypedConstant> argument in symbol.FindAttribute("LayoutAttribute", "Nub.Memory")?.NamedArguments ?? [])
        {
            if (argument is { Key: "Alignment", Value.Value: int alignment })
            {
                return alignment;
            }
        }

        return 0;
    }

    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout)
    {
        foreach ((string what, int alignment, string? field) in Declared(type, layout).Where(static one => !IsAlignment(one.Alignment)))
        {
            yield return new ShapeProblem($"says an alignment of {alignment} of {what}; an alignment is a power of two up to {Most}", field);
        }

        foreach (FieldLayout field in layout.Fields)
        {
            if (field.Aligned > 1 && field.Offset % field.Aligned != 0)
            {
                yield return new ShapeProblem(
                    $"has '{field.Name}' at offset {field.Offset}, and C aligns it to {field.Aligned} bytes; put {field.Aligned - (field.Offset % field.Aligned)} bytes of reserved fields before it", field.Name);
            }
        }

        if (layout.Aligned > 1 && layout.Size % layout.Aligned != 0)
        {
            yield return new ShapeProblem($"has {layout.Size} bytes, and C aligns it to {layout.Aligned}, of which its size is a multiple; put {layout.Aligned - (layout.Size % layout.Aligned)} bytes of reserved fields at its end");
        }
    }

    /// <summary>Whether something can be an alignment; what cannot has an error, and is not computed with.</summary>
    public static bool IsAlignment(int alignment) => alignment is > 0 and <= Most && (alignment & (alignment - 1)) == 0;

    private static IEnumerable<(string What, int Alignment, string? Field)> Declared(INamedTypeSymbol type, StructLayout layout)
    {
        if (DeclaredBy(type) is not 0 and var ofStruct)
        {
            yield return ("the struct", ofStruct, null);
        }

        foreach (IFieldSymbol symbol in type.GetMembers().OfType<IFieldSymbol>())
        {
            if (layout.Fields.FirstOrDefault(field => field.StoredName == symbol.Name) is { } field && DeclaredBy(symbol) is not 0 and var ofField)
            {
                yield return ($"'{field.Name}'", ofField, field.Name);
            }
        }
    }
}
