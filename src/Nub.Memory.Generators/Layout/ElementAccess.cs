using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>Who may name the elements of an inline array. The array's field hides them, so that they may be known to fewer than the array is.</summary>
internal static class ElementAccess
{
    /// <summary>What a member that names the elements may be at most.</summary>
    /// <param name="element">The type of the elements.</param>
    /// <param name="array">The inline array.</param>
    /// <param name="from">The struct that has the array, for whose view it is asked; null where no code is generated.</param>
    /// <returns>In C# words; null when it may be what the array's own field is, and empty when the struct cannot name them.</returns>
    public static string? Of(ITypeSymbol element, INamedTypeSymbol array, INamedTypeSymbol? from)
    {
        string? least = null;
        for (ITypeSymbol? part = from is null || element is ITypeParameterSymbol ? null : element; part is not null; part = part.ContainingType)
        {
            if (part is INamedTypeSymbol { TypeArguments: var arguments })
            {
                foreach (ITypeSymbol argument in arguments)
                {
                    least = Lesser(least, Of(argument, array, from));
                }
            }

            if (part is INamedTypeSymbol { DeclaredAccessibility: not (Accessibility.Public or Accessibility.NotApplicable) } hidden && !Narrows(array, hidden) && !Narrows(from!, hidden))
            {
                least = Lesser(least, IsInternal(hidden) && IsInside(from!.ContainingAssembly, hidden) ? "internal" : !IsInternal(hidden) && IsWithin(from, hidden.ContainingType) ? "private" : "");
            }
        }

        return least;
    }

    /// <summary>The lesser of two; null is more than any.</summary>
    public static string? Lesser(string? one, string? other) => Rank(one) <= Rank(other) ? one : other;

    private static int Rank(string? access) => access switch { "" => 0, "private" => 1, "internal" => 2, "public" => 3, _ => 4 };

    // Whether a type is itself known to no more than those who know what is hidden.
    private static bool Narrows(INamedTypeSymbol type, INamedTypeSymbol hidden)
    {
        for (INamedTypeSymbol? part = type; part is not null; part = part.ContainingType)
        {
            bool isPrivate = part.DeclaredAccessibility == Accessibility.Private;
            if (IsInternal(hidden)
                ? (isPrivate || part.DeclaredAccessibility is Accessibility.Internal or Accessibility.ProtectedAndInternal) && IsInside(part.ContainingAssembly, hidden)
                : (isPrivate || part.DeclaredAccessibility == hidden.DeclaredAccessibility) && IsWithin(part.ContainingType, hidden.ContainingType))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsInternal(INamedTypeSymbol hidden) => hidden.DeclaredAccessibility is Accessibility.Internal or Accessibility.ProtectedOrInternal;

    private static bool IsInside(IAssemblySymbol assembly, INamedTypeSymbol hidden) =>
        SymbolEqualityComparer.Default.Equals(assembly, hidden.ContainingAssembly) || hidden.ContainingAssembly.GivesAccessTo(assembly);

    private static bool IsWithin(INamedTypeSymbol? type, INamedTypeSymbol? container)
    {
        for (; type is not null; type = type.ContainingType)
        {
            if (SymbolEqualityComparer.Default.Equals(type.OriginalDefinition, container?.OriginalDefinition))
            {
                return true;
            }
        }

        return false;
    }
}
