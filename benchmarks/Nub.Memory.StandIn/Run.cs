using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.StandIn.Rewriting;

namespace Nub.Memory.StandIn;

/// <summary>From a directory of sources to one of rewritten sources, with what binds in it.</summary>
internal static class Run
{
    // How many calls that were made and do not bind are named.
    private const int MostShown = 20;

    public static int Of(Project project, string from, string to)
    {
        SourceTrees sources = SourceTrees.Read(project, from);
        if (sources.Files.IsEmpty)
        {
            Console.Error.WriteLine($"There are no sources below {from}.");
            return 1;
        }

        // What a project's own build adds is there while types are looked for, or half of its code would not bind.
        CSharpCompilation original = SourceTrees.Compile([.. sources.Files, SourceTrees.Parse(StandInSource.FileName, project.Beside)]);
        if (project.Memories.FirstOrDefault(one => original.GetTypeByMetadataName(one.Original) is null) is { } missing)
        {
            Console.Error.WriteLine($"{missing.Original} is not in the sources below {from}, or is there twice.");
            return 1;
        }

        var memories = project.Memories.ToDictionary<MemoryType, INamedTypeSymbol, MemoryType>(one => original.GetTypeByMetadataName(one.Original)!, static one => one, SymbolEqualityComparer.Default);

        var rewritten = new List<SyntaxTree>();
        var made = new Tally();
        foreach (SyntaxTree tree in sources.Files)
        {
            var rewriter = new Rewriter(original.GetSemanticModel(tree), project, memories, made);
            SyntaxNode root = tree.GetRoot();
            SyntaxNode after = rewriter.Visit(root);
            rewritten.Add(after == root ? tree : SourceTrees.Parse(tree.FilePath, after.ToFullString()));
        }

        rewritten.Add(SourceTrees.Parse(StandInSource.FileName, StandInSource.Of(project, memories)));
        SourceTrees.Write(rewritten, to);
        if (project.Declared.Length > 0)
        {
            File.WriteAllText(Path.Combine(to, "Nub.Taint.txt"), project.Declared);
        }

        var (bound, lost) = Tally.OfBound(SourceTrees.Compile(rewritten));
        Console.WriteLine($"{project.Name}: {rewritten.Count:N0} files");
        Console.WriteLine($"made:  {made}");
        Console.WriteLine($"bound: {bound}");
        foreach (string one in lost.Take(MostShown))
        {
            Console.WriteLine($"    not bound: {one}");
        }

        if (lost.Count > MostShown)
        {
            Console.WriteLine($"    ... and {lost.Count - MostShown} more");
        }

        foreach ((string reason, int count) in made.Left.OrderByDescending(static one => one.Value))
        {
            Console.WriteLine($"    left as it was: {count} {reason}");
        }

        return 0;
    }
}
