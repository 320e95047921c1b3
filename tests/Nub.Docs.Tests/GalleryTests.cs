using System.Text.RegularExpressions;

namespace Nub.Docs.Tests;

/// <summary>Each sample's page shows what it prints, and the gallery the last line of that.</summary>
public sealed partial class GalleryTests
{
    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "*.csproj", SearchOption.AllDirectories)
        .Select(static path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_shows_how_it_is_run_and_what_it_prints(string sample)
    {
        Page page = Repository.Read($"samples/{sample}/README.md");
        Assert.Contains(page.Blocks, block => block.Language == "console" && block.Text.Contains($"--project samples/{sample}", StringComparison.Ordinal));
        Block[] printed = [.. page.Blocks.Where(static block => block.Language == "text")];
        Assert.NotEmpty(printed);

        Match row = Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "gallery.md"))).Single(match => match.Groups["sample"].Value == sample);
        string[] lines = printed[^1].Text.TrimEnd().Split('\n');
        Assert.Equal(lines[^1], row.Groups["last"].Value);
    }

    [GeneratedRegex(@"^\| \[(?<sample>\w+)\]\(\.\./samples/\k<sample>/README\.md\) \| [^|]+ \| `(?<last>[^`]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
