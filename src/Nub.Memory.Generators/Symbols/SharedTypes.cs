using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Symbols;

/// <summary>How the runtime's types, and those that the generator makes, are recognised.</summary>
internal static class SharedTypes
{
    /// <summary>A handle of shared memory, the guest addresses of several, or a lease of either: for the flow of bytes they are the memory.</summary>
    public static bool IsMemory(ITypeSymbol? type) => type is not null && HasNameOfMemory(type) && type.IsInNub();

    public static bool HasNameOfMemory(ITypeSymbol? type) => type?.Name is "HostSharedMemory" or "HostLease" or "GuestAddressSpace" or "GuestAddressLease";

    public static bool IsStack(ITypeSymbol? type) => type is { Name: "SharedStack" } && type.IsInNub();

    public static bool IsParser(ITypeSymbol? type) => type is { Name: "SharedStackParser" or "SharedStackTryParser" } && type.IsInNub();

    /// <summary>What a <c>View</c> or a <c>SharedView</c> shows.</summary>
    public static ITypeSymbol? ViewedBy(ITypeSymbol? type) => type switch
    {
        INamedTypeSymbol { Name: "SharedView" or "AtomicField", TypeArguments: [var viewed] } when type.IsInNub() => viewed,
        INamedTypeSymbol { IsRefLikeType: true, ContainingType: { } viewed } view when IsNameOfView(view.Name) && (viewed.IsAllValid() || viewed.IsValidateOnRead()) => viewed,
        _ => null,
    };

    /// <summary>What the elements of an <c>SharedViews</c> or a <c>SharedArrayView</c> are, or those that an enumerator of one goes through.</summary>
    public static ITypeSymbol? ElementsOf(ITypeSymbol? type) => type switch
    {
        INamedTypeSymbol { Name: "Enumerator", ContainingType: { } array } => ElementsOf(array),
        INamedTypeSymbol { Name: "SharedArrayView", TypeArguments: [var element] } when type.IsInNub() => element,
        INamedTypeSymbol { Name: "SharedViews", TypeArguments: [var element, _] } when type.IsInNub() => element,
        _ => null,
    };

    /// <summary>What a machine reports of its guest: why the guest was left and with what data, or what it has written.</summary>
    public static bool IsOfExit(ITypeSymbol? type) => type is { Name: "VmExit" or "CoalescedWrite" } && type.IsInKvm();

    public static bool HasNameOfView(ITypeSymbol? type) => type?.Name is "SharedArrayView" or "SharedViews" or "AtomicField" or "Enumerator" || (type is not null && IsNameOfView(type.Name));

    // View, or where a field has that name FooView, and SharedView.
    private static bool IsNameOfView(string name) => name.EndsWith("View", StringComparison.Ordinal);

    /// <summary>Whether a property stores what it is given in a field of its own, or in bits of one.</summary>
    public static bool IsAuto(IPropertySymbol property)
    {
        if (property.IsIndexer || property.IsVirtual || property.IsOverride || property.IsAbstract)
        {
            return false;
        }

        // By the name that the compiler gives it: a class may have hundreds of members.
        foreach (ISymbol member in property.ContainingType.GetMembers($"<{property.Name}>k__BackingField"))
        {
            if (member is IFieldSymbol { AssociatedSymbol: { } associated } && SymbolEqualityComparer.Default.Equals(associated, property))
            {
                return !HasCode(property) && (property.PartialImplementationPart is not { } implementation || !HasCode(implementation));
            }
        }

        return property.ContainingType.IsValueType && BitFieldRules.DeclaredBy(property) is not null;
    }

    // An accessor that does something with what it knows as field.
    private static bool HasCode(IPropertySymbol property)
    {
        foreach (SyntaxReference reference in property.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax() is PropertyDeclarationSyntax declared
                && (declared.ExpressionBody is not null || declared.AccessorList?.Accessors.Any(static one => one.Body is not null || one.ExpressionBody is not null) == true))
            {
                return true;
            }
        }

        return false;
    }
}
