using System.Text.RegularExpressions;

namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>A page of docs/diagnostics: its text, and the examples in its fenced blocks.</summary>
internal sealed partial class DiagnosticPage
{
    private DiagnosticPage(string text)
    {
        Text = text;
        Examples = [.. Block().Matches(text).Select(static match => new Example(match.Groups["kind"].Value == "wrong", match.Groups["code"].Value))];
    }

    public string Text { get; }

    /// <summary>What stands in blocks that begin with <c>```csharp wrong</c> and <c>```csharp right</c>.</summary>
    public IReadOnlyList<Example> Examples { get; }

    public static string Folder { get; } = Repository.PathOf("docs", "diagnostics");

    /// <summary>The page of a rule; null when there is none.</summary>
    public static DiagnosticPage? Of(string id)
    {
        string path = Path.Combine(Folder, id + ".md");
        return File.Exists(path) ? new DiagnosticPage(File.ReadAllText(path).ReplaceLineEndings("\n")) : null;
    }

    [GeneratedRegex(@"^```csharp (?<kind>wrong|right)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    internal sealed record Example(bool IsWrong, string Code);
}
