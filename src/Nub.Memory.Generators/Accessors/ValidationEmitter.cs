using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the check of a <c>[ValidateOnRead]</c> struct: each field's bytes first, then a value, then the user's own say.</summary>
internal static class ValidationEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        writer.Separate();
        writer.Summary("Reads a value from private memory, if its bytes, which stand as they do in shared memory, are a legal one.");
        writer.Line("/// <param name=\"source\">The bytes: a private copy that nobody else can change. What follows the value is not looked at.</param>");
        writer.Line("/// <param name=\"value\">The value, in this host's byte order; the default one when the bytes are not legal.</param>");
        writer.Line("/// <returns>Whether the bytes are a legal value.</returns>");
        writer.Line($"/// <exception cref=\"global::System.ArgumentException\">There are fewer than {model.Layout.Size} bytes.</exception>");
        writer.Line(GeneratedCode.Attribute);
        writer.Open($"public static bool TryReadFrom(global::System.ReadOnlySpan<byte> source, out {self} value)");
        writer.Line("global::Nub.Memory.SharedBytes.ThrowIfTooShort(source.Length, Layout.Size, nameof(source));");
        writer.Line("value = default;");
        foreach (FieldLayout field in model.Layout.Stored)
        {
            EmitCheck(writer, field);
        }

        writer.Line("");
        writer.Line($"{self} copy = global::System.Runtime.InteropServices.MemoryMarshal.Read<{self}>(source);");
        if (model.Layout.HasBigEndian || model.Layout.HasLittleEndian)
        {
            writer.Open("if (Layout.HasForeignFields)");
            writer.Line($"Layout.ReverseForeignFields(global::System.Runtime.InteropServices.MemoryMarshal.AsBytes(new global::System.Span<{self}>(ref copy)));");
            writer.Close();
            writer.Line("");
        }

        if (model.ValidateCall is { } call)
        {
            writer.Open($"if (!{call})");
            writer.Line("return false;");
            writer.Close();
            writer.Line("");
        }

        writer.Line("value = copy;");
        writer.Line("return true;");
        writer.Close();

        writer.Separate();
        writer.Line(GeneratedCode.Attribute);
        writer.Line($"readonly bool global::Nub.Memory.IValidateOnRead<{self}>.TryDecode(global::System.ReadOnlySpan<byte> bytes, out {self} value) => TryReadFrom(bytes, out value);");
    }

    private static void EmitCheck(CodeWriter writer, FieldLayout field)
    {
        FieldType innermost = field.Type;
        while (innermost.Element is { } element)
        {
            innermost = element;
        }

        if (!innermost.NeedsCheck && !innermost.IsValidateOnRead)
        {
            return;
        }

        string start = "Layout." + Declaration.Escape(field.Name + "Offset");
        string at = field.Type.IsArray ? "i" : start;
        if (IllegalWhen(innermost, field.HasBigEndian, at) is not { } condition)
        {
            return;
        }

        writer.Line("");
        writer.Line($"// {field.Name}, {innermost.Display}: {LegalValues(innermost)}.");
        if (field.Type.IsArray)
        {
            writer.Open($"for (int i = {start}; i < {start} + {field.Type.Size}; i += {innermost.Size})");
        }

        writer.Open($"if ({condition})");
        writer.Line("return false;");
        writer.Close();
        if (field.Type.IsArray)
        {
            writer.Close();
        }
    }

    private static string LegalValues(FieldType type) => type switch
    {
        { Kind: FieldKind.Bool } => "0 or 1",
        { EnumCheck.IsFlags: true } => "no bit that is not defined",
        { Kind: FieldKind.Enum } => "a defined value",
        _ => "legal in turn",
    };

    /// <summary>The condition under which the bytes at an offset are illegal; null when they never are.</summary>
    private static string? IllegalWhen(FieldType type, bool isBigEndian, string at) => type switch
    {
        { Kind: FieldKind.Bool } => $"source[{at}] > 1",
        { EnumCheck: { } values } => IllegalEnum(values, Raw(values.Underlying, isBigEndian, at)),
        _ => $"!{type.Name}.TryReadFrom(source.Slice({at}, {type.Size}), out _)",
    };

    private static string Raw(FieldType underlying, bool isBigEndian, string at) => underlying switch
    {
        { Name: "byte" } => $"source[{at}]",
        { Name: "sbyte" } => $"unchecked((sbyte)source[{at}])",
        _ => $"global::System.Buffers.Binary.BinaryPrimitives.Read{underlying.MetadataName}{(isBigEndian ? "BigEndian" : "LittleEndian")}(source.Slice({at}, {underlying.Size}))",
    };

    private static string? IllegalEnum(EnumValues values, string raw)
    {
        string type = values.Underlying.Name;
        if (values.IsFlags)
        {
            ulong all = values.Underlying.Size == 8 ? ulong.MaxValue : (1UL << ((int)values.Underlying.Size * 8)) - 1;
            string unsigned = values.Underlying.Size switch { 1 => "byte", 2 => "ushort", 4 => "uint", _ => "ulong" };
            string bits = type == unsigned ? raw : $"unchecked(({unsigned}){raw})";
            return values.Bits == all ? null : $"({bits} & 0x{all & ~values.Bits:X}) != 0";
        }

        (string minimum, string maximum) = Limits(type);
        IEnumerable<string> ranges = values.Ranges.Select(range => (range.First == minimum, range.Last == maximum) switch
        {
            (true, true) => "_",
            _ when range.First == range.Last => range.First,
            (true, false) => $"<= {range.Last}",
            (false, true) => $">= {range.First}",
            _ => $"(>= {range.First} and <= {range.Last})",
        });
        string legal = string.Join(" or ", ranges);
        return legal switch
        {
            "_" => null,
            "" => "true",
            _ => $"{raw} is not ({legal})",
        };
    }

    private static (string Minimum, string Maximum) Limits(string type) => type switch
    {
        "byte" => ("0", "255"),
        "sbyte" => ("-128", "127"),
        "ushort" => ("0", "65535"),
        "short" => ("-32768", "32767"),
        "uint" => ("0", "4294967295"),
        "int" => ("-2147483648", "2147483647"),
        "ulong" => ("0", "18446744073709551615"),
        _ => ("-9223372036854775808", "9223372036854775807"),
    };
}
