using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>Which methods are helpers: parts of the methods that call them, and looked at there.</summary>
internal static class HelperMethods
{
    /// <summary>Whether a method may be a part of others, cut out of them: a private one, or a property's getter.</summary>
    public static bool IsHelper(this IMethodSymbol method) =>
        !method.IsForOthers() || method is { MethodKind: MethodKind.PropertyGet, IsVirtual: false, IsAbstract: false, IsOverride: false };

    /// <summary>Whether others may call a method than those of its own type.</summary>
    public static bool IsForOthers(this IMethodSymbol method) => method.MethodKind != MethodKind.LocalFunction && (method.DeclaredAccessibility != Accessibility.Private || !method.ExplicitInterfaceImplementations.IsEmpty);
}
