using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>What is in the packages, and what they ask for.</summary>
[Collection(nameof(PackedFeed))]
public sealed class PackageContentTests(PackedFeed feed)
{
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

    [Theory]
    [InlineData("Nub.Memory")]
    [InlineData("Nub.Kvm")]
    [InlineData("Nub.Ipc")]
    [InlineData("Nub.Virtio")]
    [InlineData("Nub.Memory.Testing")]
    public void A_package_says_what_it_is_and_is_documented(string name)
    {
        XElement metadata = feed.Metadata(name);
        Assert.Equal("Apache-2.0", metadata.Element("license")!.Value);
        Assert.Equal("expression", metadata.Element("license")!.Attribute("type")!.Value);
        Assert.Equal("README.md", metadata.Element("readme")!.Value);
        Assert.NotEmpty(metadata.Element("description")!.Value);
        Assert.NotEmpty(metadata.Element("tags")!.Value);
        Assert.Equal("git", metadata.Element("repository")!.Attribute("type")!.Value);
        Assert.EndsWith("/nub-dotnet/nub", metadata.Element("repository")!.Attribute("url")!.Value, StringComparison.Ordinal);
        Assert.EndsWith("/nub-dotnet/nub", metadata.Element("projectUrl")!.Value, StringComparison.Ordinal);

        using ZipArchive package = feed.Open(name);
        Assert.True(package.GetEntry("README.md")!.Length > 1_000);
        using Stream documentation = package.GetEntry($"lib/net10.0/{name}.xml")!.Open();
        Assert.True(XDocument.Load(documentation).Descendants("summary").Count() > 50);
    }

    [Theory]
    [InlineData("Nub.Memory", "lib/net10.0/Nub.Memory.dll")]
    [InlineData("Nub.Memory", "analyzers/dotnet/cs/Nub.Memory.Generators.dll")]
    [InlineData("Nub.Kvm", "lib/net10.0/Nub.Kvm.dll")]
    [InlineData("Nub.Ipc", "lib/net10.0/Nub.Ipc.dll")]
    [InlineData("Nub.Virtio", "lib/net10.0/Nub.Virtio.dll")]
    [InlineData("Nub.Memory.Testing", "lib/net10.0/Nub.Memory.Testing.dll")]
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
    }

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
}
