using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Testing.Tests;

/// <summary>The code of the documents, compiled and run: as one program, block after block.</summary>
[Collection(nameof(DocumentTests))]
public sealed partial class DocumentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-documents-").FullName;

    [Fact]
    public void The_code_of_the_package_readme_runs()
    {
        string page = Page("src", "Nub.Memory.Testing", "README.md");
        string[] blocks = Blocks(page, "csharp");
        Assert.Equal(3, blocks.Length);
        string printed = Run(string.Join('\n', blocks).Replace("\"parser.svg\"", $"@\"{Path.Combine(_folder, "parser.svg")}\"", StringComparison.Ordinal));
        Assert.StartsWith("2 reads of 9 bytes, none of them read again; 3 runs.\n", printed, StringComparison.Ordinal);
        Assert.Contains("read", printed.Split('\n')[2], StringComparison.Ordinal);
        Assert.StartsWith("<svg ", File.ReadAllText(Path.Combine(_folder, "parser.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tutorial_prints_what_it_says()
    {
        string page = Page("docs", "prove-a-parser.md");
        string[] blocks = Blocks(page, "csharp");
        string[] output = Blocks(page, "text");
        Assert.Equal(6, blocks.Length);
        Assert.Equal(4, output.Length);
        (string types, string wrong, string right, string test, string script, string fuzz) = (blocks[0], blocks[1], blocks[3], blocks[2], blocks[4], blocks[5]);

        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => Run(test, types, wrong));
        Assert.True(failure.Message.ReplaceLineEndings("\n").StartsWith(output[0].Trim(), StringComparison.Ordinal), failure.Message);
        string[] printed = Run($"{test}\nConsole.WriteLine(\"---\");\n{script}\nConsole.WriteLine(\"---\");\n{fuzz}", types, right).Split("---\n");
        Assert.Equal(output[1].Trim(), printed[0].Trim());
        Assert.Equal(output[2].Trim(), printed[1].Trim());
        Assert.Equal(output[3].Trim(), printed[2].Trim());
    }

    [Fact]
    public void The_page_on_devices_prints_what_it_says()
    {
        string page = Page("docs", "virtio.md");
        string[] blocks = Blocks(page, "csharp");
        Assert.Equal(2, blocks.Length);
        Assert.Equal(Assert.Single(Blocks(page, "text")).Trim(), Run("using Nub.Memory;\nusing Nub.Virtio;\n" + blocks[1], "using Nub.Memory;\nusing Nub.Virtio;\n" + blocks[0]).Trim());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Run(string program, string types = "", string parser = "") => new Compiled(
        OutputKind.ConsoleApplication, ("Program.cs", program), ("Types.cs", types), ("Parser.cs", parser)).Run();

    private static string Page(params string[] path) => File.ReadAllText(Path.Combine([Compiled.Root(), .. path])).ReplaceLineEndings("\n");

    private static string[] Blocks(string page, string language) => [.. Block().Matches(page).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)];

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}

/// <summary>What a program prints goes by way of the console, of which there is one.</summary>
[CollectionDefinition(nameof(DocumentTests), DisableParallelization = true)]
public sealed class DocumentCollection;
