using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;

namespace Nub.Docs.Tests;

/// <summary>Compiles an example as a new project with the package does: generators, rules, implicit usings, nullable references.</summary>
internal sealed class Compiler
{
    private static readonly string[] s_usings = ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks"];
    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.Preview);
    private static readonly Type[] s_types = Assembly.LoadFrom(FindGenerators()).GetTypes();
    private static readonly ImmutableArray<DiagnosticAnalyzer> s_analyzers = [.. Instances<DiagnosticAnalyzer>()];
    private static readonly ImmutableArray<MetadataReference> s_references = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Where(static path => Path.GetFileName(path) is { } name && name != "Nub.Docs.Tests.dll")
        .Select(static path => MetadataReference.CreateFromFile(path))];

    private readonly Compilation _compilation;

    private Compiler(Compilation compilation, bool isProgram) => (_compilation, IsProgram) = (compilation, isProgram);

    /// <summary>Whether it can be run: one of its pieces has statements outside of a type.</summary>
    public bool IsProgram { get; }

    public static Compiler Compile(Example example)
    {
        var usings = new SortedSet<string>(StringComparer.Ordinal);
        var statements = new StringBuilder();
        var types = new StringBuilder();
        var trees = new List<SyntaxTree>();
        foreach (Piece piece in example.Pieces)
        {
            CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(piece.Text, s_parse).GetCompilationUnitRoot();
            string[] own = [.. root.Usings.Select(static one => one.WithoutTrivia().NormalizeWhitespace().ToFullString())];
            bool hasStatements = root.Members.OfType<GlobalStatementSyntax>().Any();
            if (piece.File is not null || !hasStatements && root.Members.OfType<BaseNamespaceDeclarationSyntax>().Any())
            {
                trees.Add(CSharpSyntaxTree.ParseText(piece.Text, s_parse, piece.File ?? $"Piece{trees.Count}.cs", Encoding.UTF8));
                continue;
            }

            usings.UnionWith(own);
            foreach (MemberDeclarationSyntax member in root.Members)
            {
                int line = piece.Line + member.SyntaxTree.GetLineSpan(member.FullSpan).StartLinePosition.Line;
                (member is GlobalStatementSyntax ? statements : types).Append($"#line {line} \"{example.Page}\"\n{member.ToFullString()}\n");
            }

            // A block that does not parse as members (a lone statement that lacks its end) is to be told, not lost.
            statements.Append(root.EndOfFileToken.LeadingTrivia.ToFullString()).Append('\n');
            foreach (Diagnostic error in root.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error))
            {
                throw new FormatException($"{example.Page}({piece.Line + error.Location.GetLineSpan().StartLinePosition.Line}): {error.Id} {error.GetMessage()}");
            }
        }

        trees.Add(CSharpSyntaxTree.ParseText($"{string.Join('\n', usings)}\n{statements}\n{types}", s_parse, "Program.cs", Encoding.UTF8));
        trees.Add(CSharpSyntaxTree.ParseText(string.Join('\n', s_usings.Select(static name => $"global using {name};")), s_parse, "Usings.cs", Encoding.UTF8));
        bool isProgram = trees.Any(static tree => tree.GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any());
        var options = new CSharpCompilationOptions(
            isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable,
            allowUnsafe: example.Pieces.Any(static piece => piece.Text.Contains("unsafe", StringComparison.Ordinal)));
        var bare = CSharpCompilation.Create("Example", trees, s_references, options);
        CSharpGeneratorDriver.Create(Instances<IIncrementalGenerator>().Select(static generator => generator.AsSourceGenerator()), parseOptions: s_parse)
            .RunGeneratorsAndUpdateCompilation(bare, out Compilation whole, out _);
        return new Compiler(whole, isProgram);
    }

    /// <summary>What the compiler and the rules say, at the least as a warning.</summary>
    public async Task<Diagnostic[]> DiagnoseAsync()
    {
        ImmutableArray<Diagnostic> found = await new CompilationWithAnalyzers(_compilation, s_analyzers, new AnalyzerOptions([])).GetAllDiagnosticsAsync();
        return [.. found.Where(static one => one.Severity >= DiagnosticSeverity.Warning && !one.IsSuppressed && !IsNoise(one)).Distinct()];
    }

    public void Emit(string path)
    {
        using FileStream image = File.Create(path);
        using FileStream symbols = File.Create(Path.ChangeExtension(path, ".pdb"));
        EmitResult result = _compilation.Emit(image, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
    }

    // A field that a short example never uses, and a program that has nothing to wait for: warnings that a reader's project has as well, and which say nothing of the library.
    private static bool IsNoise(Diagnostic diagnostic) => diagnostic.Id is "CS0169" or "CS0649" or "CS0414" or "CS1998" or "CS1701" or "CS1702";

    private static IEnumerable<T> Instances<T>() => s_types.Where(static type => !type.IsAbstract && typeof(T).IsAssignableFrom(type)).Select(static type => (T)Activator.CreateInstance(type)!);

    private static string FindGenerators()
    {
        string configuration = typeof(Compiler).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        return Path.Combine(Repository.Root, "src", "Nub.Memory.Generators", "bin", configuration, "netstandard2.0", "Nub.Memory.Generators.dll");
    }
}
