using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>Programs that have nothing but a package.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed partial class ConsumerTests(PackedFeed feed)
{
    [Fact]
    public void A_good_program_builds_without_a_warning_and_runs()
    {
        (int exitCode, string output, string made) = feed.Build("Good", "Nub.Memory");
        Assert.True(exitCode == 0, output);
        Assert.Contains("0 Warning(s)", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(made, "Microsoft.CodeAnalysis*"));

        // Beside what was built stand the layouts, which the project asked for.
        Assert.Contains("| 8 | 4 | `Length` | `uint` | little-endian | 0 |", File.ReadAllText(Path.Combine(made, "Good.layout.md")), StringComparison.Ordinal);
        Assert.Equal("svg", XDocument.Load(Path.Combine(made, "Good.layout.svg")).Root!.Name.LocalName);

        (int result, string printed) = PackedFeed.Run(Path.Combine(made, "Good.dll"));
        Assert.True(result == 0, printed);
        Assert.Equal("16 bytes, length 7, first 42", printed.Trim());
    }

    // By way of the machines' package: its users are protected, too.
    [Fact]
    public void A_bad_program_gets_every_diagnostic_in_its_line_and_does_not_build()
    {
        (int exitCode, string output, _) = feed.Build("Bad", "Nub.Kvm");
        Assert.NotEqual(0, exitCode);
        string[] found = [.. Diagnostic().Matches(output).Select(static match => $"{match.Groups["line"].Value} {match.Groups["id"].Value}").Distinct().Order(StringComparer.Ordinal)];
        string source = File.ReadAllText(Repository.PathOf("tests", "Nub.Package.Tests", "Consumers", "Bad.cs"));
        string[] expected = [.. source.ReplaceLineEndings("\n").Split('\n').SelectMany(static (line, i) => Expected().Matches(line)
            .Select(match => $"{(i + 1).ToString(CultureInfo.InvariantCulture)} {match.Value}")).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, found);
    }

    // A project that takes one of the packages on top has the rules as well: they do not travel in those, but through them.
    [Theory]
    [InlineData("Nub.Kvm")]
    [InlineData("Nub.Ipc")]
    [InlineData("Nub.Virtio")]
    public void A_package_on_top_brings_the_rules_and_the_generator(string package)
    {
        (int exitCode, string output, _) = feed.Build("Only" + package, """
            using Nub.Memory;

            public static class Program
            {
                public static void Main() => System.Console.WriteLine(Request.Layout.Size);

                public static bool Read(HostSharedMemory host) => host.Read<bool>(0); // NUB0001
            }

            [AllValid]
            public partial struct Request
            {
                public uint Length;
            }
            """, package);
        Assert.NotEqual(0, exitCode);
        string error = Assert.Single(Error().Matches(output).Select(static match => match.Value).Distinct());
        Assert.StartsWith(": error NUB0001:", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_program_of_the_README_satisfies_every_rule_of_the_SDK_and_prints_what_the_page_says()
    {
        Match page = FirstProgram().Match(PackedFeed.ReadFile("README.md"));
        Assert.True(page.Success, "The README has no program followed by what it prints.");
        (int exitCode, string output, string made) = feed.Build("Strict", page.Groups["code"].Value, "Nub.Memory",
            properties: "<AnalysisMode>All</AnalysisMode><TreatWarningsAsErrors>true</TreatWarningsAsErrors><EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>");
        Assert.True(exitCode == 0, output);
        (int result, string printed) = PackedFeed.Run(Path.Combine(made, "Strict.dll"));
        Assert.True(result == 0, printed);
        Assert.Equal(page.Groups["output"].Value.Trim(), printed.ReplaceLineEndings("\n").Trim());
    }

    [Fact]
    public void A_project_for_an_older_framework_gets_one_error_that_says_what_it_needs()
    {
        // Without the framework's own packages, which only a registry has: what is asked is what the build says first.
        (int exitCode, string output, _) = feed.Build("Older", "System.Console.WriteLine();", "Nub.Memory", "net8.0",
            "<DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>");
        Assert.NotEqual(0, exitCode);
        string[] errors = [.. Error().Matches(output).Select(static match => match.Groups["text"].Value.Trim()).Distinct()];
        Assert.StartsWith("Nub.Memory needs net10.0 or newer, and this project is built for 'net8.0'.", Assert.Single(errors), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"Bad\.cs\((?<line>\d+),\d+\): (?:error|warning) (?<id>\w+):")]
    private static partial Regex Diagnostic();

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```\n\n[^`]*?^```text\n(?<output>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FirstProgram();

    [GeneratedRegex(@": error ?(?:\w+)? ?: (?<text>[^\[\n]*)")]
    private static partial Regex Error();

    [GeneratedRegex(@"(?<=// .*)(?:NUB|CS|CA)\d{4}")]
    private static partial Regex Expected();
}
