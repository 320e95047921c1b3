using System.Globalization;
using System.Text;
using Nub.Tool.CTypes;

namespace Nub.Tool.Check;

/// <summary>Draws both structs side by side, with a star where they differ.</summary>
internal static class ComparisonTable
{
    /// <param name="source">Where the layout of C is from.</param>
    public static string Draw(Comparison comparison, string source)
    {
        List<string[]> lines = [["", "offset", "size", comparison.Net.Name, "offset", "size", $"{comparison.C.Display} of {source}", ""]];
        lines.AddRange(comparison.Members.Select(LineOf));
        lines.Add([comparison.SizesDiffer ? "*" : "", Text(comparison.Net.Size), "", "in all", Text(comparison.C.Size), "", "in all", ""]);
        lines.AddRange(comparison.AlignmentsDiffer ? [["*", Text(comparison.Net.Aligned), "", "aligned to", Text(comparison.C.Alignment), "", "aligned to", ""]] : []);
        lines = [.. lines.Select(static line => Array.ConvertAll(line, Printable.Of))];
        int[] widths = [.. Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length))];
        var text = new StringBuilder();
        foreach (string[] line in lines)
        {
            string row = string.Concat(line.Select((cell, i) => (i is 1 or 2 or 4 or 5 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])) + "  "));
            text.Append("  ").Append(row.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static string[] LineOf(ComparedMember member) =>
    [
        member.Difference is null ? "" : "*",
        member.Field is { } field ? Text(field.Offset) : "",
        member.Field is { } sized ? Text(sized.Size) : "",
        member.Field is { } named ? $"{named.Type} {named.Name}" : "",
        member.Place is { } place ? OffsetOf(place) : "",
        member.Place is { } other ? SizeOf(other) : "",
        member.Place is { } declared ? declared.Member.Type.Declare(declared.Member.Name) : "",
        member.Difference ?? "",
    ];

    private static string OffsetOf(CPlace place) => place.Member.BitWidth is null ? Text(place.Offset) : $"{place.Offset}:{place.BitOffset % 8}";

    private static string SizeOf(CPlace place) => place.Member.BitWidth is { } bits ? $"{bits} bits" : Text(place.Member.Type.Size);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
