using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes a marked struct's file: the marker, the layout, the view, and the ways to get one.</summary>
internal static class StructEmitter
{
    public static CodeWriter Emit(StructModel model)
    {
        Declaration declaration = model.Declaration;
        StructLayout layout = model.Layout;
        CodeWriter writer = SourceFile.Begin(
            $"{declaration.Display}: {Words.Bytes(layout.Size)}, aligned to {layout.Alignment}, {Words.Order(layout.HasBigEndian, layout.HasLittleEndian)}.");
        declaration.Open(writer, " : " + string.Join(", ", Interfaces(model)));
        LayoutEmitter.Emit(writer, model);
        if (model.IsAllValid)
        {
            ViewEmitter.Emit(writer, model);
            ArrayViewEmitter.Emit(writer, declaration);
            EmitPlaces(writer, declaration);
            EmitPrivateBytes(writer, model);
            EmitMarker(writer);
        }

        if (model.IsValidateOnRead)
        {
            ValidationEmitter.Emit(writer, model);
        }

        declaration.Close(writer);
        return writer;
    }

    private static IEnumerable<string> Interfaces(StructModel model)
    {
        if (model.IsAllValid)
        {
            yield return $"global::Nub.Memory.IAllValid<{model.Declaration.FullName}>";
        }

        if (model.IsValidateOnRead)
        {
            yield return $"global::Nub.Memory.IValidateOnRead<{model.Declaration.FullName}>";
        }
    }

    private static void EmitPlaces(CodeWriter writer, Declaration declaration)
    {
        foreach ((string parameter, string argument) in s_places)
        {
            writer.Separate();
            writer.Summary($"A view of one value. {(argument == "memory" ? "Each use locks the memory for itself" : "The lease must be live at each use")}.");
            EmitPlaceDocumentation(writer, argument == "memory", "value");
            writer.Line(GeneratedCode.Attribute);
            writer.Line($"public static View At({parameter}, ulong offset) => new(global::Nub.Memory.SharedView.At<{declaration.FullName}>({argument}, offset));");
        }

        foreach ((string parameter, string argument) in s_places)
        {
            writer.Separate();
            writer.Summary($"A view of consecutive values. {(argument == "memory" ? "Each use locks the memory for itself" : "The lease must be live at each use")}.");
            EmitPlaceDocumentation(writer, argument == "memory", "values");
            writer.Line(GeneratedCode.Attribute);
            writer.Line($"public static ArrayView ArrayAt({parameter}, ulong offset, ulong count) => new(global::Nub.Memory.SharedArrayView.At<{declaration.FullName}>({argument}, offset, count));");

            writer.Separate();
            writer.Line($"/// <inheritdoc cref=\"ArrayAt({parameter.Substring(0, parameter.LastIndexOf(' '))}, ulong, ulong)\"/>");
            writer.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">The count is negative.</exception>");
            writer.Line(GeneratedCode.Attribute);
            writer.Line($"public static ArrayView ArrayAt({parameter}, ulong offset, int count) => new(global::Nub.Memory.SharedArrayView.At<{declaration.FullName}>({argument}, offset, count));");
        }
    }

    private static readonly (string Parameter, string Argument)[] s_places =
    [
        ("global::Nub.Memory.HostSharedMemory memory", "memory"),
        ("in global::Nub.Memory.HostLease access", "in access"),
    ];

    private static void EmitPlaceDocumentation(CodeWriter writer, bool isMemory, string values)
    {
        writer.Line(isMemory ? "/// <param name=\"memory\">The memory.</param>" : "/// <param name=\"access\">The lease that the view is used under.</param>");
        writer.Line("/// <param name=\"offset\">The first byte; any alignment.</param>");
        if (values == "values")
        {
            writer.Line("/// <param name=\"count\">The number of values.</param>");
        }

        writer.Line("/// <returns>The view.</returns>");
        writer.Line($"/// <exception cref=\"global::Nub.Memory.SharedMemoryBoundsException\">The {values} would leave the memory.</exception>");
        writer.Line($"/// <exception cref=\"global::System.ObjectDisposedException\">The {(isMemory ? "memory" : "lease")} was disposed.</exception>");
    }

    private static void EmitPrivateBytes(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        long size = model.Layout.Size;
        writer.Separate();
        writer.Summary("Reads a value from private memory, where its bytes stand as they do in shared memory.");
        writer.Line($"/// <param name=\"source\">The bytes, at least {size}; what follows them is not looked at.</param>");
        writer.Line("/// <returns>The value, in this host's byte order.</returns>");
        writer.Line($"/// <exception cref=\"global::System.ArgumentException\">There are fewer than {size} bytes.</exception>");
        writer.Line(GeneratedCode.Attribute);
        writer.Line($"public static {self} ReadFrom(global::System.ReadOnlySpan<byte> source) => global::Nub.Memory.SharedBytes.Read<{self}>(source);");

        writer.Separate();
        writer.Summary("Writes the value to private memory, where its bytes then stand as they do in shared memory.");
        writer.Line($"/// <param name=\"destination\">Where to write, at least {size} bytes; what follows them is left alone.</param>");
        writer.Line($"/// <exception cref=\"global::System.ArgumentException\">There are fewer than {size} bytes.</exception>");
        writer.Line(GeneratedCode.Attribute);
        writer.Line($"public readonly void WriteTo(global::System.Span<byte> destination) => global::Nub.Memory.SharedBytes.Write<{self}>(destination, in this);");
    }

    private static void EmitMarker(CodeWriter writer)
    {
        writer.Separate();
        writer.Lines(
            GeneratedCode.Attribute,
            "readonly int global::Nub.Memory.ISharedLayout.Size => Layout.Size;",
            "",
            GeneratedCode.Attribute,
            "readonly bool global::Nub.Memory.ISharedLayout.HasForeignFields => Layout.HasForeignFields;",
            "",
            GeneratedCode.Attribute,
            "readonly void global::Nub.Memory.ISharedLayout.ReverseForeignFields(global::System.Span<byte> bytes) => Layout.ReverseForeignFields(bytes);");
    }
}
