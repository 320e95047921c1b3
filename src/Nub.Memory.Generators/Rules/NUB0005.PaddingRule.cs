using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0005: bytes that no field covers. Only of what the host may write: a <c>[ValidateOnRead]</c> struct is read and never
/// written, so its padding carries nothing out.
/// </summary>
internal static class PaddingRule
{
    public static void Check(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout)
    {
        // Where a field is wrong the offsets behind it will change with it.
        if (!type.IsAllValid() || layout.Fields.Count == 0 || layout.Fields.Any(static field => field.Type.NotAllValid is { Kind: not OffenceKind.Unmarked }))
        {
            return;
        }

        foreach (Gap gap in layout.Gaps)
        {
            Report(context, type, layout, gap);
        }
    }

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout, Gap gap)
    {
        FieldLayout? before = layout.Fields.FirstOrDefault(field => field.Name == gap.After);
        string place = before is null
            ? "before its first field"
            : $"after '{layout.Display}.{before.Name}' ({before.Type.Display}, offset {before.Offset})";
        ImmutableDictionary<string, string?> hints = Hints.None
            .Add(Hints.Offset, gap.Offset.ToString(CultureInfo.InvariantCulture))
            .Add(Hints.Length, gap.Length.ToString(CultureInfo.InvariantCulture))
            .Add(Hints.Alignment, layout.Alignment.ToString(CultureInfo.InvariantCulture));
        if (layout.Kind == DeclaredKind.Explicit)
        {
            hints = hints.Add(Hints.Explicit, "");
        }

        context.ReportDiagnostic(Diagnostic.Create(
            Descriptors.Padding,
            SourceLocations.OfMember(type, gap.After, context.Compilation),
            hints,
            layout.Display, Words.Bytes(gap.Length), gap.Offset, place,
            gap.Length == 1 ? "a reserved byte there" : $"reserved fields of {gap.Length} bytes there"));
    }
}

internal static partial class Descriptors
{
    /// <summary>Bytes of an <c>[AllValid]</c> struct that no field covers.</summary>
    public static readonly DiagnosticDescriptor Padding = Error(
        "NUB0005",
        "The struct has implicit padding",
        "'{0}' has {1} of implicit padding at offset {2}, {3}: writing it would carry whatever the host's memory held there to the guest; declare {4}",
        "Padding is not copied reliably, and what it holds is whatever was in that memory before: an information leak when it is written to a guest (Xen's XSA-216 was one).");
}
