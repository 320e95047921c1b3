using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Flow;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Who may read, before anything is gone through.</summary>
public sealed class TypeCallsTests
{
    private static readonly INamedTypeSymbol s_type = Code.Compile("""
        public static class Test
        {
            public static int Field = 1;
            public static void Run() { }
            public static void Other() { }
            private static void First() { }
            private static void Second() { }
            private static void Third() { }
            private static void Fourth() { }
            public static void Open() { }
        }
        """).GetTypeByMetadataName("Test")!;

    [Theory]
    [InlineData("Run>First First>Second", "Second", "First Run Second")]
    [InlineData("Run>First Other>Second", "Second", "Other Second")]
    [InlineData("Run>First First>Run", "", "")]
    [InlineData("First>Second Second>First", "First", "First Second")]

    // What others may call, too, is not followed, and is looked at by itself.
    [InlineData("Run>Open", "Open", "Open")]

    // An initializer calls as a method does.
    [InlineData("Field>First", "First", "Field First")]

    // As deep as calls are followed: the fourth is too deep for Run.
    [InlineData("Run>First First>Second Second>Third Third>Fourth", "Fourth", "First Fourth Second Third")]
    [InlineData("Run>First First>Second Second>Third", "Third", "First Run Second Third")]
    public void Who_calls_a_helper_that_reads_may_read(string calls, string readers, string expected)
    {
        var known = new TypeCalls();
        foreach (string call in calls.Split(' '))
        {
            string[] ends = call.Split('>');
            known.Add(Member(ends[0]), Member(ends[1]));
        }

        foreach (string reader in readers.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            known.AddReader(Member(reader));
        }

        Assert.Equal(readers.Length > 0, known.AnyReads);
        Assert.Equal(expected, string.Join(' ', known.WhoMayRead([]).Select(static one => one.Name).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Who_is_handed_to_a_pop_reads_though_nothing_in_it_does()
    {
        var known = new TypeCalls();
        known.Add(Member("Run"), Member("First"));
        Assert.Equal(["First", "Run"], known.WhoMayRead([Member("First")]).Select(static one => one.Name).Order(StringComparer.Ordinal));
    }

    private static ISymbol Member(string name) => s_type.GetMembers(name).Single();
}
