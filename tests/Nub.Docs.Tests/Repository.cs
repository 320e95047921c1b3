using System.Runtime.CompilerServices;

namespace Nub.Docs.Tests;

/// <summary>The repository that these tests were compiled in, and its pages.</summary>
internal static class Repository
{
    // A folder with a * has pages of its own, one with a / in the folders below it as well. What a build makes beside them is not looked at.
    private static readonly string[] s_places = ["*", ".github/*", "docs/", "src/", "samples/", "tests/", "benchmarks/", "packages/", "build/"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every Markdown file but the analyzers' release notes, whose form the compiler's tools prescribe; relative, with slashes, ascending.</summary>
    public static IReadOnlyList<string> Pages { get; } = [.. Files("*.md").Where(static path => !path.Contains("AnalyzerReleases.", StringComparison.Ordinal))];

    public static Page Read(string page) => new(page, File.ReadAllText(Path.Combine(Root, page)));

    /// <summary>Whether the repository has such a file or folder.</summary>
    public static bool Has(string path) => Path.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Files(string pattern) =>
        s_places.SelectMany(place => Folder(place) is { } folder && Directory.Exists(folder)
                ? Directory.EnumerateFiles(folder, pattern, place.EndsWith('*') ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories) : [])
            .Select(static path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(static path => !path.Split('/').Any(static part => part is "bin" or "obj" or "TestResults" or "_site"))
            .Order(StringComparer.Ordinal);

    private static string Folder(string place) => Path.Combine(Root, place.TrimEnd('*', '/'));

    private static string FindRoot([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
