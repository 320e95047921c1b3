namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>
/// The library, its samples, tests and benchmarks are the real code that the rules are measured on: they build with warnings as
/// errors, so that a report in any of them is a build that fails. Here it is seen to that the analyzers are there, and not told off.
/// </summary>
[Trait("Kind", "slow")]
public sealed class OwnProjectsTests
{
    public static TheoryData<string> Projects => [.. Directory.GetFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
        .Where(static path => File.ReadAllText(path) is { } project
            && (project.Contains("Nub.Memory.csproj", StringComparison.Ordinal) || path.EndsWith("Nub.Memory.csproj", StringComparison.Ordinal))
            && !project.Contains("Microsoft.CodeAnalysis", StringComparison.Ordinal)

            // Has it built, and uses none of it: the consumers of the packages are watched by what is in these.
            && !project.Contains("Nub.Memory.csproj\" ReferenceOutputAssembly=\"false\"", StringComparison.Ordinal))
        .Select(static path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_of_ours_is_watched(string path)
    {
        string project = File.ReadAllText(Repository.PathOf(path));
        int generator = project.IndexOf("Nub.Memory.Generators.csproj\"", StringComparison.Ordinal);

        Assert.NotEqual(-1, generator);
        Assert.Contains("OutputItemType=\"Analyzer\"", project[generator..], StringComparison.Ordinal);
        Assert.DoesNotContain("NUB0010", project, StringComparison.Ordinal);
        Assert.DoesNotContain("NUB0011", project, StringComparison.Ordinal);
    }
}
