using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Nub.Package.Tests.Editor;

/// <summary>
/// The README's picture of an editor: a method that a host falls to, and under each line what the server answered. Colours for a light page and for a dark one.
/// </summary>
internal static partial class EditorPicture
{
    public const string File = "Picture.cs";

    private const double Column = 8.4;
    private const int Row = 22;
    private const int Left = 60;
    private const int Widest = 104;

    public const string Text = """
        using Nub.Memory;

        internal static class Receiver
        {
            public static byte[] Receive(HostSharedMemory host)
            {
                bool isUrgent = host.Read<bool>(0);
                if (isUrgent || host.Read<uint>(4) > 64)
                {
                    return [];
                }

                uint length = host.Read<uint>(4);
                return new byte[length];
            }
        }

        """;

    // The method alone.
    private const int FirstLine = 4;
    private const int LastLine = 14;

    /// <summary>Draws the method with what was said of it.</summary>
    public static string Draw(IReadOnlyList<JsonNode> diagnostics)
    {
        string[] lines = Text.ReplaceLineEndings("\n").Split('\n');
        var body = new StringBuilder();
        int y = 34;
        for (int i = FirstLine; i <= LastLine; i++, y += Row)
        {
            string line = lines[i].Length < 4 ? "" : lines[i][4..];
            body.Append(CultureInfo.InvariantCulture, $"  <text class=\"number\" x=\"{Left - 16}\" y=\"{y}\">{i + 1}</text>\n");
            AppendCode(body, line, y);
            foreach (JsonNode diagnostic in diagnostics.Where(one => Start(one, "line") == i).OrderBy(static one => Start(one, "character")))
            {
                bool isError = (int)diagnostic["severity"]! == 1;
                int from = Start(diagnostic, "character") - 4;
                int length = (int)diagnostic["range"]!["end"]!["character"]! - 4 - from;
                AppendWave(body, from, length, y + 4, isError);
                foreach (string part in Wrap($"{(isError ? "error" : "warning")} {(string?)diagnostic["code"]}: {(string?)diagnostic["message"]}"))
                {
                    y += Row - 4;
                    AppendText(body, isError ? "error" : "warning", 4, part, y, 0.87);
                }

                y += 4;
            }
        }

        int width = (int)(Left + (Widest * Column)) + 10;
        return $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{y - 4}}" role="img" aria-label="A method in an editor, with what the rules say under its lines">
              <style>
                svg { --back: #ffffff; --edge: #d0d7de; --text: #1f2328; --dim: #818b98; --word: #8250df; --type: #0550ae; --error: #c4171f; --warning: #8a5a00; }
                @media (prefers-color-scheme: dark) {
                  svg { --back: #0d1117; --edge: #3d444d; --text: #e6edf3; --dim: #7d8590; --word: #d2a8ff; --type: #79c0ff; --error: #ff7b72; --warning: #e3b341; }
                }
                text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: var(--text); white-space: pre; }
                .number { fill: var(--dim); text-anchor: end; }
                .word { fill: var(--word); }
                .type { fill: var(--type); }
                text.error, text.warning { font-size: 12px; }
                text.error { fill: var(--error); }
                text.warning { fill: var(--warning); }
                path { fill: none; stroke-width: 1.4; }
                path.error { stroke: var(--error); }
                path.warning { stroke: var(--warning); }
              </style>
              <rect x="0.5" y="0.5" width="{{width - 1}}" height="{{y - 5}}" rx="8" fill="var(--back)" stroke="var(--edge)"/>
            {{body.ToString().TrimEnd()}}
            </svg>

            """;
    }

    private static int Start(JsonNode diagnostic, string what) => (int)diagnostic["range"]!["start"]![what]!;

    private static void AppendCode(StringBuilder body, string line, int y)
    {
        foreach (Match part in Part().Matches(line))
        {
            string kind = Word().IsMatch(part.Value) ? "word" : Type().IsMatch(part.Value) ? "type" : "plain";
            AppendText(body, kind, part.Index, part.Value, y, 1);
        }
    }

    // The width is said, so that the waves stand under their words in every font.
    private static void AppendText(StringBuilder body, string kind, int column, string text, int y, double scale) => body.Append(CultureInfo.InvariantCulture,
        $"  <text class=\"{kind}\" x=\"{Left + (column * Column):0.#}\" y=\"{y}\" textLength=\"{text.Length * Column * scale:0.#}\">{WebUtility.HtmlEncode(text)}</text>\n");

    private static void AppendWave(StringBuilder body, int column, int length, int y, bool isError)
    {
        double x = Left + (column * Column);
        body.Append(CultureInfo.InvariantCulture, $"  <path class=\"{(isError ? "error" : "warning")}\" d=\"M {x:0.#} {y}");
        for (int i = 0; i < length * 2; i++)
        {
            body.Append(CultureInfo.InvariantCulture, $" q {Column / 4:0.#} {(i % 2 == 0 ? -4 : 4)} {Column / 2:0.#} 0");
        }

        body.Append("\"/>\n");
    }

    private static IEnumerable<string> Wrap(string message)
    {
        int most = (int)((Widest - 6) / 0.87);
        while (message.Length > most)
        {
            int at = message.LastIndexOf(' ', most);
            yield return message[..at];
            message = "    " + message[(at + 1)..];
        }

        yield return message;
    }

    [GeneratedRegex(@"\w+|[^\w\s]+")]
    private static partial Regex Part();

    [GeneratedRegex("^(public|static|bool|byte|uint|if|return|new)$")]
    private static partial Regex Word();

    [GeneratedRegex("^HostSharedMemory$")]
    private static partial Regex Type();
}
