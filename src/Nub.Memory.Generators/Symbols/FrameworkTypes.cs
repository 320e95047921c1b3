using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Symbols;

/// <summary>How the framework's types are recognised.</summary>
internal static class FrameworkTypes
{
    /// <summary>Whether an indexer of the framework's takes positions: those of dictionaries take keys.</summary>
    public static bool IsPositional(IPropertySymbol indexer) =>
        IsFrameworks(indexer.ContainingType) && indexer.Parameters is not [{ Name: "key" }] && !indexer.ContainingType.Name.Contains("Dictionary") && !indexer.ContainingType.Name.Contains("Lookup");

    public static bool IsFrameworks(ISymbol? symbol)
    {
        INamespaceSymbol? space = symbol?.ContainingNamespace;
        while (space is { ContainingNamespace: { IsGlobalNamespace: false } outer })
        {
            space = outer;
        }

        return space is { Name: "System" or "Microsoft" };
    }

    public static bool IsOfCollection(IMethodSymbol method) =>
        method.ContainingType.ContainingNamespace.ToDisplayString().StartsWith("System.Collections", StringComparison.Ordinal);

    public static bool IsStream(INamedTypeSymbol? type)
    {
        while (type is not (null or { Name: "Stream" or "BinaryReader", ContainingNamespace: { Name: "IO", ContainingNamespace.Name: "System" } }))
        {
            type = type.BaseType;
        }

        return type is not null;
    }

    public static bool IsReader(INamedTypeSymbol type) => IsStream(type) || type is { Name: "TextReader" or "StreamReader" or "StringReader" };
}
