using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>The generator and each analyzer by themselves, in a compiler of this process.</summary>
internal static class InProcess
{
    private static readonly ImmutableArray<MetadataReference> s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    public static void Run(int count)
    {
        SyntaxTree structs = CSharpSyntaxTree.ParseText(Structs.Source(count), path: "Structs.cs");
        SyntaxTree other = CSharpSyntaxTree.ParseText(Structs.Other(0), path: "Other.cs");
        CSharpCompilation before = CSharpCompilation.Create(
            "Wire", [structs, other], s_references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        GeneratorDriver warm = Driver().RunGenerators(before);
        Compilation generated = Generate(before);

        // Each edit makes a new tree, as an editor's does.
        int version = 0;
        var rounds = new Rounds(9);
        rounds.Add("generate all", () => Driver().RunGenerators(Bound(before)));
        rounds.Add("generate again after an edit elsewhere", () => warm.RunGenerators(
            Bound(before.ReplaceSyntaxTree(other, CSharpSyntaxTree.ParseText(Structs.Other(++version), path: "Other.cs")))));
        rounds.Add("generate again after a new field in one struct", () => warm.RunGenerators(
            Bound(before.ReplaceSyntaxTree(structs, CSharpSyntaxTree.ParseText(Structs.Source(count).Replace("S7 { ", $"S7 {{ public ulong New{++version}; ", StringComparison.Ordinal), path: "Structs.cs")))));
        rounds.Add("compile the structs alone", () => Emit(Bound(before)));
        rounds.Add("compile them with the generated code", () => Emit(Bound(generated)));
        rounds.Run();
        rounds.Print();

        int lines = generated.SyntaxTrees.Sum(static tree => tree.GetText().Lines.Count);
        Console.WriteLine($"{lines} lines, generated ones included");
        Console.WriteLine();
        Analyze(generated);
    }

    private static void Analyze(Compilation compilation)
    {
        ImmutableArray<DiagnosticAnalyzer> analyzers =
        [
            .. typeof(AllValidGenerator).Assembly.GetTypes()
                .Where(static type => !type.IsAbstract && typeof(DiagnosticAnalyzer).IsAssignableFrom(type) && !typeof(DiagnosticSuppressor).IsAssignableFrom(type))
                .Select(static type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!),
        ];
        var options = new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: true);
        var times = analyzers.ToDictionary(static analyzer => analyzer, static _ => new List<double>());
        for (int round = -1; round < 5; round++)
        {
            CompilationWithAnalyzers analysis = Bound(compilation).WithAnalyzers(analyzers, options);
            ImmutableArray<Diagnostic> found = analysis.GetAnalyzerDiagnosticsAsync(default).GetAwaiter().GetResult();
            if (found is [Diagnostic unexpected, ..])
            {
                throw new InvalidOperationException(unexpected.ToString());
            }

            foreach (DiagnosticAnalyzer analyzer in analyzers)
            {
                double time = analysis.GetAnalyzerTelemetryInfoAsync(analyzer, default).GetAwaiter().GetResult().ExecutionTime.TotalMilliseconds;
                if (round >= 0)
                {
                    times[analyzer].Add(time);
                }
            }
        }

        foreach ((DiagnosticAnalyzer analyzer, List<double> rounds) in times)
        {
            rounds.Sort();
            string ids = string.Join(", ", analyzer.SupportedDiagnostics.Select(static one => one.Id).Distinct());
            Console.WriteLine($"{analyzer.GetType().Name + " (" + ids + ")",-72} {rounds[rounds.Count / 2],9:F1} ms ({rounds[0]:F1})");
        }
    }

    private static CSharpGeneratorDriver Driver() => CSharpGeneratorDriver.Create(new AllValidGenerator(), new ByteAccessorsGenerator());

    private static Compilation Generate(CSharpCompilation compilation)
    {
        Driver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation generated, out _);
        return generated;
    }

    /// <summary>The same compilation, without what an earlier round has bound already.</summary>
    private static T Bound<T>(T compilation) where T : Compilation => (T)compilation.Clone();

    private static void Emit(Compilation compilation)
    {
        using var stream = new MemoryStream();
        if (compilation.Emit(stream) is { Success: false } result)
        {
            throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Take(5)));
        }
    }
}
