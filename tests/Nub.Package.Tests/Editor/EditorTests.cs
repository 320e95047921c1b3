using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Nub.Package.Tests.Editor;

/// <summary>What an editor shows while its user types, in a project that has nothing but the package and 200 structs. The server is csharp-ls, which asks the compiler as the large editors do.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class EditorTests(PackedFeed feed, ITestOutputHelper output)
{
    private const string Version = "0.28.0";

    // The server finds the project by itself after it has said that it is ready; how long that takes is the machine's.

    [SkippableFact]
    public async Task Every_rule_arrives_in_its_line_with_its_page_and_goes_when_the_line_is_mended()
    {
        string folder = MakeProject();
        using LanguageServer server = StartServer(folder);
        await Initialize(server, folder);
        var clock = Stopwatch.StartNew();
        await WaitForTheProject(server, folder);
        output.WriteLine($"the project is known, and the first answer is there: {clock.Elapsed.TotalSeconds:0.0} s");

        var arrived = new List<TimeSpan>();
        var used = new List<TimeSpan>();
        var gone = new List<TimeSpan>();
        int version = 1;
        foreach (EditorCase one in EditorCases.All)
        {
            Open(server, folder, one.File, one.With(one.Right));
            Assert.Empty(Rules(await Diagnose(server, folder, one.File)));

            TimeSpan before = server.ProcessorTime;
            clock.Restart();
            Change(server, folder, one.File, one.With(one.Wrong), ++version);
            JsonNode[] found = await Diagnose(server, folder, one.File);
            arrived.Add(clock.Elapsed);
            used.Add(server.ProcessorTime - before);
            JsonNode diagnostic = Assert.Single(Rules(found));
            Assert.Equal(one.Rule, (string?)diagnostic["code"]);
            Assert.Equal(one.Line, (int)diagnostic["range"]!["start"]!["line"]!);
            Assert.Equal(HelpOf(one.Rule), (string?)diagnostic["codeDescription"]?["href"]);
            output.WriteLine($"{one.Rule}: {arrived[^1].TotalMilliseconds:0} ms, of the processors {used[^1].TotalMilliseconds:0} ms; {(string?)diagnostic["message"]}");
            clock.Restart();
            Change(server, folder, one.File, one.With(one.Right), ++version);
            Assert.Empty(Rules(await Diagnose(server, folder, one.File)));
            gone.Add(clock.Elapsed);
            output.WriteLine($"{one.Rule}: gone after {gone[^1].TotalMilliseconds:0} ms");
        }

        // Measured, and not asserted: the machine may be busy.
        output.WriteLine($"from the keystroke to the diagnostic: {Summary(arrived)}; of the processors: {Summary(used)}; until it is gone: {Summary(gone)}");
        await ComparePicture(server, folder);
    }

    [Fact]
    public void Every_rule_of_the_documentation_has_a_case() => Assert.Equal(
        Directory.GetFiles(Repository.PathOf("docs", "diagnostics"), "NUB*.md").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal),
        EditorCases.All.Select(static one => one.Rule));

    // Of the same server, because to start one takes a while.
    private static async Task ComparePicture(LanguageServer server, string folder)
    {
        Open(server, folder, EditorPicture.File, EditorPicture.Text.ReplaceLineEndings("\n"));
        string drawn = EditorPicture.Draw(Rules(await Diagnose(server, folder, EditorPicture.File)));
        string path = Repository.PathOf("docs", "images", "editor.svg");
        if (Environment.GetEnvironmentVariable("NUB_WRITE_PICTURE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, drawn);
        }

        Assert.True(drawn == await File.ReadAllTextAsync(path), $"{path} is not what the editor shows: run this test with NUB_WRITE_PICTURE=1.");
    }

    private static string Summary(List<TimeSpan> times) => string.Create(CultureInfo.InvariantCulture,
        $"{times.Min().TotalMilliseconds:0} to {times.Max().TotalMilliseconds:0} ms, half of them below {times.Order().ElementAt(times.Count / 2).TotalMilliseconds:0} ms");

    private string HelpOf(string rule) => $"{(string)feed.Metadata("Nub.Memory").Element("projectUrl")!}/blob/main/docs/diagnostics/{rule}.md";

    private string MakeProject()
    {
        string folder = feed.NewFolder("editor");
        File.WriteAllText(Path.Combine(folder, "Editor.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Nub.Kvm" Version="{feed.Version}" />
              </ItemGroup>
            </Project>
            """);
        foreach ((string name, string text) in EditorCases.Structs())
        {
            File.WriteAllText(Path.Combine(folder, name), text);
        }

        foreach (EditorCase one in EditorCases.All)
        {
            File.WriteAllText(Path.Combine(folder, one.File), one.With(one.Right));
        }

        File.WriteAllText(Path.Combine(folder, EditorPicture.File), EditorPicture.Text.ReplaceLineEndings("\n"));

        (int exitCode, string printed) = feed.DotNetIn(folder, "restore");
        Assert.True(exitCode == 0, printed);
        return folder;
    }

    private LanguageServer StartServer(string folder)
    {
        // From wherever this machine's user has tools from: in a folder of the feed's only what is restored can be had.
        string tools = feed.NewFolder("editor-tools");
        (int exitCode, string printed) = DotNet.Run(Path.GetTempPath(), PackedFeed.PackagesOfTheUser, "tool", "install", "csharp-ls", "--version", Version, "--tool-path", tools);
        Skip.If(exitCode != 0, $"csharp-ls {Version} cannot be had here: {printed.Trim()}");
        var start = new ProcessStartInfo(Path.Combine(tools, OperatingSystem.IsWindows() ? "csharp-ls.exe" : "csharp-ls")) { WorkingDirectory = folder };
        DotNet.Prepare(start, feed.Packages);

        // Without this setting the server asks the compiler alone.
        return new LanguageServer(start, static section => section == "csharp" ? new JsonObject { ["analyzersEnabled"] = true } : null);
    }

    private static async Task Initialize(LanguageServer server, string folder)
    {
        await server.AskAsync("initialize", new JsonObject
        {
            ["processId"] = Environment.ProcessId,
            ["rootUri"] = new Uri(folder).AbsoluteUri,
            ["workspaceFolders"] = new JsonArray(new JsonObject { ["uri"] = new Uri(folder).AbsoluteUri, ["name"] = "editor" }),
            ["capabilities"] = new JsonObject
            {
                ["workspace"] = new JsonObject { ["configuration"] = true, ["workspaceFolders"] = true },
                ["textDocument"] = new JsonObject { ["diagnostic"] = new JsonObject(), ["publishDiagnostics"] = new JsonObject { ["codeDescriptionSupport"] = true } },
            },
        });
        server.Tell("initialized", new JsonObject());
    }

    private static async Task WaitForTheProject(LanguageServer server, string folder)
    {
        EditorCase first = EditorCases.All[0];
        Open(server, folder, first.File, first.With(first.Wrong));
        for (var clock = Stopwatch.StartNew(); Rules(await Diagnose(server, folder, first.File)).Length == 0; await Task.Delay(100))
        {
            Assert.True(clock.Elapsed < Patience.ProgramLimit, $"The server says nothing of the first rule.\n{server.Log}");
        }

        Close(server, folder, first.File);
    }

    private static void Open(LanguageServer server, string folder, string file, string text) => server.Tell("textDocument/didOpen", new JsonObject
    {
        ["textDocument"] = new JsonObject { ["uri"] = UriOf(folder, file), ["languageId"] = "csharp", ["version"] = 1, ["text"] = text },
    });

    private static void Close(LanguageServer server, string folder, string file) =>
        server.Tell("textDocument/didClose", new JsonObject { ["textDocument"] = new JsonObject { ["uri"] = UriOf(folder, file) } });

    private static void Change(LanguageServer server, string folder, string file, string text, int version) => server.Tell("textDocument/didChange", new JsonObject
    {
        ["textDocument"] = new JsonObject { ["uri"] = UriOf(folder, file), ["version"] = version },
        ["contentChanges"] = new JsonArray(new JsonObject { ["text"] = text }),
    });

    private static async Task<JsonNode[]> Diagnose(LanguageServer server, string folder, string file)
    {
        JsonNode? report = await server.AskAsync("textDocument/diagnostic", new JsonObject { ["textDocument"] = new JsonObject { ["uri"] = UriOf(folder, file) } });
        return [.. report?["items"]?.AsArray().Select(static item => item!) ?? []];
    }

    private static JsonNode[] Rules(JsonNode[] diagnostics) => [.. diagnostics.Where(static one => ((string?)one["code"])?.StartsWith("NUB", StringComparison.Ordinal) == true)];

    private static string UriOf(string folder, string file) => new Uri(Path.Combine(folder, file)).AbsoluteUri;
}
