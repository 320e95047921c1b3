using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>
/// One run of analyzers over a compilation, one after the other, with what each of them took by the compiler's own clock
/// (<c>ReportAnalyzer</c>). The benchmarks compile this file, too.
/// </summary>
internal sealed class TimedAnalysis
{
    private readonly CompilationWithAnalyzers _analysis;
    private readonly List<Exception> _thrown = [];

    private TimedAnalysis(Compilation compilation, ImmutableArray<DiagnosticAnalyzer> analyzers, ImmutableArray<AdditionalText> files = default)
    {
        var options = new CompilationWithAnalyzersOptions(
            new AnalyzerOptions(files.IsDefault ? [] : files), (exception, _, _) => Note(exception), concurrentAnalysis: false, logAnalyzerExecutionTime: true);
        _analysis = compilation.WithAnalyzers(analyzers, options);
        Analyzers = [.. analyzers.Where(static one => one is not DiagnosticSuppressor)];
    }

    /// <summary>What is timed: a suppressor has no actions of its own.</summary>
    public ImmutableArray<DiagnosticAnalyzer> Analyzers { get; }

    public ImmutableArray<Diagnostic> Found { get; private set; } = [];

    /// <summary>What analyzers threw; the compiler has gone on without them.</summary>
    public IReadOnlyList<Exception> Thrown => _thrown;

    /// <summary>An instance of each analyzer and suppressor there is.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> AllAnalyzers() =>
        [.. typeof(AllValidGenerator).Assembly.GetTypes()
            .Where(static type => !type.IsAbstract && type.IsSubclassOf(typeof(DiagnosticAnalyzer)))
            .Select(static type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!)];

    /// <summary>Analyzes all of a compilation, as a build does.</summary>
    public static async Task<TimedAnalysis> RunAsync(Compilation compilation, params ImmutableArray<DiagnosticAnalyzer> analyzers)
    {
        var run = new TimedAnalysis(compilation, analyzers);
        run.Found = await run._analysis.GetAnalyzerDiagnosticsAsync();
        return run;
    }

    /// <summary>Analyzes a compilation file by file, as an editor does.</summary>
    /// <param name="compilation">The compilation.</param>
    /// <param name="analyzers">The analyzers.</param>
    /// <param name="after">Called after each file with what the analyzers took for it.</param>
    /// <param name="files">The additional files of the project.</param>
    public static async Task<TimedAnalysis> RunByFileAsync(
        Compilation compilation, ImmutableArray<DiagnosticAnalyzer> analyzers, Action<SyntaxTree, DiagnosticAnalyzer, TimeSpan> after,
        ImmutableArray<AdditionalText> files = default)
    {
        var run = new TimedAnalysis(compilation, analyzers, files);
        var before = run.Analyzers.ToDictionary(static one => one, static _ => TimeSpan.Zero);
        ImmutableArray<Diagnostic>.Builder found = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            found.AddRange(await run._analysis.GetAnalyzerSyntaxDiagnosticsAsync(tree, default));
            found.AddRange(await run._analysis.GetAnalyzerSemanticDiagnosticsAsync(compilation.GetSemanticModel(tree), filterSpan: null, default));
            foreach (DiagnosticAnalyzer analyzer in run.Analyzers)
            {
                TimeSpan now = await run.TimeOfAsync(analyzer);
                after(tree, analyzer, now - before[analyzer]);
                before[analyzer] = now;
            }
        }

        run.Found = found.DrainToImmutable();
        return run;
    }

    public async Task<TimeSpan> TimeOfAsync(DiagnosticAnalyzer analyzer) =>
        (await _analysis.GetAnalyzerTelemetryInfoAsync(analyzer, default)).ExecutionTime;

    private void Note(Exception exception)
    {
        lock (_thrown)
        {
            _thrown.Add(exception);
        }
    }
}
