using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>What a newcomer copies first.</summary>
public sealed partial class SnippetTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/kvm.md")]
    [InlineData("src/Nub.Memory/README.md")]
    [InlineData("src/Nub.Kvm/README.md")]
    public async Task The_first_program_of_a_page_compiles_and_no_rule_objects(string page)
    {
        string text = (await File.ReadAllTextAsync(Path.Combine(DiagnosticPage.Root(), page))).ReplaceLineEndings("\n");
        string program = FirstBlock().Match(text).Groups["code"].Value;
        CSharpCompilation compilation = Code.Generate(Code.Compile([program, "global using System.Threading;"]));
        Assert.Equal(OutputKind.ConsoleApplication, compilation.Options.OutputKind);
        Assert.Empty(compilation.GetDiagnostics().Where(static one => one.Severity >= DiagnosticSeverity.Warning && !Code.IsNoise(one)));
        Assert.Empty(await Code.AnalyzeAsync(compilation));
    }

    [Theory]
    [InlineData("src/Nub.Memory/README.md")]
    [InlineData("src/Nub.Kvm/README.md")]
    public async Task What_a_package_says_links_to_nothing_beside_it(string page)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(DiagnosticPage.Root(), page));
        Assert.NotEmpty(Link().Matches(text));
        Assert.All(Link().Matches(text), static link => Assert.StartsWith("https://", link.Groups["target"].Value, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FirstBlock();

    [GeneratedRegex(@"\]\((?<target>[^)]*)\)")]
    private static partial Regex Link();
}
