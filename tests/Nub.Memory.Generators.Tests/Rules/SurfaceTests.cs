using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>A struct with an error keeps its surface: the error is the only one, however many lines use what would be generated.</summary>
public sealed class SurfaceTests
{
    [Theory]
    [InlineData("public uint A; public byte {|NUB0005:B|};")]
    [InlineData("public uint A; public bool {|NUB0002:B|}; public byte C, D, E;")]
    [InlineData("public uint A; public DayOfWeek {|NUB0002:B|};")]
    [InlineData("public uint A; public uint C; public nint {|NUB0004:B|};")]
    [InlineData("public uint A; public uint C; public DateTime {|NUB0004:B|};")]
    [InlineData("public uint A; public uint C; public string {|NUB0002:B|};")]
    public async Task The_error_is_the_only_one(string fields) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Foo { {{fields}} }
            public static class Test
            {
                public static uint Run(HostSharedMemory host)
                {
                    Foo.View view = Foo.At(host, 0);
                    var other = view.B;
                    view.B = other;
                    return Foo.TryAt(host, Foo.Layout.BOffset, out view) ? view.A : view.Load().A;
                }
            }
            """);

    [Fact]
    public async Task A_struct_that_contains_it_has_no_error_of_its_own() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Inner { public uint A; public byte {|NUB0005:B|}; }
            [AllValid] public partial struct Outer { public Inner Inner; public uint C; }
            public static class Test
            {
                public static uint Run(HostSharedMemory host) => Outer.At(host, 0).Inner.A + Outer.At(host, 64).C;
            }
            """);

    [Fact]
    public void What_is_suppressed_does_not_get_the_marker_all_the_same() =>
        Assert.Equal("NotAllValidException NotAllValidException", Loaded.RunOnPage("""
            [AllValid] public partial struct Inner { public uint A; public bool B; public byte C, D, E; }
            [AllValid] public partial struct Outer { public Inner Inner; public uint C; }
            public static class Test
            {
                public static string Run(HostSharedMemory host) => Throws(() => host.Read<Inner>(0)) + " " + Throws(() => Outer.At(host, 0).Load());
                private static string Throws(Action action)
                {
                    try { action(); return "nothing"; } catch (Exception thrown) { return thrown.GetType().Name; }
                }
            }
            """));
}
