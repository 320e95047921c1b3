using System.Globalization;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the check of a <c>[ValidateOnRead]</c> struct: each field's bytes first, then a value, then the user's own say.</summary>
internal static class ValidationEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string marker = $"global::Nub.Memory.IValidateOnRead<{self}>";
        writer.Separate();
        writer.Open($"readonly bool {marker}.IsLegal(global::System.ReadOnlySpan<byte> source)");
        foreach (FieldLayout field in model.Layout.Stored)
        {
            EmitCheck(writer, field);
        }

        writer.Line("return true;");
        writer.Close();

        // Also where there is no Validate: a public method of the struct's that is called so would be taken for it.
        writer.Separate();
        writer.Line($"readonly bool {marker}.Accepts(in {self} value) => {model.ValidateCall ?? "true"};");
    }

    private static void EmitCheck(CodeWriter writer, FieldLayout field)
    {
        // An array that is validated is asked as a whole: it may have a Validate of its own.
        FieldType judged = field.Type;
        long count = 1;
        while (judged is { IsValidateOnRead: false, Element: { } element })
        {
            count *= judged.Count;
            judged = element;
        }

        if (!judged.NeedsCheck && !judged.IsValidateOnRead)
        {
            return;
        }

        bool isArray = judged != field.Type;
        string at = isArray ? "i" : field.Offset.ToString(CultureInfo.InvariantCulture);
        if (IllegalWhen(judged, field.HasBigEndian, at) is not { } condition)
        {
            return;
        }

        writer.Line($"// {field.Name}, {judged.Display}: {Legality.Describe(judged)}.");
        string loop = isArray ? $"for (int i = {field.Offset}; i < {field.Offset + (judged.Size * count)}; i += {judged.Size}) " : "";
        writer.Line($"{loop}if ({condition}) return false;");
    }

    /// <summary>The condition under which the bytes at an offset are illegal; null when they never are.</summary>
    private static string? IllegalWhen(FieldType type, bool isBigEndian, string at) => type switch
    {
        { Kind: FieldKind.Bool } => Legality.IllegalWhen(type, $"source[{at}]"),
        { EnumCheck: { } values } => Legality.IllegalWhen(type, Raw(values.Underlying, isBigEndian, at)),
        _ => $"!global::Nub.Memory.SharedBytes.TryRead<{type.Name}>(source.Slice({at}, {type.Size}), out _)",
    };

    private static string Raw(FieldType underlying, bool isBigEndian, string at) => underlying switch
    {
        { Name: "byte" } => $"source[{at}]",
        { Name: "sbyte" } => $"unchecked((sbyte)source[{at}])",
        _ => $"global::System.Buffers.Binary.BinaryPrimitives.Read{underlying.MetadataName}{(isBigEndian ? "BigEndian" : "LittleEndian")}(source.Slice({at}, {underlying.Size}))",
    };
}
