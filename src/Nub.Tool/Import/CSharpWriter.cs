using System.Text;

namespace Nub.Tool.Import;

/// <summary>Writes planned structs as C#.</summary>
internal sealed class CSharpWriter
{
    private readonly StringBuilder _text = new();
    private readonly string _accessibility;
    private int _depth;

    private CSharpWriter(bool isInternal) => _accessibility = isInternal ? "internal" : "public";

    /// <summary>The text of a file.</summary>
    /// <param name="origin">What it was made of, for the comment at its head.</param>
    public static string Write(IReadOnlyList<StructPlan> structs, string origin, string @namespace, bool isInternal)
    {
        var writer = new CSharpWriter(isInternal);
        writer.WriteHead(structs, origin, @namespace);
        foreach (StructPlan plan in structs)
        {
            writer.Line();
            writer.WriteStruct(plan);
        }

        return writer._text.ToString();
    }

    private static bool Any(IReadOnlyList<StructPlan> structs, Func<StructPlan, bool> condition) =>
        structs.Any(plan => condition(plan) || Any(plan.Nested, condition));

    private static string Xml(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private void WriteHead(IReadOnlyList<StructPlan> structs, string origin, string @namespace)
    {
        Line($"// Written by 'nub import' from {origin}.");
        Line("// Import again rather than change it: 'nub check' says whether it is still what C has.");
        bool needsSystem = Any(structs, static plan => plan.Tail?.Type is "Half" or "Int128" or "UInt128" || plan.Fields.Any(static field => field.Type is "Half" or "Int128" or "UInt128"));
        bool needsArrays = Any(structs, static plan => plan.Fields.Any(static field => field.ArrayType is not null));
        bool needsLayout = Any(structs, static plan => plan.IsExplicit || plan.Pack > 0);
        Line(needsSystem ? "using System;" : null);
        Line(needsArrays ? "using System.Runtime.CompilerServices;" : null);
        Line(needsLayout ? "using System.Runtime.InteropServices;" : null);
        Line("using Nub.Memory;");
        Line();
        Line($"namespace {@namespace};");
    }

    private void WriteStruct(StructPlan plan)
    {
        string behind = plan.Tail is { } following ? $", and <c>{Xml(following.Declaration)}</c> from offset {following.Offset} on" : "";
        Line($"/// <summary><c>{Xml(plan.Describes)}</c>: {plan.Size} bytes{behind}.</summary>");
        Line("[AllValid]");
        string[] layout = [.. plan.Of.Length > 0 ? new[] { $"Of = \"{plan.Of}\"" } : [], .. plan.Aligned > 0 ? new[] { $"Alignment = {plan.Aligned}" } : []];
        Line(layout.Length > 0 ? $"[Layout({string.Join(", ", layout)})]" : null);
        Line(plan.Tail is { } tail ? $"[Tail<{tail.Type}>{Arguments(tail, plan.Size)}]" : null);
        string pack = plan.Pack > 0 ? $", Pack = {plan.Pack}" : "";
        Line(plan.IsExplicit || plan.Pack > 0 ? $"[StructLayout(LayoutKind.{(plan.IsExplicit ? "Explicit" : "Sequential")}{pack})]" : null);
        Line($"{_accessibility} partial struct {plan.Name}");
        Line("{");
        _depth++;
        for (int i = 0; i < plan.Fields.Count; i++)
        {
            Separate(i > 0);
            WriteField(plan.Fields[i], plan.IsExplicit);
        }

        foreach ((FieldPlan field, BitPlan bits) in plan.Fields.SelectMany(static field => field.Bits, static (field, bits) => (field, bits)))
        {
            Separate(true);
            WriteBits(field, bits);
        }

        foreach (FieldPlan field in plan.Fields.Where(static field => field.ArrayType is not null))
        {
            Separate(true);
            WriteArray(field);
        }

        foreach (StructPlan nested in plan.Nested)
        {
            Separate(true);
            WriteStruct(nested);
        }

        Separate(plan.Notes.Count > 0);
        foreach (string note in plan.Notes)
        {
            Line("// " + note);
        }

        _depth--;
        Line("}");
    }

    private static string Arguments(TailPlan tail, long size)
    {
        string[] arguments = [.. tail.Offset == size ? [] : new[] { $"Offset = {tail.Offset}" }, .. tail.IsBigEndian ? new[] { "BigEndian = true" } : []];
        return arguments.Length == 0 ? "" : $"({string.Join(", ", arguments)})";
    }

    private void WriteField(FieldPlan field, bool isExplicit)
    {
        Line(field.IsReserved ? $"// Padding of C's, offset {field.Offset}." : $"/// <summary>{Comment(field)}.</summary>");
        Line(field.Of is null ? null : $"[Layout(Of = \"{field.Of}\")]");
        Line(field.IsBigEndian ? "[BigEndian]" : null);
        Line(isExplicit ? $"[FieldOffset({field.Offset})]" : null);
        Line($"{(field.IsReserved ? "private" : "public")} {field.ArrayType ?? field.Type} {field.Name};");
    }

    private void WriteBits(FieldPlan field, BitPlan bits)
    {
        string which = bits.Bits == 1 ? $"bit {bits.Offset}" : $"bits {bits.Offset} to {bits.Offset + bits.Bits - 1}";
        Line($"/// <summary><c>{Xml(bits.Declaration)}</c>, {which} of <see cref=\"{field.Name}\"/>.</summary>");
        Line(bits.Of is null ? null : $"[Layout(Of = \"{bits.Of}\")]");
        Line($"[BitField(nameof({field.Name}), offset: {bits.Offset}, bits: {bits.Bits})]");
        Line($"public partial {bits.Type} {bits.Name} {{ readonly get; set; }}");
    }

    private void WriteArray(FieldPlan field)
    {
        Line($"/// <summary>{field.Count} of <c>{field.Type}</c>.</summary>");
        Line($"[InlineArray({field.Count})]");
        Line($"{(field.IsReserved ? "private" : "public")} struct {field.ArrayType}");
        Line("{");
        Line($"    private {field.Type} _element0;");
        Line("}");
    }

    private static string Comment(FieldPlan field) =>
        (field.Declaration is null ? "" : $"<c>{Xml(field.Declaration)}</c>, ") + $"offset {field.Offset}" + (field.Remark is null ? "" : $": {Xml(field.Remark)}");

    private void Separate(bool isNeeded)
    {
        if (isNeeded)
        {
            Line();
        }
    }

    // What ends a line ends a comment, and what follows would be code. Headers are not trusted, so this is always one line.
    private void Line(string? line = "")
    {
        if (line is not null)
        {
            _text.Append(line.Length == 0 ? "" : new string(' ', _depth * 4)).Append(Printable.Of(line)).Append('\n');
        }
    }
}
