using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>A type of the machine: every bit pattern is legal, and its size and alignment are the same everywhere.</summary>
/// <param name="Name">As generated code writes it.</param>
/// <param name="MetadataName">The name without its namespace, as in the method names of <c>BinaryPrimitives</c>.</param>
/// <param name="Size">The size in bytes, which is the alignment too.</param>
internal sealed record Primitive(string Name, string MetadataName, int Size)
{
    private static readonly Dictionary<SpecialType, Primitive> s_special = new()
    {
        [SpecialType.System_Byte] = new("byte", "Byte", 1),
        [SpecialType.System_SByte] = new("sbyte", "SByte", 1),
        [SpecialType.System_UInt16] = new("ushort", "UInt16", 2),
        [SpecialType.System_Int16] = new("short", "Int16", 2),
        [SpecialType.System_Char] = new("char", "Char", 2),
        [SpecialType.System_UInt32] = new("uint", "UInt32", 4),
        [SpecialType.System_Int32] = new("int", "Int32", 4),
        [SpecialType.System_Single] = new("float", "Single", 4),
        [SpecialType.System_UInt64] = new("ulong", "UInt64", 8),
        [SpecialType.System_Int64] = new("long", "Int64", 8),
        [SpecialType.System_Double] = new("double", "Double", 8),
    };

    // Not among the compiler's special types.
    private static readonly Primitive[] s_named =
    [
        new("global::System.Half", "Half", 2),
        new("global::System.Int128", "Int128", 16),
        new("global::System.UInt128", "UInt128", 16),
    ];

    public static Primitive? Of(ITypeSymbol type)
    {
        if (s_special.TryGetValue(type.SpecialType, out Primitive? primitive))
        {
            return primitive;
        }

        // A struct of the same name that is not the framework's lives in another assembly than System.ValueType.
        bool isFrameworks = type is { TypeKind: TypeKind.Struct, ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } }
            && SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, type.BaseType?.ContainingAssembly);
        return isFrameworks ? Array.Find(s_named, candidate => candidate.MetadataName == type.MetadataName) : null;
    }
}
