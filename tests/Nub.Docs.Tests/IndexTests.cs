namespace Nub.Docs.Tests;

/// <summary>Every page is found from an index.</summary>
public sealed class IndexTests
{
    [Fact]
    public void Every_page_is_in_the_index() => Assert.Empty(Missing(Repository.Pages, Repository.Read));

    /// <summary>Pages of docs/ are to be linked by the README.md of their folder, and that one by docs/README.md; samples' and packages' pages by a page of docs/.</summary>
    internal static string[] Missing(IEnumerable<string> pages, Func<string, Page> read)
    {
        string[] all = [.. pages];
        Dictionary<string, HashSet<string>> links = all.Where(static page => page.StartsWith("docs/", StringComparison.Ordinal)).ToDictionary(static page => page, page => LinksOf(read(page)));
        HashSet<string> fromDocs = [.. links.Values.SelectMany(static targets => targets)];
        return [.. all.Where(page => page != "docs/README.md" && page switch
        {
            _ when page.StartsWith("docs/", StringComparison.Ordinal) => !Index(page).Any(index => links.TryGetValue(index, out HashSet<string>? targets) && targets.Contains(page)),
            _ when page.StartsWith("samples/", StringComparison.Ordinal) || page.StartsWith("src/", StringComparison.Ordinal) => !fromDocs.Contains(page),
            _ => false,
        })];
    }

    private static IEnumerable<string> Index(string page)
    {
        string folder = Path.GetDirectoryName(page)!.Replace('\\', '/');
        if (Path.GetFileName(page) != "README.md")
        {
            yield return $"{folder}/README.md";
        }

        yield return "docs/README.md";
    }

    private static HashSet<string> LinksOf(Page page) => [.. page.Links.Select(static link => link.Target.Split('#')[0]).Where(static target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
        .Select(target => Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page.Path)!, target))).Replace('\\', '/'))];
}
