using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>A field that is meant where another has some values: a <c>[Union]</c>.</summary>
/// <param name="Tag">The other field; null when there is none of that name.</param>
/// <param name="Values">As C# literals.</param>
/// <param name="Problem">What is wrong, as the end of a sentence about the struct; null when nothing is.</param>
internal sealed record UnionMember(FieldLayout Field, FieldLayout? Tag, EquatableArray<string> Values, string? Problem)
{
    /// <summary>Whether the tag is a part of the field, so that reading one after the other would read bytes twice.</summary>
    public bool HasTagInside => Tag is { } tag && tag.Offset < Field.End && Field.Offset < tag.End;

    /// <summary>Whether the field is of a type that has a <c>TryGet…</c> for another reason, and cannot have this one.</summary>
    public bool IsJudgedOtherwise => Field.Type is { IsWireEnum: true } or { NotAllValid: not null };

    /// <summary>The integer that the tag is.</summary>
    public FieldType TagType => Tag!.Type.EnumCheck?.Underlying ?? Tag.Type;
}

/// <summary>Finds the tagged fields of a struct, and what is wrong with them.</summary>
internal static class UnionRules
{
    private const string Attribute = "UnionAttribute";

    /// <summary>The name of the tag of a field that is called so, or whose property is; null when it has none.</summary>
    public static (IFieldSymbol Field, string Tag)? DeclaredBy(ITypeSymbol type, string name)
    {
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>())
        {
            if ((field.AssociatedSymbol ?? field).Name == name)
            {
                return field.FindAttribute(Attribute, "Nub.Memory") is { ConstructorArguments: [{ Value: string tag }, ..] } ? (field, tag) : null;
            }
        }

        return null;
    }

    public static EquatableArray<UnionMember> Of(INamedTypeSymbol type, StructLayout layout)
    {
        var found = new List<UnionMember>();
        foreach (IFieldSymbol symbol in type.GetMembers().OfType<IFieldSymbol>())
        {
            if (symbol.FindAttribute(Attribute, "Nub.Memory") is { ConstructorArguments: [{ Value: string tag }, { Kind: TypedConstantKind.Array } values] }
                && layout.Fields.FirstOrDefault(field => field.StoredName == symbol.Name) is { } field)
            {
                FieldLayout? other = layout.Fields.FirstOrDefault(one => one.Name == tag || one.StoredName == tag);
                ImmutableArray<TypedConstant> constants = values.IsNull ? [] : values.Values;
                var literals = constants.Select(LiteralOf).ToList();
                var one = new UnionMember(field, other, literals.OfType<string>().ToEquatableArray(), null);
                found.Add(one with { Problem = ProblemOf(one, tag, literals) ?? Repeated(one, found) });
            }
        }

        return found.ToEquatableArray();
    }

    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout) =>
        Of(type, layout).Where(static member => member.Problem is not null).Select(static member => new ShapeProblem(member.Problem!, member.Field.Name));

    private static string? LiteralOf(TypedConstant constant) =>
        constant is { Kind: TypedConstantKind.Primitive or TypedConstantKind.Enum, Value: sbyte or byte or short or ushort or int or uint or long or ulong }
            ? Convert.ToString(constant.Value, CultureInfo.InvariantCulture) : null;

    private static string? ProblemOf(UnionMember member, string tag, List<string?> literals)
    {
        string what = $"has a tagged field '{member.Field.Name}'";
        return member switch
        {
            { Tag: null } => $"{what} whose tag is '{tag}', which is no field of it; name an integer field by nameof",
            { Tag: var other } when other == member.Field => $"{what} that is its own tag; name another field",
            { Tag.Type: var type } when !BitFieldRules.IsUnit(type.EnumCheck is { } check && type.IsWireEnum ? check.Underlying : type) =>
                $"{what} whose tag '{tag}' is of type '{type.Display}'; a tag is an integer of 8 to 64 bits, or an enum that says [WireEnum]",
            { Field.Type.Kind: FieldKind.FixedBuffer } or { IsJudgedOtherwise: true } =>
                $"{what} of type '{member.Field.Type.Display}', which cannot be given as a value that needs no check; make it a primitive, an [AllValid] struct or an inline array",
            _ when literals.Count == 0 => $"{what} without a value of its tag '{tag}'; name one or more: [Union(nameof({tag}), 1)]",
            _ when literals.Contains(null) => $"{what} with a value of its tag '{tag}' that is no integer",
            _ when literals.GroupBy(static value => value).FirstOrDefault(static same => same.Skip(1).Any()) is { } twice => $"{what} with the value {twice.Key} of its tag '{tag}' twice; name it once",
            _ when member.Values.FirstOrDefault(value => !Fits(value, member.TagType)) is { } large => $"{what} with the value {large}, which its tag '{tag}' of type '{member.TagType.Display}' cannot have",
            _ => null,
        };
    }

    private static string? Repeated(UnionMember member, List<UnionMember> earlier)
    {
        foreach (UnionMember other in earlier.Where(other => other.Problem is null && other.Tag == member.Tag))
        {
            if (other.Values.FirstOrDefault(member.Values.Contains) is { } value)
            {
                return $"has tagged fields '{other.Field.Name}' and '{member.Field.Name}', both for the value {value} of '{member.Tag!.Name}'";
            }
        }

        return null;
    }

    private static bool Fits(string value, FieldType tag)
    {
        decimal number = decimal.Parse(value, CultureInfo.InvariantCulture);
        bool isSigned = tag.Name is "sbyte" or "short" or "int" or "long";
        decimal room = 1;
        for (int i = isSigned ? 1 : 0; i < tag.Size * 8; i++)
        {
            room *= 2;
        }

        return number < room && number >= (isSigned ? -room : 0);
    }
}
