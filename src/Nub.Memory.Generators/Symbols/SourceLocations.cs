using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Symbols;

/// <summary>Where in the code a diagnostic about a struct sits.</summary>
internal static class SourceLocations
{
    /// <summary>The last field of a path that stands in this compilation's source: the one to change.</summary>
    public static Location OfPath(INamedTypeSymbol type, EquatableArray<string> path, Compilation compilation)
    {
        Location best = OfMember(type, null, compilation);
        ITypeSymbol current = type;
        foreach (string part in path)
        {
            IFieldSymbol? field = current.GetMembers().OfType<IFieldSymbol>()
                .FirstOrDefault(candidate => !candidate.IsStatic && (part.StartsWith("[", StringComparison.Ordinal) || (candidate.AssociatedSymbol ?? candidate).Name == part));
            if (field is null)
            {
                // The storage of an event shows only as the event.
                return current is INamedTypeSymbol named && named.GetMembers(part).FirstOrDefault() is { } member ? InSource(member, compilation) ?? best : best;
            }

            best = InSource(field, compilation) ?? best;
            current = field.Type;
        }

        return best;
    }

    /// <summary>A member of a type, or the type itself when there is no such member.</summary>
    public static Location OfMember(INamedTypeSymbol type, string? member, Compilation compilation)
    {
        foreach (ISymbol candidate in member is null ? [] : type.GetMembers(member))
        {
            if (InSource(candidate, compilation) is { } place)
            {
                return place;
            }
        }

        return InSource(type, compilation) ?? Location.None;
    }

    private static Location? InSource(ISymbol symbol, Compilation compilation)
    {
        foreach (Location location in symbol.Locations)
        {
            if (location.SourceTree is { } tree && compilation.ContainsSyntaxTree(tree))
            {
                return location;
            }
        }

        return null;
    }
}
