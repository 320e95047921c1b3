using System.Globalization;
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
        foreach ((string parameter, string argument, string name, string what) in s_places)
        {
            writer.Separate();
            writer.Summary($"A view of one value in {what}.");
            EmitPlaceDocumentation(writer, name, what, "value");
            writer.Line(GeneratedCode.Attribute);
            writer.Line($"public static View At({parameter}, ulong offset) => new View(global::Nub.Memory.SharedView.At<{declaration.FullName}>({argument}, offset));");
        }

        foreach ((string parameter, string argument, string name, string what) in s_places)
        {
            writer.Separate();
            writer.Summary($"A view of consecutive values in {what}.");
            EmitPlaceDocumentation(writer, name, what, "values");
            writer.Line(GeneratedCode.Attribute);
            writer.Line($"public static ArrayView ArrayAt({parameter}, ulong offset, ulong count) => new ArrayView(global::Nub.Memory.SharedArrayView.At<{declaration.FullName}>({argument}, offset, count));");

            writer.Separate();
            writer.Line($"/// <inheritdoc cref=\"ArrayAt({(name == "memory" ? "global::Nub.Memory.HostSharedMemory" : "in global::Nub.Memory.HostAccess")}, ulong, ulong)\"/>");
            writer.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">The count is negative.</exception>");
            writer.Line(GeneratedCode.Attribute);
            writer.Open($"public static ArrayView ArrayAt({parameter}, ulong offset, int count)");
            writer.Line("global::System.ArgumentOutOfRangeException.ThrowIfNegative(count);");
            writer.Line($"return ArrayAt({argument}, offset, (ulong)count);");
            writer.Close();
        }
    }

    private static readonly (string Parameter, string Argument, string Name, string What)[] s_places =
    [
        ("global::Nub.Memory.HostSharedMemory memory", "memory", "memory", "a memory; each use locks it for itself"),
        ("in global::Nub.Memory.HostAccess access", "in access", "access", "a memory that is held; the lease must be live at each use"),
    ];

    private static void EmitPlaceDocumentation(CodeWriter writer, string name, string what, string values)
    {
        writer.Line($"/// <param name=\"{name}\">{(name == "memory" ? "The memory." : "The lease that the view is used under.")}</param>");
        writer.Line("/// <param name=\"offset\">The first byte; any alignment.</param>");
        if (values == "values")
        {
            writer.Line("/// <param name=\"count\">The number of values.</param>");
        }

        writer.Line("/// <returns>The view.</returns>");
        writer.Line($"/// <exception cref=\"global::Nub.Memory.SharedMemoryBoundsException\">The {values} would leave the memory.</exception>");
        writer.Line($"/// <exception cref=\"global::System.ObjectDisposedException\">The {(name == "memory" ? "memory" : "lease")} was disposed.</exception>");
    }

    private static void EmitPrivateBytes(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string size = model.Layout.Size.ToString(CultureInfo.InvariantCulture);
        writer.Separate();
        writer.Summary("Reads a value from private memory, where its bytes stand as they do in shared memory.");
        writer.Line($"/// <param name=\"source\">The bytes, at least {size}; what follows them is not looked at.</param>");
        writer.Line("/// <returns>The value, in this host's byte order.</returns>");
        writer.Line($"/// <exception cref=\"global::System.ArgumentException\">There are fewer than {size} bytes.</exception>");
        writer.Line(GeneratedCode.Attribute);
        writer.Open($"public static {self} ReadLittleEndian(global::System.ReadOnlySpan<byte> source)");
        EmitLengthCheck(writer, "source", "has");
        writer.Line($"{self} value = global::System.Runtime.InteropServices.MemoryMarshal.Read<{self}>(source);");
        EmitReverse(writer, self, "value", model.Layout);
        writer.Line("return value;");
        writer.Close();

        writer.Separate();
        writer.Summary("Writes the value to private memory, where its bytes then stand as they do in shared memory.");
        writer.Line($"/// <param name=\"destination\">Where to write, at least {size} bytes; what follows them is left alone.</param>");
        writer.Line($"/// <exception cref=\"global::System.ArgumentException\">There are fewer than {size} bytes.</exception>");
        writer.Line(GeneratedCode.Attribute);
        writer.Open("public readonly void WriteLittleEndian(global::System.Span<byte> destination)");
        EmitLengthCheck(writer, "destination", "has");
        writer.Line($"{self} value = this;");
        EmitReverse(writer, self, "value", model.Layout);
        writer.Line("global::System.Runtime.InteropServices.MemoryMarshal.Write(destination, in value);");
        writer.Close();
    }

    public static void EmitLengthCheck(CodeWriter writer, string span, string verb)
    {
        writer.Open($"if ({span}.Length < Layout.Size)");
        writer.Line($"throw new global::System.ArgumentException($\"A value takes {{Layout.Size}} bytes, and the {span} {verb} {{{span}.Length}}.\", nameof({span}));");
        writer.Close();
        writer.Line("");
    }

    public static void EmitReverse(CodeWriter writer, string self, string value, StructLayout layout)
    {
        if (!layout.HasBigEndian && !layout.HasLittleEndian)
        {
            return;
        }

        writer.Open("if (Layout.HasForeignFields)");
        writer.Line($"Layout.ReverseForeignFields(global::System.Runtime.InteropServices.MemoryMarshal.AsBytes(new global::System.Span<{self}>(ref {value})));");
        writer.Close();
        writer.Line("");
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
