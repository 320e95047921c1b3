using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Testing.Tests;

/// <summary>What the analyzer (NUB0010) finds of the parsers here, and what the kit finds; docs/prove-a-parser.md has the table and says why where they differ.</summary>
[Trait("Kind", "slow")]
public sealed partial class AgreementTests
{
    private static readonly string[] s_files = ["Content.cs", "WrongParsers.cs", "RightParsers.cs"];

    [Fact]
    public async Task The_analyzer_and_the_kit_agree_but_where_the_document_says_why()
    {
        string folder = Repository.PathOf("tests", "Nub.Memory.Testing.Tests");
        (string, string)[] files = [.. s_files.Select(name => (
            name, string.Join('\n', File.ReadLines(Path.Combine(folder, name)).Select(line => line.StartsWith("#pragma", StringComparison.Ordinal) ? "" : line))))];
        (string Path, int Line)[] found = await new Compiled(OutputKind.DynamicallyLinkedLibrary, files).AnalyzeAsync("NUB0010");

        var table = new List<string> { "| Parser | NUB0010 | `AssertSingleFetch` |", "|---|---|---|" };
        var differences = new List<string>();
        int both = 0;
        foreach (Type parsers in (Type[])[typeof(WrongParsers), typeof(RightParsers)])
        {
            string[] lines = files.Single(file => file.Item1 == parsers.Name + ".cs").Item2.Split('\n');
            foreach (MethodInfo parser in parsers.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).OrderBy(method => method.Name, StringComparer.Ordinal))
            {
                int first = Array.FindIndex(lines, line => line.Contains($" {parser.Name}(", StringComparison.Ordinal)) + 1;
                int last = Array.FindIndex(lines, first, line => line == "    }") + 1;
                bool byAnalyzer = found.Any(one => one.Path == parsers.Name + ".cs" && one.Line >= first && one.Line <= last);
                bool byKit = IsCaught(parser.CreateDelegate<Func<HostSharedMemory, object?>>());
                Assert.Equal(parsers == typeof(WrongParsers), byKit);
                if (byAnalyzer || byKit)
                {
                    table.Add($"| {parser.Name.Replace('_', ' ')} | {(byAnalyzer ? "found" : "–")} | {(byKit ? "found" : "–")} |");
                }

                both += byAnalyzer && byKit ? 1 : 0;
                if (byAnalyzer != byKit)
                {
                    differences.Add(parser.Name.Replace('_', ' '));
                }
            }
        }

        string page = File.ReadAllText(Repository.PathOf("docs", "prove-a-parser.md")).ReplaceLineEndings("\n");
        string expected = string.Join('\n', table);
        Assert.True(page.Contains(expected, StringComparison.Ordinal), $"The table of docs/prove-a-parser.md should be:\n{expected}");
        Assert.Contains(
            $"Of {SingleFetchTests.Wrong.Count} wrong parsers the test finds all and the analyzer {both}; of {SingleFetchTests.Right.Count} right ones neither reports any.", page, StringComparison.Ordinal);
        Assert.Equal(differences.Order(StringComparer.Ordinal), Explained().Matches(page).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    private static bool IsCaught(Func<HostSharedMemory, object?> parse)
    {
        using HostileMemory memory = Content.Create();
        try
        {
            memory.AssertSingleFetch(() => parse(memory.Host));
            return false;
        }
        catch (DoubleFetchException)
        {
            return true;
        }
    }

    [GeneratedRegex(@"^- \*\*(.+)\*\*: ", RegexOptions.Multiline)]
    private static partial Regex Explained();
}
