using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>NUB0006: a marker in a base list that our generator did not write.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class HandWrittenMarkerAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.HandWrittenMarker];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        // Generated code too: a file that only says that it is generated, and other generators, are not ours.
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterSyntaxNodeAction(Analyze, SyntaxKind.SimpleBaseType);
    }

    private static void Analyze(SyntaxNodeAnalysisContext context)
    {
        var entry = (SimpleBaseTypeSyntax)context.Node;
        if (context.SemanticModel.GetTypeInfo(entry.Type, context.CancellationToken).Type is not INamedTypeSymbol { TypeKind: TypeKind.Interface } listed
            || MarkerOf(listed) is not { } marker
            || IsOurs(context.Node.SyntaxTree)
            || entry.FirstAncestorOrSelf<TypeDeclarationSyntax>() is not { } declaration
            || (marker.Name == "ISharedLayout" && context.ContainingSymbol is { } symbol && symbol.IsInNub()))
        {
            return;
        }

        context.ReportDiagnostic(Diagnostic.Create(
            Descriptors.HandWrittenMarker, entry.GetLocation(),
            declaration.Identifier.ValueText, LayoutBuilder.Display(listed), marker.Name == "IValidateOnRead" ? "[ValidateOnRead]" : "[AllValid]"));
    }

    // The marker itself, or an interface of the user's that hides it.
    private static INamedTypeSymbol? MarkerOf(INamedTypeSymbol listed) =>
        IsMarker(listed) ? listed : listed.AllInterfaces.FirstOrDefault(IsMarker);

    private static bool IsMarker(INamedTypeSymbol type) =>
        type.Name is "IAllValid" or "IValidateOnRead" or "ISharedLayout" && type.IsInNub();

    private static bool IsOurs(SyntaxTree tree) => tree.FilePath.Replace('\\', '/').Contains($"/{typeof(AllValidGenerator).FullName}/");
}
