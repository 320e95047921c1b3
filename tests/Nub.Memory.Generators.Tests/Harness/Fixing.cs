using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>
/// Applies a code fix as an editor does: in a workspace whose project has the generated files, to one diagnostic after the other
/// until it has nothing more to offer, and to all of the document at once. Both must come to the same code.
/// </summary>
internal static class Fixing
{
    // Each fix removes a diagnostic; more rounds than this is a fix that feeds itself.
    private const int MostRounds = 20;

    /// <summary>
    /// Checks what becomes of the code. The result compiles, and nothing that the fix is for is left. Where a diagnostic has
    /// several remedies the key names one. Without other <paramref name="usings"/> it has those of a project with implicit ones.
    /// </summary>
    public static async Task CheckAsync<TFix>(string before, string after, string? key = null, bool leavesNothing = true, string? usings = null) where TFix : CodeFixProvider, new()
    {
        string one = await ToFixpointAsync<TFix>(before, key, all: false, usings);
        string all = await ToFixpointAsync<TFix>(before, key, all: true, usings);
        Assert.Equal(after.ReplaceLineEndings("\n"), one);
        Assert.Equal(one, all);
        await CheckResultAsync(one, leavesNothing ? new TFix().FixableDiagnosticIds : [], usings);
    }

    /// <summary>The titles that are offered for the first diagnostic of the code that the fix is for.</summary>
    public static async Task<string[]> TitlesAsync<TFix>(string source) where TFix : CodeFixProvider, new()
    {
        (Document document, Diagnostic[] diagnostics) = await OpenAsync(source, new TFix().FixableDiagnosticIds);
        return [.. (await ActionsAsync(new TFix(), document, diagnostics[0])).Select(static action => action.Title)];
    }

    private static async Task CheckResultAsync(string source, ImmutableArray<string> cured, string? usings)
    {
        CSharpCompilation compilation = Code.Generate(Code.Compile(source, usings));
        IEnumerable<Diagnostic> compiler = compilation.GetDiagnostics().Where(static one => one.Severity >= DiagnosticSeverity.Warning && !Code.IsNoise(one));
        IEnumerable<Diagnostic> rules = (await Code.AnalyzeAsync(compilation)).Where(one => cured.Contains(one.Id));
        Assert.Equal("", string.Join('\n', compiler.Concat(rules)));
    }

    private static async Task<string> ToFixpointAsync<TFix>(string source, string? key, bool all, string? usings) where TFix : CodeFixProvider, new()
    {
        var fix = new TFix();
        for (int round = 0; round < MostRounds; round++)
        {
            (Document document, Diagnostic[] diagnostics) = await OpenAsync(source, fix.FixableDiagnosticIds, usings);
            CodeAction? action = null;
            foreach (Diagnostic diagnostic in diagnostics)
            {
                action = (await ActionsAsync(fix, document, diagnostic)).FirstOrDefault(offered => key is null || offered.EquivalenceKey == key);
                if (action is not null)
                {
                    break;
                }
            }

            if (action is null)
            {
                return source;
            }

            if (all)
            {
                var context = new FixAllContext(
                    document, fix, FixAllScope.Document, action.EquivalenceKey, fix.FixableDiagnosticIds, new Known(document, diagnostics), CancellationToken.None);
                action = await fix.GetFixAllProvider()!.GetFixAsync(context);
            }

            string changed = await ApplyAsync(action!, document);
            Assert.True(source != changed, $"'{action!.Title}' changes nothing in\n{source}");
            source = changed;
        }

        throw new InvalidOperationException($"After {MostRounds} rounds there is still something to fix:\n{source}");
    }

    private static async Task<List<CodeAction>> ActionsAsync(CodeFixProvider fix, Document document, Diagnostic diagnostic)
    {
        var actions = new List<CodeAction>();
        await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), CancellationToken.None));
        return actions;
    }

    private static async Task<string> ApplyAsync(CodeAction action, Document document)
    {
        ImmutableArray<CodeActionOperation> operations = await action.GetOperationsAsync(CancellationToken.None);
        Solution solution = operations.OfType<ApplyChangesOperation>().Single().ChangedSolution;
        SourceText text = await solution.GetDocument(document.Id)!.GetTextAsync();
        return text.ToString().ReplaceLineEndings("\n");
    }

    // A project with the code, the generated files and the references; and what the fix is for.
    private static async Task<(Document Document, Diagnostic[] Diagnostics)> OpenAsync(string source, ImmutableArray<string> ids, string? usings = null)
    {
        CSharpCompilation compilation = Code.Generate(Code.Compile(source, usings));
        using var workspace = new AdhocWorkspace();
        Project project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "Test", "Test", LanguageNames.CSharp,
            compilationOptions: compilation.Options, parseOptions: Code.ParseOptions, metadataReferences: compilation.References));
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            project = project.AddDocument(tree.FilePath, await tree.GetTextAsync(), filePath: tree.FilePath).Project;
        }

        Document document = project.Documents.Single(static one => one.Name == "Test0.cs");
        SyntaxTree opened = (await document.GetSyntaxTreeAsync())!;
        Diagnostic[] diagnostics = [.. (await Code.AnalyzeAsync((CSharpCompilation)(await project.GetCompilationAsync())!))
            .Where(one => ids.Contains(one.Id) && one.Location.SourceTree == opened)
            .OrderBy(static one => one.Location.SourceSpan.Start)];
        return (document, diagnostics);
    }

    private sealed class Known(Document document, IEnumerable<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document of, CancellationToken cancellationToken) =>
            Task.FromResult(of.Id == document.Id ? diagnostics : []);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<Diagnostic>>([]);
    }
}
