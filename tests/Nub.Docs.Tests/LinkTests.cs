using System.Text.RegularExpressions;

namespace Nub.Docs.Tests;

/// <summary>What a page points at is there: files, headings, projects, scripts.</summary>
public sealed partial class LinkTests
{
    private static readonly string s_home = HomeOf(File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props")));

    /// <summary>Languages of blocks. C# has one name only, so that none is left out of the tests.</summary>
    private static readonly string[] s_languages = ["csharp", "csharp wrong", "csharp right", "text", "console", "bash", "xml", "json", "c", "mermaid", "yaml", "ini"];

    public static TheoryData<string> Pages => [.. Repository.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_of_a_page_leads_somewhere(string page) => Assert.Empty(BrokenLinks(Repository.Read(page), Repository.Has, Repository.Read));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_path_of_the_repository_that_a_page_names_is_there(string page) => Assert.Empty(MissingPaths(Repository.Read(page), Repository.Has));

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_has_a_title_and_its_blocks_have_a_language_and_an_end(string page)
    {
        Page read = Repository.Read(page);
        Assert.True(read.HasTitle, $"{page} does not begin with a title.");
        Assert.Empty(WrongBlocks(read));
    }

    /// <summary>A page that a package shows stands alone there: links from the root of the repository get its address when they are packed (src/Directory.Build.targets).</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void A_package_readme_links_to_nothing_beside_it(string page)
    {
        if (PackagePage().IsMatch(page))
        {
            Assert.DoesNotContain("<!--", File.ReadAllText(Path.Combine(Repository.Root, page)), StringComparison.Ordinal);
            Assert.All(Repository.Read(page).Links, static link => Assert.Matches("^(https://|[.][.]/[.][.]/)", link.Target));
        }
    }

    internal static string[] BrokenLinks(Page page, Func<string, bool> has, Func<string, Page> read)
    {
        var broken = new List<string>();
        foreach ((int line, string target) in page.Links)
        {
            string whole = target.StartsWith(s_home, StringComparison.Ordinal) ? "/" + OfHome().Replace(target[s_home.Length..], "") : target;
            if (whole.Contains("://", StringComparison.Ordinal) || whole.StartsWith("mailto:", StringComparison.Ordinal))
            {
                continue;
            }

            string[] parts = whole.Split('#', 2);
            string path = parts[0].Length == 0 ? page.Path : Resolve(page.Path, parts[0]);
            if (!has(path))
            {
                broken.Add($"{page.Path}({line}): there is no {path}");
            }
            else if (parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal) && !read(path).Anchors.Contains(parts[1]))
            {
                broken.Add($"{page.Path}({line}): {path} has no heading #{parts[1]}");
            }
        }

        return [.. broken];
    }

    internal static string[] MissingPaths(Page page, Func<string, bool> has) => [.. page.InlineCode
        .Concat(page.Blocks.Where(static block => block.Language is "console" or "bash").SelectMany(static block => block.Text.Split('\n').Select((line, i) => (block.Line + 1 + i, line))))
        .SelectMany(place => RepositoryPath().Matches(place.Item2).Select(match => (place.Item1, Path: match.Value.TrimEnd('.', '/'))))
        .Where(place => !has(place.Path)).Select(place => $"{page.Path}({place.Item1}): there is no {place.Path}").Distinct()];

    internal static string[] WrongBlocks(Page page) => [.. page.Blocks
        .Where(block => !s_languages.Contains(block.Language) || !block.IsClosed || block.Language.Contains(' ', StringComparison.Ordinal) && !page.Path.StartsWith("docs/diagnostics/NUB", StringComparison.Ordinal))
        .Select(block => $"{page.Path}({block.Line}): '{block.Language}' is no language of a block (one of: {string.Join(", ", s_languages)}), or the block does not end.")];

    private static string Resolve(string page, string target) => target.StartsWith('/') ? target.Trim('/')
        : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, target))).Replace('\\', '/');

    private static string HomeOf(string properties) => Home().Match(properties) is { Success: true } match ? match.Value
        : throw new InvalidOperationException("Directory.Build.props names no address of the repository.");

    [GeneratedRegex(@"https://github\.com/[^/<]+/[^/<]+")]
    private static partial Regex Home();

    [GeneratedRegex(@"^/(?:blob|tree)/[^/]+/?")]
    private static partial Regex OfHome();

    [GeneratedRegex(@"^src/[^/]+/README\.md$")]
    private static partial Regex PackagePage();

    // A file or folder of the house, and no pattern of them.
    [GeneratedRegex(@"(?<![\w./*-])(?>(?:src|tests|docs|samples|benchmarks|build|\.ci|\.github)/[\w./-]*)(?![*{<])")]
    private static partial Regex RepositoryPath();
}
