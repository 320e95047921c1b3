using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes what a <c>[WireEnum]</c> field has: the integer in the view, and the enum from either where the integer is a value of it.</summary>
internal static class WireEnumEmitter
{
    /// <summary>Of the view: the integer as a field of its own type is, and <c>TryGet…</c> and <c>Set…</c>.</summary>
    public static void EmitOfView(CodeWriter writer, StructModel model, string inner, FieldLayout field, string summary)
    {
        if (field.Type.Element is { } element)
        {
            FieldEmitter.EmitArray(writer, model, inner, field with { Type = field.Type with { Element = element.EnumCheck!.Underlying } }, summary);
            CheckedFieldEmitter.EmitArray(writer, model, inner, field, summary);
        }
        else
        {
            FieldEmitter.EmitPrimitive(writer, model, inner, field with { Type = field.Type.EnumCheck!.Underlying }, summary);
            CheckedFieldEmitter.Emit(writer, model, inner, field, summary);
        }
    }

    /// <summary>Of a value of the struct: whether its field holds a value of the enum.</summary>
    public static void EmitOfStruct(CodeWriter writer, StructModel model, FieldLayout field)
    {
        string name = "TryGet" + field.Name;
        if (!field.Type.IsWireEnum || !model.Names.Has(name))
        {
            return;
        }

        bool isArray = field.Type.Element is not null;
        FieldType type = field.Type.Element ?? field.Type;
        string self = $"this.{Declaration.Escape(field.Name)}{(isArray ? "[index]" : "")}";
        string legal = Legality.IllegalWhen(type, $"unchecked(({type.EnumCheck!.Underlying.Name}){self})") is { } illegal ? $"!({illegal})" : "true";
        writer.Separate();
        writer.Line($"/// <summary>Gives {Words.Describe(field)}, if it is {Legality.Describe(type)}.</summary><returns>Whether it is; <c>default</c> is given where not.</returns>");
        writer.ValueIf($"{field.Accessibility} readonly bool {name}({(isArray ? "int index, " : "")}out {type.Name} value)", legal, self);
    }
}
