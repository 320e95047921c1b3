using System.Text.RegularExpressions;

namespace Nub.Memory.Tests;

/// <summary>What docs/design.md says of the runtime: a folder names types of the folders below it alone. All are one namespace, so no using says which one a file needs.</summary>
public sealed partial class FloorTests
{
    private const string Ground = "AllValid Analysis Errors Native Primitives Regions Tracing";
    private const string Kinds = ".";

    // A folder, and the folders whose types it may name besides the ground's and its own. Those of the top, which stand on the kinds of memory, may name all.
    private static readonly Dictionary<string, string> s_below = new(StringComparer.Ordinal)
    {
        ["Handles"] = "",
        ["Access"] = "",
        ["Locking"] = "",
        ["Recovery"] = "Access",
        ["Mapping"] = "Access Recovery",
        [Kinds] = "Access Locking Recovery Mapping",
    };

    private static readonly string[] s_top = ["Debugging", "Guest", "Observation", "Snapshots", "Stack", "Views"];

    // The doors upwards: members by which a user of the lower type finds the higher one, and what a debugger or an exception names a type by.
    private static readonly string[] s_doors =
    [
        "HostSharedMemory.Views.cs Views", "HostSharedMemory.Arrays.cs Views", "HostLease.Views.cs Views", "HostLease.Arrays.cs Views", "HostSharedMemory.cs Stack", "HostSharedMemory.cs Guest",
        "SharedMemory.cs Debugging", "RegionLock.cs .", "RegionLock.Exclusive.cs .",
    ];

    [Fact]
    public void A_folder_names_types_of_those_below_it_alone()
    {
        string root = Repository.PathOf("src", "Nub.Memory");
        (string Floor, string File, string Code)[] files =
        [
            .. Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories).Select(path => (Path.GetDirectoryName(Path.GetRelativePath(root, path))!, path))
                .Select(one => (one.Item1.Length == 0 ? Kinds : one.Item1, Path.GetFileName(one.path), CommentOrText().Replace(File.ReadAllText(one.path), "")))
                .Where(static one => !one.Item1.StartsWith("obj", StringComparison.Ordinal) && !one.Item1.StartsWith("bin", StringComparison.Ordinal)),
        ];
        ILookup<string, string> floorsOf = files.SelectMany(file => Declaration().Matches(file.Code).Select(type => (type.Groups["name"].Value, file.Floor))).Distinct()
            .ToLookup(static one => one.Value, static one => one.Floor, StringComparer.Ordinal);

        string[] upwards =
        [
            .. from file in files
               where !s_top.Contains(file.Floor)
               let allowed = (string[])[file.Floor, .. Ground.Split(' '), .. s_below.GetValueOrDefault(file.Floor, "").Split(' ')]
               from word in Word().Matches(file.Code).Select(static word => word.Value).Distinct()
               from floor in floorsOf[word]
               where !floorsOf[word].Any(allowed.Contains) && !s_doors.Contains($"{file.File} {floor}")
               select $"{file.Floor}/{file.File} names {word} of {floor}",
        ];

        Assert.True(floorsOf.Count > 100, $"{floorsOf.Count} types were found.");
        Assert.Empty(upwards);
        Assert.All(files, file => Assert.Contains(file.Floor, (string[])[.. Ground.Split(' '), .. s_below.Keys, .. s_top]));
    }

    [GeneratedRegex("""//[^\n]*|"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])'""")]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"^(public|internal)[\w ]*\b(class|struct|record|interface|enum|delegate [\w<>]+) (?<name>[A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\b[A-Z]\w+")]
    private static partial Regex Word();
}
