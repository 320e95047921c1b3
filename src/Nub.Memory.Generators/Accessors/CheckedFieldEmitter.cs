using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>
/// Writes <c>TryGet…</c> and <c>Set…</c> of a field that has illegal bit patterns: the integer is read once, judged, and only then
/// becomes a value of the field's type.
/// </summary>
internal static class CheckedFieldEmitter
{
    public static void Emit(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        string integer = IntegerOf(field.Type);
        Emit(writer, model, field, field.Type, summary, "",
            FieldEmitter.Read(inner, integer, field),
            FieldEmitter.Write(inner, integer, field, "raw"));
    }

    public static void EmitArray(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        FieldType element = field.Type.Element!;
        string elements = $"{inner}.Elements<{IntegerOf(element)}>({field.Offset}, {field.Type.Count}{(field.HasBigEndian ? ", bigEndian: true" : "")})[index]";
        Emit(writer, model, field, element, summary, "int index, ", elements, elements + " = raw");
    }

    private static void Emit(CodeWriter writer, StructModel model, FieldLayout field, FieldType type, string summary, string index, string read, string write)
    {
        string? illegal = Legality.IllegalWhen(type, "raw");
        string name = type.Name;
        string value = type.Kind == FieldKind.Bool ? "raw == 1" : $"({name})raw";
        string integer = type.Kind == FieldKind.Bool ? "value ? (byte)1 : (byte)0" : $"({IntegerOf(type)})value";
        if (model.Names.ViewHas("TryGet" + field.Name))
        {
            writer.Separate();
            writer.Line($"/// <summary>Reads, if it is {Legality.Describe(type)}: {summary}</summary><returns>Whether it is.</returns>");
            writer.Line(GeneratedCode.Inlined);
            writer.ValueIf(
                $"{field.Accessibility} bool TryGet{field.Name}({index}out {name} value)", illegal is null ? "true" : $"!({illegal})", value, $"{IntegerOf(type)} raw = {read};");
        }

        if (model.Names.ViewHas("Set" + field.Name))
        {
            writer.Separate();
            writer.Line($"/// <summary>Writes: {summary}</summary><exception cref=\"global::System.ArgumentException\">The value is not {Legality.Describe(type)}. Nothing was written.</exception>");
            writer.Open($"{field.Accessibility} void Set{field.Name}({index}{name} value)");
            writer.Line($"{IntegerOf(type)} raw = {integer};");
            if (illegal is not null && type.Kind != FieldKind.Bool)
            {
                writer.Line($"if ({illegal}) throw new global::System.ArgumentException($\"{{raw}} is not {Legality.Describe(type)} of {type.Display}.\", nameof(value));");
            }

            writer.Line(write + ";");
            writer.Close();
        }
    }

    private static string IntegerOf(FieldType type) => type.EnumCheck?.Underlying.Name ?? "byte";
}
