using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Symbols;

/// <summary>Which assemblies have the library's marks, and which may have used them: asked once of each assembly, not once for each file.</summary>
internal static class Marks
{
    // Two tables, because assemblies may refer to each other in a ring. What is kept does not hold the assembly: it would never be given up.
    private static readonly ConditionalWeakTable<IAssemblySymbol, StrongBox<bool>> s_having = new();
    private static readonly ConditionalWeakTable<IAssemblySymbol, StrongBox<bool>> s_referring = new();

    // Every rule asks, of each of the compilations that the compiler makes for a file that is looked at; what they refer to is the same for all.
    private static readonly ConditionalWeakTable<MetadataReference[], StrongBox<bool>> s_referred = new();
    private static readonly ConditionalWeakTable<MetadataReference[], StrongBox<bool>> s_usedByOthers = new();

    /// <summary>Whether a compilation knows the marks.</summary>
    public static bool AreKnownTo(Compilation compilation) =>
        Asked(s_referred, compilation, AreOf) || compilation.Assembly.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null;

    /// <summary>Whether anything that a compilation refers to, besides the library itself, may use the marks.</summary>
    public static bool MayBeInReferencesOf(Compilation compilation) => Asked(s_usedByOthers, compilation, static referred => referred.Name != KnownTypes.Assembly && MayBeIn(referred));

    /// <summary>What a compilation refers to, as an object that is the same as long as that is.</summary>
    public static MetadataReference[] ReferencesOf(Compilation compilation) => ImmutableCollectionsMarshal.AsArray(compilation.ExternalReferences)!;

    private static bool Asked(ConditionalWeakTable<MetadataReference[], StrongBox<bool>> known, Compilation compilation, Func<IAssemblySymbol, bool> ask)
    {
        MetadataReference[] references = ReferencesOf(compilation);
        if (!known.TryGetValue(references, out StrongBox<bool>? answer))
        {
            answer = known.GetValue(references, _ => new(compilation.SourceModule.ReferencedAssemblySymbols.Any(ask)));
        }

        return answer.Value;
    }

    /// <summary>Whether something may be marked in an assembly: it has the marks, or refers to an assembly that has, whether that is present or not.</summary>
    public static bool MayBeIn(IAssemblySymbol assembly) => AreOf(assembly) || s_referring.GetValue(assembly, static one => new(one.Modules.Any(RefersToThem))).Value;

    private static bool RefersToThem(IModuleSymbol module) =>
        module.ReferencedAssemblies.Any(static one => one.Name == KnownTypes.Assembly) || module.ReferencedAssemblySymbols.Any(AreOf);

    private static bool AreOf(IAssemblySymbol assembly) =>
        s_having.GetValue(assembly, static one => new(one.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null)).Value;
}
