using System.Globalization;

namespace Nub.Tool;

/// <summary>Text from a file that may hold anything, for a line of a terminal or of a source file.</summary>
internal static class Printable
{
    /// <summary>The text without what ends a line, moves a cursor or turns the direction of writing: each is a question mark.</summary>
    public static string Of(string text) => text.Any(IsHidden) ? string.Concat(text.Select(static one => IsHidden(one) ? '?' : one)) : text;

    /// <summary>The same of a text of several lines, which <c>\n</c> ends.</summary>
    public static string Lines(string text) => string.Join('\n', text.Split('\n').Select(Of));

    private static bool IsHidden(char one) =>
        char.GetUnicodeCategory(one) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
