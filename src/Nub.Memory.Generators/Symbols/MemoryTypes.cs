using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Symbols;

/// <summary>Recognises the runtime's types and what is like them.</summary>
internal static class MemoryTypes
{
    public static bool IsExclusive(this ITypeSymbol? type) => type is { Name: "ExclusiveSharedMemory" } && type.IsInNub();

    /// <summary>One of the four kinds of memory, or their base.</summary>
    public static bool IsMemory(this ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type.Name == "SharedMemory" && type.IsInNub())
            {
                return true;
            }
        }

        return false;
    }

    public static bool IsLease(this ITypeSymbol? type) => type is { Name: "HostLease" or "GuestLease" or "GuestAddressLease" } && type.IsInNub();

    /// <summary>A property that gives an address of the memory.</summary>
    public static bool IsAddress(this IPropertySymbol property) =>
        property.Name is "BaseAddress" or "RawAddress" && property.ContainingType.IsMemory();

    public static bool IsPointer(this ITypeSymbol? type) => type is IPointerTypeSymbol;

    /// <summary>Whether a value of the type may be a way to others' bytes.</summary>
    public static bool IsSpanOrPointer(this ITypeSymbol? type) => type is IPointerTypeSymbol or { IsRefLikeType: true };

    /// <summary>Whether a number of the type can be an address.</summary>
    public static bool CanBeAddress(this ITypeSymbol? type) => type is IPointerTypeSymbol or
    {
        SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr or SpecialType.System_Int64 or SpecialType.System_UInt64
    };

    /// <summary>Whether a value of the type is an address wherever it comes from: many methods return a long that is none; what keeps addresses keeps pointers, or numbers of their size.</summary>
    public static bool IsOwnAddress(this ITypeSymbol? type) => type is IPointerTypeSymbol or { SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr };
}
