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
            FieldEmitter.TryRead(inner, integer, field, integer + " raw"),
            Legality.IllegalValue(field.Type) is { } illegal ? FieldEmitter.ReadOr(inner, integer, field, illegal) : null,
            FieldEmitter.Write(inner, integer, field, "raw"));
    }

    public static void EmitArray(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        FieldType element = field.Type.Element!;
        string integer = IntegerOf(element);
        string elements = $"{inner}.Elements<{integer}>({field.Offset}, {field.Type.Count}{(field.HasBigEndian ? ", bigEndian: true" : "")})";
        Emit(writer, model, field, element, summary, "int index, ", $"{elements}.TryRead(index, out {integer} raw)", null, elements + "[index] = raw");
    }

    private static void Emit(CodeWriter writer, StructModel model, FieldLayout field, FieldType type, string summary, string index, string tryRead, string? readOr, string write)
    {
        string? illegal = Legality.IllegalWhen(type, "raw");
        string name = type.Name;
        string value = type.Kind == FieldKind.Bool ? "raw == 1" : $"({name})raw";
        string integer = type.Kind == FieldKind.Bool ? "value ? (byte)1 : (byte)0" : $"({IntegerOf(type)})value";
        if (model.Names.ViewHas("TryGet" + field.Name))
        {
            writer.Separate();
            string there = index.Length == 0 ? "is still there" : "is there";
            writer.Line($"/// <summary>Reads, if it {there} and {Legality.Describe(type)}: {summary}</summary><returns>Whether it is; <c>default</c> is given where not.</returns>");
            writer.Line(GeneratedCode.Inlined);
            string declaration = $"{field.Accessibility} bool TryGet{field.Name}({index}out {name} value)";
            if (readOr is not null)
            {
                // What is gone comes as a value that is refused: one question less than whether it is there.
                writer.ValueIf(declaration, $"!({illegal})", value, $"{IntegerOf(type)} raw = {readOr};");
            }
            else
            {
                writer.ValueIf(declaration, illegal is null ? tryRead : $"{tryRead} && !({illegal})", value);
            }
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
