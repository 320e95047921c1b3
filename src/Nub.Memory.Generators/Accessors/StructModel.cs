using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Everything that the code of a marked struct is written from. Equal models give equal code.</summary>
/// <param name="ValidateCall">How the struct's own <c>Validate</c> is called on <c>value</c>; null when it has none.</param>
/// <param name="IsUnmanaged">Whether it has no reference in it: one that has is broken beyond what its users name of it.</param>
/// <param name="IsProved">Whether the struct is what its mark says. Of one that is not, users get what they name, so that its error is the only one.</param>
internal sealed record StructModel(
    Declaration Declaration, StructLayout Layout, GeneratedNames Names, bool IsAllValid, bool IsValidateOnRead, string? ValidateCall, bool IsProved, bool IsUnmanaged)
{
    /// <summary>The properties over bits of a field.</summary>
    public EquatableArray<BitField> BitFields { get; init; }

    /// <summary>The fields that are meant where a tag has some values.</summary>
    public EquatableArray<UnionMember> UnionMembers { get; init; }

    /// <summary>The elements that follow it; null when none do.</summary>
    public Tail? Tail { get; init; }

    /// <summary>The model of a struct that code can be written for; null for any other.</summary>
    public static StructModel? Of(INamedTypeSymbol type)
    {
        StructLayout? layout = new LayoutBuilder().Of(type);
        // A field without a name is one that is being typed.
        if (layout is null || !ShapeRules.CanGenerate(type) || layout.Fields.Any(static field => field.Name.Length == 0))
        {
            return null;
        }

        // A captured parameter is a field that has no name in C#, and a type may have none that can be written here; the struct has an error then.
        HashSet<string> hidden = [.. ExternAliases.FieldsOf(type).Select(static field => field.Name)];
        StructLayout named = layout with { Fields = layout.Fields.Where(field => SyntaxFacts.IsValidIdentifier(field.Name) && !hidden.Contains(field.Name)).ToEquatableArray() };
        return new StructModel(
            Declaration.Of(type), named, GeneratedNames.Of(type, layout), type.IsAllValid(), type.IsValidateOnRead(), ValidateMethod.CallOf(type),
            ShapeRules.IsProved(type, layout), type.IsUnmanagedType)
        {
            BitFields = BitFieldRules.Of(type, layout),
            UnionMembers = UnionRules.Of(type, layout).Where(member => !hidden.Contains(member.Field.Name)).ToEquatableArray(),
            Tail = ExternAliases.TailOf(type) is null ? TailRules.Of(type, layout) : null,
        };
    }
}
