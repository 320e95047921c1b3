using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Nub.Memory.Generators.Tests.Docs;

/// <summary>What holds for the sources: as docs/design.md says, a floor of the generators knows nothing of those above it; and texts name the actor.</summary>
public sealed partial class HouseTests
{
    [Theory]
    [InlineData("Layout", "Symbols")]
    [InlineData("Symbols", "Layout")]
    [InlineData("Dataflow", "Layout Symbols")]
    public void A_floor_knows_what_is_below_it_alone(string floor, string below)
    {
        string[] files = Directory.GetFiles(Repository.PathOf($"src/Nub.Memory.Generators/{floor}"), "*.cs", SearchOption.AllDirectories);
        string[] allowed = [floor, .. below.Split(' ')];

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.All(
            Ours().Matches(File.ReadAllText(file)).Select(static one => one.Groups[1].Value), floorOfUsing => Assert.Contains(floorOfUsing, allowed)));
    }

    [Fact]
    public void Documentation_and_messages_name_the_actor()
    {
        string root = Repository.PathOf("src");
        string[] files = [.. Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories).Where(static file => !file.Split('/', '\\').Any(static part => part is "bin" or "obj"))];

        Assert.NotEmpty(files);
        string[] found = [.. files.SelectMany(file => Riddles(Path.GetRelativePath(root, file), File.ReadAllText(file)))];
        Assert.True(found.Length == 0, "Name the peer, the guest, the thread or the caller that is meant:\n" + string.Join('\n', found));
    }

    [Fact]
    public void The_search_looks_into_documentation_and_every_kind_of_literal() =>
        Assert.Equal(
            ["a.cs:1: Whoever", "a.cs:4: somebody", "a.cs:4: nobody", "a.cs:5: Nobody", "a.cs:5: somebody", "a.cs:7: whoever"],
            Riddles("a.cs", """"
                /// <summary>Whoever reads.</summary>
                class C // somebody
                {
                    string A = "somebody" + $"{1} nobody";
                    byte[] B = [.. "Nobody"u8, .. """somebody"""u8];
                    string D = """
                        by whoever
                        """;
                }
                """"));

    private static IEnumerable<string> Riddles(string name, string source) =>
        from token in CSharpSyntaxTree.ParseText(source).GetRoot().DescendantTokens(descendIntoTrivia: true)
        where token.Parent is not null && (token.IsKind(SyntaxKind.XmlTextLiteralToken) || token.IsKind(SyntaxKind.InterpolatedStringTextToken)
            || token.Kind() is >= SyntaxKind.SingleLineRawStringLiteralToken and <= SyntaxKind.Utf8MultiLineRawStringLiteralToken or SyntaxKind.StringLiteralToken)
        from Match riddle in Riddle().Matches(token.Text)
        let at = token.SyntaxTree!.GetText().Lines.GetLinePosition(token.SpanStart + riddle.Index)
        select $"{name}:{at.Line + 1}: {riddle.Value}";

    [GeneratedRegex(@"\b(somebody|nobody|whoever)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Riddle();

    // Of a using, or of a name that is written in full; a namespace's own declaration is among what is allowed.
    [GeneratedRegex(@"\bNub\.Memory\.Generators\.(\w+)")]
    private static partial Regex Ours();
}
