using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>
/// Code with the expected diagnostics written into it: <c>{|NUB0001:code|}</c> expects one on exactly that code. Marks may nest.
/// </summary>
internal static partial class Markup
{
    /// <summary>Checks that the generated code compiles and that exactly the marked diagnostics are reported.</summary>
    /// <returns>The messages of the diagnostics, in the order of the code.</returns>
    public static Task<string[]> CheckAsync(string markup, params MetadataReference[] references) => CheckAsync(markup, source => Code.Compile(source, references));

    /// <summary>The same of code in the newest language that this compiler has.</summary>
    public static Task<string[]> CheckNewestAsync(string markup) => CheckAsync(markup, Code.CompileNewest);

    private static async Task<string[]> CheckAsync(string markup, Func<string, CSharpCompilation> compile)
    {
        (string source, List<(string Id, TextSpan Span)> expected) = Parse(markup);
        CSharpCompilation compilation = Code.Generate(compile(source));
        Diagnostic[] found =
        [
            .. (await Code.DiagnoseAsync(compilation))
                .Where(static one => Code.IsOurs(one) || (one.Severity >= DiagnosticSeverity.Warning && !Code.IsNoise(one)))
                .OrderBy(static one => one.Location.SourceSpan.Start),
        ];

        string wanted = Describe(source, expected);
        string got = Describe(source, found.Select(static one => (one.Id, one.Location.SourceSpan)), found);
        Assert.True(wanted == got, $"Expected:\n{wanted}\nbut got:\n{got}");
        return [.. found.Select(static one => one.GetMessage(System.Globalization.CultureInfo.InvariantCulture))];
    }

    public static (string Source, List<(string Id, TextSpan Span)> Marks) Parse(string markup)
    {
        var source = new StringBuilder();
        var marks = new List<(string, TextSpan)>();
        var open = new Stack<(string Id, int Start)>();
        int at = 0;
        foreach (Match match in Mark().Matches(markup))
        {
            source.Append(markup, at, match.Index - at);
            at = match.Index + match.Length;
            if (match.Groups["id"] is { Success: true } id)
            {
                open.Push((id.Value, source.Length));
            }
            else
            {
                (string closed, int start) = open.Pop();
                marks.Add((closed, TextSpan.FromBounds(start, source.Length)));
            }
        }

        source.Append(markup, at, markup.Length - at);
        Assert.Empty(open);
        return (source.ToString(), marks);
    }

    // A difference shows as text: which rule, on which code, in which line.
    private static string Describe(string source, IEnumerable<(string Id, TextSpan Span)> diagnostics, Diagnostic[]? found = null)
    {
        SourceText text = SourceText.From(source);
        string[] all = [.. diagnostics.Select((one, i) =>
        {
            bool isHere = found is null || found[i].Location.SourceTree?.FilePath == "Test0.cs";
            return isHere && one.Span.End <= text.Length
                ? $"{one.Id} line {text.Lines.GetLineFromPosition(one.Span.Start).LineNumber + 1}: {text.ToString(one.Span)}"
                : found![i].ToString();
        })];
        Array.Sort(all, StringComparer.Ordinal);
        return string.Join('\n', all);
    }

    [GeneratedRegex(@"\{\|(?<id>[A-Z]+\d+):|\|\}")]
    private static partial Regex Mark();
}
