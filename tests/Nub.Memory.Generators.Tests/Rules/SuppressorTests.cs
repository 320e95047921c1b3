using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Rules;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What others say of fields is taken back where the fields are a layout, and nowhere else.</summary>
public sealed class SuppressorTests
{
    private const string Structs = """
        [AllValid] public partial struct Marked { private uint _never; internal uint Unset; private uint _set; public Marked(uint value) : this() => _set = 1; }
        [ValidateOnRead] public partial struct Checked { private bool _never; }
        public struct Plain { private uint _never; internal uint Unset; private uint _set; public Plain(uint value) : this() => _set = 1; public static uint Read(in Plain plain) => plain.Unset; }
        [AllValid] public partial struct Outer { public uint A; public sealed class Inner { private uint _never; } }
        """;

    [Fact]
    public async Task The_compilers_warnings_about_fields_of_a_layout_are_taken_back()
    {
        ILookup<bool, string> found = await FindAsync(static id => id is "CS0169" or "CS0414" or "CS0649");
        Assert.Equal(["CS0169 Checked._never", "CS0169 Marked._never", "CS0414 Marked._set", "CS0649 Marked.Unset"], found[true]);
        Assert.Equal(["CS0169 Outer.Inner._never", "CS0169 Plain._never", "CS0414 Plain._set", "CS0649 Plain.Unset"], found[false]);
    }

    [Theory]
    [InlineData("CA1051"), InlineData("CA1823"), InlineData("IDE0044"), InlineData("IDE0051"), InlineData("IDE0052")]
    public async Task Those_of_analyzers_are_too(string id)
    {
        ILookup<bool, string> found = await FindAsync(one => one == id);
        Assert.Equal(["Checked._never", "Marked.Unset", "Marked._never", "Marked._set", "Outer.A"], found[true].Select(one => one[(id.Length + 1)..]));
        Assert.Equal(["Outer.Inner._never", "Plain.Unset", "Plain._never", "Plain._set"], found[false].Select(one => one[(id.Length + 1)..]));
    }

    [Fact]
    public async Task A_layout_needs_no_equality()
    {
        ILookup<bool, string> found = await FindAsync(static id => id == "CA1815");
        Assert.Equal(["CA1815 Checked", "CA1815 Marked", "CA1815 Outer"], found[true]);
        Assert.Equal(["CA1815 Outer.Inner", "CA1815 Plain"], found[false]);
    }

    [Fact]
    public async Task Anything_else_stays() => Assert.Empty((await FindAsync(static id => id == "CA9999"))[true]);

    // What is found of the ids, and whether it was taken back.
    private static async Task<ILookup<bool, string>> FindAsync(Func<string, bool> isWanted)
    {
        Compilation compilation = Code.Generate(Code.Compile(Structs));
        var options = new CompilationWithAnalyzersOptions(
            new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false, reportSuppressedDiagnostics: true);
        var analysis = new CompilationWithAnalyzers(compilation, [new WireFieldSuppressor(), new Complainer()], options);
        return (await analysis.GetAllDiagnosticsAsync())
            .Where(one => isWanted(one.Id) && one.Location.SourceTree?.FilePath == "Test0.cs")
            .Select(one => (one.IsSuppressed, Text: $"{one.Id} {NameAt(compilation, one.Location)}"))
            .OrderBy(static one => one.Text, StringComparer.Ordinal)
            .ToLookup(static one => one.IsSuppressed, static one => one.Text);
    }

    private static string NameAt(Compilation compilation, Location place)
    {
        SyntaxNode node = place.SourceTree!.GetRoot().FindNode(place.SourceSpan);
        return compilation.GetSemanticModel(place.SourceTree).GetDeclaredSymbol(node)!.ToDisplayString();
    }

    /// <summary>Says of every field and every type all that the framework's analyzers might.</summary>
#pragma warning disable RS1001, RS1025, RS1026, RS1029, RS2008 // It is not loaded into a build.
    private sealed class Complainer : DiagnosticAnalyzer
    {
        private static readonly ImmutableArray<DiagnosticDescriptor> s_ofFields = [.. new[] { "CA1051", "CA1823", "IDE0044", "IDE0051", "IDE0052", "CA9999" }.Select(Describe)];
        private static readonly DiagnosticDescriptor s_ofTypes = Describe("CA1815");

        public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [.. s_ofFields, s_ofTypes];

        public override void Initialize(AnalysisContext context)
        {
            context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
            context.RegisterSymbolAction(
                static context =>
                {
                    foreach (DiagnosticDescriptor rule in s_ofFields)
                    {
                        context.ReportDiagnostic(Diagnostic.Create(rule, context.Symbol.Locations[0]));
                    }
                },
                SymbolKind.Field);
            context.RegisterSymbolAction(static context => context.ReportDiagnostic(Diagnostic.Create(s_ofTypes, context.Symbol.Locations[0])), SymbolKind.NamedType);
        }

        private static DiagnosticDescriptor Describe(string id) => new(id, id, id, "Test", DiagnosticSeverity.Warning, isEnabledByDefault: true);
    }
}
