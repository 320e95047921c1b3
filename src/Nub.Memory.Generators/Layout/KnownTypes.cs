using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>The names of the runtime's types, and how symbols are recognised by them.</summary>
internal static class KnownTypes
{
    public const string Assembly = "Nub.Memory";
    public const string AllValidAttribute = "Nub.Memory.AllValidAttribute";
    public const string ValidateOnReadAttribute = "Nub.Memory.ValidateOnReadAttribute";
    public const string GenerateReaderAttribute = "Nub.Memory.GenerateReaderAttribute";
    public const string GenerateWriterAttribute = "Nub.Memory.GenerateWriterAttribute";

    public static bool IsAllValid(this ISymbol symbol) => symbol.HasNubAttribute("AllValidAttribute");

    public static bool IsValidateOnRead(this ISymbol symbol) => symbol.HasNubAttribute("ValidateOnReadAttribute");

    public static bool IsReread(this ISymbol symbol) => symbol.HasNubAttribute("RereadAttribute");

    public static bool IsBigEndian(this ISymbol symbol) => symbol.HasNubAttribute("BigEndianAttribute");

    public static bool IsWireEnum(this ISymbol symbol) => symbol.HasNubAttribute("WireEnumAttribute");

    public static bool IsInNub(this ISymbol symbol) => symbol.ContainingNamespace is
    {
        Name: "Memory",
        ContainingNamespace: { Name: "Nub", ContainingNamespace.IsGlobalNamespace: true },
    };

    /// <summary>Whether something is of a package that hands out what others have written: virtual machines, devices, messages.</summary>
    public static bool IsInPackage(this ISymbol symbol) => symbol.ContainingNamespace is
    {
        Name: "Kvm" or "Virtio" or "Ipc",
        ContainingNamespace: { Name: "Nub", ContainingNamespace.IsGlobalNamespace: true },
    };

    /// <summary>Whether something is of the virtual machines of Nub.Kvm.</summary>
    public static bool IsInKvm(this ISymbol symbol) => symbol.ContainingNamespace is
    {
        Name: "Kvm",
        ContainingNamespace: { Name: "Nub", ContainingNamespace.IsGlobalNamespace: true },
    };

    public static AttributeData? FindAttribute(this ISymbol symbol, string name, string containingNamespace)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass is { } type && type.Name == name && type.ContainingNamespace.ToDisplayString() == containingNamespace)
            {
                return attribute;
            }
        }

        return null;
    }

    // By name, not by symbol: it needs no compilation, and so works the same for source, metadata and other projects' symbols.
    private static bool HasNubAttribute(this ISymbol symbol, string name)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass is { } type && type.Name == name && type.IsInNub())
            {
                return true;
            }
        }

        return false;
    }
}
