using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0001: a method that overrides or implements another demands the same of its type parameters. Attributes of type parameters
/// are not inherited. A method that drops a mark is not checked where it is called by its own name; one that adds a mark relies
/// on a check that calls by the other's name do not get.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class TypeParameterAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.TypeArgument];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
        {
            start.RegisterSymbolAction(AnalyzeMethod, SymbolKind.Method);

            // Which interfaces have generic methods at all: few do, and nearly every type has interfaces.
            var generic = new ConcurrentDictionary<INamedTypeSymbol, bool>(SymbolEqualityComparer.Default);
            start.RegisterSymbolAction(symbol => AnalyzeType(symbol, generic), SymbolKind.NamedType);
        });
    }

    private static void AnalyzeMethod(SymbolAnalysisContext context)
    {
        var method = (IMethodSymbol)context.Symbol;
        if (!method.IsGenericMethod)
        {
            return;
        }

        if (method.OverriddenMethod is { } overridden)
        {
            Compare(context, method, overridden, method.Locations[0]);
        }

        foreach (IMethodSymbol implemented in method.ExplicitInterfaceImplementations)
        {
            Compare(context, method, implemented, method.Locations[0]);
        }
    }

    private static void AnalyzeType(SymbolAnalysisContext context, ConcurrentDictionary<INamedTypeSymbol, bool> generic)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind is not (TypeKind.Class or TypeKind.Struct))
        {
            return;
        }

        foreach (INamedTypeSymbol implemented in type.AllInterfaces)
        {
            if (!generic.GetOrAdd(implemented.OriginalDefinition, static one => one.GetMembers().Any(static member => member is IMethodSymbol { IsGenericMethod: true })))
            {
                continue;
            }

            foreach (ISymbol member in implemented.GetMembers())
            {
                // An override and an explicit implementation are compared where they are declared.
                if (member is IMethodSymbol { IsGenericMethod: true } demanded
                    && type.FindImplementationForInterfaceMember(demanded) is IMethodSymbol { IsOverride: false, ExplicitInterfaceImplementations.IsEmpty: true } method
                    && !SymbolEqualityComparer.Default.Equals(method, demanded))
                {
                    Compare(context, method, demanded, type.Locations[0], isInherited: !SymbolEqualityComparer.Default.Equals(method.ContainingType, type));
                }
            }
        }
    }

    private static void Compare(SymbolAnalysisContext context, IMethodSymbol method, IMethodSymbol other, Location otherwise, bool isInherited = false)
    {
        for (int i = 0; i < method.TypeParameters.Length && i < other.TypeParameters.Length; i++)
        {
            ITypeParameterSymbol own = method.TypeParameters[i];
            ITypeParameterSymbol known = other.TypeParameters[i];

            // A method that was inherited was not declared to implement anything, and may take more than is asked of it.
            if (!isInherited && Boundary.Check(known, own) is { } dropped)
            {
                context.ReportDiagnostic(dropped.At(own.Locations.FirstOrDefault() ?? otherwise, own, known, other));
            }
            else if (Boundary.CheckInPlaceOf(own, known, other) is { } added)
            {
                Location place = isInherited ? otherwise : own.Locations.FirstOrDefault() ?? otherwise;
                context.ReportDiagnostic(added.At(place, known, own, method));
            }
        }
    }
}
