using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>What is in the packages, and what they ask for.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed partial class PackageContentTests(PackedFeed feed)
{
    private static readonly XDocument s_properties = XDocument.Parse(PackedFeed.ReadFile("Directory.Build.props"));

    private static readonly string s_repository = s_properties.Descendants("NubRepository").Single().Value;

    private static readonly bool s_isRegistered = (bool)s_properties.Descendants("NubRepositoryIsRegistered").Single();

    [Fact]
    public void The_runtime_carries_the_generator_the_analyzers_and_the_fixes_and_nothing_of_the_compiler()
    {
        using ZipArchive package = feed.Open("Nub.Memory");
        string[] files = [.. package.Entries.Select(static entry => entry.FullName).Where(static name => name.EndsWith(".dll", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(["analyzers/dotnet/cs/Nub.Memory.CodeFixes.dll", "analyzers/dotnet/cs/Nub.Memory.Generators.dll", "lib/net10.0/Nub.Memory.dll"], files);
        Assert.DoesNotContain(ReferencesOf(package, files[2]), static name => name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal));

        // A command-line build loads the analyzers without the workspaces that the fixes need (RS1038).
        Assert.DoesNotContain(ReferencesOf(package, files[1]), static name => name.Contains("Workspaces", StringComparison.Ordinal));
        Assert.Contains(ReferencesOf(package, files[0]), static name => name.Contains("Workspaces", StringComparison.Ordinal));
        Assert.NotNull(package.GetEntry("buildTransitive/Nub.Memory.props"));
        Assert.NotNull(package.GetEntry("buildTransitive/Nub.Memory.targets"));
    }

    [Fact]
    public void Every_fix_is_exported()
    {
        using ZipArchive package = feed.Open("Nub.Memory");
        (string Name, bool IsExported)[] fixes = Read(package, "analyzers/dotnet/cs/Nub.Memory.CodeFixes.dll", static reader => reader.TypeDefinitions
            .Select(reader.GetTypeDefinition)
            .Where(type => reader.GetString(type.Name).EndsWith("Fix", StringComparison.Ordinal))
            .Select(type => (reader.GetString(type.Name), type.GetCustomAttributes().Any(attribute => NameOf(reader, attribute) == "ExportCodeFixProviderAttribute")))
            .ToArray());
        Assert.True(fixes.Length >= 7);
        Assert.All(fixes, static fix => Assert.True(fix.IsExported, fix.Name));
    }

    public static TheoryData<string> Packages => [.. PackedFeed.Names];

    /// <summary>What others link to: all but the tool and the templates.</summary>
    public static TheoryData<string> Libraries => [.. PackedFeed.Names.Where(static name => name is not ("Nub.Tool" or "Nub.Templates"))];

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_says_what_it_is(string name)
    {
        XElement metadata = feed.Metadata(name);
        Assert.Equal("Apache-2.0", metadata.Element("license")!.Value);
        Assert.Equal("expression", metadata.Element("license")!.Attribute("type")!.Value);
        Assert.Equal("README.md", metadata.Element("readme")!.Value);
        Assert.Equal("icon.png", metadata.Element("icon")!.Value);
        Assert.NotEmpty(metadata.Element("description")!.Value);
        Assert.NotEmpty(metadata.Element("tags")!.Value);
        Assert.Equal("git", metadata.Element("repository")!.Attribute("type")!.Value);
        Assert.Equal(s_repository, metadata.Element("repository")!.Attribute("url")!.Value);
        Assert.Equal(s_repository, metadata.Element("projectUrl")!.Value);

        // The changelog's section, of this version or of what is not released.
        string notes = metadata.Element("releaseNotes")!.Value.ReplaceLineEndings("\n");
        Assert.Contains("### Added\n\n- **Nub.Memory**: `ExclusiveSharedMemory`", notes, StringComparison.Ordinal);
        Assert.DoesNotContain("## Unreleased", notes, StringComparison.Ordinal);
        Assert.True(notes.Length < 35_000, $"Registries take release notes of 35,000 characters at most; these have {notes.Length}.");
        Assert.Equal(!s_isRegistered, notes.Contains("is not registered yet", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_README_links_to_files_that_are_there_at_the_one_address_and_says_where_that_leads_nowhere(string name)
    {
        string source = PackedFeed.ReadFile($"src/{name}/README.md");
        Assert.DoesNotContain(s_repository, source, StringComparison.Ordinal);

        using ZipArchive package = feed.Open(name);
        using var reader = new StreamReader(package.GetEntry("README.md")!.Open());
        string packed = reader.ReadToEnd();
        Assert.Equal(!s_isRegistered, packed.Contains($"{s_repository}, is not registered yet", StringComparison.Ordinal));
        string[] links = [.. Link().Matches(packed).Select(static match => match.Groups["target"].Value)];
        Assert.NotEmpty(links);
        string pages = s_repository + "/blob/main/";
        Assert.All(links.Where(static link => !link.StartsWith('#')), link => Assert.StartsWith("https://", link, StringComparison.Ordinal));
        Assert.All(links.Where(link => link.StartsWith(pages, StringComparison.Ordinal)), link =>
            Assert.True(Path.Exists(Path.Combine(PackedFeed.Root, link[pages.Length..].Split('#')[0])), $"{link} is no file of the repository."));
    }

    [Fact]
    public void No_source_says_the_address_of_the_repository_but_the_one_property()
    {
        string[] folders = ["src", "samples", "build"];
        string[] sources = [.. folders.SelectMany(static folder => Directory.EnumerateFiles(Path.Combine(PackedFeed.Root, folder), "*", SearchOption.AllDirectories))
            .Where(static file => !file.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj"))
            .Where(static file => Path.GetExtension(file) is ".cs" or ".md" or ".csproj" or ".props" or ".targets" or ".json" or ".txt" or ".sh")];
        Assert.True(sources.Length > 100);
        Assert.DoesNotContain(sources, static file => File.ReadAllText(file).Contains(s_repository, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_package_has_these_files_and_no_others()
    {
        string found = string.Concat(PackedFeed.Names.Select(name =>
        {
            using ZipArchive package = feed.Open(name);
            return $"{name}\n{string.Concat(package.Entries.Select(static entry => entry.FullName).Where(static file => !IsOfTheContainer(file)).Order(StringComparer.Ordinal).Select(static file => $"  {file}\n"))}\n";
        }));
        Assert.True(found == PackedFeed.ReadFile("tests/Nub.Package.Tests/Contents.txt"), $"Contents.txt says something else than what was found:\n{found}");
    }

    [Fact]
    public void What_the_tool_carries_of_others_has_its_license_beside_it()
    {
        using ZipArchive package = feed.Open("Nub.Tool");
        using var reader = new StreamReader(package.GetEntry("THIRD-PARTY-NOTICES.txt")!.Open());
        string notices = reader.ReadToEnd();
        string[] others = [.. package.Entries.Where(static entry => entry.Name.EndsWith(".dll", StringComparison.Ordinal) || entry.Name.EndsWith(".so", StringComparison.Ordinal))
            .Select(static entry => entry.Name).Where(static file => !file.StartsWith("Nub.", StringComparison.Ordinal)).Distinct()];
        Assert.NotEmpty(others);
        Assert.All(others, file => Assert.Contains(file.EndsWith(".dll", StringComparison.Ordinal) ? file[..^4] : file, notices, StringComparison.Ordinal));
        Assert.Contains(package.Entries, static entry => entry.FullName == "libclang.LICENSE.txt" && entry.Length > 10_000);
    }

    // Not the tool, whose 200 MB take a minute and whose settings are the same.
    [Theory]
    [MemberData(nameof(Libraries))]
    public void Packing_twice_makes_the_same_file(string name) =>
        Assert.True(File.ReadAllBytes(feed.FileOf(name)).AsSpan().SequenceEqual(File.ReadAllBytes(feed.PackAgain(name))), "The two packages differ.");

    [Fact]
    public void Packing_the_solution_touches_the_packages_and_what_they_need_alone()
    {
        string graph = Path.Combine(feed.NewFolder("graph"), "graph.json");
        (int exitCode, string output) = DotNet.Run(PackedFeed.Root, PackedFeed.PackagesOfTheUser, "msbuild", "Nub.slnx", "-t:GenerateRestoreGraphFile", $"-p:RestoreGraphOutputPath={graph}", "-p:_IsPacking=true");
        Assert.True(exitCode == 0, output);
        string[] restored = [.. JsonNode.Parse(File.ReadAllText(graph))!["restore"]!.AsObject().Select(static one => Path.GetFileNameWithoutExtension(one.Key)).Order(StringComparer.Ordinal)];
        Assert.Equal(PackedFeed.Names.Concat(["Nub.Memory.CodeFixes", "Nub.Memory.Generators", "PublicDocumentation"]).Order(StringComparer.Ordinal), restored);
    }

    [Theory]
    [InlineData("Nub.Memory", "lib/net10.0/Nub.Memory.dll")]
    [InlineData("Nub.Memory", "analyzers/dotnet/cs/Nub.Memory.Generators.dll")]
    [InlineData("Nub.Memory", "analyzers/dotnet/cs/Nub.Memory.CodeFixes.dll")]
    [InlineData("Nub.Kvm", "lib/net10.0/Nub.Kvm.dll")]
    [InlineData("Nub.Ipc", "lib/net10.0/Nub.Ipc.dll")]
    [InlineData("Nub.Virtio", "lib/net10.0/Nub.Virtio.dll")]
    [InlineData("Nub.Memory.Testing", "lib/net10.0/Nub.Memory.Testing.dll")]
    [InlineData("Nub.Tool", "tools/net10.0/any/Nub.Tool.dll")]
    public void An_assembly_has_its_line_numbers_in_it_and_no_path_of_the_machine_that_built_it(string name, string assembly)
    {
        using ZipArchive package = feed.Open(name);
        using Stream entry = package.GetEntry(assembly)!.Open();
        using var image = new MemoryStream();
        entry.CopyTo(image);
        image.Position = 0;
        using var reader = new PEReader(image);
        DebugDirectoryEntry embedded = Assert.Single(reader.ReadDebugDirectory(), static one => one.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
        using MetadataReaderProvider symbols = reader.ReadEmbeddedPortablePdbDebugDirectoryData(embedded);
        MetadataReader documents = symbols.GetMetadataReader();
        Assert.NotEmpty(documents.Documents);
        Assert.All(documents.Documents, document => Assert.StartsWith("/_/", documents.GetString(documents.GetDocument(document).Name), StringComparison.Ordinal));

        // Where the sources are; and what was generated, which is nowhere, is inside. Without .git no commit is known.
        byte[][] links = Debugging(documents, EntityHandle.ModuleDefinition, s_sourceLink);
        Assert.Equal(Path.Exists(Path.Combine(PackedFeed.Root, ".git")), links.Length == 1);
        Assert.All(links, link => Assert.Matches($@"^\{{""documents"":\{{""/_/\*"":""{s_repository.Replace("github.com", "raw.githubusercontent.com", StringComparison.Ordinal)}/[0-9a-f]{{40}}/\*""\}}\}}$", Encoding.UTF8.GetString(link)));
        DocumentHandle[] generated = [.. documents.Documents.Where(document => documents.GetString(documents.GetDocument(document).Name).Contains("/obj/", StringComparison.Ordinal))];
        Assert.NotEmpty(generated);
        Assert.All(generated, document => Assert.Single(Debugging(documents, document, s_embeddedSource)));
    }

    private static readonly Guid s_sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    private static readonly Guid s_embeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private static byte[][] Debugging(MetadataReader symbols, EntityHandle parent, Guid kind) => [.. symbols.GetCustomDebugInformation(parent)
        .Select(symbols.GetCustomDebugInformation).Where(one => symbols.GetGuid(one.Kind) == kind).Select(one => symbols.GetBlobBytes(one.Value))];

    [Fact]
    public void The_runtime_depends_on_nothing_and_the_machines_on_the_runtime_with_its_analyzers()
    {
        Assert.Empty(feed.Metadata("Nub.Memory").Descendants("dependency"));
        XElement dependency = Assert.Single(feed.Metadata("Nub.Kvm").Descendants("dependency"));
        Assert.Equal("Nub.Memory", dependency.Attribute("id")!.Value);
        Assert.DoesNotContain("Analyzers", dependency.Attribute("exclude")?.Value ?? "", StringComparison.Ordinal);
        Assert.DoesNotContain("Build", dependency.Attribute("exclude")?.Value ?? "", StringComparison.Ordinal);
    }

    private static string[] ReferencesOf(ZipArchive package, string path) =>
        Read(package, path, static reader => reader.AssemblyReferences.Select(reference => reader.GetString(reader.GetAssemblyReference(reference).Name)).ToArray());

    private static T Read<T>(ZipArchive package, string path, Func<MetadataReader, T> read)
    {
        using Stream entry = package.GetEntry(path)!.Open();
        using var image = new MemoryStream();
        entry.CopyTo(image);
        image.Position = 0;
        using var assembly = new PEReader(image);
        return read(assembly.GetMetadataReader());
    }

    private static string? NameOf(MetadataReader reader, CustomAttributeHandle attribute) =>
        reader.GetCustomAttribute(attribute).Constructor is { Kind: HandleKind.MemberReference } constructor
            && reader.GetMemberReference((MemberReferenceHandle)constructor).Parent is { Kind: HandleKind.TypeReference } type
            ? reader.GetString(reader.GetTypeReference((TypeReferenceHandle)type).Name)
            : null;

    // What every package has because it is one, and what names it after a hash.
    private static bool IsOfTheContainer(string file) => file is "[Content_Types].xml" or "_rels/.rels" || file.StartsWith("package/services/", StringComparison.Ordinal);

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();
}
