using System.Globalization;
using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Nub.Memory.Generators.Rules;

/// <summary>What <c>.editorconfig</c> says to the rules that follow values.</summary>
internal static class RuleOptions
{
    /// <summary>As much as a byte holds: what needs no check as a size, a number of rounds or a wait, unless an option says another number.</summary>
    public const int HarmlessByDefault = byte.MaxValue;

    /// <summary><c>nub.NUB0011.harmless_up_to</c>: what cannot be more than this needs no check as a size, a number of rounds or a wait.</summary>
    public static BigInteger HarmlessUpTo(AnalyzerOptions options, SyntaxTree? tree) =>
        tree is not null && options.AnalyzerConfigOptionsProvider.GetOptions(tree).TryGetValue("nub.NUB0011.harmless_up_to", out string? text)
            && BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out BigInteger number)
            ? number
            : HarmlessByDefault;

    /// <summary>Leaves out what <c>nub.&lt;rule&gt;.ignored_namespaces</c> names the namespace of, or one around it.</summary>
    /// <param name="symbol">What the code belongs to.</param>
    public static Action<Diagnostic> Filter(AnalyzerOptions options, ISymbol symbol, Action<Diagnostic> report) => diagnostic =>
    {
        if (!IsIgnored(options, symbol, diagnostic))
        {
            report(diagnostic);
        }
    };

    /// <summary>The same for what is reported of a body.</summary>
    public static Action<Diagnostic> Filter(OperationBlockAnalysisContext context) => Filter(context.Options, context.OwningSymbol, context.ReportDiagnostic);

    private static bool IsIgnored(AnalyzerOptions options, ISymbol symbol, Diagnostic diagnostic)
    {
        if (diagnostic.Location.SourceTree is not { } tree || !options.AnalyzerConfigOptionsProvider.GetOptions(tree).TryGetValue($"nub.{diagnostic.Id}.ignored_namespaces", out string? names))
        {
            return false;
        }

        string own = symbol.ContainingNamespace?.ToDisplayString() ?? "";
        return names.Split(',').Select(static name => name.Trim()).Any(name => name.Length > 0 && (own == name || own.StartsWith(name + ".", StringComparison.Ordinal)));
    }
}
