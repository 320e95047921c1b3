using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Symbols;

/// <summary>Code as messages quote it.</summary>
internal static class SourceText
{
    private const int Longest = 60;

    /// <summary>The code of an expression in one line, cut short where it is long.</summary>
    public static string Shorten(SyntaxNode node)
    {
        string text = string.Join(" ", node.ToString().Split(s_white, StringSplitOptions.RemoveEmptyEntries));
        return text.Length <= Longest ? text : text.Substring(0, Longest) + "…";
    }

    /// <summary>The number of a line as an editor shows it: where code was made of another file, of that one.</summary>
    public static int LineOf(SyntaxNode node) => node.GetLocation().GetMappedLineSpan().StartLinePosition.Line + 1;

    private static readonly char[] s_white = [' ', '\t', '\r', '\n'];
}
