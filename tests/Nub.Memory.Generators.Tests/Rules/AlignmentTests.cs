using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0003: alignments that C gives, and that C# would not keep.</summary>
public sealed class AlignmentTests
{
    [Fact]
    public async Task What_is_not_placed_as_C_places_it_is_reported()
    {
        string[] messages = await Markup.CheckAsync("""
            [AllValid, Layout(Alignment = 16)] public partial struct Wide { public uint A; private uint _1; private ulong _2; }
            [AllValid, Layout(Alignment = 16)] public partial struct {|NUB0003:Short|} { public uint A; public uint B; }
            [AllValid] public partial struct {|NUB0003:Holder|} { public ulong First; public Wide {|NUB0003:Wide|}; }
            [AllValid] public partial struct Placed { public ulong First; private ulong _rest; public Wide Wide; }
            [AllValid] public partial struct {|NUB0003:Field|} { public uint A; [Layout(Alignment = 8)] public uint {|NUB0003:B|}; public uint C; }
            [AllValid] public partial struct Fine { public uint A; private uint _rest; [Layout(Alignment = 8)] public uint B; public uint C; }
            [AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)] public partial struct Packed { public byte A; public Wide Wide; }
            [AllValid, Layout(Alignment = 12)] public partial struct {|NUB0003:Odd|} { public uint A; }
            [AllValid] public partial struct Negative { [Layout(Alignment = -8)] public uint {|NUB0003:A|}; }
            """);
        Assert.Contains(messages, static message => message.Contains("has 8 bytes, and C aligns it to 16, of which its size is a multiple; put 8 bytes of reserved fields at its end", StringComparison.Ordinal));
        Assert.Contains(messages, static message => message.Contains("has 'Wide' at offset 8, and C aligns it to 16 bytes; put 8 bytes of reserved fields before it", StringComparison.Ordinal));
    }

    [Fact]
    public void The_alignment_of_the_layout_is_that_of_C() =>
        Assert.Equal("16 16 4 1", Loaded.RunOnPage("""
            [AllValid, Layout(Alignment = 16)] public partial struct Wide { public uint A; private uint _1; private ulong _2; }
            [AllValid] public partial struct Placed { public Wide Wide; public ulong Next; private ulong _rest; }
            [AllValid] public partial struct Plain { public uint A; }
            [AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)] public partial struct Packed { public byte A; public Wide Wide; }
            public static class Test
            {
                public static string Run(HostSharedMemory host) => $"{Wide.Layout.Alignment} {Placed.Layout.Alignment} {Plain.Layout.Alignment} {Packed.Layout.Alignment}";
            }
            """));
}
