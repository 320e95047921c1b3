using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Nub.Package.Tests;

/// <summary>What build/release.sh writes beside the packages.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class ReleaseTests(PackedFeed feed)
{
    [Fact]
    public void Checksums_the_bill_of_materials_and_the_notes_are_of_the_packages()
    {
        string folder = feed.NewFolder("release");
        foreach (string name in PackedFeed.Names)
        {
            File.Copy(feed.FileOf(name), Path.Combine(folder, Path.GetFileName(feed.FileOf(name))));
        }

        (int exitCode, string output) = Release(folder, "Unreleased");
        Assert.True(exitCode == 0, output);

        (string Hash, string File)[] sums = [.. File.ReadAllLines(Path.Combine(folder, "SHA256SUMS")).Select(static line => line.Split("  ")).Select(static parts => (parts[0], parts[1]))];
        Assert.Equal(PackedFeed.Names.Count + 1, sums.Length);
        Assert.All(sums, sum => Assert.Equal(Hash(Path.Combine(folder, sum.File)), sum.Hash));

        JsonArray components = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "nub.cdx.json")))!["components"]!.AsArray();
        Assert.Equal(PackedFeed.Names.Order(StringComparer.Ordinal), components.Select(static one => (string)one!["name"]!).Order(StringComparer.Ordinal));
        Assert.All(components, one =>
        {
            Assert.Equal(feed.Version, (string)one!["version"]!);
            Assert.Equal(Hash(feed.FileOf((string)one["name"]!)), (string)one["hashes"]![0]!["content"]!);
            Assert.Equal("Apache-2.0", (string)one["licenses"]![0]!["expression"]!);
        });

        // Of others, with their licenses: in the tool alone.
        JsonNode tool = components.Single(static one => (string)one!["name"]! == "Nub.Tool")!;
        Assert.Equal(["System.CommandLine MIT", "System.Reflection.MetadataLoadContext MIT", "libclang.runtime.linux-x64 Apache-2.0 WITH LLVM-exception"],
            tool["components"]!.AsArray().Select(static one => $"{one!["name"]} {one["licenses"]![0]!["expression"]}").Order(StringComparer.Ordinal));
        Assert.All(components.Where(one => one != tool), static one => Assert.Null(one!["components"]));

        string notes = File.ReadAllText(Path.Combine(folder, "RELEASE_NOTES.md"));
        Assert.StartsWith("### Added\n", notes, StringComparison.Ordinal);
        Assert.Contains("- **Nub.Memory**: `ExclusiveSharedMemory`", notes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_that_the_changelog_does_not_know_is_refused()
    {
        string folder = feed.NewFolder("release-unknown");
        File.Copy(feed.FileOf("Nub.Ipc"), Path.Combine(folder, "Nub.Ipc.nupkg"));
        (int exitCode, string output) = Release(folder, "99.0.0");
        Assert.Equal(1, exitCode);
        Assert.Contains("has no section \"## 99.0.0\"", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output) Release(string folder, string section) => PackedFeed.Run(
        Path.Combine(PackedFeed.Root, "build", "Release", "bin", PackedFeed.Configuration, "net10.0", "Release.dll"), folder, Path.Combine(PackedFeed.Root, "CHANGELOG.md"), section, "946684800");

    private static string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
