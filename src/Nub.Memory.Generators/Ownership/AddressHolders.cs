using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Ownership;

/// <summary>
/// Which methods may return the address of a memory, as far as the files tell in which they stand: theirs, those of what they are given, and
/// those of what their object holds. Many return pointers that are none of ours, and each body that calls one would have to be gone through.
/// </summary>
internal sealed class AddressHolders
{
    private readonly ConcurrentDictionary<INamedTypeSymbol, bool> _known = new(SymbolEqualityComparer.Default);

    public bool MayReturn(IMethodSymbol method)
    {
        if (method.MethodKind == MethodKind.LocalFunction)
        {
            // What stands in it is a part of the body itself.
            return false;
        }

        foreach (IParameterSymbol parameter in method.Parameters)
        {
            if (Mentions(parameter.Type))
            {
                return true;
            }
        }

        INamedTypeSymbol type = method.ContainingType.OriginalDefinition;
        return _known.TryGetValue(type, out bool may) ? may : _known.GetOrAdd(type, MayHold(type));
    }

    private static bool MayHold(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? one = type; one is { DeclaringSyntaxReferences.IsEmpty: false }; one = one.BaseType)
        {
            if (Mentions(one) || one.GetMembers().OfType<IFieldSymbol>().Any(static field => Mentions(field.Type))
                || one.InstanceConstructors.Any(static made => made.Parameters.Any(static parameter => Mentions(parameter.Type))))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Mentions(ITypeSymbol type) => type is INamedTypeSymbol named && named.Mentions(TreeWords.Addresses);
}
