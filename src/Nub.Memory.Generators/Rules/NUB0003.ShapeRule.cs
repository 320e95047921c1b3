using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0003: a marked struct that nothing can be generated for, or that something else was generated for.</summary>
internal static class ShapeRule
{
    public static void Check(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout)
    {
        bool isRight = true;
        foreach (ShapeProblem problem in ShapeRules.Check(type, layout))
        {
            isRight = false;
            Report(context, type, layout, problem);
        }

        if (isRight && StructModel.Of(type) is not null && GeneratedOtherwise(type, layout) is { } reason)
        {
            Report(context, type, layout, new ShapeProblem(reason));
        }
    }

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, StructLayout layout, ShapeProblem problem)
    {
        FieldLayout? field = layout.Fields.FirstOrDefault(candidate => candidate.Name == problem.Member);
        string whose = field is null ? "" : $" ('{layout.Display}.{field.Name}', {field.Type.Display}, offset {field.Offset})";
        context.ReportDiagnostic(Diagnostic.Create(
            Descriptors.Shape, SourceLocations.OfMember(type, problem.Member, context.Compilation), layout.Display, problem.Reason + whose));
    }

    // Generators do not see each other's output, and this runs when all of it is there. Fields that another generator added
    // would stand in the struct and not in the layout that was proved.
    private static string? GeneratedOtherwise(INamedTypeSymbol type, StructLayout layout)
    {
        INamedTypeSymbol? generated = type.GetTypeMembers(GeneratedNames.Of(type, layout).Layout).FirstOrDefault();
        if (generated is null || !ShapeRules.IsGenerated(generated))
        {
            return "is marked, but the generator has not written its part; check that Nub.Memory's generator is loaded in this build, and that no other generator writes the struct";
        }

        bool isSame = ConstantOf(generated, "Size") == layout.Size
            && layout.Fields.All(field => ConstantOf(generated, field.Name + "Offset") == field.Offset);
        return isSame ? null : "has fields that the generator did not see when it computed the layout; another generator must not add fields to it";
    }

    private static long? ConstantOf(INamedTypeSymbol type, string name) =>
        type.GetMembers(name).FirstOrDefault() is IFieldSymbol { ConstantValue: int value } ? value : null;
}

internal static partial class Descriptors
{
    /// <summary>A marked type, or one that asks for readers and writers, that nothing can be generated for.</summary>
    public static readonly DiagnosticDescriptor Shape = Error(
        "NUB0003",
        "Nothing can be generated for this shape",
        "Nothing can be generated for '{0}', which {1}",
        "The generator adds a part to the type and relies on a layout that it can compute. Where it can do neither it says so, rather than generate something that is wrong.");
}
