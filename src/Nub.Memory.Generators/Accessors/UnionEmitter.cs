using System.Globalization;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes <c>TryGet…</c> of a <c>[Union]</c> field: the field as a value, if its tag says that it is meant.</summary>
internal static class UnionEmitter
{
    /// <summary>Of the view: the tag is read, and then the field.</summary>
    public static void EmitOfView(CodeWriter writer, StructModel model, string inner)
    {
        string self = model.Declaration.FullName;
        foreach (UnionMember member in Begin(writer, model, model.Names.ViewHas))
        {
            writer.Line(GeneratedCode.Inlined);
            string declaration = Signature(member, "bool");
            if (member.Problem is not null || !model.IsProved)
            {
                writer.Line(declaration + " => throw null!;");
            }
            else if (member.Values.Count <= sbyte.MaxValue && TryReadOf(member, inner) is { } tryRead)
            {
                writer.Open(declaration);
                writer.Line("value = default;");
                writer.Line($"return {FieldEmitter.ReadOr(inner, member.TagType.Name, member.Tag!, NoCase(member))} is {Cases(member)} && {tryRead};");
                writer.Close();
            }
            else
            {
                // The tag is a part of the field, or the field's elements have an order of their own: all is read once.
                string tryLoad = model.IsAllValid ? $"{inner}.TryRead<{self}>(0, out {self} whole)" : $"{inner}.TryLoad(out {self} whole)";
                writer.ValueIf(declaration, $"{tryLoad} && {TagOf("whole", member)} is {Cases(member)}", "whole." + Declaration.Escape(member.Field.Name));
            }
        }
    }

    /// <summary>Of a value of the struct.</summary>
    public static void EmitOfStruct(CodeWriter writer, StructModel model)
    {
        foreach (UnionMember member in Begin(writer, model, model.Names.Has))
        {
            string declaration = Signature(member, "readonly bool");
            if (member.Problem is not null)
            {
                writer.Line(declaration + " => throw null!;");
            }
            else
            {
                writer.ValueIf(declaration, $"{TagOf("this", member)} is {Cases(member)}", "this." + Declaration.Escape(member.Field.Name));
            }
        }
    }

    /// <summary>The members that there is a method for, each when its comment was written.</summary>
    private static IEnumerable<UnionMember> Begin(CodeWriter writer, StructModel model, Func<string, bool> has)
    {
        foreach (UnionMember member in model.UnionMembers)
        {
            // A fixed buffer has no type that a value could have.
            if (member is { IsJudgedOtherwise: false, Field.Type.Kind: not FieldKind.FixedBuffer } && has(NameOf(member)))
            {
                string when = member.Tag is { } tag ? $", if <c>{tag.Name}</c> is {string.Join(" or ", member.Values)}" : "";
                writer.Separate();
                writer.Line($"/// <summary>Gives {Words.Describe(member.Field)}{when}.</summary><returns>Whether it is; <c>default</c> is given where not.</returns>");
                yield return member;
            }
        }
    }

    private static string NameOf(UnionMember member) => "TryGet" + member.Field.Name;

    private static string Signature(UnionMember member, string type) => $"{member.Field.Accessibility} {type} {NameOf(member)}(out {member.Field.Type.Name} value)";

    // Reads the field alone; null where it is not read apart from the rest.
    private static string? TryReadOf(UnionMember member, string inner) => member switch
    {
        { HasTagInside: true } => null,
        { Field.Type: { Kind: FieldKind.Primitive } type } => FieldEmitter.TryRead(inner, type.Name, member.Field, "value"),
        { Field.Type: { Kind: FieldKind.Struct, IsGenerated: true } type } => $"{inner}.TryRead<{type.Name}>({member.Field.Offset}, out value)",
        { Field.Type: { Kind: FieldKind.InlineArray } type } when !member.Field.BigEndian => $"{inner}.TryRead<{type.Name}>({member.Field.Offset}, out value)",
        _ => null,
    };

    private static string TagOf(string of, UnionMember member)
    {
        string tag = $"{of}.{Declaration.Escape(member.Tag!.Name)}";
        return member.Tag.Type.IsWireEnum ? $"unchecked(({member.TagType.Name}){tag})" : tag;
    }

    // What the tag is taken to be where it is gone: each integer has so many values.
    private static string NoCase(UnionMember member) =>
        Enumerable.Range(0, sbyte.MaxValue + 1).Select(static number => number.ToString(CultureInfo.InvariantCulture)).First(number => !member.Values.Contains(number));

    private static string Cases(UnionMember member) => member.Values.Count == 1 ? member.Values[0] : $"({string.Join(" or ", member.Values)})";
}
