using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>
/// Compares generated files with files that were read in review, by Verify's convention: <c>Snapshots/Class.Method#Hint.verified.cs</c>,
/// and on a mismatch what was received is written beside it. To accept it, rename it.
/// </summary>
internal static class Snapshot
{
    // Of buildProperties: what the project says, where it says something; of only: how the names of the files begin that matter.
    public static void Check(
        string source, ImmutableDictionary<string, string>? buildProperties = null, string only = "",
        [CallerFilePath] string file = "", [CallerMemberName] string method = "")
    {
        GeneratorDriverRunResult result = Code.CreateDriver(buildProperties: buildProperties).RunGenerators(Code.Compile(source)).GetRunResult();
        Assert.All(result.Results, static one => Assert.Null(one.Exception));
        string folder = Path.Combine(Path.GetDirectoryName(file)!, "Snapshots");
        string prefix = $"{Path.GetFileNameWithoutExtension(file)}.{method}";
        Directory.CreateDirectory(folder);

        var expected = Directory.GetFiles(folder, prefix + "#*.verified.cs").Select(static path => Path.GetFileName(path)!).ToHashSet(StringComparer.Ordinal);
        var wrong = new List<string>();
        foreach (GeneratedSourceResult generated in result.Results.SelectMany(static one => one.GeneratedSources).Where(one => one.HintName.StartsWith(only, StringComparison.Ordinal)))
        {
            string hint = Path.GetFileNameWithoutExtension(generated.HintName);
            string verified = Path.Combine(folder, $"{prefix}#{hint}.verified.cs");
            string received = Path.Combine(folder, $"{prefix}#{hint}.received.cs");
            string text = generated.SourceText.ToString();
            expected.Remove(Path.GetFileName(verified));
            if (File.Exists(verified) && File.ReadAllText(verified).ReplaceLineEndings("\n") == text)
            {
                File.Delete(received);
            }
            else
            {
                File.WriteAllText(received, text);
                wrong.Add(Path.GetFileName(received));
            }
        }

        Assert.True(wrong.Count == 0, "Differs from what was reviewed: " + string.Join(", ", wrong));
        Assert.True(expected.Count == 0, "No longer generated: " + string.Join(", ", expected));
    }
}
