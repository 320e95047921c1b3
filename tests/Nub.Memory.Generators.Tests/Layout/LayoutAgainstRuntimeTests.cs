using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>The layout model against the only authority: what the runtime does with the same structs.</summary>
[Trait("Kind", "slow")]
public sealed class LayoutAgainstRuntimeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void The_model_gives_every_size_alignment_and_offset_that_the_runtime_gives(int seed)
    {
        var random = new RandomStructs(seed);
        CSharpCompilation compilation = Code.Compile(random.Generate(1000));
        Dictionary<string, long[]> actual = Probe(compilation);

        int fields = Compare(compilation, random, actual);
        output.WriteLine($"seed {seed}: {actual.Count} structs with {fields} fields agree with the runtime");
    }

    [Fact]
    public void The_model_reads_the_same_from_metadata()
    {
        var random = new RandomStructs(5);
        CSharpCompilation library = Code.Compile(random.Generate(500));
        Dictionary<string, long[]> actual = Probe(library);
        using var image = new MemoryStream();
        Assert.True(library.Emit(image).Success);

        CSharpCompilation user = Code.Compile("", MetadataReference.CreateFromImage(image.ToArray()));
        int fields = Compare(user, random, actual);
        output.WriteLine($"{actual.Count} structs with {fields} fields, seen as metadata, agree with the runtime");
    }

    private static Dictionary<string, long[]> Probe(CSharpCompilation compilation)
    {
        Assembly loaded = Loaded.From(compilation);
        return (Dictionary<string, long[]>)loaded.GetType("Probe")!.GetMethod("Run")!.Invoke(null, null)!;
    }

    private static int Compare(CSharpCompilation compilation, RandomStructs random, Dictionary<string, long[]> actual)
    {
        var wrong = new List<string>();
        int fields = 0;
        foreach ((string name, _) in random.Structs)
        {
            StructLayout layout = new LayoutBuilder().Of(compilation.GetTypeByMetadataName(name)!)!;
            long[] model = [layout.Size, layout.Alignment, .. layout.Fields.Select(static field => field.Offset)];
            fields += layout.Fields.Count;
            if (!model.SequenceEqual(actual[name]))
            {
                wrong.Add($"{name} ({layout.Kind}, pack {layout.Pack}, size {layout.DeclaredSize}): model {string.Join(' ', model)}, runtime {string.Join(' ', actual[name])}"
                    + $" [{string.Join(", ", layout.Fields.Select(static field => $"{field.Type.Display}:{field.Type.Size}/{field.Type.Alignment}"))}]");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(10))}");
        return fields;
    }
}
