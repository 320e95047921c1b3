using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary><c>[WireEnum]</c>: a field of an enum that shared memory has as the integer behind it, whatever that is.</summary>
internal static class WireEnumRules
{
    /// <summary>The type of such a field: legal whatever its bits are. Of what is no enum, the type itself.</summary>
    public static FieldType AsInteger(FieldType type) => type switch
    {
        { EnumCheck: not null } => type with { NotAllValid = null, IsWireEnum = true },
        { Kind: FieldKind.InlineArray, IsValidateOnRead: false, Element: { EnumCheck: not null } element } => type with { NotAllValid = null, Element = AsInteger(element), IsWireEnum = true },
        _ => type,
    };

    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout)
    {
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>().Where(static field => !field.IsStatic && field.IsWireEnum()))
        {
            if (layout.Fields.FirstOrDefault(one => one.StoredName == field.Name) is { Type: { IsWireEnum: false, Kind: not FieldKind.Broken } other } found)
            {
                yield return new ShapeProblem($"says [WireEnum] of '{found.Name}', whose type '{other.Display}' is neither an enum nor an inline array of one; take the attribute away", found.Name);
            }
        }
    }
}
