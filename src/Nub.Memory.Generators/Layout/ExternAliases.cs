using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>
/// Types that generated code cannot name, which begins each name at <c>global::</c>: what a reference brings under an alias alone, or what two of them bring under one name.
/// </summary>
internal static class ExternAliases
{
    // As deep as layouts are computed.
    private const int MaximumDepth = 64;

    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type)
    {
        foreach ((string name, INamedTypeSymbol hidden) in FieldsOf(type))
        {
            yield return new ShapeProblem("has a field of type " + Explain(hidden), name);
        }

        if (TailOf(type) is { } element)
        {
            yield return new ShapeProblem("has a tail of " + Explain(element));
        }
    }

    /// <summary>The fields of a struct whose types cannot be named, each with what cannot.</summary>
    public static IEnumerable<(string Name, INamedTypeSymbol Hidden)> FieldsOf(INamedTypeSymbol type)
    {
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>())
        {
            if (!field.IsStatic && HiddenIn(field.Type, type.ContainingAssembly) is { } hidden)
            {
                yield return ((field.AssociatedSymbol ?? field).Name, hidden);
            }
        }
    }

    /// <summary>What cannot be named of the elements that follow a struct; null where all can, or none do.</summary>
    public static INamedTypeSymbol? TailOf(INamedTypeSymbol type) => TailRules.DeclaredBy(type) is { Element: var element } ? HiddenIn(element, type.ContainingAssembly) : null;

    /// <summary>What cannot be named of a type: the type itself, what it is made of by its arguments, or an inline array's element. Null where all can.</summary>
    /// <param name="from">The assembly that the generated code is of.</param>
    public static INamedTypeSymbol? HiddenIn(ITypeSymbol type, IAssemblySymbol from) => HiddenIn(type, from, 0);

    /// <summary>What is wrong, as the end of a sentence.</summary>
    public static string Explain(INamedTypeSymbol hidden) =>
        $"'{LayoutBuilder.Display(hidden)}', which only an extern alias names, and generated code begins each name at 'global'; reference its assembly under 'global' too, or declare the type here";

    private static INamedTypeSymbol? HiddenIn(ITypeSymbol type, IAssemblySymbol from, int depth)
    {
        if (type is not INamedTypeSymbol { SpecialType: SpecialType.None, TypeKind: not TypeKind.Error } named || depth == MaximumDepth)
        {
            return null;
        }

        if (!CanBeNamed(named, from))
        {
            return named;
        }

        IEnumerable<ITypeSymbol> parts = LayoutBuilder.InlineArrayLengthOf(named) is null ? named.TypeArguments
            : named.GetMembers().OfType<IFieldSymbol>().Where(static field => !field.IsStatic).Take(1).Select(static field => field.Type);
        return parts.Select(part => HiddenIn(part, from, depth + 1)).FirstOrDefault(static hidden => hidden is not null);
    }

    private static bool CanBeNamed(INamedTypeSymbol type, IAssemblySymbol from)
    {
        INamedTypeSymbol outermost = type.OriginalDefinition;
        while (outermost.ContainingType is { } outer)
        {
            outermost = outer;
        }

        if (from is not ISourceAssemblySymbol { Compilation: var compilation } || SymbolEqualityComparer.Default.Equals(outermost.ContainingAssembly, from))
        {
            return true;
        }

        // The namespaces of a compilation have in them what its references bring under 'global'.
        if (compilation.GetCompilationNamespace(outermost.ContainingNamespace) is not { } scope)
        {
            return false;
        }

        bool isThere = false;
        foreach (INamedTypeSymbol one in scope.GetTypeMembers(outermost.Name, outermost.Arity))
        {
            if (SymbolEqualityComparer.Default.Equals(one, outermost))
            {
                isThere = true;
            }
            else if (compilation.IsSymbolAccessibleWithin(one, from))
            {
                return false;
            }
        }

        return isThere;
    }
}
