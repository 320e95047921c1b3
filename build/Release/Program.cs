using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Nub.Release;

// Writes what goes beside the packages of a release: their checksums, a bill of materials, and the changelog's section.
//
//   Release FOLDER CHANGELOG VERSION TIME     the folder with the packages, the changelog, a version or "Unreleased", and seconds since 1970
if (args is not [string folder, string changelog, string version, string time] || !long.TryParse(time, out long seconds))
{
    Console.Error.WriteLine("Release: expected are a folder with packages, the changelog, a version, and the commit's time in seconds since 1970.");
    return 2;
}

string[] packages = [.. Directory.GetFiles(folder, "*.nupkg").Order(StringComparer.Ordinal)];
if (packages.Length == 0)
{
    Console.Error.WriteLine($"Release: there is no package in '{folder}'.");
    return 1;
}

string notes = Section(File.ReadAllText(changelog).ReplaceLineEndings("\n"), version);
if (notes.Length == 0)
{
    Console.Error.WriteLine($"Release: '{changelog}' has no section \"## {version}\", or nothing in it.");
    return 1;
}

string bill = Path.Combine(folder, "nub.cdx.json");
File.WriteAllText(Path.Combine(folder, "RELEASE_NOTES.md"), notes + "\n");
File.WriteAllText(bill, Bill.Of(packages, DateTimeOffset.FromUnixTimeSeconds(seconds)));

// As sha256sum -c reads it.
File.WriteAllText(Path.Combine(folder, "SHA256SUMS"), string.Concat(packages.Append(bill).Select(static file =>
    $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}  {Path.GetFileName(file)}\n")));
Console.WriteLine($"{packages.Length} packages, nub.cdx.json, SHA256SUMS and RELEASE_NOTES.md are in {folder}.");
return 0;

static string Section(string changelog, string version) =>
    Regex.Match(changelog, $@"^## \[?{Regex.Escape(version)}\b[^\n]*\n(?<text>.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline).Groups["text"].Value.Trim();
