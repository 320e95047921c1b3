using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Nub.Package.Tests;

/// <summary>The rules and the generator in other compilers than this SDK's: the oldest that they load in, that of the first SDK for net10.0, and a newer one. A compiler comes as a package, where an SDK cannot be had.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed partial class CompilerTests(PackedFeed feed, ITestOutputHelper output)
{
    [SkippableTheory]
    [InlineData("4.14.0")]
    [InlineData("5.0.0")]
    [InlineData("5.9.0")]
    public void A_compiler_of_another_version_generates_and_refuses_the_same(string version)
    {
        string compiler = $"<PackageReference Include=\"Microsoft.Net.Compilers.Toolset\" Version=\"[{version}]\" PrivateAssets=\"all\" />";
        Skip.IfNot(PackedFeed.Fetch("Compiler", "", compiler, out string whyNot), $"Roslyn {version} cannot be had here: {whyNot.Trim()}");
        string name = "Roslyn" + version.Replace(".", "", StringComparison.Ordinal);

        // Its extension members are C# 14, which the oldest does not know.
        string good = File.ReadAllText(Repository.PathOf("tests", "Nub.Package.Tests", "Consumers", "Good.cs")).Replace("host.First<ulong>()", "host.Read<ulong>(0)", StringComparison.Ordinal);
        good = good[..good.IndexOf("public static class Extensions", StringComparison.Ordinal)];

        // Without the type the SDK takes its own compiler, whatever an older package says.
        const string latest = "<LangVersion>latest</LangVersion><RoslynCompilerType>Custom</RoslynCompilerType>";
        (int exitCode, string printed, string made) = feed.Build(name, good, "Nub.Memory", properties: latest, items: compiler);
        Assert.True(exitCode == 0, printed);

        // An older compiler than the SDK's cannot load the SDK's own analyzers, and says so of each; of ours it says nothing.
        Assert.All(Warning().Matches(printed), static warning =>
        {
            Assert.StartsWith("CS9057:", warning.Groups["text"].Value, StringComparison.Ordinal);
            Assert.DoesNotContain("nub.memory", warning.Groups["text"].Value, StringComparison.OrdinalIgnoreCase);
        });
        (exitCode, printed) = PackedFeed.Run(Path.Combine(made, name + ".dll"));
        Assert.True(exitCode == 0, printed);
        Assert.Equal("16 bytes, length 7, first 42", printed.Trim());

        string bad = good.Replace("uint _reserved12", "bool _reserved12", StringComparison.Ordinal);
        (exitCode, printed, _) = feed.Build(name + "Bad", bad, "Nub.Memory", properties: latest, items: compiler);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("error NUB0002:", printed, StringComparison.Ordinal);

        // That it was this compiler, and not the SDK's.
        (_, printed, _) = feed.Build(name + "Version", "#error version", "Nub.Memory", properties: latest, items: compiler);
        string expected = printed.Contains("Compiler path:", StringComparison.Ordinal) ? $"/microsoft.net.compilers.toolset/{version}/" : $"Compiler version: '{version}";
        Assert.True(printed.Replace('\\', '/').Contains(expected, StringComparison.OrdinalIgnoreCase), printed);
        output.WriteLine(printed.Split('\n').First(static line => line.Contains("CS8304", StringComparison.Ordinal)).Trim());
    }

    [GeneratedRegex(@": warning (?<text>\w+: [^\n]*)")]
    private static partial Regex Warning();
}
