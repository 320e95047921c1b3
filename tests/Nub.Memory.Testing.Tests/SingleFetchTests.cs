using System.Reflection;
using Xunit.Abstractions;

namespace Nub.Memory.Testing.Tests;

public class SingleFetchTests(ITestOutputHelper output)
{
    public static TheoryData<string> Wrong => Names(typeof(WrongParsers));

    public static TheoryData<string> Right => Names(typeof(RightParsers));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_parser_is_caught_and_both_places_are_named(string name)
    {
        using HostileMemory memory = Content.Create();
        Func<HostSharedMemory, object?> parse = Parser(typeof(WrongParsers), name);
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() => parse(memory.Host)));
        output.WriteLine(failure.Message);

        Assert.NotNull(failure.SecondRead);
        AssertMarked(failure.FirstRead, "first");
        AssertMarked(failure.SecondRead, "second");
        Assert.Contains($"{Path.GetFileName(failure.FirstRead.FileName)}:line {failure.FirstRead.Line}", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{Path.GetFileName(failure.SecondRead.FileName)}:line {failure.SecondRead.Line}", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"at 0x{failure.Offset:X}", failure.Message, StringComparison.Ordinal);
        Assert.InRange(failure.Length, 1UL, 64UL);
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void A_right_parser_passes_and_says_what_it_read(string name)
    {
        using HostileMemory memory = Content.Create();
        Func<HostSharedMemory, object?> parse = Parser(typeof(RightParsers), name);
        SingleFetchReport report = memory.AssertSingleFetch(() => parse(memory.Host));
        output.WriteLine($"{report} {report.Outcome}");
        Assert.InRange(report.Reads, 1, 1000);
        Assert.InRange(report.BytesRead, 1, (int)Content.Size);
    }

    [Fact]
    public void Bytes_that_are_polled_are_left_alone_and_no_others()
    {
        using var memory = new HostileMemory(64);
        memory.Write(16, 5);
#pragma warning disable NUB0010 // It is what the proof is to find.
        int Parse() => memory.Host.Read<int>(16) + memory.Host.Read<int>(16);
#pragma warning restore NUB0010
        Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(Parse));
        memory.AllowReread(16, 3);
        Assert.Contains("byte at 0x13 ", Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(Parse)).Message, StringComparison.Ordinal);
        memory.AllowReread(19, 1);
        Assert.Equal(4, memory.AssertSingleFetch(Parse).BytesReadAgain);
        Assert.Throws<SharedMemoryBoundsException>(() => memory.AllowReread(60, 5));
    }

    [Fact]
    public void There_are_enough_of_both()
    {
        Assert.InRange(Wrong.Count, 25, 1000);
        Assert.InRange(Right.Count, 25, 1000);
    }

    private static TheoryData<string> Names(Type parsers) =>
        [.. parsers.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(method => method.Name)];

    private static Func<HostSharedMemory, object?> Parser(Type parsers, string name) =>
        parsers.GetMethod(name)!.CreateDelegate<Func<HostSharedMemory, object?>>();

    /// <summary>The line that a read names is one that says it is that read.</summary>
    private static void AssertMarked(MemoryAccess read, string mark)
    {
        Assert.NotNull(read.FileName);
        string line = File.ReadLines(read.FileName).ElementAt(read.Line - 1);
        Assert.Contains(mark, line[(line.IndexOf("//", StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);
    }
}
