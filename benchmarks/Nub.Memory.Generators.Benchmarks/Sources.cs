using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>
/// All analyzers over code that is there anyway: what they find in it, whether one throws, and what each costs a file. A directory
/// is one compilation, which need not be free of errors: what it refers to beyond the framework is not there.
/// </summary>
internal static class Sources
{
    private static readonly CSharpCompilationOptions s_options =
        new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);

    // What a project says of its own code; taken where it stands beside the sources.
    private const string Declarations = "Nub.Taint.txt";

    // In milliseconds: how many files take longer.
    private static readonly int[] s_limits = [2, 5, 10, 20, 50];

    // How many of the slowest files are named, each with what took its time.
    private const int MostShown = 20;

    /// <returns>The exit code: not 0 when a generator or an analyzer threw.</returns>
    public static async Task<int> RunAsync(string[] directories)
    {
        int thrown = 0;
        foreach (string directory in directories)
        {
            thrown += await RunAsync(directory);
        }

        return thrown == 0 ? 0 : 1;
    }

    private static async Task<int> RunAsync(string directory)
    {
        string[] files = [.. Directory.EnumerateFiles(directory, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        SyntaxTree[] trees = [.. files.AsParallel().AsOrdered().Select(static path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), path: path))];
        long lines = trees.Sum(static tree => (long)tree.GetText().Lines.Count);
        Console.WriteLine($"## {directory}: {files.Length:N0} files, {lines:N0} lines");
        if (files.Length == 0)
        {
            return 0;
        }

        // Who has nothing of Nub's in a project, but has it for another one in the same solution, must not pay for it.
        IEnumerable<MetadataReference> others = InProcess.References.Where(static one => Path.GetFileName(one.Display) is not "Nub.Memory.dll");
        TimedAnalysis without = await TimedAnalysis.RunAsync(CSharpCompilation.Create("Without", trees, others, s_options), TimedAnalysis.AllAnalyzers());
        Console.WriteLine($"without a reference to Nub.Memory: {await TotalAsync(without):F1} ms in all, {without.Found.Length} diagnostics");

        long start = Stopwatch.GetTimestamp();
        GeneratorDriverRunResult generated = InProcess.Driver()
            .RunGeneratorsAndUpdateCompilation(CSharpCompilation.Create("With", trees, InProcess.References, s_options), out Compilation compilation, out _).GetRunResult();
        Console.WriteLine($"generators: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms, {generated.GeneratedTrees.Length} files made");

        long idle = await AllocatedAsync(compilation, [new Idle()]);
        long busy = await AllocatedAsync(compilation, TimedAnalysis.AllAnalyzers());
        ImmutableArray<AdditionalText> said = [.. Directory.EnumerateFiles(directory, Declarations).Select(static path => new OnDisk(path))];
        (TimedAnalysis with, var times) = await ByFileAsync(compilation, said);
        (TimedAnalysis _, var again) = await ByFileAsync(compilation, said);
        foreach ((DiagnosticAnalyzer analyzer, List<(SyntaxTree Tree, TimeSpan Time)> all) in times)
        {
            // A collection of garbage or the JIT meets a file by chance, and not twice.
            List<(SyntaxTree Tree, TimeSpan Time)> second = again.Single(one => one.Key.GetType() == analyzer.GetType()).Value;
            times[analyzer] = [.. all.Zip(second, static (one, other) => one.Time < other.Time ? one : other)];
        }

        Console.WriteLine($"{"analyzer",-58} {"total ms",10} {"ms a file",10}  slowest file");
        foreach ((DiagnosticAnalyzer analyzer, List<(SyntaxTree Tree, TimeSpan Time)> all) in times.OrderByDescending(static one => Sum(one.Value)))
        {
            string ids = string.Join(", ", analyzer.SupportedDiagnostics.Select(static one => one.Id).Distinct());
            (SyntaxTree slowest, TimeSpan longest) = all.MaxBy(static one => one.Time);
            Console.WriteLine(
                $"{analyzer.GetType().Name + " (" + ids + ")",-58} {Sum(all),10:F1} {Sum(all) / files.Length,10:F4}  {longest.TotalMilliseconds:F1} ms: {Path.GetFileName(slowest.FilePath)}");
        }

        double total = times.Values.Sum(Sum);
        ILookup<SyntaxTree, (string Name, double Time)> ofFile = times
            .SelectMany(static all => all.Value.Select(one => (one.Tree, Name: all.Key.GetType().Name, Time: one.Time.TotalMilliseconds)))
            .ToLookup(static one => one.Tree, static one => (one.Name, one.Time));
        (SyntaxTree Tree, double Time)[] byFile = [.. ofFile.Select(static one => (one.Key, one.Sum(static each => each.Time))).OrderBy(static one => one.Item2)];
        (SyntaxTree Tree, double Time) worst = byFile[^1];
        Console.WriteLine($"{"all of them",-58} {total,10:F1} {total / files.Length,10:F4}  {worst.Time:F1} ms: {Path.GetFileName(worst.Tree.FilePath)}");
        string over = string.Join(", ", s_limits.Select(limit => $"{byFile.Count(one => one.Time > limit)} above {limit} ms"));
        Console.WriteLine($"a file: median {byFile[files.Length / 2].Time:F2} ms, 99 of 100 within {byFile[files.Length * 99 / 100].Time:F1} ms; {over}");
        foreach ((SyntaxTree tree, double time) in byFile.Reverse().Take(MostShown))
        {
            string parts = string.Join(", ", ofFile[tree].Where(static one => one.Time >= 0.5).OrderByDescending(static one => one.Time).Select(static one => $"{one.Name} {one.Time:F1}"));
            Console.WriteLine($"    {time,6:F1} ms {tree.GetText().Lines.Count,7:N0} lines {Path.GetFileName(tree.FilePath)}: {parts}");
        }

        Console.WriteLine($"allocated: {(busy - idle) / 1e6:F1} MB more than an analyzer that looks at nothing ({idle / 1e6:F1} MB), {(busy - idle) / 1e3 / files.Length:F1} kB a file");

        foreach (IGrouping<string, Diagnostic> rule in with.Found.GroupBy(static one => one.Id).OrderBy(static one => one.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"{rule.Key}: {rule.Count()}");
            foreach (Diagnostic one in rule)
            {
                Console.WriteLine($"    {one}");
            }
        }

        Exception[] thrown = [.. without.Thrown, .. with.Thrown, .. generated.Results.Select(static one => one.Exception).OfType<Exception>()];
        foreach (Exception exception in thrown.DistinctBy(static one => one.StackTrace))
        {
            Console.WriteLine(exception);
        }

        Console.WriteLine($"{thrown.Length} exceptions");
        Console.WriteLine();
        return thrown.Length;
    }

    private static async Task<(TimedAnalysis Run, Dictionary<DiagnosticAnalyzer, List<(SyntaxTree Tree, TimeSpan Time)>> Times)> ByFileAsync(Compilation compilation, ImmutableArray<AdditionalText> said)
    {
        var times = new Dictionary<DiagnosticAnalyzer, List<(SyntaxTree Tree, TimeSpan Time)>>();
        TimedAnalysis run = await TimedAnalysis.RunByFileAsync(compilation.Clone(), TimedAnalysis.AllAnalyzers(), (tree, analyzer, time) =>
        {
            times.TryAdd(analyzer, []);
            times[analyzer].Add((tree, time));
        }, said);
        return (run, times);
    }

    private static async Task<double> TotalAsync(TimedAnalysis run)
    {
        double total = 0;
        foreach (DiagnosticAnalyzer analyzer in run.Analyzers)
        {
            total += (await run.TimeOfAsync(analyzer)).TotalMilliseconds;
        }

        return total;
    }

    private static double Sum(IEnumerable<(SyntaxTree Tree, TimeSpan Time)> all) => all.Sum(static one => one.Time.TotalMilliseconds);

    private static async Task<long> AllocatedAsync(Compilation compilation, ImmutableArray<DiagnosticAnalyzer> analyzers)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await TimedAnalysis.RunAsync(compilation.Clone(), analyzers);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    private sealed class OnDisk(string path) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(File.ReadAllText(path));
    }

    /// <summary>Has the compiler do all the work that it does for an analyzer of code.</summary>
#pragma warning disable RS1036, RS1041, RS1038 // Nobody installs it.
    [DiagnosticAnalyzer(LanguageNames.CSharp)]
    private sealed class Idle : DiagnosticAnalyzer
    {
        public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
            [new("IDLE", "Nothing", "Nothing", "Nothing", DiagnosticSeverity.Hidden, isEnabledByDefault: true)];

        public override void Initialize(AnalysisContext context)
        {
            context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
            context.EnableConcurrentExecution();
            context.RegisterOperationBlockAction(static _ => { });
            context.RegisterSymbolAction(static _ => { }, SymbolKind.NamedType);
        }
    }
#pragma warning restore RS1036, RS1041, RS1038
}
