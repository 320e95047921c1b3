using System.Text.RegularExpressions;

namespace Nub.Docs.Tests;

/// <summary>A page in Markdown: its fenced blocks, the comments that say what surrounds them, its headings and its links.</summary>
internal sealed partial class Page
{
    private readonly string[] _prose;

    public Page(string path, string text)
    {
        Path = path;
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        (Blocks, Comments, _prose) = Read(lines);
        Headings = [.. _prose.Select(static line => Heading().Match(line)).Where(static match => match.Success).Select(static match => match.Groups["text"].Value.Trim())];
        Anchors = Slugs(Headings);
    }

    public string Path { get; }

    public IReadOnlyList<Block> Blocks { get; }

    public IReadOnlyList<Comment> Comments { get; }

    public IReadOnlyList<string> Headings { get; }

    /// <summary>What can stand behind the # of a link to this page.</summary>
    public IReadOnlySet<string> Anchors { get; }

    /// <summary>Whether its first line is a title.</summary>
    public bool HasTitle => _prose.Length > 0 && _prose[0].StartsWith("# ", StringComparison.Ordinal) && _prose[0].Length > 2;

    /// <summary>The targets of links and pictures outside of code, with their lines from 1 on.</summary>
    public IEnumerable<(int Line, string Target)> Links => Proses(WithoutCode)
        .SelectMany(static line => Link().Matches(line.Text).Concat(Reference().Matches(line.Text)).Concat(Html().Matches(line.Text))
            .Select(match => (line.Number, match.Groups["target"].Value)));

    /// <summary>What stands between single backquotes.</summary>
    public IEnumerable<(int Line, string Code)> InlineCode => Proses(static line => line)
        .SelectMany(static line => Inline().Matches(line.Text).Select(match => (line.Number, match.Groups["code"].Value)));

    // A fence ends with one that is as long and says nothing; what stands in it, and in comments, is no prose.
    private static (List<Block> Blocks, List<Comment> Comments, string[] Prose) Read(string[] lines)
    {
        var blocks = new List<Block>();
        var comments = new List<Comment>();
        string[] prose = [.. lines];
        for (int at = 0; at < lines.Length; at++)
        {
            if (Fence().Match(lines[at]) is { Success: true } fence)
            {
                int begin = at;
                string indent = fence.Groups["indent"].Value;
                while (++at < lines.Length && lines[at].Trim() != fence.Groups["fence"].Value)
                {
                }

                string[] code = [.. lines[(begin + 1)..Math.Min(at, lines.Length)].Select(line => line.StartsWith(indent, StringComparison.Ordinal) ? line[indent.Length..] : line)];
                blocks.Add(new Block(begin + 1, fence.Groups["language"].Value.Trim(), string.Join('\n', code) + "\n", at < lines.Length));
                Array.Fill(prose, "", begin, Math.Min(at + 1, lines.Length) - begin);
            }
            else if (PlainComment().Match(lines[at]) is { Success: true } plain)
            {
                comments.Add(new Comment(at + 1, plain.Groups["text"].Value, NextLine(lines, at)));
                prose[at] = "";
            }
            else if (lines[at].StartsWith("<!--", StringComparison.Ordinal))
            {
                int begin = at;
                while (at < lines.Length - 1 && !lines[at].Contains("-->", StringComparison.Ordinal))
                {
                    at++;
                }

                string whole = string.Join('\n', lines[begin..(at + 1)]);
                comments.Add(new Comment(begin + 1, whole[4..Math.Max(4, whole.LastIndexOf("-->", StringComparison.Ordinal))], NextLine(lines, at)));
                Array.Fill(prose, "", begin, at + 1 - begin);
            }
        }

        return (blocks, comments, prose);
    }

    // The number of the next line that is not empty.
    private static int NextLine(string[] lines, int at)
    {
        do
        {
            at++;
        }
        while (at < lines.Length && lines[at].Length == 0);

        return at + 1;
    }

    // As GitHub makes them: lower case, no punctuation, a hyphen for each space, a number for what is there already.
    private static HashSet<string> Slugs(IEnumerable<string> headings)
    {
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        foreach (string heading in headings)
        {
            string plain = MarkdownLink().Replace(heading, "${text}");
            string slug = string.Concat(plain.ToLowerInvariant().Where(static one => char.IsLetterOrDigit(one) || one is ' ' or '-' or '_')).Replace(' ', '-');
            string unique = slug;
            for (int number = 1; !slugs.Add(unique); number++)
            {
                unique = $"{slug}-{number}";
            }
        }

        return slugs;
    }

    private IEnumerable<(int Number, string Text)> Proses(Func<string, string> take) => _prose.Select((line, i) => (i + 1, take(line)));

    private static string WithoutCode(string line) => Inline().Replace(line, "code");

    [GeneratedRegex(@"^(?<indent> {0,4})(?<fence>`{3,})(?<language>[^`]*)$")]
    private static partial Regex Fence();

    // A definition that no link uses: invisible also where HTML is shown as text, as galleries of packages do.
    [GeneratedRegex(@"^\[//\]: # ""(?<text>[^""]*)""$")]
    private static partial Regex PlainComment();

    [GeneratedRegex(@"^#{1,6} (?<text>.*)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\((?<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\[[^\]]+\]:\s+(?<target>\S+)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"(?:src|href)=""(?<target>[^""]*)""")]
    private static partial Regex Html();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\([^)]*\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex(@"(?<!`)`(?<code>[^`]+)`(?!`)")]
    private static partial Regex Inline();
}

/// <summary>A fenced block: the line of its fence from 1 on, what stands behind the fence, its text, and whether it ends.</summary>
internal sealed record Block(int Line, string Language, string Text, bool IsClosed);

/// <summary>A comment that begins a line: that line, its text, and the next line that is not empty.</summary>
internal sealed record Comment(int Line, string Text, int FollowedBy);
