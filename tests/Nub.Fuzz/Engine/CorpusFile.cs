using System.Text;

namespace Nub.Fuzz.Engine;

/// <summary>The inputs of a target in one file of text: a line of base64 for each, and a line that begins with # as a comment for readers. What once failed stands below such a line and is never left out.</summary>
internal static class CorpusFile
{
    /// <summary>Above the inputs that were found by failing.</summary>
    public const string Kept = "# Once failed; these stay:";

    public static string PathOf(string folder, string target) => Path.Combine(folder, target + ".txt");

    public static List<byte[]> Read(string path) => File.Exists(path) ? [.. Lines(File.ReadLines(path))] : [];

    /// <summary>Writes inputs in place of those that are there, and leaves what once failed as it is.</summary>
    public static void Write(string path, string target, IEnumerable<byte[]> inputs)
    {
        string[] old = File.Exists(path) ? File.ReadAllLines(path) : [];
        int kept = Array.FindIndex(old, static line => line.StartsWith(Kept, StringComparison.Ordinal));
        var text = new StringBuilder().Append("# Inputs of the target ").Append(target).AppendLine(", in base64; tests/fuzz.sh with NUB_FUZZ_KEEP writes this part.");
        foreach (byte[] input in inputs.OrderBy(static one => one.Length).ThenBy(Convert.ToHexString, StringComparer.Ordinal))
        {
            text.AppendLine(Convert.ToBase64String(input));
        }

        foreach (string line in kept < 0 ? [] : old[kept..])
        {
            text.AppendLine(line);
        }

        File.WriteAllText(path, text.ToString());
    }

    private static IEnumerable<byte[]> Lines(IEnumerable<string> lines) => lines.Where(static line => line.Length != 0 && line[0] != '#').Select(Convert.FromBase64String);
}
