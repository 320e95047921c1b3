using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

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
            SourceLocations.OfPath(type, offence.Path, context.Compilation),
            Explanations.Path(layout.Display, offence.Path), offence.Type, offence.Offset, layout.Display, mark, Explanations.Why(offence)));
    }
}

internal static partial class Descriptors
{
    /// <summary>A field of a marked struct whose type has illegal bit patterns, or is not known to have none.</summary>
    public static readonly DiagnosticDescriptor Field = Error(
        "NUB0002",
        "A field is not AllValid",
        "'{0}' ({1}, offset {2}) keeps '{3}' from being {4}: {5}",
        "A struct is AllValid when each of its fields is; one field with an illegal bit pattern makes the whole struct have one.");
}
