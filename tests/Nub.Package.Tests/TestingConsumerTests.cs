
namespace Nub.Package.Tests;

/// <summary>Nub.Memory.Testing from a plain program and from the test frameworks: whatever reports an exception will do.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class TestingConsumerTests(PackedFeed feed)
{
    private const string Parsers = """

        [AllValid]
        public partial struct Request
        {
            public uint Length;
            public uint Kind;
        }

        public static class Proof
        {
            public static void OfTheWrongOne()
            {
                using var memory = new HostileMemory(64);
                memory.Write(0, new Request { Length = 5 });
                memory.AssertSingleFetch(() =>
                {
                    Request.View request = Request.At(memory.Host, 0);
                    return request.Length > 16 ? null : new byte[request.Length];
                });
            }

            public static string OfTheRightOne()
            {
                using var memory = new HostileMemory(64);
                memory.Write(0, new Request { Length = 5 });
                return memory.AssertSingleFetch(() =>
                {
                    uint length = Request.At(memory.Host, 0).Length;
                    return length > 16 ? null : new byte[length];
                }).ToString();
            }
        }
        """;

    private const string Found = "The parser reads 4 bytes at 0x0 (Request.Length) twice";

    [Fact]
    public void A_plain_program_is_told()
    {
        (int exitCode, string output, string made) = feed.Build("PlainProof", """
            using Nub.Memory;
            using Nub.Memory.Testing;

            Console.WriteLine(Proof.OfTheRightOne());
            Proof.OfTheWrongOne();

            """ + Parsers, "Nub.Memory.Testing");
        Assert.True(exitCode == 0, output);

        // By way of this package: its users are protected, too.
        Assert.Contains("NUB0010", output, StringComparison.Ordinal);
        (int result, string printed) = PackedFeed.Run(Path.Combine(made, "PlainProof.dll"));
        Assert.NotEqual(0, result);
        Assert.StartsWith("1 read of 4 bytes, none of them read again; 3 runs.", printed, StringComparison.Ordinal);
        AssertFound(printed, "PlainProof.cs");
    }

    [Theory]
    [InlineData("XunitProof", "Xunit", "", "Fact", "xunit xunit.runner.visualstudio")]
    [InlineData("NUnitProof", "NUnit.Framework", "TestFixture", "Test", "NUnit NUnit3TestAdapter")]
    [InlineData("MSTestProof", "Microsoft.VisualStudio.TestTools.UnitTesting", "TestClass", "TestMethod", "MSTest.TestFramework MSTest.TestAdapter")]
    public void A_test_of_any_framework_fails_with_both_places(string name, string space, string onClass, string onMethod, string packages)
    {
        string items = string.Concat(packages.Split(' ').Append("Microsoft.NET.Test.Sdk").Select(package => $"<PackageReference Include=\"{package}\" Version=\"{PackedFeed.VersionOf(package)}\" />"));
        (int exitCode, string output, string made) = feed.Build(name, $$"""
            using Nub.Memory;
            using Nub.Memory.Testing;
            using {{space}};

            {{(onClass.Length == 0 ? "" : $"[{onClass}]")}}
            public class Tests
            {
                [{{onMethod}}]
                public void Wrong() => Proof.OfTheWrongOne();

                [{{onMethod}}]
                public void Right() => Proof.OfTheRightOne();
            }

            """ + Parsers, "Nub.Memory.Testing", items: items);
        Assert.True(exitCode == 0, output);
        (int result, string printed) = PackedFeed.Test(Path.Combine(made, name + ".dll"));
        Assert.NotEqual(0, result);
        Assert.Matches(@"Passed:\s+1\b", printed);
        Assert.Matches(@"Failed:\s+1\b", printed);
        AssertFound(printed, name + ".cs");
    }

    private static void AssertFound(string printed, string file)
    {
        Assert.Contains(Found, printed, StringComparison.Ordinal);
        Assert.Matches($@"First: +read of 4 bytes at 0x0 \(Request\.Length\) in .*{file}:line \d+", printed);
        Assert.Matches($@"Second: +read of 4 bytes at 0x0 \(Request\.Length\) in .*{file}:line \d+", printed);
    }
}
