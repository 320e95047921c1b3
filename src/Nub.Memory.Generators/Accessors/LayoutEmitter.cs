using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the <c>Layout</c> class: sizes and offsets as constants, and how byte orders are turned.</summary>
internal static class LayoutEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        StructLayout layout = model.Layout;
        writer.Separate();
        writer.Summary("Where each field stands, in bytes from the start of the struct.");
        writer.Line(GeneratedCode.Attribute);
        writer.Open("public static partial class Layout");
        EmitConstant(writer, "Size", layout.Size, "The size of the struct in bytes.");
        EmitConstant(writer, "Alignment", layout.Alignment, "The alignment of the struct in bytes, as a field of another.");
        foreach (FieldLayout field in layout.Fields)
        {
            EmitConstant(writer, field.Name + "Offset", field.Offset, Words.Describe(field) + ".");
        }

        writer.Separate();
        writer.Summary("Whether some field's bytes stand in another order than this host's.");
        writer.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Advanced)]");
        writer.Line($"public static bool HasForeignFields => {Foreign(layout)};");

        writer.Separate();
        writer.Summary("Turns the bytes of each field whose order is not this host's. Its own inverse.");
        writer.Line("/// <param name=\"bytes\">The bytes of one value, in private memory.</param>");
        writer.Line("[global::System.ComponentModel.EditorBrowsable(global::System.ComponentModel.EditorBrowsableState.Advanced)]");
        writer.Open("public static void ReverseForeignFields(global::System.Span<byte> bytes)");
        EmitReversals(writer, layout);
        writer.Close();
        writer.Close();
    }

    private static void EmitConstant(CodeWriter writer, string name, long value, string summary)
    {
        writer.Separate();
        writer.Summary(summary);
        writer.Line($"public const int {Declaration.Escape(name)} = {value};");
    }

    private static string Foreign(StructLayout layout) => (layout.HasBigEndian, layout.HasLittleEndian) switch
    {
        (true, true) => "true",
        (true, false) => "global::System.BitConverter.IsLittleEndian",
        (false, true) => "!global::System.BitConverter.IsLittleEndian",
        _ => "false",
    };

    private static void EmitReversals(CodeWriter writer, StructLayout layout)
    {
        (List<FieldLayout> turned, bool areAmbiguous) = ByteOrderRules.Turned(layout);
        foreach (FieldLayout field in turned.Where(static field => Innermost(field.Type).Kind == FieldKind.Struct))
        {
            EmitNested(writer, field, Innermost(field.Type));
        }

        FieldLayout[] own = [.. turned.Where(static field => Innermost(field.Type).Kind != FieldKind.Struct)];
        EmitBranch(writer, "global::System.BitConverter.IsLittleEndian", Runs(own.Where(static field => field.HasBigEndian)));
        if (areAmbiguous)
        {
            writer.Open("if (!global::System.BitConverter.IsLittleEndian)");
            writer.Line("throw new global::System.PlatformNotSupportedException(\"The fields of a union share bytes, which a big-endian host would have to turn for one and not for the other.\");");
            writer.Close();
        }
        else
        {
            EmitBranch(writer, "!global::System.BitConverter.IsLittleEndian", Runs(own.Where(static field => !field.HasBigEndian)));
        }
    }

    private static void EmitNested(CodeWriter writer, FieldLayout field, FieldType nested)
    {
        string start = Declaration.Escape(field.Name + "Offset");
        if (!field.Type.IsArray)
        {
            writer.Line($"{nested.Name}.Layout.ReverseForeignFields(bytes.Slice({start}, {nested.Size}));");
            return;
        }

        writer.Open($"for (int i = {start}; i < {start} + {field.Type.Size}; i += {nested.Size})");
        writer.Line($"{nested.Name}.Layout.ReverseForeignFields(bytes.Slice(i, {nested.Size}));");
        writer.Close();
        writer.Line("");
    }

    private static void EmitBranch(CodeWriter writer, string condition, List<Run> runs)
    {
        if (runs.Count == 0)
        {
            return;
        }

        writer.Open($"if ({condition})");
        foreach (Run run in runs)
        {
            string slice = $"bytes.Slice({Declaration.Escape(run.First + "Offset")}, {run.Length})";
            writer.Line(run.Length == run.Size
                ? $"global::System.MemoryExtensions.Reverse({slice});"
                : $"global::Nub.Memory.SharedBytes.ReverseEach({slice}, {run.Size});");
        }

        writer.Close();
    }

    // Neighbours of one size are turned together, and so are the elements of an array.
    private static List<Run> Runs(IEnumerable<FieldLayout> fields)
    {
        var runs = new List<Run>();
        foreach (FieldLayout field in fields.OrderBy(static field => field.Offset))
        {
            long size = Innermost(field.Type).Size;
            if (runs.Count > 0 && runs[runs.Count - 1] is var last && last.Size == size && last.End == field.Offset)
            {
                runs[runs.Count - 1] = last with { Length = last.Length + field.Type.Size };
            }
            else
            {
                runs.Add(new Run(field.Name, field.Offset, field.Type.Size, size));
            }
        }

        return runs;
    }

    // An array of arrays is as many of the innermost elements in a row.
    private static FieldType Innermost(FieldType type) => type.Element is { } element ? Innermost(element) : type;

    private sealed record Run(string First, long Offset, long Length, long Size)
    {
        public long End => Offset + Length;
    }
}
