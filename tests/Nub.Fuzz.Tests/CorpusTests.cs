using Nub.Fuzz.Engine;
using Nub.Fuzz.Targets;

namespace Nub.Fuzz.Tests;

/// <summary>What the fuzzer once found interesting, and what once failed, without instrumentation: what is broken again is seen by every run of the tests.</summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Targets => [.. AllTargets.Names];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Each_input_of_the_corpus_is_survived(string name)
    {
        using FuzzTarget target = AllTargets.Named(name);
        List<byte[]> inputs = CorpusFile.Read(CorpusFile.PathOf(Path.Combine(AppContext.BaseDirectory, "Corpus"), name));
        Assert.InRange(inputs.Count, 10, 1000);
        foreach (byte[] input in inputs.Concat(target.Seeds))
        {
            Assert.InRange(input.Length, 0, target.MaxLength);
            Exception? thrown = Record.Exception(() => target.Run(input));
            Assert.True(thrown is null, $"{name} {Convert.ToBase64String(input)}: {thrown}");
        }
    }
}
