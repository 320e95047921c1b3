using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Tests;

/// <summary>The fuzzer itself: coverage leads it, and it says what it found.</summary>
[Trait("Kind", "slow")]
public sealed class FuzzerTests
{
    [Theory]
    [InlineData("maze", "the end of the maze is not reached")]
    [InlineData("endless", "endless: did not end after ")]
    public async Task It_finds_what_chance_would_not_and_saves_the_input(string target, string said)
    {
        // An hour, of which the first second is enough where coverage leads; without it, a run of this would take longer than a developer waits.
        ChildProcess run = await FuzzAsync("3600", target);
        string output = run.Output;
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(said, output, StringComparison.Ordinal);
        Assert.EndsWith("executions, 1 failed", output.TrimEnd(), StringComparison.Ordinal);
        string path = output.Split("-- run ", 2)[1].Split('\n', 2)[0].Split(' ')[1];
        try
        {
            Assert.StartsWith("coverage", File.ReadAllText(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_target_that_nothing_is_wrong_with_is_said_with_how_far_it_came()
    {
        ChildProcess run = await FuzzAsync("1", "decoders");
        string output = run.Output;
        Assert.True(run.ExitCode == 0, output + run.Errors);
        Assert.Matches("decoders: [0-9]+ executions, [0-9]+ a second, edges [1-9][0-9]+ at first and [1-9][0-9]+ at last, corpus [1-9][0-9]*", output);
        Assert.Matches("\n1 targets, [1-9][0-9]+ executions, 0 failed\n$", output);
    }

    [Fact]
    public void An_input_is_made_as_short_as_what_is_true_of_it_allows() =>
        Assert.Equal([0, 7, 0, 9], Shrinking.Shrink([1, 2, 3, 7, 4, 5, 9, 6, 8], 1000, static bytes => bytes.IndexOf((byte)7) is > 0 and int at && bytes.IndexOf((byte)9) > at + 1));

    [Fact]
    public void A_corpus_is_replaced_but_for_what_once_failed()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, $"# x\nAQ==\n{CorpusFile.Kept}\n# an overflow\nAgM=\n");
            CorpusFile.Write(path, "some", [[9, 9, 9], [4]]);
            Assert.Equal([[4], [9, 9, 9], [2, 3]], CorpusFile.Read(path));
            Assert.EndsWith($"\n{CorpusFile.Kept}\n# an overflow\nAgM=\n", File.ReadAllText(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<ChildProcess> FuzzAsync(string seconds, string target) => await ChildProcess.RunAsync("Nub.Fuzz", ["fuzz", seconds, "-", target]);
}
