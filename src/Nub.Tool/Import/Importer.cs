using System.Text.RegularExpressions;
using Nub.Tool.CTypes;

namespace Nub.Tool.Import;

/// <summary>What came of an import.</summary>
/// <param name="Text">The C# file.</param>
/// <param name="Structs">What it has, with what was taken along.</param>
/// <param name="LeftOut">What it has not, and why.</param>
internal sealed record Imported(string Text, IReadOnlyList<StructPlan> Structs, IReadOnlyList<(CStruct Struct, string Reason)> LeftOut);

/// <summary>Makes a C# file of structs of C.</summary>
internal static class Importer
{
    // A pattern of the user's own, which may still be one that takes for ever.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Imports what a pattern selects, and what that needs.</summary>
    /// <param name="all">All structs that are known.</param>
    /// <param name="types">Which of them: a pattern that the whole name matches; null for those that the headers define themselves.</param>
    /// <exception cref="ToolException">The pattern is none, or selects nothing.</exception>
    public static Imported Import(IReadOnlyList<CStruct> all, IReadOnlyList<string> headers, string? types, string origin, string @namespace, bool isInternal)
    {
        List<CStruct> selected = types is null ? OwnOf(all, headers) : Select(all, types);
        if (selected.Count == 0)
        {
            throw new ToolException(types is null ? "The headers define no struct." : $"None of the {all.Count} structs is called '{types}'.");
        }

        var planner = new Planner();
        foreach (CStruct one in selected)
        {
            planner.Add(one);
        }

        return new Imported(CSharpWriter.Write(planner.Written, origin, @namespace, isInternal), planner.Written, [.. planner.LeftOut]);
    }

    /// <summary>The structs that headers define, and not what these include.</summary>
    public static List<CStruct> OwnOf(IReadOnlyList<CStruct> all, IReadOnlyList<string> headers) =>
        [.. all.Where(one => headers.Any(header => one.File == header || one.File == Path.GetFullPath(header) || one.File.EndsWith("/" + header, StringComparison.Ordinal)))];

    /// <summary>The structs whose whole name a pattern matches.</summary>
    public static List<CStruct> Select(IReadOnlyList<CStruct> all, string types)
    {
        try
        {
            var pattern = new Regex($"^(?:{types})$", RegexOptions.CultureInvariant, s_patience);
            return [.. all.Where(one => pattern.IsMatch(one.Name))];
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new ToolException($"'{types}' is no pattern that can be used: {e.Message}", e);
        }
    }
}
