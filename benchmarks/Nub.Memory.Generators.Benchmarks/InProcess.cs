using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>The generator and each analyzer by themselves, in a compiler of this process.</summary>
internal static class InProcess
{
    internal static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    public static void Run(int count)
    {
        SyntaxTree structs = CSharpSyntaxTree.ParseText(Structs.Source(count), path: "Structs.cs");
        SyntaxTree other = CSharpSyntaxTree.ParseText(Structs.Other(0), path: "Other.cs");
        CSharpCompilation before = CSharpCompilation.Create(
            "Wire", [structs, other], References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
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
        ImmutableArray<DiagnosticAnalyzer> analyzers = TimedAnalysis.AllAnalyzers();
        var times = new Dictionary<DiagnosticAnalyzer, List<double>>();
        for (int round = -1; round < 5; round++)
        {
            TimedAnalysis run = TimedAnalysis.RunAsync(Bound(compilation), analyzers).GetAwaiter().GetResult();
            if (run.Thrown.Count + run.Found.Length > 0)
            {
                throw new InvalidOperationException(string.Join('\n', [.. run.Thrown, .. run.Found.Take(1)]));
            }

            foreach (DiagnosticAnalyzer analyzer in run.Analyzers)
            {
                double time = run.TimeOfAsync(analyzer).GetAwaiter().GetResult().TotalMilliseconds;
                if (round >= 0)
                {
                    times.TryAdd(analyzer, []);
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

    internal static CSharpGeneratorDriver Driver() => CSharpGeneratorDriver.Create(new AllValidGenerator(), new ByteAccessorsGenerator());

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
