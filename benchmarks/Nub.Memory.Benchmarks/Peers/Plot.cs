using System.Globalization;
using System.Text;

namespace Nub.Memory.Benchmarks;

/// <summary>The figures as a picture: for each group a bar for each side, and for copies their speed over their size.</summary>
internal static class Plot
{
    private const int Width = 920;
    private const int Left = 250;
    private const int Right = 110;
    private const int BarHeight = 15;
    private const int CurveHeight = 260;

    private static readonly string[] s_colours = ["#2563eb", "#9ca3af", "#d97706", "#059669", "#7c3aed"];

    public static string Draw(IReadOnlyList<Result> results)
    {
        var body = new StringBuilder();
        int y = 30;
        foreach (IGrouping<string, Result> group in results.GroupBy(result => result.Contest.Group))
        {
            y = group.First().Contest.Bytes != 0 ? DrawCurves(body, group, y) : DrawBars(body, group, y);
        }

        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y}" viewBox="0 0 {Width} {y}" font-family="sans-serif" font-size="12" fill="#111827">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="12" y="18" fill="#6b7280">{Machine.Name}, .NET {Environment.Version}; best of interleaved rounds</text>
            {body}</svg>

            """);
    }

    private static int DrawBars(StringBuilder body, IGrouping<string, Result> group, int y)
    {
        y = Title(body, group.Key + ", ns (shorter is better)", y);
        foreach (Result result in group)
        {
            // Each contest has its own scale: what matters is a side beside its peers.
            double longest = result.Timings.Values.Max(timing => timing.Best);
            Text(body, Left - 10, y + 12, result.Contest.Name, "end");
            int colour = 0;
            foreach (Side side in result.Contest.Sides)
            {
                double best = result.Timings[side.Name].Best;
                double length = Math.Max(1, best / longest * (Width - Left - Right - 150));
                Line(body, $"<rect x=\"{Left}\" y=\"{y}\" width=\"{length:F1}\" height=\"{BarHeight - 3}\" fill=\"{s_colours[colour++ % s_colours.Length]}\"/>");
                Text(body, Left + length + 6, y + 10, string.Create(CultureInfo.InvariantCulture, $"{best:F2}  {side.Name}"));
                y += BarHeight;
            }

            y += 7;
        }

        return y + 10;
    }

    private static int DrawCurves(StringBuilder body, IGrouping<string, Result> group, int y)
    {
        y = Title(body, group.Key + ", GB/s over size (higher is better)", y);
        Result[] results = [.. group];
        double highest = results.SelectMany(result => result.Timings.Values.Select(timing => result.Contest.Bytes / timing.Best)).Max();
        string[] sides = [.. results.SelectMany(result => result.Timings.Keys).Distinct()];
        double step = (double)(Width - Left - Right) / Math.Max(1, results.Length - 1);
        for (int i = 0; i < results.Length; i++)
        {
            Text(body, Left + i * step, y + CurveHeight + 16, BulkCases.Words(results[i].Contest.Bytes), "middle");
        }

        for (int tick = 0; tick <= 4; tick++)
        {
            double at = y + CurveHeight - CurveHeight * tick / 4.0;
            Line(body, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{at:F1}\" y2=\"{at:F1}\" stroke=\"#e5e7eb\"/>");
            Text(body, Left - 8, at + 4, string.Create(CultureInfo.InvariantCulture, $"{highest * tick / 4:F0}"), "end");
        }

        for (int s = 0; s < sides.Length; s++)
        {
            string points = string.Join(' ', results.Select((result, i) => result.Timings.TryGetValue(sides[s], out Timing timing)
                ? string.Create(CultureInfo.InvariantCulture, $"{Left + i * step:F1},{y + CurveHeight * (1 - result.Contest.Bytes / timing.Best / highest):F1}")
                : ""));
            Line(body, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{s_colours[s % s_colours.Length]}\" stroke-width=\"2\"/>");
            Line(body, $"<rect x=\"12\" y=\"{y + 18 * s}\" width=\"14\" height=\"4\" fill=\"{s_colours[s % s_colours.Length]}\"/>");
            Text(body, 32, y + 18 * s + 6, sides[s]);
        }

        return y + CurveHeight + 40;
    }

    private static int Title(StringBuilder body, string title, int y)
    {
        Line(body, $"<text x=\"12\" y=\"{y + 14}\" font-weight=\"bold\">{title}</text>");
        return y + 28;
    }

    private static void Text(StringBuilder body, double x, double y, string text, string anchor = "start") =>
        Line(body, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{text.Replace("&", "&amp;").Replace("<", "&lt;")}</text>");

    private static void Line(StringBuilder body, FormattableString line) => body.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
