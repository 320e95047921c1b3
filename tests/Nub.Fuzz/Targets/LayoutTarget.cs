using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Fuzz.Engine;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Layout;

namespace Nub.Fuzz.Targets;

/// <summary>
/// Structs in C#, right or wrong: no generator and no analyzer throws, what is generated compiles wherever no rule is broken, and the layout that is computed is the runtime's.
/// </summary>
internal sealed class LayoutTarget : FuzzTarget
{
    private const int LargestProbed = 1 << 16;
    private const string Usings = "global using System; global using System.Runtime.CompilerServices; global using System.Runtime.InteropServices; global using Nub.Memory;";

    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.CSharp13, DocumentationMode.Diagnose, SourceCodeKind.Regular);
    private static readonly ImmutableArray<DiagnosticAnalyzer> s_analyzers = [.. typeof(AllValidGenerator).Assembly.GetTypes()
        .Where(static type => !type.IsAbstract && type.IsSubclassOf(typeof(DiagnosticAnalyzer)))
        .Select(static type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!)];

    private static readonly byte[][] s_structs =
    [
        [1, 0, 2, 1, 0, 3, 1, 2, 0],
        [1, 1, 3, 0, 0, 4, 0, 7, 1, 2, 2, 8, 3, 0, 0, 29, 8, 2, 0, 16, 2],
        [1, 2, 2, 2, 0, 0, 3, 4, 1, 4, 2, 4, 0, 1, 8],
        [0xF1, 0, 4, 1, 0, 1, 0x10, 1, 2, 1, 16, 2, 1, 5, 1, 29, 0, 1, 0x50, 0, 0, 4],
        [2, 0, 5, 11, 0, 17, 0, 18, 1, 19, 2, 20, 0],
    ];

    private readonly CSharpCompilation _bare = CSharpCompilation.Create(
        "Fuzzed",
        [CSharpSyntaxTree.ParseText(Usings, s_parse, "Usings.cs")],
        References(),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, concurrentBuild: false, nullableContextOptions: NullableContextOptions.Enable));

    public override string Name => "layout";

    public override int MaxLength => 96;

    // The compiler comes without machine code.
    public override TimeSpan Patience => TimeSpan.FromSeconds(60);

    public override IEnumerable<byte[]> Seeds => s_structs.SelectMany(static one => (byte[][])[[0, .. one], [2, .. one], [3, .. one]]);

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);

        // The more is done, the fewer inputs are tried.
        int effort = input.Below(4);
        (string source, string probe, IReadOnlyList<(string Name, string[] Fields)> structs) = LayoutSource.Decode(ref input, isPlain: effort < 2);
        CSharpCompilation compilation = _bare.AddSyntaxTrees(CSharpSyntaxTree.ParseText(source, s_parse, "Fuzzed.cs"));
        if (effort < 2)
        {
            Compare(compilation, probe, structs, source);
            return;
        }

        CSharpCompilation generated = Generate(compilation, source);
        if (effort == 2)
        {
            return;
        }

        ImmutableArray<Diagnostic> found = Analyze(generated, source);
        if (!compilation.GetDiagnostics().Any(IsError) && !found.Any(IsError))
        {
            Diagnostic? wrong = generated.GetDiagnostics().FirstOrDefault(IsError);
            Require(wrong is null, $"what is generated compiles: {wrong} of {source}");
        }
    }

    // A partial property of a struct without a mark stays without its other part.
    private static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error && diagnostic.Id != "CS9248";

    private static CSharpCompilation Generate(CSharpCompilation compilation, string source)
    {
        GeneratorDriver driver = CSharpGeneratorDriver.Create(
            [new AllValidGenerator().AsSourceGenerator(), new ByteAccessorsGenerator().AsSourceGenerator(), new InlineArrayGenerator().AsSourceGenerator()], parseOptions: s_parse);
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out Compilation generated, out _);
        foreach (GeneratorRunResult one in driver.GetRunResult().Results)
        {
            Require(one.Exception is null, $"{one.Generator.GetGeneratorType().Name} threw {one.Exception} of {source}");
        }

        return (CSharpCompilation)generated;
    }

    private static ImmutableArray<Diagnostic> Analyze(CSharpCompilation compilation, string source)
    {
        Exception? thrown = null;
        var options = new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), (exception, _, _) => thrown = exception, concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        ImmutableArray<Diagnostic> found = new CompilationWithAnalyzers(compilation, s_analyzers, options).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult();
        Require(thrown is null, $"an analyzer threw {thrown} of {source}");
        return found;
    }

    private static void Compare(CSharpCompilation compilation, string probe, IReadOnlyList<(string Name, string[] Fields)> structs, string source)
    {
        var models = new List<(string Name, string[] Fields, StructLayout Layout)>();
        foreach ((string name, string[] fields) in structs)
        {
            // Of whatever is there, so that nothing in it throws.
            if (compilation.GetTypeByMetadataName(name) is { TypeKind: TypeKind.Struct } type && new LayoutBuilder().Of(type) is { } layout)
            {
                models.Add((name, fields, layout));
            }
        }

        if (models.Count != structs.Count || models.Exists(static one => one.Layout.Size > LargestProbed))
        {
            return;
        }

        CSharpCompilation probed = compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(probe, s_parse, "Probe.cs"));
        using var image = new MemoryStream();
        if (!probed.Emit(image).Success)
        {
            return;
        }

        image.Position = 0;
        var context = new AssemblyLoadContext("probe", isCollectible: true);
        try
        {
            Type probes = context.LoadFromStream(image).GetType("Probe")!;
            foreach ((string name, string[] fields, StructLayout layout) in models)
            {
                if (IsKnown(layout, models, 0) && TryProbe(probes.GetMethod(name)!, out long[]? actual))
                {
                    long[] model = [layout.Size, layout.Alignment, .. fields.Select(field => layout.Fields.First(one => one.Name == field.Split('[')[0]).Offset)];
                    Require(model.SequenceEqual(actual), $"the layout of {name} is {string.Join(' ', model)}, and the runtime's is {string.Join(' ', actual)}: {source}");
                }
            }
        }
        finally
        {
            context.Unload();
        }
    }

    // What the runtime may lay out as it likes, and what is the framework's, is not computed but refused; so is what has one inside.
    private static bool IsKnown(StructLayout layout, List<(string Name, string[] Fields, StructLayout Layout)> models, int depth) =>
        layout.Kind is DeclaredKind.Sequential or DeclaredKind.Explicit && depth < 16 && layout.Fields.All(field =>
        {
            FieldType type = field.Type.Element ?? field.Type;
            type = type.Element ?? type;
            (_, _, StructLayout? inside) = models.Find(one => type.Name == "global::" + one.Name);
            return type.Kind is not (FieldKind.Framework or FieldKind.Reference or FieldKind.TypeParameter or FieldKind.Broken) && (type.Kind != FieldKind.Struct || (inside is not null && IsKnown(inside, models, depth + 1)));
        });

    // A type that the runtime does not load has no layout.
    private static bool TryProbe(MethodInfo probe, [NotNullWhen(true)] out long[]? actual)
    {
        try
        {
            actual = (long[])probe.Invoke(null, null)!;
            return true;
        }
        catch (TargetInvocationException refused) when (refused.InnerException is TypeLoadException or BadImageFormatException or InvalidProgramException)
        {
            actual = null;
            return false;
        }
    }

    private static IEnumerable<MetadataReference> References() => ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Where(static path => Path.GetFileName(path) is "System.Runtime.dll" or "System.Private.CoreLib.dll" or "System.Runtime.InteropServices.dll" or "System.Memory.dll" or "System.Collections.dll" or "System.Runtime.Extensions.dll" or "Nub.Memory.dll" or "netstandard.dll")
        .Select(static path => MetadataReference.CreateFromFile(path));
}
