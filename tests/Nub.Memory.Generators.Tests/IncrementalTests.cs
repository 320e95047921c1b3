using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests;

/// <summary>What runs again after a keystroke.</summary>
public sealed class IncrementalTests
{
    private const string Structs = """
        [InlineArray(4)] public struct Four { private uint _first; }
        public enum Mode { Off, On }
        [AllValid] public partial struct Inner { public uint A; }
        [AllValid] public partial struct Foo { public Inner A; public Four B; [BigEndian] public uint C; }
        [ValidateOnRead] public partial struct Bar { public bool A; public Mode B; public Foo C; }
        [GenerateReader(typeof(uint)), GenerateWriter(typeof(Foo))] public partial class Buffer { private Span<byte> AsSpan() => default; }
        """;

    [Theory]
    [InlineData("public sealed class Unrelated { public int B; }")]
    [InlineData("// a comment")]
    [InlineData("public sealed class Unrelated { [Obsolete] public void M<T>(T value) where T : unmanaged { } }")]
    public void An_unrelated_edit_runs_nothing_again(string edit)
    {
        CSharpCompilation before = Code.Compile([Structs, "public sealed class Unrelated { public int A; }"]);
        GeneratorRunResult[] results = Rerun(before, Replace(before, 1, edit));

        Assert.Equal(3, Steps(results, AllValidGenerator.ModelStep).Length);
        Assert.Equal(2, Steps(results, ByteAccessorsGenerator.ModelStep).Length);
        Assert.All(Steps(results, AllValidGenerator.ModelStep), AssertNotRunAgain);
        Assert.All(Steps(results, ByteAccessorsGenerator.ModelStep), AssertNotRunAgain);
        Assert.All(Outputs(results), static reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
        // Five files, that of the inline arrays, and the layout report, which was not asked for.
        Assert.Equal(7, Outputs(results).Length);
    }

    [Fact]
    public void An_edit_in_the_struct_that_changes_no_field_writes_nothing_again()
    {
        CSharpCompilation before = Code.Compile(Structs);
        GeneratorRunResult[] results = Rerun(before, Replace(before, 0, "// moved\n\n" + Structs.Replace("public uint A;", "public uint A; public readonly uint Twice() => 2 * A;", StringComparison.Ordinal)));

        Assert.All(Outputs(results), static reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }

    [Fact]
    public void A_changed_struct_is_written_again_with_those_that_contain_it_and_no_others()
    {
        CSharpCompilation before = Code.Compile([Structs, "[AllValid] public partial struct Alone { public uint A; }"]);
        GeneratorRunResult[] results = Rerun(before, Replace(before, 0, Structs.Replace("struct Inner { public uint A;", "struct Inner { public uint A; public uint B;", StringComparison.Ordinal)));

        // Inner, Foo and Bar change, and the buffer's writer of a Foo; Alone, the reader of a uint and the inline arrays do not.
        Assert.Equal(4, Outputs(results).Count(static reason => reason == IncrementalStepRunReason.Modified));
        Assert.Equal(3, Outputs(results).Count(static reason => reason == IncrementalStepRunReason.Cached));
    }

    [Fact]
    public void A_new_struct_writes_nothing_else_again()
    {
        CSharpCompilation before = Code.Compile([Structs, ""]);
        GeneratorRunResult[] results = Rerun(before, Replace(before, 1, "[AllValid] public partial struct New { public uint A; }"));

        Assert.Equal(1, Outputs(results).Count(static reason => reason == IncrementalStepRunReason.New));
        Assert.Equal(6, Outputs(results).Count(static reason => reason == IncrementalStepRunReason.Cached));
    }

    [Fact]
    public void The_generator_keeps_no_old_compilation_alive()
    {
        (GeneratorDriver driver, WeakReference old) = RunTwice();
        for (int i = 0; i < 10 && old.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(old.IsAlive);
        GC.KeepAlive(driver);
    }

    // Apart, so that no local and no temporary of the test holds the old one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (GeneratorDriver Driver, WeakReference Old) RunTwice()
    {
        CSharpCompilation old = Code.Compile([Structs, "public sealed class Old;"]);
        GeneratorDriver driver = Code.CreateDriver().RunGenerators(old);
        return (driver.RunGenerators(Replace(old, 1, "public sealed class New;")), new WeakReference(old));
    }

    private static CSharpCompilation Replace(CSharpCompilation compilation, int tree, string source)
    {
        SyntaxTree old = compilation.SyntaxTrees[tree];
        return compilation.ReplaceSyntaxTree(old, CSharpSyntaxTree.ParseText(source, Code.ParseOptions, old.FilePath));
    }

    private static GeneratorRunResult[] Rerun(CSharpCompilation before, CSharpCompilation after) =>
        [.. Code.CreateDriver(track: true).RunGenerators(before).RunGenerators(after).GetRunResult().Results];

    private static IncrementalGeneratorRunStep[] Steps(GeneratorRunResult[] results, string name) =>
        [.. results.SelectMany(result => result.TrackedSteps.TryGetValue(name, out var steps) ? steps.AsEnumerable() : [])];

    private static IncrementalStepRunReason[] Outputs(GeneratorRunResult[] results) =>
        [.. results.SelectMany(static result => result.TrackedOutputSteps.Values).SelectMany(static steps => steps).SelectMany(static step => step.Outputs).Select(static output => output.Reason)];

    private static void AssertNotRunAgain(IncrementalGeneratorRunStep step) => Assert.All(
        step.Outputs, static output => Assert.True(output.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, output.Reason.ToString()));
}
