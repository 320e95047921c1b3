using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Evaluation;

/// <summary>
/// How much of a set of mistakes from public reports the flow rules find, and how often they report what is right. Each piece was restated
/// from the report that it names, before the code that finds it was written.
/// </summary>
[Trait("Kind", "slow")]
public sealed partial class EvaluationTests(ITestOutputHelper output)
{
    private const int LeastWrong = 60;
    private const int LeastRight = 80;
    private const double LeastFound = 0.96;
    private const double MostFalse = 0;

    private const string Common = """
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Eval;

        namespace Eval
        {
            [AllValid] public partial struct Desc { public ulong Addr; public uint Len; public ushort Flags; public ushort Next; }
        }
        """;

    private static readonly Piece[] s_pieces = [.. ReadPieces()];

    [Fact]
    public void The_set_is_large_enough()
    {
        Assert.True(s_pieces.Count(static piece => piece.Expected is not null) >= LeastWrong, $"{s_pieces.Count(static piece => piece.Expected is not null)} are wrong");
        Assert.True(s_pieces.Count(static piece => piece.Expected is null) >= LeastRight, $"{s_pieces.Count(static piece => piece.Expected is null)} are right");
        Assert.All(s_pieces, static piece => Assert.NotEmpty(piece.Source));
    }

    [Fact]
    public async Task Most_mistakes_are_found_and_hardly_anything_right_is_reported()
    {
        // One compilation for all: each piece is a file with a namespace of its own.
        CSharpCompilation compilation = Code.Generate(Code.Compile([Common, .. s_pieces.Select(static (piece, i) => $"namespace Eval.P{i}\n{{\n{piece.Code}\n}}")]));
        string[] errors = [.. compilation.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error).Select(static one => one.ToString())];
        Assert.True(errors.Length == 0, string.Join('\n', errors));
        ILookup<string?, Diagnostic> found = (await Code.AnalyzeAsync(compilation)).ToLookup(static one => one.Location.SourceTree?.FilePath);
        var missed = new List<string>();
        var wrongly = new List<string>();
        foreach ((Piece piece, int i) in s_pieces.Select(static (piece, i) => (piece, i)))
        {
            // Only rules about flow: what else there is would be a mistake of the piece.
            string[] ids = [.. found[$"Test{i + 1}.cs"].Select(static one => one.Id)];
            if (piece.Expected is { } expected && !ids.Contains(expected))
            {
                missed.Add($"{expected}: {piece.Source}");
            }

            if (piece.Expected is null && ids.Length > 0)
            {
                wrongly.Add($"{string.Join(", ", found[$"Test{i + 1}.cs"].Select(static one => one.ToString()))}: {piece.Source}");
            }
        }

        int wrong = s_pieces.Count(static piece => piece.Expected is not null);
        int right = s_pieces.Length - wrong;
        string result = $"found {wrong - missed.Count} of {wrong}, false {wrongly.Count} of {right}\nmissed:\n{string.Join('\n', missed)}\nfalse:\n{string.Join('\n', wrongly)}";
        output.WriteLine(result);
        Assert.True(wrong - missed.Count >= LeastFound * wrong, result);
        Assert.True(wrongly.Count <= MostFalse * right, result);
    }

    private static IEnumerable<Piece> ReadPieces()
    {
        foreach (string path in Directory.GetFiles(Repository.PathOf("tests", "Nub.Memory.Generators.Tests", "Evaluation", "Pieces"), "*.txt").Order(StringComparer.Ordinal))
        {
            foreach (Match match in Header().Matches(File.ReadAllText(path).ReplaceLineEndings("\n")))
            {
                yield return new Piece(match.Groups["id"] is { Success: true, Value: var id } ? id : null, match.Groups["source"].Value, match.Groups["code"].Value);
            }
        }
    }

    [GeneratedRegex(@"^=== (wrong (?<id>NUB\d+)|right) \| (?<source>.+)\n(?<code>(?:(?!=== ).*\n?)*)", RegexOptions.Multiline)]
    private static partial Regex Header();

    /// <param name="Expected">The rule that is to find it; null when it is right.</param>
    /// <param name="Source">The report that it was restated from, or what is right about it.</param>
    /// <param name="Code">Its types.</param>
    private sealed record Piece(string? Expected, string Source, string Code);
}
