namespace Nub.Docs.Tests;

/// <summary>That these tests fail where a page is wrong.</summary>
public sealed class HarnessTests : IDisposable
{
    private const string Program = """
        # A page

        ```csharp
        Console.WriteLine("one");
        Console.WriteLine("two");
        ```

        It prints

        ```text
        one
        two
        ```
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("nub-docs-").FullName;

    [Fact]
    public async Task A_true_page_passes() => Assert.Null(await ExampleTests.CheckAsync(Only(Program), _folder));

    [Theory]
    [InlineData("Console.WriteLine(\"one\");", "Console.WriteLine(\"eins\");", "the program prints\neins")]
    [InlineData("Console.WriteLine(\"two\");", "Console.WriteLine(\"two\"); Console.WriteLine();Console.WriteLine(3);", "the program prints\none")]
    [InlineData("Console.WriteLine(\"two\");", "Console.WritLine(\"two\");", "page.md(5,9): error CS0117")]
    [InlineData("Console.WriteLine(\"two\");", "int unused = 2;", "page.md(5,5): warning CS0219")]
    [InlineData("Console.WriteLine(\"two\");", "_ = Nub.Memory.ReadOnlySharedMemory.FromBytes(\"a\"u8).Clone(); throw new InvalidOperationException(\"no\");", "ends with 3")]
    [InlineData("Console.WriteLine(\"two\");", "Environment.Exit(5);", "ends with 5")]
    [InlineData("Console.WriteLine(\"two\");", "new Nub.Memory.ExclusiveSharedMemory(4096).Build().Host.Read<bool>(0);", "): error NUB0001")]
    public async Task A_stale_block_fails(string shown, string stale, string complaint)
    {
        Example example = Only(Program.Replace(shown, stale, StringComparison.Ordinal));
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => ExampleTests.CheckAsync(example, _folder));
        Assert.Contains(complaint, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_block_that_is_to_fail_and_does_not_fails()
    {
        Example example = Only("<!-- example: wrong; fails: NUB0001 -->\n" + Program);
        Assert.Empty(example.Fails);                // the comment is of the next block only, and here a heading follows it
        example = Only(Program.Replace("```csharp", "<!-- example: wrong; fails: NUB0001 -->\n```csharp", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<Exception>(() => ExampleTests.CheckAsync(example, _folder));
    }

    [Fact]
    public async Task Blocks_of_a_name_are_one_program_with_what_is_hidden_before_them()
    {
        Example example = Only("""
            # A page

            <!-- example: both
            using System.Text;
            var text = new StringBuilder();
            -->
            ```csharp
            text.Append(new Part().Number);
            ```

            [//]: # "example: both"

            ```csharp
            public sealed class Part { public int Number => 7; }
            ```

            <!-- example: both -->
            ```csharp
            Console.WriteLine($"{text} and more");
            ```

            ```text
            7 …
            ```
            """);
        Assert.Null(await ExampleTests.CheckAsync(example, _folder));
    }

    [Fact]
    public void An_unknown_setting_is_refused() =>
        Assert.Contains("page.md(1): 'fials: NUB0001'", Assert.Throws<FormatException>(() => Only("<!-- example: a; fials: NUB0001 -->\n```csharp\n```")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a\n…\nd", "a\nb\nc\nd", true)]
    [InlineData("a\n…", "a\nb\nc", true)]
    [InlineData("a … ns", "a 12.5 ns", true)]
    [InlineData("a … ns", "a 12.5 µs", false)]
    [InlineData("a\n…\nd", "a\nb\nc", false)]
    [InlineData("a", "a\nb", false)]
    [InlineData("", "a", false)]
    public void What_is_printed_is_compared_whole(string expected, string printed, bool same) => Assert.Equal(same, Runner.Compare(expected, printed) is null);

    [Fact]
    public void Broken_links_headings_and_paths_are_found()
    {
        var page = new Page("docs/a.md", "# A\n\n[one](b.md) [two](b.md#there-1) [three](#a) [four](c.md) [five](b.md#nowhere) `[six](d.md)` and `src/Nub.Memory/Gone.cs`, `src/*/x`, `docs/b.md`");
        var other = new Page("docs/b.md", "# B\n\n## There!\n\n## There\n");
        bool Has(string path) => path is "docs/a.md" or "docs/b.md";
        Assert.Equal(["docs/a.md(3): there is no docs/c.md", "docs/a.md(3): docs/b.md has no heading #nowhere"], LinkTests.BrokenLinks(page, Has, path => path == "docs/a.md" ? page : other));
        Assert.Equal(["docs/a.md(3): there is no src/Nub.Memory/Gone.cs"], LinkTests.MissingPaths(page, Has));
    }

    [Fact]
    public void A_page_that_no_index_names_is_found()
    {
        string[] pages = ["docs/README.md", "docs/a.md", "docs/b.md", "docs/more/README.md", "docs/more/c.md", "docs/more/d.md", "samples/S/README.md", "CHANGELOG.md"];
        Page Read(string path) => new(path, path switch { "docs/README.md" => "[a](a.md) [more](more/README.md)", "docs/more/README.md" => "[c](c.md)", _ => "" });
        Assert.Equal(["docs/b.md", "docs/more/d.md", "samples/S/README.md"], IndexTests.Missing(pages, Read));
    }

    [Fact]
    public void Blocks_without_a_language_or_an_end_are_found()
    {
        Assert.Single(LinkTests.WrongBlocks(new Page("a.md", "```\nvar a = 1;\n```\n\n```text\n```")));
        Assert.Single(LinkTests.WrongBlocks(new Page("a.md", "```cs\nvar a = 1;\n```")));
        Assert.Single(LinkTests.WrongBlocks(new Page("a.md", "```csharp\nvar a = 1;\n")));
        Assert.False(new Page("a.md", "no title").HasTitle);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Example Only(string page) => Assert.Single(Example.Of(new Page("page.md", page)), static example => example.Pieces.Count > 0);
}
