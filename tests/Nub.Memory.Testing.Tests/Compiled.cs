using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Nub.Memory.Testing.Tests;

/// <summary>Source that is compiled as a user's debug build is, with the generators of Nub.Memory; to be analyzed.</summary>
internal sealed class Compiled
{
    private const string Usings = """
        global using global::System;
        global using global::System.Collections.Generic;
        global using global::System.IO;
        global using global::System.Linq;
        global using global::System.Threading.Tasks;
        global using global::Xunit;
        """;

    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.Preview);
    private static readonly Type[] s_types = Assembly.LoadFrom(FindGenerators()).GetTypes();
    private readonly Compilation _compilation;

    public Compiled(OutputKind kind, params (string Path, string Source)[] files)
    {
        IEnumerable<SyntaxTree> trees = files.Append(("Usings.cs", Usings)).Select(file => CSharpSyntaxTree.ParseText(file.Item2, s_parse, file.Item1, System.Text.Encoding.UTF8));
        IEnumerable<MetadataReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) != "Nub.Memory.Testing.Tests.dll").Select(path => MetadataReference.CreateFromFile(path));
        var bare = CSharpCompilation.Create(
            "Compiled", trees, references, new CSharpCompilationOptions(kind, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true));
        CSharpGeneratorDriver.Create(Instances<IIncrementalGenerator>().Select(generator => generator.AsSourceGenerator()), parseOptions: s_parse)
            .RunGeneratorsAndUpdateCompilation(bare, out _compilation, out _);
        Assert.Empty(_compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
    }

    /// <summary>What a rule says, by line from 1 on.</summary>
    public async Task<(string Path, int Line)[]> AnalyzeAsync(string rule)
    {
        ImmutableArray<Diagnostic> found = await new CompilationWithAnalyzers(_compilation, [.. Instances<DiagnosticAnalyzer>()], new AnalyzerOptions([])).GetAnalyzerDiagnosticsAsync();
        return [.. found.Where(diagnostic => diagnostic.Id == rule).Select(diagnostic => diagnostic.Location.GetLineSpan())
            .Select(span => (span.Path, span.StartLinePosition.Line + 1))];
    }

    private static IEnumerable<T> Instances<T>() => s_types.Where(type => !type.IsAbstract && typeof(T).IsAssignableFrom(type)).Select(type => (T)Activator.CreateInstance(type)!);

    private static string FindGenerators()
    {
        string configuration = typeof(Compiled).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        return Repository.PathOf("src", "Nub.Memory.Generators", "bin", configuration, "netstandard2.0", "Nub.Memory.Generators.dll");
    }
}
