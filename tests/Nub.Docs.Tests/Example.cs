namespace Nub.Docs.Tests;

/// <summary>
/// Code of a page that is compiled together, and what it is to do. A block <c>csharp</c> is an example by itself: it compiles with the implicit usings and the rules as in a new project, without
/// a warning; if it is a program it is run, and the next block <c>text</c> is what it prints. What surrounds a block a comment before it says, which readers do not see:
/// <code>
/// &lt;!-- example: name other-name; setting; setting
/// hidden code
/// --&gt;
/// </code>
/// or, on pages of packages, <c>[//]: # "example: name; setting"</c> with an empty line before it. Blocks of one name are one program, in their order; a block may belong to several; a comment that no block follows adds hidden code alone. The settings:
/// <list type="bullet">
/// <item><c>file: Name.cs</c>: the block is a file of that name, which stack traces show.</item>
/// <item><c>throws: Type</c>: the program ends with that exception, whose message is the end of what it prints.</item>
/// <item><c>fails: NUB0001 NUB0010</c>: the compiler and the rules say exactly these.</item>
/// <item><c>arguments: a | b</c>: run once for each, at the same time, each when the one before has printed a line; each has a block <c>text</c> of its own, in this order.</item>
/// <item><c>needs: kvm</c>: run only where that is.</item>
/// <item><c>not run: why</c>: compiled only.</item>
/// </list>
/// What the block <c>text</c> after it is printed by, where that is another than the last block: <c>&lt;!-- printed by: name --&gt;</c>. In what is printed a line <c>…</c> stands for any lines, and <c>…</c> in a line for anything.
/// </summary>
internal sealed class Example(string page, string name)
{
    public string Page { get; } = page;

    public string Name { get; } = name;

    /// <summary>The code, hidden and shown, in the page's order.</summary>
    public List<Piece> Pieces { get; } = [];

    /// <summary>What the page says that it prints, block by block.</summary>
    public List<string> Printed { get; } = [];

    public string? Throws { get; private set; }

    public string[] Fails { get; private set; } = [];

    public string[] Arguments { get; private set; } = [""];

    public string? Needs { get; private set; }

    public string? NotRun { get; private set; }

    public override string ToString() => $"{Page}: {Name}";

    /// <summary>All examples of a page. What its comments say and nothing can be made of is an exception with the line.</summary>
    public static IReadOnlyList<Example> Of(Page page)
    {
        var examples = new Dictionary<string, Example>(StringComparer.Ordinal);
        Example Get(string name) => examples.TryGetValue(name, out Example? known) ? known : examples[name] = new Example(page.Path, name);

        List<Example> last = [];
        var places = page.Blocks.Select(static block => (block.Line, Block: (Block?)block, Comment: (Comment?)null))
            .Concat(page.Comments.Select(static comment => (comment.Line, Block: (Block?)null, Comment: (Comment?)comment))).OrderBy(static place => place.Line);
        (List<Example> Examples, string? File, int Line)? announced = null;
        foreach ((int line, Block? block, Comment? comment) in places)
        {
            if (comment is not null && comment.Text.TrimStart().StartsWith("example:", StringComparison.Ordinal))
            {
                (string head, string code) = Split(comment.Text);
                string[] parts = [.. head.TrimStart()["example:".Length..].Split(';', StringSplitOptions.TrimEntries)];
                List<Example> named = [.. parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Get)];
                string? file = named.Aggregate((string?)null, (known, example) => example.Set(parts[1..], line) ?? known);
                named.ForEach(example => example.Pieces.AddRange(code.Trim().Length == 0 ? [] : [new Piece(line + 1, code, null, IsShown: false)]));
                announced = (named, file, comment.FollowedBy);
            }
            else if (comment is not null && comment.Text.TrimStart().StartsWith("printed by:", StringComparison.Ordinal))
            {
                last = [.. comment.Text.Trim()["printed by:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Get)];
            }
            else if (block?.Language == "csharp")
            {
                last = announced is { } known && known.Line == block.Line ? known.Examples : [Get($"line {block.Line}")];
                string? file = announced is { } said && said.Line == block.Line ? said.File : null;
                last.ForEach(example => example.Pieces.Add(new Piece(block.Line + 1, block.Text, file, IsShown: true)));
            }
            else if (block?.Language == "text")
            {
                last.ForEach(example => example.Printed.Add(block.Text));
            }
            else if (block is not null)
            {
                last = [];      // What stands below other code, a command's for example, is that one's.
            }
        }

        return [.. examples.Values];
    }

    private static (string Head, string Code) Split(string comment)
    {
        int end = comment.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? (comment, "") : (comment[..end], comment[(end + 1)..]);
    }

    // The name of the block's file, where it has one.
    private string? Set(string[] settings, int line)
    {
        string? file = null;
        foreach (string setting in settings)
        {
            string[] parts = setting.Split(':', 2, StringSplitOptions.TrimEntries);
            string value = parts.Length == 2 && parts[1].Length > 0 ? parts[1] : throw new FormatException($"{Page}({line}): '{setting}' is no setting of an example.");
            switch (parts[0])
            {
                case "file": file = value; break;
                case "throws": Throws = value; break;
                case "fails": Fails = [.. value.Split(' ').Order(StringComparer.Ordinal)]; break;
                case "arguments": Arguments = value.Split('|', StringSplitOptions.TrimEntries); break;
                case "needs" when value == "kvm": Needs = value; break;
                case "not run": NotRun = value; break;
                default: throw new FormatException($"{Page}({line}): '{setting}' is no setting of an example.");
            }
        }

        return file;
    }
}

/// <summary>A piece of an example: the line of the page that it begins in, its text, its file's name if it has one, and whether readers see it.</summary>
internal sealed record Piece(int Line, string Text, string? File, bool IsShown);
