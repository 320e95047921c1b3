using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>The <c>static bool Validate(in TSelf)</c> that a user may add to a <c>[ValidateOnRead]</c> struct.</summary>
internal static class ValidateMethod
{
    public const string Name = "Validate";

    public static string? CallOf(INamedTypeSymbol type)
    {
        foreach (ISymbol member in type.GetMembers(Name))
        {
            if (member is IMethodSymbol method && IsRight(method))
            {
                return method.Parameters[0].RefKind == RefKind.None ? "Validate(value)" : "Validate(in value)";
            }
        }

        return null;
    }

    /// <summary>A method that is called so, or that is an interface's that is called so, where there is none that the generated code would call.</summary>
    /// <returns>The name that the struct has it under; null where nothing is to be said.</returns>
    public static string? MisspeltIn(INamedTypeSymbol type) => CallOf(type) is null ? type.GetMembers().FirstOrDefault(IsCalledSo)?.Name : null;

    private static bool IsCalledSo(ISymbol member) =>
        member is IMethodSymbol method && (method.Name == Name || method.ExplicitInterfaceImplementations.Any(static one => one.Name == Name));

    private static bool IsRight(IMethodSymbol method) =>
        method is { IsStatic: true, Arity: 0, ReturnType.SpecialType: SpecialType.System_Boolean, Parameters: [{ RefKind: RefKind.None or RefKind.In or RefKind.RefReadOnlyParameter } only] }
        && SymbolEqualityComparer.Default.Equals(only.Type, method.ContainingType);
}
