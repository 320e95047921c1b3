using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes what a view has of one field.</summary>
internal static class FieldEmitter
{
    public static void Emit(CodeWriter writer, StructModel model, string inner, FieldLayout field) =>
        Emit(writer, model, inner, field, Words.Describe(field) + ".");

    public static void Emit(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        FieldType type = field.Type;
        if (type.ElementAccess is { } access)
        {
            // The elements' type cannot be named outside of the array: the view has no member for them.
            if (access.Length == 0)
            {
                return;
            }

            field = field with { Accessibility = ElementAccess.Lesser(field.Accessibility, access)! };
        }

        switch (type)
        {
            case { Kind: FieldKind.Primitive }:
                EmitPrimitive(writer, model, inner, field, summary);
                break;
            case { Kind: FieldKind.Struct, IsGenerated: true }:
                EmitPair(writer, model, field, type.View!, $"new({inner}.Field<{type.Name}>({field.Offset}))", summary);
                EmitWholeOfNested(writer, model, inner, field, summary);
                break;
            case { IsWireEnum: true }:
                WireEnumEmitter.EmitOfView(writer, model, inner, field, summary);
                break;
            case { Kind: FieldKind.Bool or FieldKind.Enum } when model is { IsAllValid: false, IsProved: true }:
                CheckedFieldEmitter.Emit(writer, model, inner, field, summary);
                break;
            case { IsArray: true, Element: { Kind: FieldKind.Bool or FieldKind.Enum } } when model is { IsAllValid: false, IsProved: true }:
                CheckedFieldEmitter.EmitArray(writer, model, inner, field, summary);
                break;
            case { IsArray: true, Element: { IsArray: true, NotAllValid: not null } rows } when model.IsProved:
                // An array that has illegal patterns is no element of a view: its own elements are, which stand close together.
                FieldType flat = type with { Element = rows.Element, Count = type.Count * rows.Count, IsWireEnum = rows.IsWireEnum, ElementAccess = ElementAccess.Lesser(type.ElementAccess, rows.ElementAccess) };
                Emit(writer, model, inner, field with { Type = flat }, $"{summary} Index <c>row * {rows.Count} + column</c>: the elements of all rows, one after another.");
                break;
            case { IsArray: true, Element: { } element } when element.Kind == FieldKind.Struct ? element.IsGenerated : element.NotAllValid is null:
                EmitArray(writer, model, inner, field, summary);
                break;
            default:
                EmitStub(writer, field, summary);
                break;
        }
    }

    public static void EmitArray(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        FieldType element = field.Type.Element!;
        bool isBigEndian = element is { Kind: FieldKind.Primitive, Size: > 1 } && field.HasBigEndian;
        if (element is { Kind: FieldKind.Struct, IsGenerated: true })
        {
            string arguments = $"<{element.Name}, {element.View}>";
            EmitPair(writer, model, field, "global::Nub.Memory.SharedViews" + arguments, $"{inner}.Views{arguments}({field.Offset}, {field.Type.Count})", summary);
        }
        else
        {
            EmitPair(writer, model, field, $"global::Nub.Memory.SharedArrayView<{element.Name}>",
                $"{inner}.Elements<{element.Name}>({field.Offset}, {field.Type.Count}{(isBigEndian ? ", bigEndian: true" : "")})", summary);
        }
    }

    public static void EmitPrimitive(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        string type = field.Type.Name;
        writer.Property(summary,
            $"{field.Accessibility} {type} {Declaration.Escape(field.Name)} {{ get => {Read(inner, type, field)}; set => {Write(inner, type, field, "value")}; }}");
        if (type is "int" or "uint" or "long" or "ulong" && !field.HasBigEndian && field.Offset % field.Type.Size == 0 && model.Names.ViewHas(field.Name + "Atomic"))
        {
            writer.Property($"Atomics on <see cref=\"{Declaration.Escape(field.Name)}\"/>.", $"{field.Accessibility} global::Nub.Memory.AtomicField<{type}> {field.Name}Atomic => {inner}.Atomic<{type}>({field.Offset});");
        }
    }

    public static string Read(string inner, string type, FieldLayout field) => $"{inner}.Read{Order(field)}<{type}>({field.Offset})";

    /// <summary>Reads into a variable, if the bytes are still there.</summary>
    public static string TryRead(string inner, string type, FieldLayout field, string variable) => $"{inner}.TryRead{Order(field)}<{type}>({field.Offset}, out {variable})";

    /// <summary>Reads, or gives another value where the bytes are gone.</summary>
    public static string ReadOr(string inner, string type, FieldLayout field, string otherwise) => $"{inner}.Read{Order(field)}Or<{type}>({field.Offset}, {otherwise})";

    public static string Write(string inner, string type, FieldLayout field, string value) => $"{inner}.Write{Order(field)}<{type}>({field.Offset}, {value})";

    private static string Order(FieldLayout field) => field.HasBigEndian ? "BigEndian" : "";

    // C# forbids assigning through what a property returns (CS1612), and allows it through what a method returns.
    private static void EmitPair(CodeWriter writer, StructModel model, FieldLayout field, string type, string value, string summary)
    {
        string name = Declaration.Escape(field.Name);
        writer.Property(summary, $"{field.Accessibility} {type} {name} => {value};");
        if (model.Names.ViewHas(field.Name + "View"))
        {
            writer.Property($"The same as <see cref=\"{name}\"/>, for use on the left of an assignment.", $"{field.Accessibility} {type} {field.Name}View() => {name};");
        }
    }

    // Of a nested struct that is validated: the whole of it as a value.
    private static void EmitWholeOfNested(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        FieldType type = field.Type;
        if (!type.IsValidateOnRead || type.NotAllValid is null)
        {
            return;
        }

        string nested = $"{inner}.Field<{type.Name}>({field.Offset})";
        if (model.Names.ViewHas("TryGet" + field.Name))
        {
            writer.Property("Reads, if it is a legal value: " + summary, $"{field.Accessibility} bool TryGet{field.Name}(out {type.Name} value) => {nested}.TryLoad(out value);");
        }

        if (model.Names.ViewHas("Set" + field.Name))
        {
            writer.Property("Writes, or refuses what is no legal value with an <see cref=\"global::System.ArgumentException\"/>: " + summary,
                $"{field.Accessibility} void Set{field.Name}(in {type.Name} value) => {nested}.StoreValidated(in value);");
        }
    }

    // The struct has an error, and is not to have another at each use of the field.
    public static void EmitStub(CodeWriter writer, FieldLayout field, string summary)
    {
        bool hasName = field.Type.Kind is not (FieldKind.Broken or FieldKind.TypeParameter or FieldKind.FixedBuffer)
            && field.Type.Name.IndexOfAny(['*', '?']) < 0;
        if (hasName)
        {
            writer.Property(summary, $"{field.Accessibility} {field.Type.Name} {Declaration.Escape(field.Name)} {{ get => throw null!; set => throw null!; }}");
        }
    }
}
