using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>
/// Writes a marked struct's file: the marker, the layout, the view, and the ways to get one. What all structs share stands in the
/// runtime library, because a user's compiler binds and analyzes each body that is written here, for each struct.
/// </summary>
internal static class StructEmitter
{
    public static CodeWriter Emit(StructModel model)
    {
        Declaration declaration = model.Declaration;
        StructLayout layout = model.Layout;
        CodeWriter writer = SourceFile.Begin(
            $"{declaration.Display}: {Words.Bytes(layout.Size)}, aligned to {layout.StatedAlignment}, {Words.Order(layout.HasBigEndian, layout.HasLittleEndian)}.");

        // Without the marker the run-time check refuses it, should its error be suppressed.
        declaration.Open(writer, model.IsProved ? " : " + string.Join(", ", Interfaces(model)) : "");
        LayoutEmitter.Emit(writer, model);
        ViewEmitter.Emit(writer, model);
        foreach (BitField field in model.BitFields)
        {
            BitFieldEmitter.EmitOfStruct(writer, field);
        }

        foreach (FieldLayout field in model.Layout.Fields)
        {
            WireEnumEmitter.EmitOfStruct(writer, model, field);
        }

        UnionEmitter.EmitOfStruct(writer, model);
        EmitPlaces(writer, model);
        if (model.IsUnmanaged)
        {
            EmitPrivateBytes(writer, model);
        }

        if (model.IsProved)
        {
            writer.Separate();
            writer.Line($"readonly string global::Nub.Memory.ISharedLayout.Fields => \"{FieldsText.Of(layout)}\";");
            if (model.IsValidateOnRead)
            {
                ValidationEmitter.Emit(writer, model);
            }
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

    private const string Source = "global::Nub.Memory.ISharedSource, allows ref struct";

    private static void EmitPlaces(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string view = model.Names.View;
        if (!model.IsUnmanaged)
        {
            Method(writer, model, "At", "The struct has an error.", "", $"{view} At<TSource>(scoped in TSource source, ulong offset) where TSource : {Source}", "throw null!");
            Method(writer, model, "TryAt", "The struct has an error.", "", $"bool TryAt<TSource>(scoped in TSource source, ulong offset, out {view} view) where TSource : {Source}", "throw null!");
            return;
        }

        string views = $"global::Nub.Memory.SharedViews<{self}, {view}>";
        string arguments = $"<{self}, {view}, TSource>";
        Method(writer, model, "At",
            "A view of one value at an offset, of any alignment. Under a lease that must be live at each use; of a memory, each use locks it for itself.",
            Throws("value"),
            $"{view} At<TSource>(scoped in TSource source, ulong offset) where TSource : {Source}",
            $"global::Nub.Memory.SharedViews.At{arguments}(in source, offset)");
        Method(writer, model, "TryAt",
            "A view of one value, if it lies within the memory.",
            "<returns>Whether it does; a guest can make it not, and neither an exception nor an allocation is made of that.</returns>",
            $"bool TryAt<TSource>(scoped in TSource source, ulong offset, out {view} view) where TSource : {Source}",
            $"global::Nub.Memory.SharedViews.TryAt{arguments}(in source, offset, out view)");
        foreach (string count in new[] { "ulong", "int" })
        {
            Method(writer, model, "ArrayAt",
                "A view of consecutive values, the first at an offset.",
                Throws("values"),
                $"{views} ArrayAt<TSource>(scoped in TSource source, ulong offset, {count} count) where TSource : {Source}",
                $"global::Nub.Memory.SharedViews.ArrayAt{arguments}(in source, offset, count)");
        }

        foreach (string count in new[] { "ulong", "int" })
        {
            Method(writer, model, "TryArrayAt",
                "A view of consecutive values, if they lie within the memory.",
                "<returns>Whether they do; a guest can make them not, and neither an exception nor an allocation is made of that.</returns>",
                $"bool TryArrayAt<TSource>(scoped in TSource source, ulong offset, {count} count, out {views} views) where TSource : {Source}",
                $"global::Nub.Memory.SharedViews.TryArrayAt{arguments}(in source, offset, count, out views)");
        }
    }

    private static string Throws(string values) => $"<exception cref=\"global::Nub.Memory.SharedMemoryBoundsException\">The {values} would leave the memory.</exception>";

    private static void Method(CodeWriter writer, StructModel model, string name, string summary, string more, string declaration, string value)
    {
        if (!model.Names.Has(name))
        {
            return;
        }

        writer.Separate();
        writer.Line($"/// <summary>{summary}</summary>{more}");
        writer.Line($"public static {declaration} => {value};");
    }

    private static void EmitPrivateBytes(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string tooFew = $"<exception cref=\"global::System.ArgumentException\">There are fewer than {model.Layout.Size} bytes.</exception>";
        if (model.IsAllValid)
        {
            Method(writer, model, "ReadFrom",
                "Reads a value from private memory, where its bytes stand as they do in shared memory; what follows them is not looked at.", tooFew,
                $"{self} ReadFrom(global::System.ReadOnlySpan<byte> source)",
                $"global::Nub.Memory.SharedBytes.Read<{self}>(source)");
        }

        if (model.IsValidateOnRead)
        {
            Method(writer, model, "TryReadFrom",
                "Reads a value from private memory that no other code can change, if its bytes, which stand as they do in shared memory, are a legal one.",
                "<returns>Whether they are.</returns>" + tooFew,
                $"bool TryReadFrom(global::System.ReadOnlySpan<byte> source, out {self} value)",
                $"global::Nub.Memory.SharedBytes.TryRead<{self}>(source, out value)");
        }

        if (model.Names.Has("WriteTo"))
        {
            writer.Separate();
            writer.Line($"/// <summary>Writes the value to private memory, where its bytes then stand as they do in shared memory; what follows them is left alone.</summary>{tooFew}");
            writer.Line($"public readonly void WriteTo(global::System.Span<byte> destination) => global::Nub.Memory.SharedBytes.{(model.IsAllValid ? "Write" : "WriteValidated")}<{self}>(destination, in this);");
        }
    }
}
