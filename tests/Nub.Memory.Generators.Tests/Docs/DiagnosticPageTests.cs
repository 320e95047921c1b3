using System.Reflection;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>A rule is not complete without its page, its entry in the release notes and its help link; and the pages tell the truth.</summary>
public sealed class DiagnosticPageTests
{
    private static readonly string[] s_sections = ["## Example", "## What", "## Why", "## Where the line is", "## How to suppress"];

    private static readonly DiagnosticDescriptor[] s_rules =
        [.. typeof(Descriptors).GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(static field => field.GetValue(null)).OfType<DiagnosticDescriptor>().OrderBy(static rule => rule.Id, StringComparer.Ordinal)];

    public static TheoryData<string> Rules => [.. s_rules.Select(static rule => rule.Id)];

    [Fact]
    public void Every_descriptor_is_of_a_rule_of_its_own_that_an_analyzer_supports()
    {
        Assert.NotEmpty(s_rules);
        Assert.Equal(s_rules.Length, s_rules.Select(static rule => rule.Id).Distinct().Count());
        string[] supported = [.. TimedAnalysis.AllAnalyzers().SelectMany(static analyzer => analyzer.SupportedDiagnostics).Select(static rule => rule.Id).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(supported, s_rules.Select(static rule => rule.Id));
    }

    [Fact]
    public void Every_page_is_of_a_rule()
    {
        IEnumerable<string> pages = Directory.GetFiles(DiagnosticPage.Folder, "NUB*.md").Select(static path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);
        Assert.Equal(s_rules.Select(static rule => rule.Id), pages);
    }

    // The one place that says it.
    private static readonly Lazy<string> s_repository = new(static () => XDocument.Load(Path.Combine(DiagnosticPage.Folder, "..", "..", "Directory.Build.props")).Descendants("NubRepository").Single().Value);

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_rule_has_a_help_link_to_its_page(string id)
    {
        DiagnosticDescriptor rule = RuleOf(id);
        Assert.Equal($"{s_repository.Value}/blob/main/docs/diagnostics/{id}.md", rule.HelpLinkUri);
        Assert.NotNull(DiagnosticPage.Of(id));
        Assert.Contains($"[{id}]({id}.md) | {SeverityOf(rule)} |", File.ReadAllText(Path.Combine(DiagnosticPage.Folder, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_rule_stands_in_the_release_notes(string id)
    {
        DiagnosticDescriptor rule = RuleOf(id);
        string notes = string.Concat(Directory.GetFiles(Repository.PathOf("src", "Nub.Memory.Generators"), "AnalyzerReleases.*.md").Select(File.ReadAllText));
        Assert.Contains($"{id} | {rule.Category} | {rule.DefaultSeverity} | {rule.Title}", notes, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_page_has_the_rules_title_and_severity_and_all_sections_in_order(string id)
    {
        DiagnosticDescriptor rule = RuleOf(id);
        string text = DiagnosticPage.Of(id)!.Text;
        Assert.StartsWith($"# {id}: {rule.Title}\n\n{rule.DefaultSeverity}.", text, StringComparison.Ordinal);
        int[] places = [.. s_sections.Select(section => text.IndexOf($"\n{section}\n", StringComparison.Ordinal))];
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Every_wrong_example_gives_the_rule_and_every_right_one_nothing(string id)
    {
        IReadOnlyList<DiagnosticPage.Example> examples = DiagnosticPage.Of(id)!.Examples;
        Assert.Contains(examples, static example => example.IsWrong);
        Assert.Contains(examples, static example => !example.IsWrong);
        foreach (DiagnosticPage.Example example in examples)
        {
            CSharpCompilation compilation = Code.Generate(Code.Compile(example.Code));
            Diagnostic[] found =
            [
                .. compilation.GetDiagnostics().Where(static one => one.Severity >= DiagnosticSeverity.Warning && !Code.IsNoise(one)),
                .. await Code.AnalyzeAsync(compilation),
            ];
            string[] wrong = [.. found.Where(one => !example.IsWrong || one.Id != id).Select(static one => one.ToString())];
            Assert.True(wrong.Length == 0, $"{string.Join('\n', wrong)}\nin\n{example.Code}");
            Assert.True(!example.IsWrong || found.Length > 0, $"Nothing is found in\n{example.Code}");
        }
    }

    private static DiagnosticDescriptor RuleOf(string id) => s_rules.Single(rule => rule.Id == id);

    private static string SeverityOf(DiagnosticDescriptor rule) => rule.DefaultSeverity.ToString().ToLowerInvariant();
}
