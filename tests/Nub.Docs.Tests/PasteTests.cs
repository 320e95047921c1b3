using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Docs.Tests;

/// <summary>What a tutorial or a how-to shows compiles where it is pasted: file by file, in the page's order, with nothing that readers do not see but statements.</summary>
public sealed class PasteTests
{
    public static TheoryData<string> Pages => [.. Repository.Pages.Where(static page =>
        page.StartsWith("docs/tutorial-", StringComparison.Ordinal) || page.StartsWith("docs/how-to-", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void What_a_page_shows_can_be_pasted(string page) => Assert.Empty(Example.Of(Repository.Read(page)).SelectMany(Faults));

    [Theory]
    [InlineData("<!-- example: a\nusing System.Text;\n-->\n```csharp\nConsole.WriteLine(new StringBuilder());\n```", "a using or a type that readers do not see")]
    [InlineData("<!-- example: a\npublic struct Part;\n-->\n```csharp\nConsole.WriteLine(default(Part));\n```", "a using or a type that readers do not see")]
    [InlineData("<!-- example: a -->\n```csharp\npublic struct Part;\n```\n\n<!-- example: a -->\n```csharp\nConsole.WriteLine(default(Part));\n```", "CS8803")]
    [InlineData("<!-- example: a -->\n```csharp\nint i = 1;\n```\n\n<!-- example: a -->\n```csharp\nusing System.Text;\nConsole.WriteLine(i);\n```", "CS1529")]
    public void What_only_this_test_can_compile_is_a_fault(string page, string fault) =>
        Assert.Contains(fault, Assert.Single(Faults(Assert.Single(Example.Of(new Page("page.md", "# A page\n\n" + page))))), StringComparison.Ordinal);

    [Theory]
    [InlineData("<!-- example: a\nint i = 1;\n-->\n```csharp\nusing System.Text;\nConsole.WriteLine(i);\n```")]
    [InlineData("<!-- example: a; file: Part.cs -->\n```csharp\npublic struct Part;\n```\n\n<!-- example: a -->\n```csharp\nConsole.WriteLine(default(Part));\n```")]
    public void Statements_may_be_hidden_and_types_have_files_of_their_own(string page) => Assert.Empty(Faults(Assert.Single(Example.Of(new Page("page.md", "# A page\n\n" + page)))));

    private static IEnumerable<string> Faults(Example example)
    {
        foreach (Piece hidden in example.Pieces.Where(static piece => !piece.IsShown))
        {
            CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(hidden.Text).GetCompilationUnitRoot();
            if (root.Usings.Any() || root.Members.Any(static member => member is not GlobalStatementSyntax))
            {
                yield return $"{example}({hidden.Line}): a using or a type that readers do not see.";
            }
        }

        foreach (IGrouping<string, Piece> file in example.Pieces.Where(static piece => piece.IsShown).GroupBy(static piece => piece.File ?? "Program.cs", StringComparer.Ordinal))
        {
            foreach (Diagnostic error in CSharpSyntaxTree.ParseText(string.Concat(file.Select(static piece => piece.Text))).GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error))
            {
                yield return $"{example}, {file.Key}: {error.Id} {error.GetMessage()}";
            }
        }
    }
}
