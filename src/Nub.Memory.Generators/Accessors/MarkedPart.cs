using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Picks one of the parts of a type that have an attribute, so that the type is written for once.</summary>
internal static class MarkedPart
{
    /// <summary>Whether the part that was found has the type's first attribute of that kind.</summary>
    public static bool IsFirst(INamedTypeSymbol type, GeneratorAttributeSyntaxContext found)
    {
        foreach (AttributeData attribute in type.GetAttributes())
        {
            if (SymbolEqualityComparer.Default.Equals(attribute.AttributeClass, found.Attributes[0].AttributeClass))
            {
                return IsNamed(type) && attribute.ApplicationSyntaxReference is { } place
                    && place.SyntaxTree == found.TargetNode.SyntaxTree && found.TargetNode.Span.Contains(place.Span);
            }
        }

        return false;
    }

    // While a name is being typed there is none, and nothing that code could refer to.
    private static bool IsNamed(INamespaceOrTypeSymbol symbol) =>
        symbol is INamespaceSymbol { IsGlobalNamespace: true }
        || (symbol.Name.Length > 0 && IsNamed((INamespaceOrTypeSymbol?)symbol.ContainingType ?? symbol.ContainingNamespace));
}
