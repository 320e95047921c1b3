using System.IO.Compression;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>The packages, packed into a folder of their own, and a place for consumers that restore from it. All of it goes at the end.</summary>
public sealed class PackedFeed : IDisposable
{
    private static readonly string s_root = FindRoot();
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-packages-").FullName;

    public PackedFeed()
    {
        try
        {
            Pack();
        }
        catch
        {
            // Nobody disposes what was not made.
            Dispose();
            throw;
        }
    }

    private void Pack()
    {
        string configuration = typeof(PackedFeed).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static one => one.Key == "Configuration").Value!;
        foreach (string name in new[] { "Nub.Memory", "Nub.Kvm", "Nub.Ipc", "Nub.Virtio", "Nub.Memory.Testing" })
        {
            // What the build has left is packed. To build here would disturb the builds that run beside the tests.
            string project = Path.Combine(s_root, "src", name, name + ".csproj");
            (int exitCode, string output) = DotNet.Run(_folder, PackagesOfTheUser, "pack", project, "--no-build", "-c", configuration, "-o", Feed, "-v", "q");
            Assert.True(exitCode == 0, output);
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

    private string Feed => Path.Combine(_folder, "feed");

    private static string PackagesOfTheUser => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>A package, to look into. Its name may be the beginning of another's; a version begins with a digit.</summary>
    public ZipArchive Open(string name) => ZipFile.OpenRead(
        Directory.GetFiles(Feed, name + ".*.nupkg").Single(file => char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1])));

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
        consumer, File.ReadAllText(Path.Combine(s_root, "tests", "Nub.Package.Tests", "Consumers", consumer + ".cs")), package);

    /// <summary>Builds a consumer with nothing but a package.</summary>
    /// <param name="consumer">Its name.</param>
    /// <param name="source">Its one file.</param>
    /// <param name="package">The package.</param>
    /// <param name="framework">What it is built for.</param>
    /// <param name="properties">What else its project says, as elements.</param>
    /// <param name="items">What else its project refers to, as elements.</param>
    /// <returns>The exit code of the build, all that it printed, and the folder with what it made.</returns>
    public (int ExitCode, string Output, string Made) Build(
        string consumer, string source, string package, string framework = "net10.0", string properties = "", string items = "")
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, consumer)).FullName;
        string made = Path.Combine(folder, "out");
        File.WriteAllText(Path.Combine(folder, consumer + ".cs"), source);
        File.WriteAllText(Path.Combine(folder, consumer + ".csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>{framework}</TargetFramework>
                <OutputType>Exe</OutputType>
                <UseAppHost>false</UseAppHost>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
                <NuGetAudit>false</NuGetAudit>
                <NubLayoutReport>true</NubLayoutReport>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{package}" Version="{Metadata(package).Element("version")!.Value}" />
                {items}
              </ItemGroup>
            </Project>
            """);
        (int exitCode, string output) = DotNet.Run(folder, Path.Combine(_folder, "packages"), "build", "-o", made, "-tl:off");
        return (exitCode, output, made);
    }

    /// <summary>A file of the repository.</summary>
    public static string ReadFile(string path) => File.ReadAllText(Path.Combine(s_root, path)).ReplaceLineEndings("\n");

    /// <summary>Runs the tests of an assembly, whatever framework they are of.</summary>
    public static (int ExitCode, string Output) Test(string assembly) => DotNet.Run(Path.GetDirectoryName(assembly)!, PackagesOfTheUser, "vstest", assembly);

    public static (int ExitCode, string Output) Run(string program) => DotNet.Run(Path.GetDirectoryName(program)!, PackagesOfTheUser, program);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string FindRoot([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}

/// <summary>One feed for all tests: to pack twice at once would write the same files.</summary>
[CollectionDefinition(nameof(PackedFeed))]
public sealed class PackedFeedCollection : ICollectionFixture<PackedFeed>;
