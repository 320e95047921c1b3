using System.Globalization;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes <c>ReadT</c> and <c>WriteT</c> over a type's own bytes.</summary>
internal static class ByteAccessorsEmitter
{
    // Larger values are rare, and a stack is small.
    private const int LargestOnStack = 1024;

    public static CodeWriter Emit(ByteAccessorsModel model)
    {
        CodeWriter writer = SourceFile.Begin($"{model.Declaration.Display}: the {(model.IsWriter ? "writers" : "readers")} that it asks for, little-endian.");
        model.Declaration.Open(writer);
        foreach (Accessor accessor in model.Accessors)
        {
            writer.Separate();
            if (model.IsWriter)
            {
                EmitWriter(writer, model.Source, accessor);
            }
            else
            {
                EmitReader(writer, model.Source, accessor);
            }
        }

        model.Declaration.Close(writer);
        return writer;
    }

    private static void EmitReader(CodeWriter writer, ByteSource source, Accessor accessor)
    {
        EmitDocumentation(writer, $"Reads a <c>{accessor.TypeName.Replace("global::", "")}</c>, {SizeInWords(accessor)}.", accessor, isWriter: false);
        writer.Open($"public {accessor.TypeName} {Declaration.Escape(accessor.Method)}(ulong offset)");
        string size = SizeOf(accessor);
        switch (source)
        {
            case ByteSource.Copy:
                writer.Line($"global::System.Span<byte> bytes = {Buffer(accessor)};");
                writer.Line("CopyTo(offset, bytes);");
                break;
            case ByteSource.Window:
                writer.Line($"global::System.ReadOnlySpan<byte> bytes = AsSpan(offset, {size});");
                break;
            default:
                writer.Line("global::System.ReadOnlySpan<byte> all = AsSpan();");
                EmitBoundsCheck(writer, accessor);
                writer.Line($"global::System.ReadOnlySpan<byte> bytes = all.Slice((int)offset, {size});");
                break;
        }

        writer.Line($"return {accessor.Conversion switch
        {
            null => $"{accessor.TypeName}.ReadFrom(bytes)",
            "Byte" => "bytes[0]",
            "SByte" => "unchecked((sbyte)bytes[0])",
            "Char" => "(char)global::System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(bytes)",
            _ => $"global::System.Buffers.Binary.BinaryPrimitives.Read{accessor.Conversion}LittleEndian(bytes)",
        }};");
        writer.Close();
    }

    private static void EmitWriter(CodeWriter writer, ByteSource source, Accessor accessor)
    {
        EmitDocumentation(writer, $"Writes a <c>{accessor.TypeName.Replace("global::", "")}</c>, {SizeInWords(accessor)}.", accessor, isWriter: true);
        writer.Open($"public void {Declaration.Escape(accessor.Method)}(ulong offset, {accessor.TypeName} value)");
        string size = SizeOf(accessor);
        switch (source)
        {
            case ByteSource.Copy:
                writer.Line($"global::System.Span<byte> bytes = {Buffer(accessor)};");
                break;
            case ByteSource.Window:
                writer.Line($"global::System.Span<byte> bytes = AsSpan(offset, {size});");
                break;
            default:
                writer.Line("global::System.Span<byte> all = AsSpan();");
                EmitBoundsCheck(writer, accessor);
                writer.Line($"global::System.Span<byte> bytes = all.Slice((int)offset, {size});");
                break;
        }

        writer.Line(accessor.Conversion switch
        {
            null => "value.WriteTo(bytes);",
            "Byte" => "bytes[0] = value;",
            "SByte" => "bytes[0] = unchecked((byte)value);",
            "Char" => "global::System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);",
            _ => $"global::System.Buffers.Binary.BinaryPrimitives.Write{accessor.Conversion}LittleEndian(bytes, value);",
        });
        if (source == ByteSource.Copy)
        {
            writer.Line("CopyFrom(offset, bytes);");
        }

        writer.Close();
    }

    private static void EmitBoundsCheck(CodeWriter writer, Accessor accessor)
    {
        // The size of a pointer is no constant, and so not converted by itself.
        string size = accessor.Size == 0 ? "(ulong)" + SizeOf(accessor) : SizeOf(accessor);
        writer.Open($"if (offset > (ulong)all.Length || (ulong)all.Length - offset < {size})");
        writer.Line($"throw new global::Nub.Memory.SharedMemoryBoundsException(offset, {size}, (ulong)all.Length);");
        writer.Close();
        writer.Line("");
    }

    private static void EmitDocumentation(CodeWriter writer, string summary, Accessor accessor, bool isWriter)
    {
        writer.Summary(summary);
        writer.Line("/// <param name=\"offset\">The first byte; any alignment.</param>");
        writer.Line(isWriter ? "/// <param name=\"value\">The value.</param>" : "/// <returns>The value.</returns>");
        writer.Line($"/// <exception cref=\"global::Nub.Memory.SharedMemoryBoundsException\">{(accessor.Size == 1 ? "The byte lies" : "Some byte lies")} outside.</exception>");
        writer.Line(GeneratedCode.Attribute);
    }

    private static string SizeInWords(Accessor accessor) => accessor.Size switch
    {
        0 => "of the size that this host's pointers have, little-endian",
        1 => "1 byte",
        _ => $"{accessor.Size} bytes, {(accessor.Conversion is null ? "each field in its own byte order" : "little-endian")}",
    };

    private static string SizeOf(Accessor accessor) => accessor.Size switch
    {
        0 => $"{accessor.TypeName}.Size",
        _ when accessor.Conversion is null => $"{accessor.TypeName}.Layout.Size",
        _ => accessor.Size.ToString(CultureInfo.InvariantCulture),
    };

    private static string Buffer(Accessor accessor) =>
        $"{(accessor.Size > LargestOnStack ? "new" : "stackalloc")} byte[{SizeOf(accessor)}]";
}
