using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Nub.Release;

/// <summary>A bill of materials in CycloneDX's form: each package with its hash, what it depends on, and what of others is inside it.</summary>
internal static class Bill
{
    public static string Of(string[] packages, DateTimeOffset time)
    {
        var components = new JsonArray();
        var dependencies = new JsonArray();
        foreach (string file in packages)
        {
            using ZipArchive package = ZipFile.OpenRead(file);
            XElement metadata = MetadataOf(package);
            string id = Value(metadata, "id")!;
            string version = Value(metadata, "version")!;
            Part[] inside = [.. PartsInside(package, id)];
            components.Add(Component(new Part(id, version, Value(metadata, "license")), SHA256.HashData(File.ReadAllBytes(file)), inside));
            dependencies.Add(new JsonObject
            {
                ["ref"] = Name(id, version),
                ["dependsOn"] = new JsonArray([.. metadata.Descendants().Where(static element => element.Name.LocalName == "dependency")
                    .Select(static one => (JsonNode)Name((string)one.Attribute("id")!, (string)one.Attribute("version")!))]),
            });
        }

        return new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject { ["timestamp"] = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null) },
            ["components"] = components,
            ["dependencies"] = dependencies,
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static JsonObject Component(Part part, byte[]? hash, Part[] inside)
    {
        var component = new JsonObject { ["type"] = "library", ["bom-ref"] = Name(part.Id, part.Version), ["name"] = part.Id, ["version"] = part.Version, ["purl"] = Name(part.Id, part.Version) };
        if (hash is not null)
        {
            component["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-256", ["content"] = Convert.ToHexStringLower(hash) });
        }

        if (part.License is not null)
        {
            component["licenses"] = new JsonArray(new JsonObject { ["expression"] = part.License });
        }

        if (inside.Length != 0)
        {
            component["components"] = new JsonArray([.. inside.Select(static one => (JsonNode)Component(one, null, []))]);
        }

        return component;
    }

    // A tool carries what it needs, and its .deps.json says what that is. Ours are components of their own.
    private static IEnumerable<Part> PartsInside(ZipArchive package, string id)
    {
        foreach (ZipArchiveEntry entry in package.Entries.Where(static entry => entry.Name.EndsWith(".deps.json", StringComparison.Ordinal)))
        {
            using Stream text = entry.Open();
            foreach ((string name, JsonNode? library) in JsonNode.Parse(text)!["libraries"]!.AsObject())
            {
                if (name.Split('/') is [string part, string version] && part != id && (string?)library!["type"] == "package")
                {
                    yield return new Part(part, version, LicenseOf(part, version));
                }
            }
        }
    }

    // From where it was restored to.
    private static string? LicenseOf(string id, string version)
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string file = Path.Combine(packages, id.ToLowerInvariant(), version, id.ToLowerInvariant() + ".nuspec");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants().FirstOrDefault(static element => element.Name.LocalName == "license" && (string?)element.Attribute("type") == "expression")?.Value
            : null;
    }

    private static XElement MetadataOf(ZipArchive package)
    {
        using Stream text = package.Entries.Single(static entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(text).Root!.Elements().First();
    }

    private static string? Value(XElement metadata, string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private static string Name(string id, string version) => $"pkg:nuget/{id}@{version}";

    private sealed record Part(string Id, string Version, string? License);
}
