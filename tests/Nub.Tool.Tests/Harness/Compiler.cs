using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Nub.Tool.Tests.Harness;

/// <summary>Compiles what was imported as a strict project does: with the generators, the analyzers, and every warning.</summary>
internal static class Compiler
{
    private static readonly CSharpParseOptions s_parsing = new(LanguageVersion.CSharp13, DocumentationMode.Diagnose);
    private static readonly MetadataReference[] s_references = FindReferences();
    private static int s_number;

    /// <summary>Compiles a source.</summary>
    /// <param name="source">The text of a file.</param>
    /// <param name="assembly">The bytes of the assembly; empty when it does not compile.</param>
    /// <returns>Warnings and errors, each as a text.</returns>
    public static IReadOnlyList<string> Compile(string source, out byte[] assembly)
    {
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, warningLevel: 9999);
        var compilation = CSharpCompilation.Create(
            "Imported" + Interlocked.Increment(ref s_number), [CSharpSyntaxTree.ParseText(source, s_parsing, "Wire.cs")], s_references, options);
        CSharpGeneratorDriver.Create(Instances<IIncrementalGenerator>().Select(static one => one.AsSourceGenerator()), parseOptions: s_parsing)
            .RunGeneratorsAndUpdateCompilation(compilation, out Compilation generated, out ImmutableArray<Diagnostic> diagnostics);

        ImmutableArray<DiagnosticAnalyzer> analyzers = [.. Instances<DiagnosticAnalyzer>()];
        ImmutableArray<Diagnostic> found = new CompilationWithAnalyzers(generated, analyzers, new CompilationWithAnalyzersOptions(
            new AnalyzerOptions([]), (exception, _, _) => throw exception, concurrentAnalysis: true, logAnalyzerExecutionTime: false))
            .GetAllDiagnosticsAsync().GetAwaiter().GetResult();
        using var image = new MemoryStream();
        assembly = generated.Emit(image).Success ? image.ToArray() : [];
        return [.. diagnostics.Concat(found).Where(static one => one.Severity >= DiagnosticSeverity.Warning && !one.IsSuppressed).Select(static one => one.ToString())];
    }

    private static IEnumerable<T> Instances<T>() =>
        Assembly.Load("Nub.Memory.Generators").GetTypes().Where(static type => !type.IsAbstract && typeof(T).IsAssignableFrom(type)).Select(static type => (T)Activator.CreateInstance(type)!);

    // The framework and the runtime library as this process has them.
    private static MetadataReference[] FindReferences() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static path => Path.GetFileName(path) is { } name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "Nub.Memory.dll"))
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];
}
