using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>NUB0002 and NUB0004: a field keeps its struct from what its mark says.</summary>
internal static class FieldRule
{
    public static void Check(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout)
    {
        bool allValid = type.IsAllValid();
        foreach (FieldLayout field in layout.Fields)
        {
            Offence? offence = allValid ? field.Type.NotAllValid : field.Type.NotValidatable;
            if (offence is { Kind: not OffenceKind.Broken })
            {
                Report(context, type, layout, offence.Within(field.Name, field.Offset), allValid ? "AllValid" : "validated on read");
            }
        }
    }

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout, Offence offence, string mark)
    {
        DiagnosticDescriptor descriptor = offence.Kind is OffenceKind.HostSized or OffenceKind.Framework ? Descriptors.HostLayout : Descriptors.Field;
        context.ReportDiagnostic(Diagnostic.Create(
            descriptor,
            Places.OfPath(type, offence.Path, context.Compilation),
            Explanations.Path(layout.Display, offence.Path), offence.Type, offence.Offset, layout.Display, mark, Explanations.Why(offence)));
    }
}
