using Nub.Tool.CTypes;

namespace Nub.Tool.Import;

/// <summary>The integers and floats of C# for those of C.</summary>
internal static class CSharpTypes
{
    /// <summary>The type of a number, or null when C# has none that every bit pattern is legal of.</summary>
    public static string? Of(CType type) => type.Kind switch
    {
        CKind.Integer or CKind.Enum => Integer(type.Size, type.IsSigned),
        CKind.Pointer => Integer(type.Size, isSigned: false),
        CKind.Float => type.Size switch { 2 => "Half", 4 => "float", 8 => "double", _ => null },
        _ => null,
    };

    public static string? Integer(long size, bool isSigned) => size switch
    {
        1 => isSigned ? "sbyte" : "byte",
        2 => isSigned ? "short" : "ushort",
        4 => isSigned ? "int" : "uint",
        8 => isSigned ? "long" : "ulong",
        16 => isSigned ? "Int128" : "UInt128",
        _ => null,
    };
}
