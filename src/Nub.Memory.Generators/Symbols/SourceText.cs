using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;

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

    /// <summary>A read as the method that is looked at shows it, and the read itself where that stands in a helper: both within one pair of quotes.</summary>
    public static string Named(Term fetch, SyntaxNode place) =>
        fetch.CallContext is null ? Shorten(place) : $"{Shorten(place)}' by '{Shorten(fetch.Operation!.Syntax)}";

    /// <summary>The number of a line as an editor shows it: where code was made of another file, of that one.</summary>
    public static int LineOf(SyntaxNode node) => node.GetLocation().GetMappedLineSpan().StartLinePosition.Line + 1;

    private static readonly char[] s_white = [' ', '\t', '\r', '\n'];
}
