using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the <c>View</c>: a property for each field of a value that stands in shared memory.</summary>
internal static class ViewEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string inner = NameOfInner(model.Layout);
        writer.Separate();
        writer.Lines(
            "/// <summary>One value where it stands in shared memory. Each use of a property reads or writes that field then and there, once.</summary>",
            "/// <remarks>The memory must not be held exclusively by somebody, and it, or the lease that the view was bound under, must be live.</remarks>",
            GeneratedCode.Attribute);
        writer.Open("public readonly ref partial struct View");
        writer.Line($"private readonly global::Nub.Memory.SharedView<{self}> {inner};");

        writer.Separate();
        writer.Summary("Gives the fields of a value their names.");
        writer.Line("/// <param name=\"value\">The place of the value.</param>");
        writer.Line($"public View(global::Nub.Memory.SharedView<{self}> value) => {inner} = value;");
        if (model.Layout.InlineArrayLength > 0)
        {
            FieldLayout elements = model.Layout.Stored[0] with { Accessibility = "public" };
            EmitArray(writer, inner, elements, "Elements", "0",
                $"The elements: {elements.Type.Element!.Display}[{elements.Type.Count}], {Words.Order(elements.HasBigEndian, elements.HasLittleEndian)}.");
        }
        else
        {
            foreach (FieldLayout field in model.Layout.Fields)
            {
                EmitField(writer, inner, field);
            }
        }

        writer.Separate();
        writer.Summary("Reads the whole value: every shared byte exactly once. It may be torn.");
        writer.Line("/// <returns>The value, in this host's byte order.</returns>");
        writer.Line($"public {self} Load() => {inner}.Load();");

        writer.Separate();
        writer.Summary("Writes the whole value: every shared byte exactly once.");
        writer.Line("/// <param name=\"value\">The value, in this host's byte order.</param>");
        writer.Line($"public void Store(in {self} value) => {inner}.Store(in value);");
        writer.Close();
    }

    private static void EmitField(CodeWriter writer, string inner, FieldLayout field)
    {
        string offset = "Layout." + Declaration.Escape(field.Name + "Offset");
        string summary = Words.Describe(field) + ".";
        switch (field.Type.Kind)
        {
            case FieldKind.Primitive:
                EmitPrimitive(writer, inner, field, offset, summary);
                break;
            case FieldKind.Struct:
                string view = field.Type.Name + ".View";
                EmitPair(writer, field, view, field.Name, $"new({inner}.Field<{field.Type.Name}>({offset}))", summary);
                break;
            default:
                EmitArray(writer, inner, field, field.Name, offset, summary);
                break;
        }
    }

    private static void EmitPrimitive(CodeWriter writer, string inner, FieldLayout field, string offset, string summary)
    {
        string order = field.BigEndian && field.Type.Size > 1 ? "BigEndian" : "";
        string type = field.Type.Name;
        writer.Separate();
        writer.Summary(summary);
        writer.Open($"{field.Accessibility} {type} {Declaration.Escape(field.Name)}");
        writer.Line($"get => {inner}.Read{order}<{type}>({offset});");
        writer.Line($"set => {inner}.Write{order}<{type}>({offset}, value);");
        writer.Close();
    }

    private static void EmitArray(CodeWriter writer, string inner, FieldLayout field, string name, string offset, string summary)
    {
        FieldType element = field.Type.Element!;
        bool isBigEndian = element is { Kind: FieldKind.Primitive, Size: > 1 } && field.HasBigEndian;
        string elements = $"{inner}.Elements<{element.Name}>({offset}, {field.Type.Count}{(isBigEndian ? ", bigEndian: true" : "")})";
        if (element.Kind == FieldKind.Struct)
        {
            string view = element.Name + ".ArrayView";
            EmitPair(writer, field, view, name, $"new({elements})", summary);
        }
        else
        {
            EmitPair(writer, field, $"global::Nub.Memory.SharedArrayView<{element.Name}>", name, elements, summary);
        }
    }

    // C# lets nobody assign through what a property returns (CS1612), and lets everybody through what a method returns.
    private static void EmitPair(CodeWriter writer, FieldLayout field, string type, string name, string value, string summary)
    {
        writer.Separate();
        writer.Summary(summary);
        writer.Line($"{field.Accessibility} {type} {Declaration.Escape(name)} => {value};");

        writer.Separate();
        writer.Summary($"The same as <see cref=\"{Declaration.Escape(name)}\"/>, for use on the left of an assignment.");
        writer.Line("/// <returns>The view.</returns>");
        writer.Line($"{field.Accessibility} {type} {name}View() => {Declaration.Escape(name)};");
    }

    private static string NameOfInner(StructLayout layout)
    {
        string name = "_view";
        while (layout.Fields.Any(field => field.Name == name))
        {
            name += "_";
        }

        return name;
    }
}
