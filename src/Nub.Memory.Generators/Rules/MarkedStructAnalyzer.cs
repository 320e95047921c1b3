using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// Lays out each <c>[AllValid]</c> and <c>[ValidateOnRead]</c> struct once, with the model that the generator asks, and gives it
/// to the rules about structs: NUB0002 and NUB0004 (<see cref="FieldRule"/>), NUB0003 (<see cref="ShapeRule"/>), NUB0005
/// (<see cref="PaddingRule"/>) and NUB0008 (<see cref="NameRule"/>).
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class MarkedStructAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Descriptors.Field, Descriptors.Shape, Descriptors.HostLayout, Descriptors.Padding, Descriptors.LeftOut];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        // A marked struct that another generator wrote is as dangerous as one that a person wrote.
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind != TypeKind.Struct || !(type.IsAllValid() || type.IsValidateOnRead()) || new LayoutBuilder().Of(type) is not { } layout)
        {
            return;
        }

        ShapeRule.Check(context, type, layout);
        FieldRule.Check(context, type, layout);
        PaddingRule.Check(context, type, layout);
        NameRule.Check(context, type, layout);
    }
}
