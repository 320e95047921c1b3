using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>Who has the library's marks, and who may have used them: asked once of each assembly, not once for each file.</summary>
internal static class Marks
{
    // Two tables, because assemblies may refer to each other in a ring. What is kept does not hold the assembly: it would never be given up.
    private static readonly ConditionalWeakTable<IAssemblySymbol, StrongBox<bool>> s_having = new();
    private static readonly ConditionalWeakTable<IAssemblySymbol, StrongBox<bool>> s_referring = new();

    /// <summary>Whether a compilation knows the marks.</summary>
    public static bool AreKnownTo(Compilation compilation) =>
        compilation.SourceModule.ReferencedAssemblySymbols.Any(AreOf) || compilation.Assembly.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null;

    /// <summary>Whether something may be marked in an assembly: it has the marks, or refers to somebody who has, be he here or not.</summary>
    public static bool MayBeIn(IAssemblySymbol assembly) => AreOf(assembly) || s_referring.GetValue(assembly, static one => new(one.Modules.Any(RefersToThem))).Value;

    private static bool RefersToThem(IModuleSymbol module) =>
        module.ReferencedAssemblies.Any(static one => one.Name == KnownTypes.Assembly) || module.ReferencedAssemblySymbols.Any(AreOf);

    private static bool AreOf(IAssemblySymbol assembly) =>
        s_having.GetValue(assembly, static one => new(one.GetTypeByMetadataName(KnownTypes.AllValidAttribute) is not null)).Value;
}
