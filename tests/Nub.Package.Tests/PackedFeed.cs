using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>The packages, packed into a folder of their own, and a place for consumers that restore from it. All of it goes at the end.</summary>
public sealed class PackedFeed : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-packages-").FullName;

    public PackedFeed()
    {
        try
        {
            Pack();
        }
        catch
        {
            // The caller cannot dispose what was not made.
            Dispose();
            throw;
        }
    }

    private void Pack()
    {
        foreach (string name in Names)
        {
            Pack(name, Feed);
        }

        // As the repository's: it only adds the feed. That ours come from there alone, and others from what this repository has restored, keeps the tests off the
        // network.
        File.WriteAllText(Path.Combine(_folder, "nuget.config"), $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources>
                <add key="nub-local" value="feed" />
                <add key="restored" value="{PackagesOfTheUser}" />
              </packageSources>
              <packageSourceMapping>
                <packageSource key="nub-local">
                  <package pattern="Nub.*" />
                </packageSource>
                <packageSource key="restored">
                  <package pattern="*" />
                </packageSource>
              </packageSourceMapping>
            </configuration>
            """);
    }

    private void Pack(string name, string into)
    {
        // What the build has left is packed. To build here would disturb the builds that run beside the tests.
        string project = Repository.PathOf("src", name, name + ".csproj");
        (int exitCode, string output) = DotNet.Run(_folder, PackagesOfTheUser, "pack", project, "--no-build", "-c", Configuration, "-o", into, "-v", "q");
        Assert.True(exitCode == 0, output);
    }

    /// <summary>Every package of this repository.</summary>
    public static IReadOnlyList<string> Names { get; } = ["Nub.Memory", "Nub.Kvm", "Nub.Ipc", "Nub.Virtio", "Nub.Memory.Testing", "Nub.Tool", "Nub.Templates"];

    /// <summary>Where the packages are.</summary>
    public string Feed => Path.Combine(_folder, "feed");

    /// <summary>Packs a package once more.</summary>
    /// <returns>The file.</returns>
    public string PackAgain(string name)
    {
        string folder = Path.Combine(_folder, "again");
        Pack(name, folder);
        return FileOf(name, folder);
    }

    /// <summary>The configuration that the tests, and what they pack, were built in.</summary>
    public static string Configuration { get; } = typeof(PackedFeed).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static one => one.Key == "Configuration").Value!;

    /// <summary>The root of the repository.</summary>
    public static string Root => Repository.Root;

    /// <summary>A new folder beside the feed, whose restores know it.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    /// <summary>What was restored for these tests alone.</summary>
    public string Packages => Path.Combine(_folder, "packages");

    /// <summary>Runs the SDK in a folder, with packages that are restored for these tests alone.</summary>
    public (int ExitCode, string Output) DotNetIn(string folder, params string[] arguments) => DotNet.Run(folder, Packages, arguments);

    /// <summary>Where this machine's user has packages: what others' packages are restored from.</summary>
    public static string PackagesOfTheUser => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>A package, to look into. Its name may be the beginning of another's; a version begins with a digit.</summary>
    public ZipArchive Open(string name) => ZipFile.OpenRead(FileOf(name, Feed));

    /// <summary>The file of a package.</summary>
    public string FileOf(string name) => FileOf(name, Feed);

    private static string FileOf(string name, string folder) => Directory.GetFiles(folder, name + ".*.nupkg").Single(file => char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1]));

    /// <summary>The version of all packages.</summary>
    public string Version => Metadata("Nub.Memory").Element("version")!.Value;

    /// <summary>What a package says of itself, without the namespace.</summary>
    public XElement Metadata(string name)
    {
        using ZipArchive package = Open(name);
        using Stream text = package.GetEntry(name + ".nuspec")!.Open();
        XElement metadata = XDocument.Load(text).Root!.Elements().Single();
        foreach (XElement element in metadata.DescendantsAndSelf())
        {
            element.Name = element.Name.LocalName;
        }

        return metadata;
    }

    /// <summary>Builds a consumer from Consumers/ with nothing but a package.</summary>
    /// <returns>The exit code of the build, all that it printed, and the folder with what it made.</returns>
    public (int ExitCode, string Output, string Made) Build(string consumer, string package) => Build(
        consumer, File.ReadAllText(Repository.PathOf("tests", "Nub.Package.Tests", "Consumers", consumer + ".cs")), package);

    /// <summary>Builds a consumer with nothing but a package.</summary>
    /// <param name="consumer">Its name.</param>
    /// <param name="source">Its one file.</param>
    /// <param name="package">The package.</param>
    /// <param name="framework">What it is built for.</param>
    /// <param name="properties">What else its project says, as elements.</param>
    /// <param name="items">What else its project refers to, as elements.</param>
    /// <param name="language">Its language, as its files' names end.</param>
    /// <returns>The exit code of the build, all that it printed, and the folder with what it made.</returns>
    public (int ExitCode, string Output, string Made) Build(
        string consumer, string source, string package, string framework = "net10.0", string properties = "", string items = "", string language = "cs")
    {
        string folder = Write(consumer, source, package, framework, properties, items, language);
        string made = Path.Combine(folder, "out");
        (int exitCode, string output) = DotNetIn(folder, "build", "-o", made, "-tl:off");
        return (exitCode, output, made);
    }

    /// <summary>Publishes a consumer with nothing but a package for the platform that this runs on. What that needs from a registry <see cref="Fetch"/> has brought.</summary>
    /// <param name="consumer">Its name.</param>
    /// <param name="source">Its one file.</param>
    /// <param name="package">The package.</param>
    /// <param name="properties">How it is published, as elements.</param>
    /// <returns>The exit code, all that it printed, and the folder with what it made.</returns>
    public (int ExitCode, string Output, string Made) Publish(string consumer, string source, string package, string properties)
    {
        string folder = Write(consumer, source, package, "net10.0", ForThisPlatform + properties, "", "cs");
        string made = Path.Combine(folder, "out");
        (int exitCode, string output) = DotNetIn(folder, "publish", "-o", made, "-tl:off");
        return (exitCode, output, made);
    }

    /// <summary>Brings what a kind of project needs beside the SDK into the packages of this machine's user, once for a machine: the consumers restore from there.</summary>
    /// <param name="name">Of the kind.</param>
    /// <param name="properties">What such a project says, as elements.</param>
    /// <param name="items">What such a project refers to, as elements.</param>
    /// <param name="whyNot">What was said where it could not be had.</param>
    /// <returns>Whether it is there.</returns>
    public static bool Fetch(string name, string properties, string items, out string whyNot)
    {
        // Outside of the feed's folder, in which nothing but what is restored can be had.
        string folder = Directory.CreateTempSubdirectory("nub-fetch-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, name + ".csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <OutputType>Exe</OutputType>
                    <NuGetAudit>false</NuGetAudit>
                    {properties}
                  </PropertyGroup>
                  <ItemGroup>{items}</ItemGroup>
                </Project>
                """);
            (int exitCode, whyNot) = DotNet.Run(folder, PackagesOfTheUser, "restore", "-tl:off");
            return exitCode == 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What a project says that is built for the platform that this runs on, as an element.</summary>
    public static string ForThisPlatform { get; } = $"<RuntimeIdentifier>{System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}</RuntimeIdentifier>";

    private string Write(string consumer, string source, string package, string framework, string properties, string items, string language)
    {
        string folder = NewFolder(consumer);
        File.WriteAllText(Path.Combine(folder, $"{consumer}.{language}"), source);
        File.WriteAllText(Path.Combine(folder, $"{consumer}.{language}proj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>{framework}</TargetFramework>
                <OutputType>Exe</OutputType>
                <UseAppHost>{(properties.Contains("<Publish", StringComparison.Ordinal) ? "true" : "false")}</UseAppHost>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
                <NuGetAudit>false</NuGetAudit>
                <NubLayoutReport>true</NubLayoutReport>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                {(language == "fs" ? $"<Compile Include=\"{consumer}.fs\" />" : "")}
                <PackageReference Include="{package}" Version="{Version}" />
                {items}
              </ItemGroup>
            </Project>
            """);
        return folder;
    }

    /// <summary>The version of others' package that this repository uses.</summary>
    public static string VersionOf(string package) => (string)XDocument.Parse(ReadFile("Directory.Packages.props"))
        .Descendants("PackageVersion").Single(one => (string?)one.Attribute("Include") == package).Attribute("Version")!;

    /// <summary>A file of the repository.</summary>
    public static string ReadFile(string path) => File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n");

    /// <summary>Runs the tests of an assembly, whatever framework they are of.</summary>
    public static (int ExitCode, string Output) Test(string assembly) => DotNet.Run(Path.GetDirectoryName(assembly)!, PackagesOfTheUser, "vstest", assembly);

    public static (int ExitCode, string Output) Run(string program, params string[] arguments) => DotNet.Run(Path.GetDirectoryName(program)!, PackagesOfTheUser, [program, .. arguments]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>One feed for all tests: to pack twice at once would write the same files.</summary>
[CollectionDefinition(nameof(PackedFeed))]
public sealed class PackedFeedCollection : ICollectionFixture<PackedFeed>;
