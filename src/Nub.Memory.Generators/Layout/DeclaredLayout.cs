using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

internal enum DeclaredKind
{
    Sequential,
    Explicit,
    Auto,
    Unknown,
}

/// <summary>
/// What a struct says of its own layout: in source by <c>[StructLayout]</c> and <c>[FieldOffset]</c>, in metadata by the tables
/// that these attributes become, for the compiler does not show them as attributes any more.
/// </summary>
/// <param name="Pack">The largest alignment that a field keeps; 0 when nothing was said.</param>
/// <param name="Size">The least size; 0 when nothing was said.</param>
internal readonly record struct DeclaredLayout(DeclaredKind Kind, int Pack, int Size)
{
    public static DeclaredLayout Of(INamedTypeSymbol type) =>
        ReaderOf(type, out TypeDefinition definition) is null ? FromAttribute(type) : FromMetadata(definition);

    /// <summary>The offset that an explicit field was given, if it was.</summary>
    public static int? OffsetOf(IFieldSymbol field)
    {
        field = field.OriginalDefinition;
        if (field.ContainingType is { } type && ReaderOf(type, out _) is { } reader)
        {
            EntityHandle handle = MetadataTokens.EntityHandle(field.MetadataToken);
            int offset = handle.Kind == HandleKind.FieldDefinition ? reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetOffset() : -1;
            return offset < 0 ? null : offset;
        }

        AttributeData? attribute = field.FindAttribute("FieldOffsetAttribute", "System.Runtime.InteropServices");
        return attribute is { ConstructorArguments: [{ Value: int value }] } && value >= 0 ? value : null;
    }

    private static DeclaredLayout FromAttribute(INamedTypeSymbol type)
    {
        AttributeData? attribute = type.OriginalDefinition.FindAttribute("StructLayoutAttribute", "System.Runtime.InteropServices");
        if (attribute is null)
        {
            return new DeclaredLayout(DeclaredKind.Sequential, 0, 0);
        }

        // The constructor takes the enum, or its number as a short.
        int kind = attribute.ConstructorArguments is [{ Kind: not TypedConstantKind.Error, Value: { } value }]
            ? Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)
            : -1;
        int pack = 0;
        int size = 0;
        foreach (KeyValuePair<string, TypedConstant> argument in attribute.NamedArguments)
        {
            if (argument.Value is { Kind: not TypedConstantKind.Error, Value: int number })
            {
                pack = argument.Key == "Pack" ? number : pack;
                size = argument.Key == "Size" ? number : size;
            }
        }

        DeclaredKind declared = kind switch
        {
            0 => DeclaredKind.Sequential,
            2 => DeclaredKind.Explicit,
            3 => DeclaredKind.Auto,
            _ => DeclaredKind.Unknown,
        };
        return new DeclaredLayout(declared, pack, size);
    }

    private static DeclaredLayout FromMetadata(TypeDefinition definition)
    {
        System.Reflection.Metadata.TypeLayout layout = definition.GetLayout();
        DeclaredKind kind = (definition.Attributes & TypeAttributes.LayoutMask) switch
        {
            TypeAttributes.SequentialLayout => DeclaredKind.Sequential,
            TypeAttributes.ExplicitLayout => DeclaredKind.Explicit,
            TypeAttributes.AutoLayout => DeclaredKind.Auto,
            _ => DeclaredKind.Unknown,
        };
        return new DeclaredLayout(kind, layout.PackingSize, layout.Size);
    }

    private static MetadataReader? ReaderOf(INamedTypeSymbol type, out TypeDefinition definition)
    {
        definition = default;
        type = type.OriginalDefinition;
        if (type.Locations.Any(static location => location.IsInSource) || type.MetadataToken == 0)
        {
            return null;
        }

        MetadataReader? reader = type.ContainingModule?.GetMetadata()?.GetMetadataReader();
        EntityHandle handle = MetadataTokens.EntityHandle(type.MetadataToken);
        if (reader is null || handle.Kind != HandleKind.TypeDefinition)
        {
            return null;
        }

        definition = reader.GetTypeDefinition((TypeDefinitionHandle)handle);
        return reader;
    }
}
