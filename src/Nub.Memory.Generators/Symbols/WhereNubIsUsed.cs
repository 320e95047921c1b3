using Microsoft.CodeAnalysis.Diagnostics;

namespace Nub.Memory.Generators.Symbols;

/// <summary>How the rules begin that look at every call or method: only in a compilation that knows the library is there anything for them.</summary>
internal static class WhereNubIsUsed
{
    /// <summary>Registers the actions of a rule, in compilations that know the library.</summary>
    public static void RegisterWhereNubIsUsed(this AnalysisContext context, Action<CompilationStartAnalysisContext> register) =>
        context.RegisterCompilationStartAction(start =>
        {
            if (Marks.AreKnownTo(start.Compilation))
            {
                register(start);
            }
        });
}
