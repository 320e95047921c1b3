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

        // The path of a file proves nothing, for a user can choose it. The generator writes the markers that the model has proved; where the type has no others, its file needs no look.
        bool isProved = IsProved(type);
        bool areAllOurs = isProved && type.AllInterfaces.All(one => !IsMarker(one) || one.TypeArguments.IsEmpty || IsOfMark(one, type));
        bool isFound = areAllOurs;
        foreach (SyntaxReference part in type.DeclaringSyntaxReferences)
        {
            bool isOurs = isProved && IsOurs(part.SyntaxTree);
            if ((isOurs && areAllOurs) || part.GetSyntax(context.CancellationToken) is not TypeDeclarationSyntax { BaseList: { } list })
            {
                continue;
            }

            foreach (BaseTypeSyntax entry in list.Types.Where(entry => MayName(entry, type)))
            {
                if (Bind(context, entry) is { } listed && Hides(listed) && !(isOurs && IsOfMark(listed, type)))
                {
                    isFound = true;
                    Report(context, type, marker, entry.GetLocation());
                }
            }
        }

        // The base of a class answers for itself.
        if (!isFound && !(type.BaseType is { } parent && parent.AllInterfaces.Any(IsMarker)))
        {
            Report(context, type, marker, type.Locations[0]);
        }
    }

    private static INamedTypeSymbol? Bind(SymbolAnalysisContext context, BaseTypeSyntax entry)
    {
#pragma warning disable RS1030 // Few base lists have to be bound, and a model for each file of a compilation would cost more.
        SemanticModel model = context.Compilation.GetSemanticModel(entry.SyntaxTree);
#pragma warning restore RS1030
        return model.GetTypeInfo(entry.Type, context.CancellationToken).Type is INamedTypeSymbol { TypeKind: TypeKind.Interface } listed ? listed : null;
    }

    private static bool IsProved(INamedTypeSymbol type) =>
        type.TypeKind == TypeKind.Struct && (type.IsAllValid() || type.IsValidateOnRead())
        && ShapeRules.CanGenerate(type) && new LayoutBuilder().Of(type) is { } layout && ShapeRules.IsProved(type, layout);

    // What a mark of the type's has the generator write.
    private static bool IsOfMark(INamedTypeSymbol marker, INamedTypeSymbol type) =>
        marker.TypeArguments is [var self] && SymbolEqualityComparer.Default.Equals(self, type) && IsMarker(marker)
        && (marker.Name == "IAllValid" ? type.IsAllValid() : type.IsValidateOnRead());

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, INamedTypeSymbol marker, Location place) =>
        context.ReportDiagnostic(Diagnostic.Create(
            Descriptors.HandWrittenMarker, place,
            type.Name, LayoutBuilder.Display(marker),
            $"remove it, and mark a partial struct {(marker.Name == "IValidateOnRead" ? "[ValidateOnRead]" : "[AllValid]")} so that the generator implements it"));

    // A name without type arguments may be an alias of a marker. One with them says what it is, so that only the names of the markers and of what extends them are bound.
    private static bool MayName(BaseTypeSyntax entry, INamedTypeSymbol type)
    {
        SimpleNameSyntax? name = entry.Type switch
        {
            QualifiedNameSyntax qualified => qualified.Right,
            AliasQualifiedNameSyntax aliased => aliased.Name,
            SimpleNameSyntax simple => simple,
            _ => null,
        };
        return name is IdentifierNameSyntax || (name is not null && type.Interfaces.Any(listed => listed.Name == name.Identifier.ValueText && Hides(listed)));
    }

    // A marker, or an interface of the user's that has one behind it.
    private static bool Hides(INamedTypeSymbol listed) => IsMarker(listed) || listed.AllInterfaces.Any(IsMarker);

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
        "'{0}' implements '{1}' by hand, without a proof: {2}",
        "The marker is the run-time's only evidence that a type may cross the boundary. The generator writes it after its proof; written by hand it is a claim.");
}
