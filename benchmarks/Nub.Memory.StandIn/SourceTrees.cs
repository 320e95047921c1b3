using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Nub.Memory.StandIn;

/// <summary>The files of a project, all in one compilation: as the tool that measures reads them.</summary>
/// <param name="Files">With paths below the directory that they were read from.</param>
internal sealed record SourceTrees(ImmutableArray<SyntaxTree> Files)
{
    private static readonly CSharpCompilationOptions s_options =
        new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);

    private static readonly ImmutableArray<MetadataReference> s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            // Not what this program itself is made of.
            .Where(static path => !Path.GetFileName(path).StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) && path != typeof(SourceTrees).Assembly.Location)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    public static SourceTrees Read(Project project, string directory) => new(
    [
        .. Directory.EnumerateFiles(directory, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(directory, path).Replace('\\', '/'))
            .Where(path => !project.Without.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)) && !path.Split('/').Any(static part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal)
            .Select(path => Parse(path, File.ReadAllText(Path.Combine(directory, path)))),
    ]);

    public static SyntaxTree Parse(string path, string text) => CSharpSyntaxTree.ParseText(text, path: path, encoding: Encoding.UTF8);

    public static CSharpCompilation Compile(IEnumerable<SyntaxTree> trees) => CSharpCompilation.Create("Sources", trees, s_references, s_options);

    public static void Write(IEnumerable<SyntaxTree> trees, string directory)
    {
        foreach (SyntaxTree tree in trees)
        {
            string path = Path.Combine(directory, tree.FilePath);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, tree.ToString());
        }
    }
}
