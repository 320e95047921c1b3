using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>Code under test: compiled as a user's project is, with the generators and the analyzers in it.</summary>
internal static class Code
{
    /// <summary>What a project with implicit usings has.</summary>
    private const string Usings = """
        global using global::System;
        global using global::System.Collections.Generic;
        global using global::System.Runtime.CompilerServices;
        global using global::System.Runtime.InteropServices;
        global using global::Nub.Memory;
        """;

    private static readonly ImmutableArray<MetadataReference> s_references = FindReferences();

    public static readonly CSharpParseOptions ParseOptions =
        new(LanguageVersion.CSharp13, DocumentationMode.Diagnose, SourceCodeKind.Regular);

    /// <summary>Those of C# 14 as far as this compiler has it: extension blocks, and the <c>field</c> of a property.</summary>
    public static readonly CSharpParseOptions NewestParseOptions = ParseOptions.WithLanguageVersion(LanguageVersion.Preview);

    private static readonly SyntaxTree s_usings = CSharpSyntaxTree.ParseText(Usings, ParseOptions, "Usings.cs");

    // What is compiled starts from this one: as long as the references and the name stay, the references need not be bound again.
    private static readonly CSharpCompilation s_bare = CSharpCompilation.Create("Test", [], s_references, Options(isProgram: false, allowUnsafe: false));

    public static ImmutableArray<MetadataReference> References => s_references;

    public static CSharpCompilation Compile(string source, params MetadataReference[] more) => Compile([source], more);

    /// <summary>Code whose file of global usings is another than that of a project with implicit ones.</summary>
    public static CSharpCompilation Compile(string source, string? usings) => usings is null
        ? Compile(source)
        : Compile(source).ReplaceSyntaxTree(s_usings, CSharpSyntaxTree.ParseText(usings, ParseOptions, s_usings.FilePath));

    /// <summary>Code in an assembly called Test; with more references than usual, in one of a name of its own, so that one of them may be called Test.</summary>
    public static CSharpCompilation Compile(string[] sources, params MetadataReference[] more)
    {
        SyntaxTree[] trees = [.. sources.Select(static (source, i) => CSharpSyntaxTree.ParseText(source, ParseOptions, $"Test{i}.cs"))];
        bool isProgram = trees.Any(static tree => tree.GetRoot().ChildNodes().OfType<GlobalStatementSyntax>().Any());
        CSharpCompilation bare = more.Length == 0 ? s_bare : s_bare.AddReferences(more).WithAssemblyName(UniqueName());
        return bare.AddSyntaxTrees([.. trees, s_usings]).WithOptions(Options(isProgram, sources.Any(static source => source.Contains("unsafe", StringComparison.Ordinal))));
    }

    /// <summary>Code in the newest language that this compiler has.</summary>
    public static CSharpCompilation CompileNewest(string source) => s_bare.AddSyntaxTrees(
        CSharpSyntaxTree.ParseText(source, NewestParseOptions, "Test0.cs"), CSharpSyntaxTree.ParseText(Usings, NewestParseOptions, "Usings.cs"));

    public static string UniqueName() => "Test" + Interlocked.Increment(ref s_number);

    public static GeneratorDriver CreateDriver(bool track = false, ImmutableDictionary<string, string>? buildProperties = null, CSharpParseOptions? parseOptions = null) => CSharpGeneratorDriver.Create(
        [new AllValidGenerator().AsSourceGenerator(), new ByteAccessorsGenerator().AsSourceGenerator(), new InlineArrayGenerator().AsSourceGenerator()],
        parseOptions: parseOptions ?? ParseOptions,
        optionsProvider: new BuildProperties(buildProperties ?? ImmutableDictionary<string, string>.Empty),
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, track));

    /// <summary>Runs the generators; an exception in one of them is the test's.</summary>
    public static CSharpCompilation Generate(CSharpCompilation compilation, out GeneratorDriverRunResult result)
    {
        GeneratorDriver driver = CreateDriver(parseOptions: (CSharpParseOptions)compilation.SyntaxTrees[0].Options).RunGeneratorsAndUpdateCompilation(compilation, out Compilation generated, out ImmutableArray<Diagnostic> diagnostics);
        result = driver.GetRunResult();
        foreach (GeneratorRunResult one in result.Results)
        {
            if (one.Exception is { } exception)
            {
                throw new InvalidOperationException($"{one.Generator.GetGeneratorType().Name} threw.", exception);
            }
        }

        Assert.Empty(diagnostics);
        return (CSharpCompilation)generated;
    }

    public static CSharpCompilation Generate(CSharpCompilation compilation) => Generate(compilation, out _);

    /// <summary>Runs all analyzers; an exception in one of them is the test's.</summary>
    public static Task<ImmutableArray<Diagnostic>> AnalyzeAsync(CSharpCompilation compilation, params AdditionalText[] files) => AnalyzeAsync(compilation, new AnalyzerOptions([.. files]));

    public static Task<ImmutableArray<Diagnostic>> AnalyzeAsync(CSharpCompilation compilation, AnalyzerOptions analyzerOptions) =>
        RunAnalyzersAsync(compilation, analyzerOptions, static analysis => analysis.GetAnalyzerDiagnosticsAsync());

    /// <summary>What the compiler and all analyzers say, for which method bodies are bound once.</summary>
    public static Task<ImmutableArray<Diagnostic>> DiagnoseAsync(CSharpCompilation compilation) =>
        RunAnalyzersAsync(compilation, new AnalyzerOptions([]), static analysis => analysis.GetAllDiagnosticsAsync());

    public static bool IsOurs(Diagnostic diagnostic) => diagnostic.Id.StartsWith("NUB", StringComparison.Ordinal);

    /// <summary>
    /// What the compiler says of short test code that lacks comments and never uses its fields. Generated code is held to it.
    /// </summary>
    public static bool IsNoise(Diagnostic diagnostic) =>
        diagnostic.Id is "CS1591" or "CS0169" or "CS0649" or "CS0067" && diagnostic.Location.SourceTree?.FilePath.StartsWith("Test", StringComparison.Ordinal) == true;

    private static async Task<ImmutableArray<Diagnostic>> RunAnalyzersAsync(
        CSharpCompilation compilation, AnalyzerOptions analyzerOptions, Func<CompilationWithAnalyzers, Task<ImmutableArray<Diagnostic>>> run)
    {
        Exception? thrown = null;
        var options = new CompilationWithAnalyzersOptions(
            analyzerOptions, (exception, _, _) => thrown = exception, concurrentAnalysis: true, logAnalyzerExecutionTime: false);
        ImmutableArray<Diagnostic> found = await run(new CompilationWithAnalyzers(compilation, TimedAnalysis.AllAnalyzers(), options));
        return thrown is null ? found : throw new InvalidOperationException("An analyzer threw.", thrown);
    }

    private static int s_number;

    private static CSharpCompilationOptions Options(bool isProgram, bool allowUnsafe) => new(
        isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, warningLevel: 9999,
        allowUnsafe: allowUnsafe);

    // The framework and the runtime library as this process has them.
    private static ImmutableArray<MetadataReference> FindReferences()
    {
        string trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        return [.. trusted.Split(Path.PathSeparator)
            .Where(static path => Path.GetFileName(path) is { } name
                && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "mscorlib.dll" or "Nub.Memory.dll" or "Nub.Kvm.dll" or "Nub.Ipc.dll" or "Nub.Virtio.dll"))
            .Select(static path => (MetadataReference)MetadataReference.CreateFromFile(path))];
    }
}
