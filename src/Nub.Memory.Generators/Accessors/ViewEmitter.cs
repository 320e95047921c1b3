using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the <c>View</c>: a property for each field of a value that stands in shared memory.</summary>
internal static class ViewEmitter
{
    public static void Emit(CodeWriter writer, StructModel model)
    {
        string self = model.Declaration.FullName;
        string view = model.Names.View;
        string inner = NameOfInner(model);
        string shared = $"global::Nub.Memory.SharedPlace<{self}>";
        string marker = $"global::Nub.Memory.ISharedView<{view}, {self}>";
        writer.Separate();
        writer.Lines(
            "/// <summary>One value where it stands in shared memory. Each use of a property reads or writes that field then and there, once.</summary>",
            "/// <remarks>The memory must not be held exclusively, and it, or the lease that the view was bound under, must be live.</remarks>",
            GeneratedCode.Attribute);
        if (!model.IsUnmanaged)
        {
            EmitStub(writer, model);
            return;
        }

        writer.Open($"public readonly ref partial struct {view} : {marker}");
        if (model.Tail is not null)
        {
            TailEmitter.EmitBinding(writer, self, view, inner);
        }
        else
        {
            writer.Line($"private readonly {shared} {inner};");
            writer.Property("Gives the fields of a value their names.", $"public {view}({shared} value) => {inner} = value;");
            writer.Separate();
        }

        writer.Line($"static {view} {marker}.Bind({shared} value) => new(value);");
        if (model.Layout.InlineArrayLength > 0)
        {
            EmitElements(writer, model, inner);
        }
        else
        {
            foreach (FieldLayout field in model.Layout.Fields.Where(static field => !ShapeRules.NotOfViews.Contains(field.Name)))
            {
                FieldEmitter.Emit(writer, model, inner, field);
            }
        }

        foreach (BitField field in model.BitFields)
        {
            BitFieldEmitter.EmitOfView(writer, inner, field);
        }

        UnionEmitter.EmitOfView(writer, model, inner);
        TailEmitter.Emit(writer, model, inner);
        EmitWhole(writer, model, inner);
        writer.Separate();
        writer.Line("/// <inheritdoc/>");
        writer.Line($"public override string ToString() => {inner}.ToString();");
        writer.Close();
    }

    // A struct with a reference cannot be a type argument of what a view is made of.
    private static void EmitStub(CodeWriter writer, StructModel model)
    {
        writer.Open($"public readonly ref partial struct {model.Names.View}");
        foreach (FieldLayout field in model.Layout.Fields.Where(static field => !ShapeRules.NotOfViews.Contains(field.Name)))
        {
            FieldEmitter.EmitStub(writer, field, Words.Describe(field) + ".");
        }

        writer.Property("The struct has an error.", $"public {model.Declaration.FullName} Load() => throw null!;");
        writer.Property("The struct has an error.", $"public void Store(in {model.Declaration.FullName} value) => throw null!;");
        writer.Close();
    }

    private static void EmitElements(CodeWriter writer, StructModel model, string inner)
    {
        if (model.Layout.Stored is [{ Type: { Element: { } element } array } stored])
        {
            FieldLayout elements = stored with { Name = "Elements", Accessibility = "public" };
            string summary = $"The elements: {Words.Escape(element.Display)}[{array.Count}], {Words.Order(stored.HasBigEndian, stored.HasLittleEndian)}.";
            if (model.IsProved)
            {
                FieldEmitter.Emit(writer, model, inner, elements, summary);
            }
            else
            {
                // Whatever is wrong with the element, its users have a view of an array to name.
                FieldEmitter.EmitArray(writer, model, inner, elements, summary);
            }
        }
    }

    private static void EmitWhole(CodeWriter writer, StructModel model, string inner)
    {
        string self = model.Declaration.FullName;
        if (model.IsAllValid && model.Names.ViewHas("Load"))
        {
            writer.Property("Reads the whole value: every shared byte exactly once. It may be torn.", $"public {self} Load() => {inner}.Load();");
        }

        if (model.IsValidateOnRead && model.Names.ViewHas("TryLoad"))
        {
            writer.Property("Reads the whole value, if it is a legal one: every shared byte exactly once, and checked on the private copy.",
                $"public bool TryLoad(out {self} value) => {inner}.TryLoad(out value);");
        }

        if (model.Names.ViewHas("Store"))
        {
            writer.Property(
                model.IsAllValid ? "Writes the whole value: every shared byte exactly once."
                    : "Writes the whole value: every shared byte exactly once. One that is not legal is an <see cref=\"global::System.ArgumentException\"/>, and nothing is written.",
                $"public void Store(in {self} value) => {inner}.{(model.IsAllValid ? "Store" : "StoreValidated")}(in value);");
        }
    }

    // A name that no property of the view begins with: more names are made of it.
    private static string NameOfInner(StructModel model)
    {
        string name = "_view";
        while (model.Layout.Fields.Select(static field => field.Name).Concat(model.BitFields.Select(static field => field.Name)).Any(taken => taken.StartsWith(name, StringComparison.Ordinal)))
        {
            name += "_";
        }

        return name;
    }
}
