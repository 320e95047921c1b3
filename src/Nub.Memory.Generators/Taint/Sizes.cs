using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Taint;

/// <summary>Sizes and offsets, from the model that the generators use.</summary>
internal sealed class Sizes
{
    private readonly Dictionary<ITypeSymbol, StructLayout?> _layouts = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ITypeSymbol, long?> _sizes = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ITypeSymbol, Dictionary<string, DeclaredBits>?> _bits = new(SymbolEqualityComparer.Default);
    private readonly LayoutBuilder _builder = new();

    /// <summary>The size of a type that is made of bytes alone.</summary>
    public long? Of(ITypeSymbol? type)
    {
        if (type is null || type.IsReferenceType)
        {
            return null;
        }

        if (!_sizes.TryGetValue(type, out long? size))
        {
            bool isKnown = _builder.TypeOf(type) is { Kind: not (FieldKind.Broken or FieldKind.TypeParameter or FieldKind.Reference) };
            size = isKnown ? _builder.TypeOf(type).Size : null;
            _sizes.Add(type, size);
        }

        return size;
    }

    /// <summary>Where a field, or the storage of a property, stands in its struct.</summary>
    public long? OffsetOf(ISymbol member) => Field(member.ContainingType, member.Name)?.Offset;

    /// <summary>A field of a struct by its name, or by that of the property that it is the storage of: of a bit field, the integer whose bits it is.</summary>
    public FieldLayout? Field(INamedTypeSymbol? type, string name)
    {
        if (type is not { TypeKind: TypeKind.Struct })
        {
            return null;
        }

        if (!_layouts.TryGetValue(type, out StructLayout? layout))
        {
            _layouts.Add(type, layout = _builder.Of(type));
        }

        return layout?.Fields.FirstOrDefault(field => field.Name == name)
            ?? (BitsOf(type, name) is { } bits ? layout?.Fields.FirstOrDefault(field => field.Name == bits.Unit || field.StoredName == bits.Unit) : null);
    }

    /// <summary>The bits that a property of a struct, or of its view, stands for; null when it is no bit field.</summary>
    public DeclaredBits? BitsOf(ITypeSymbol? type, string name)
    {
        if (type is not { TypeKind: TypeKind.Struct })
        {
            return null;
        }

        if (!_bits.TryGetValue(type, out Dictionary<string, DeclaredBits>? known))
        {
            foreach (IPropertySymbol property in type.GetMembers().OfType<IPropertySymbol>())
            {
                if (BitFieldRules.DeclaredBy(property) is { } declared)
                {
                    (known ??= new(StringComparer.Ordinal))[property.Name] = declared;
                }
            }

            _bits.Add(type, known);
        }

        return known is not null && known.TryGetValue(name, out DeclaredBits bits) ? bits : null;
    }
}
