using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0008: says which generated members are missing because the struct's own have their names, and what does the same.</summary>
internal static class NameRule
{
    public static void Check(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout)
    {
        if (!ShapeRules.CanGenerate(type))
        {
            return;
        }

        foreach (LeftOut one in GeneratedNames.Of(type, layout).LeftOut)
        {
            context.ReportDiagnostic(Diagnostic.Create(
                Descriptors.LeftOut, SourceLocations.OfMember(type, one.Member, context.Compilation), layout.Display, one.Name, $"{layout.Display}.{one.Member}", one.Instead));
        }
    }
}

internal static partial class Descriptors
{
    /// <summary>A generated member that a struct's own member leaves no room for.</summary>
    public static readonly DiagnosticDescriptor LeftOut = new(
        "NUB0008",
        "A generated member is left out because its name is taken",
        "'{0}.{1}' is not generated, because '{2}' has that name; {3} does the same",
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        "A field is called what its specification calls it. Where a generated member would have the same name, the field keeps it.",
        Pages + "NUB0008.md");
}
