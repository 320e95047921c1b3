using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the <c>Layout</c> class: sizes and offsets as constants.</summary>
internal static class LayoutEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        StructLayout layout = model.Layout;
        writer.Separate();
        writer.Summary("Where each field stands, in bytes from the start of the struct.");
        writer.Line(GeneratedCode.Attribute);
        writer.Open($"public static partial class {model.Names.Layout}");
        EmitConstant(writer, "Size", layout.Size, "The size of the struct in bytes.");
        EmitConstant(writer, "Alignment", layout.StatedAlignment, "The alignment of the struct in bytes, as a field of another.");
        foreach (FieldLayout field in layout.Fields)
        {
            EmitConstant(writer, field.Name + "Offset", field.Offset, Words.Describe(field) + ".");
        }

        if (model.Tail is { } tail && !layout.Fields.Any(static field => field.Name == "Tail"))
        {
            EmitConstant(writer, "TailOffset", tail.Offset, $"Where the first <c>{Words.Escape(tail.Element.Display)}</c> behind the struct begins.");
        }

        writer.Close();
    }

    private static void EmitConstant(CodeWriter writer, string name, long value, string summary)
    {
        writer.Summary(summary);
        writer.Line($"public const int {Declaration.Escape(name)} = {value};");
    }
}
