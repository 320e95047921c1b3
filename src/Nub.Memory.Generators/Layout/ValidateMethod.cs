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

    /// <summary>Whether there is a method of the name, but none that the generated code would call.</summary>
    public static bool IsMisspelt(INamedTypeSymbol type) =>
        CallOf(type) is null && type.GetMembers(Name).Any(static member => member is IMethodSymbol);

    private static bool IsRight(IMethodSymbol method) =>
        method is { IsStatic: true, Arity: 0, ReturnType.SpecialType: SpecialType.System_Boolean, Parameters: [{ RefKind: RefKind.None or RefKind.In or RefKind.RefReadOnlyParameter } only] }
        && SymbolEqualityComparer.Default.Equals(only.Type, method.ContainingType);
}
