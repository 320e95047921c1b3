using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Rules;

/// <summary>Every diagnostic of the package: what it says, how grave it is, and where its page is. Each stands in the file of its rule.</summary>
internal static partial class Descriptors
{
    private const string Category = "Nub.Memory";

    /// <summary>Each rule has a page of its name.</summary>
    private const string Pages = RepositoryPages.Address + "docs/diagnostics/";

    private static DiagnosticDescriptor Error(string id, string title, string message, string description) =>
        new(id, title, message, Category, DiagnosticSeverity.Error, isEnabledByDefault: true, description, Pages + id + ".md");

    private static DiagnosticDescriptor Warning(string id, string title, string message, string description) =>
        new(id, title, message, Category, DiagnosticSeverity.Warning, isEnabledByDefault: true, description, Pages + id + ".md");
}
