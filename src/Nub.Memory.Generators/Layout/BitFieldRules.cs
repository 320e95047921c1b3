using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Layout;

/// <summary>A <c>[BitField]</c> property: some bits of an integer field.</summary>
/// <param name="Accessibility">In C# words; of the property.</param>
/// <param name="Modifiers">As they are declared, <c>partial</c> among them.</param>
/// <param name="Type">The property's type as generated code writes it.</param>
/// <param name="Getter"><c>get</c> with its modifiers; null when there is none.</param>
/// <param name="Setter"><c>set</c> or <c>init</c> with its modifiers; null when there is none.</param>
/// <param name="Unit">The field; null when there is none of that name.</param>
/// <param name="Problem">What is wrong, as the end of a sentence about the struct; null when nothing is.</param>
internal sealed record BitField(
    string Name, string Accessibility, string Modifiers, string Type, string? Getter, string? Setter, FieldLayout? Unit, int Offset, int Bits, string? Problem)
{
    public bool IsBool => Type == "bool";

    public bool IsSigned => Type is "sbyte" or "short" or "int" or "long";

    public bool IsPartial => Array.IndexOf(Modifiers.Split(' '), "partial") >= 0;

    public int Last => Offset + Bits - 1;
}

/// <summary>What a <c>[BitField]</c> says.</summary>
/// <param name="Unit">The name of the field.</param>
/// <param name="Offset">The first bit, counted from the least significant.</param>
internal readonly record struct DeclaredBits(string Unit, int Offset, int Bits);

/// <summary>Finds the bit fields of a struct, and what is wrong with them.</summary>
internal static class BitFieldRules
{
    private const string Attribute = "BitFieldAttribute";

    public static EquatableArray<BitField> Of(INamedTypeSymbol type, StructLayout layout)
    {
        var found = new List<BitField>();
        foreach (IPropertySymbol property in type.GetMembers().OfType<IPropertySymbol>())
        {
            if (DeclaredBy(property) is { } declared && DeclarationOf(property) is { } declaration)
            {
                BitField one = Of(property, declaration, layout.Fields.FirstOrDefault(field => field.Name == declared.Unit || field.StoredName == declared.Unit), declared.Offset, declared.Bits);
                found.Add(one with { Problem = ProblemOf(one, property, declared.Unit) ?? Overlap(one, found) });
            }
        }

        return found.ToEquatableArray();
    }

    /// <summary>The bits that a property of a struct says it is; null when it says none.</summary>
    public static DeclaredBits? DeclaredBy(IPropertySymbol property) =>
        property.FindAttribute(Attribute, "Nub.Memory") is { ConstructorArguments: [{ Value: string unit }, { Value: int offset }, { Value: int bits }] }
            ? new DeclaredBits(unit, offset, bits)
            : null;

    // The part that declares the property, not the one that was generated for it.
    private static PropertyDeclarationSyntax? DeclarationOf(IPropertySymbol property) =>
        property.DeclaringSyntaxReferences.Select(static reference => reference.GetSyntax()).OfType<PropertyDeclarationSyntax>()
            .FirstOrDefault(static declaration => declaration.AttributeLists.Count > 0);

    private static BitField Of(IPropertySymbol property, PropertyDeclarationSyntax declaration, FieldLayout? unit, int offset, int bits)
    {
        string? getter = null;
        string? setter = null;
        foreach (AccessorDeclarationSyntax accessor in declaration.AccessorList?.Accessors ?? default)
        {
            string text = Join([.. accessor.Modifiers.Select(static one => one.ValueText), accessor.Keyword.ValueText]);
            getter = accessor.Keyword.ValueText == "get" ? text : getter;
            setter = accessor.Keyword.ValueText is "set" or "init" ? text : setter;
        }

        return new BitField(
            property.Name, LayoutBuilder.AccessibilityOf(property), Join(declaration.Modifiers.Select(static one => one.ValueText)),
            property.Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), getter, setter, unit, offset, bits, null);
    }

    private static string Join(IEnumerable<string> words) => string.Join(" ", words);

    private static string? ProblemOf(BitField field, IPropertySymbol property, string unit)
    {
        string what = $"has a bit field '{field.Name}'";
        int width = (int)(field.Unit?.Type.Size ?? 0) * 8;
        int own = WidthOf(property.Type);
        return field switch
        {
            { IsPartial: false } => $"{what} that is not a partial property, so that nothing can be generated for it; declare it 'partial', with 'get;' and 'set;'",
            _ when property.IsStatic => $"{what} that is static, and bits are a value's; make it an instance property",
            _ when property.RefKind != RefKind.None => $"{what} that returns a reference, and bits have no address; return the value",
            { Unit: null } => $"{what} over '{unit}', which is no field of it; name an integer field by nameof",
            { Unit.Type: var unitType } when !IsUnit(unitType) => $"{what} over '{unit}' of type '{unitType.Display}'; bits are of an integer of 8 to 64 bits",
            _ when own == 0 => $"{what} of type '{LayoutBuilder.Display(property.Type)}'; a bit field is an integer of 8 to 64 bits, or a bool over one bit",
            { Offset: < 0 } => $"{what} that begins at bit {field.Offset}; the first bit is 0, the least significant",
            { Bits: < 1 } => $"{what} of {field.Bits} bits; it has at least one",
            _ when (long)field.Offset + field.Bits > width => $"{what} of {field.Bits} bits from bit {field.Offset} on, and '{unit}' has {width}",
            _ when field.Bits > own => $"{what} of {field.Bits} bits, and its type '{LayoutBuilder.Display(property.Type)}' has {own}",
            _ => null,
        };
    }

    private static string? Overlap(BitField field, List<BitField> earlier)
    {
        BitField? other = earlier.Find(one => one.Problem is null && one.Unit!.Name == field.Unit!.Name && one.Offset <= field.Last && field.Offset <= one.Last);
        return other is null ? null
            : $"has bit fields '{other.Name}', bits {other.Offset} to {other.Last}, and '{field.Name}', bits {field.Offset} to {field.Last} of '{field.Unit!.Name}', on the same bits";
    }

    /// <summary>Whether a type is an integer that has bits, or that counts.</summary>
    public static bool IsUnit(FieldType type) =>
        type is { Kind: FieldKind.Primitive, Size: <= 8 } && type.Name is "byte" or "sbyte" or "ushort" or "short" or "uint" or "int" or "ulong" or "long";

    private static int WidthOf(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => 1,
        SpecialType.System_Byte or SpecialType.System_SByte => 8,
        SpecialType.System_UInt16 or SpecialType.System_Int16 => 16,
        SpecialType.System_UInt32 or SpecialType.System_Int32 => 32,
        SpecialType.System_UInt64 or SpecialType.System_Int64 => 64,
        _ => 0,
    };
}
