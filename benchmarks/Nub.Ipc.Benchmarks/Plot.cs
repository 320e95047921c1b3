using System.Globalization;
using System.Text;

namespace Nub.Ipc.Benchmarks;

/// <summary>The figures as a picture: a row for each message, a bar for each side, as long as its share of the row's greatest.</summary>
internal static class Plot
{
    private const int Width = 760;
    private const int Left = 180;
    private const int Longest = 400;
    private const int Step = 16;

    /// <param name="Name">What the row measures.</param>
    /// <param name="Less">Whether it is nanoseconds; otherwise records per second.</param>
    /// <param name="Sides">Each side's name and median.</param>
    public readonly record struct Row(string Name, bool Less, IReadOnlyList<(string Name, double Median)> Sides);

    public static string Draw(string machine, IEnumerable<Row> rows)
    {
        var body = new StringBuilder();
        int y = 40;
        foreach (Row row in rows)
        {
            double greatest = row.Sides.Max(static side => side.Median);
            Text(body, 12, y + 10, row.Name);
            Text(body, 12, y + 26, row.Less ? "less is better" : "more is better", "#6b7280");
            foreach ((string name, double median) in row.Sides)
            {
                double length = Math.Max(1, median / greatest * Longest);
                string colour = name == row.Sides[0].Name ? "#2563eb" : "#9ca3af";
                body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y}\" width=\"{length:F1}\" height=\"{Step - 4}\" fill=\"{colour}\"/>\n");
                Text(body, Left + length + 6, y + 10, (row.Less ? $"{Number(median)} ns  " : $"{Number(median / 1e6)} M/s  ") + name);
                y += Step;
            }

            y += row.Sides.Count == 1 ? Step + 10 : 10;
        }

        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y}" viewBox="0 0 {Width} {y}" font-family="sans-serif" font-size="12" fill="#111827">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="12" y="18" fill="#6b7280">{machine}; two processes, one on each of two processors; medians</text>
            {body}</svg>

            """);
    }

    private static string Number(double value) => value.ToString(value < 10 ? "F2" : value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static void Text(StringBuilder body, double x, double y, string text, string colour = "#111827") =>
        body.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" fill=\"{colour}\">{text.Replace("&", "&amp;", StringComparison.Ordinal)}</text>\n");
}
