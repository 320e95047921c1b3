using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Everything that the code of a marked struct is written from. Equal models give equal code.</summary>
/// <param name="ValidateCall">How the struct's own <c>Validate</c> is called on <c>copy</c>; null when it has none.</param>
internal sealed record StructModel(Declaration Declaration, StructLayout Layout, bool IsAllValid, bool IsValidateOnRead, string? ValidateCall)
{
    /// <summary>The model of a struct that code can be written for; null for any other.</summary>
    public static StructModel? Of(INamedTypeSymbol type)
    {
        StructLayout? layout = new LayoutBuilder().Of(type);
        // A field without a name is one that is being typed.
        if (layout is null || !ShapeRules.CanGenerate(type, layout) || layout.Fields.Any(static field => field.Name.Length == 0 || DependsOnBroken(field.Type)))
        {
            return null;
        }

        return new StructModel(Declaration.Of(type), layout, type.IsAllValid(), type.IsValidateOnRead(), ValidateMethod.CallOf(type));
    }

    // A marked field that nothing is generated for has an error of its own; code that names its view would only add noise.
    private static bool DependsOnBroken(FieldType type) =>
        type.Kind == FieldKind.Struct ? !type.IsGenerated : type.Element is { } element && DependsOnBroken(element);
}
