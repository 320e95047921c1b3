using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

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
                Descriptors.LeftOut, Places.OfMember(type, one.Member, context.Compilation), layout.Display, one.Name, $"{layout.Display}.{one.Member}", one.Instead));
        }
    }
}
