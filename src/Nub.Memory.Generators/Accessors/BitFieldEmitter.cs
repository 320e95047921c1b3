using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes <c>[BitField]</c> properties: of a value in private memory, and of a view.</summary>
internal static class BitFieldEmitter
{
    private const string Bits = "global::Nub.Memory.SharedBits";

    /// <summary>The other part of the struct's own property.</summary>
    public static void EmitOfStruct(CodeWriter writer, BitField field)
    {
        // A property that is not partial stands in the way of one that is, and has its error.
        if (!field.IsPartial)
        {
            return;
        }

        string unit = field.Unit is { } one ? "this." + Declaration.Escape(one.Name) : "";
        string get = field.Problem is null ? Get(field, unit) : "throw null!";
        string set = field.Problem is null ? $"{unit} = {Set(field, unit)}" : "throw null!";
        writer.Separate();
        writer.Line($"{field.Modifiers} {field.Type} {Declaration.Escape(field.Name)} {Body(field.Getter, get, field.Setter, set)}");
    }

    /// <summary>The property of the view.</summary>
    public static void EmitOfView(CodeWriter writer, string inner, BitField field)
    {
        string declaration = $"{field.Accessibility} {field.Type} {Declaration.Escape(field.Name)}";
        if (field.Problem is not null)
        {
            writer.Property("The bit field has an error.", $"{declaration} {{ get => throw null!; set => throw null!; }}");
            return;
        }

        FieldLayout unit = field.Unit!;
        string read = FieldEmitter.Read(inner, unit.Type.Name, unit);
        string bits = field.Bits == 1 ? $"bit {field.Offset}" : $"bits {field.Offset} to {field.Last}";
        writer.Property(
            $"<c>{field.Type}</c>, {bits} of <c>{unit.Name}</c>, {Words.Describe(unit)}. Setting it is one load and one store, not atomic.",
            $"{declaration} {Body(InView(field.Getter), Get(field, read), InView(field.Setter), FieldEmitter.Write(inner, unit.Type.Name, unit, Set(field, read)))}");
    }

    // A view changes no value of its own, so that its accessors are readonly anyway, and what a value has from its beginning can be written.
    private static string? InView(string? accessor) => accessor is null ? null : $"{GeneratedCode.Inlined} {accessor.Replace("readonly ", "").Replace("init", "set")}";

    private static string Body(string? getter, string get, string? setter, string set) =>
        $"{{{(getter is null ? "" : $" {getter} => {get};")}{(setter is null ? "" : $" {setter} => {set};")} }}";

    private static string Get(BitField field, string unit)
    {
        string call = $"{Bits}.Get{(field.IsSigned ? "Signed" : "")}({Wide(unit)}, {field.Offset}, {field.Bits})";
        return field.IsBool ? call + " != 0" : $"unchecked(({field.Type}){call})";
    }

    private static string Set(BitField field, string unit)
    {
        string value = field.IsBool ? "value ? 1UL : 0UL" : "value";
        return $"unchecked(({field.Unit!.Type.Name}){Bits}.Set{(field.IsSigned ? "Signed" : "")}({Wide(unit)}, {field.Offset}, {field.Bits}, {value}))";
    }

    private static string Wide(string unit) => $"unchecked((ulong){unit})";
}
