namespace Nub.Package.Tests;

/// <summary>The templates, as a user has them: installed from their package, a project of each created, built and run.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class TemplateTests(PackedFeed feed)
{
    [Theory]
    [InlineData("nub-host", "A message: Hello\nToo long a message: refused\n")]
    [InlineData("nub-device", "7: 49\n2000: refused\nTo serve it: dotnet run -- /tmp/square.sock\n")]
    public void A_project_of_a_template_builds_without_a_warning_and_runs(string template, string prints)
    {
        string folder = feed.NewFolder("template-" + template);

        // Into a hive of this test's own: the user's templates stay as they are.
        string hive = Path.Combine(folder, "hive");
        (int exitCode, string output) = feed.DotNetIn(folder, "new", "install", feed.FileOf("Nub.Templates"), "--debug:custom-hive", hive);
        Assert.True(exitCode == 0, output);
        (exitCode, output) = feed.DotNetIn(folder, "new", template, "-o", "Mine", "--debug:custom-hive", hive);
        Assert.True(exitCode == 0, output);

        string project = Path.Combine(folder, "Mine");
        Assert.Contains($"Version=\"{feed.Version}\"", File.ReadAllText(Path.Combine(project, "Mine.csproj")), StringComparison.Ordinal);
        string made = Path.Combine(project, "out");
        (exitCode, output) = feed.DotNetIn(project, "build", "-o", made, "-tl:off", "-p:NuGetAudit=false");
        Assert.True(exitCode == 0, output);
        Assert.Contains("0 Warning(s)", output, StringComparison.Ordinal);
        (int result, string printed) = PackedFeed.Run(Path.Combine(made, "Mine.dll"));
        Assert.True(result == 0, printed);
        Assert.Equal(prints, printed.ReplaceLineEndings("\n"));
    }
}
