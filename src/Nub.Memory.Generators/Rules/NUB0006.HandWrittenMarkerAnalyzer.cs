using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Rules;

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
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.AllInterfaces.IsEmpty || type.AllInterfaces.FirstOrDefault(IsMarker) is not { } marker || IsOfTheRuntime(type))
        {
            return;
        }

        // The base of a class answers for itself.
        bool isInherited = type.BaseType is { } parent && parent.AllInterfaces.Any(IsMarker);
        bool hasOurs = false;
        var byHand = new List<BaseTypeSyntax>();
        foreach (SyntaxReference part in type.DeclaringSyntaxReferences)
        {
            hasOurs |= IsOurs(part.SyntaxTree);
            if (!IsOurs(part.SyntaxTree) && part.GetSyntax(context.CancellationToken) is TypeDeclarationSyntax { BaseList: { } list })
            {
                byHand.AddRange(list.Types.Where(entry => Names(entry, type)));
            }
        }

        foreach (BaseTypeSyntax entry in byHand)
        {
            Report(context, type, marker, entry.GetLocation());
        }

        // Hidden behind an alias.
        if (byHand.Count == 0 && !hasOurs && !isInherited)
        {
            Report(context, type, marker, type.Locations[0]);
        }
    }

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, INamedTypeSymbol marker, Location place) =>
        context.ReportDiagnostic(Diagnostic.Create(
            Descriptors.HandWrittenMarker, place,
            type.Name, LayoutBuilder.Display(marker), marker.Name == "IValidateOnRead" ? "[ValidateOnRead]" : "[AllValid]"));

    // An entry is a marker, or an interface of the user's that hides one, if it has the name of such an interface of the type's.
    private static bool Names(BaseTypeSyntax entry, INamedTypeSymbol type)
    {
        SimpleNameSyntax? name = entry.Type switch
        {
            QualifiedNameSyntax qualified => qualified.Right,
            AliasQualifiedNameSyntax aliased => aliased.Name,
            SimpleNameSyntax simple => simple,
            _ => null,
        };
        return name is not null && type.Interfaces.Any(listed =>
            listed.Name == name.Identifier.ValueText && (IsMarker(listed) || listed.AllInterfaces.Any(IsMarker)));
    }

    private static bool IsMarker(INamedTypeSymbol type) =>
        type.Name is "IAllValid" or "IValidateOnRead" or "ISharedLayout" && type.IsInNub();

    // The marker itself extends what it marks by.
    private static bool IsOfTheRuntime(INamedTypeSymbol type) => type.TypeKind == TypeKind.Interface && IsMarker(type);

    private static bool IsOurs(SyntaxTree tree) => tree.FilePath.Replace('\\', '/').Contains($"/{typeof(AllValidGenerator).FullName}/");
}

internal static partial class Descriptors
{
    /// <summary>A marker interface in a base list that the generator did not write.</summary>
    public static readonly DiagnosticDescriptor HandWrittenMarker = Error(
        "NUB0006",
        "The marker is implemented by hand",
        "'{0}' implements '{1}' by hand, which nobody has proved right: remove it, and mark a partial struct {2} so that the generator implements it",
        "The marker is the run-time's only evidence that a type may cross the boundary. The generator writes it after its proof; written by hand it is a claim.");
}
