using Nub.Tool.CTypes;
using Nub.Tool.Headers;
using Nub.Tool.Import;
using Nub.Tool.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Tool.Tests.Import;

/// <summary>What C has and C# has otherwise, or not at all.</summary>
public class ImportTests(ITestOutputHelper output)
{
    internal const string Header = """
        typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
        typedef u16 __be16; typedef u32 __be32; typedef u64 __be64; typedef u32 __le32;
        typedef __be32 address;
        enum color { red, green };
        struct gaps { u8 a; u32 b; u8 c; u64 d; u16 e; };
        struct wide_gap { u8 a; u8 b __attribute__((aligned(64))); };
        struct packed { u8 a; u32 b; u64 c; } __attribute__((packed));
        struct half_packed { u8 a; u32 b; u64 c; } __attribute__((packed, aligned(2)));
        struct holds_packed { u8 a; struct packed b; struct half_packed c; u32 d; };
        struct aligned { u32 a; } __attribute__((aligned(32)));
        struct holds_aligned { u8 a; struct aligned b; u8 c; };
        struct bits { u32 a : 3; u32 b : 7; u32 : 4; u32 c : 20; u8 d : 1; u8 after; u64 e : 40; u64 f : 24; };
        struct tight_bits { u8 before; u32 a : 8; u8 after; };
        struct crossing { u8 a : 3; u32 b : 30; u8 c : 5; } __attribute__((packed));
        struct dollars { u8 a$b; u8 a_b; u16 $e; u32 c$d : 3; u32 cd : 4; };
        struct dollar$s { u32 a; };
        struct wide_bits { u32 a; unsigned __int128 c : 4; __int128 d : 3; unsigned __int128 e : 70; u64 f : 5; };
        struct signed_bits { int a : 5; enum color b : 2; _Bool c : 1; long long d : 56; u32 load : 3; u32 get_type : 2; };
        union shared_bits { u32 a : 3; u32 b : 9; u8 c : 8; u64 all; };
        union bit_union { u32 all; struct { u32 low : 4; u32 high : 28; }; };
        struct orders { __be16 a; __be32 b[2]; __le32 c; address d; u64 e; };
        union turned { __be32 v4; __be32 v6[4]; };
        struct holds_turned { union turned address; u32 scope; };
        struct tail { u32 count; u32 items[]; };
        struct tail0 { u64 count; u8 items[0]; };
        struct padded_tail { u32 count; u8 kind; u8 items[]; };
        struct ordered_tail { u16 kind; __be16 items[]; };
        struct struct_tail { u64 count; struct gaps items[]; };
        struct odd_tail { u8 kind; struct { u32 x; u8 y; } points[]; };
        struct middle { u32 a; u8 mark[0]; u32 b; };
        struct matrix { u16 cells[3][5]; struct gaps structs[2]; struct { u8 x; u16 y; } points[4]; };
        struct pointers { void *a; int (*b)(void); const char *c; };
        struct kinds { _Bool a; char b; signed char c; enum color d; float e; double f; long g; unsigned __int128 h; };
        struct inside { union { u64 whole; struct { u32 low; u32 high; }; }; union { u8 bytes[8]; u16 words[3]; } named; };
        struct names { u32 load; u32 view; u32 layout; u32 names; u32 to_string; u32 a_b; u32 aB; u32 pad_1_2; u32 get_type; u32 class; u32 size; };
        typedef struct { u32 x; u8 y; } by_typedef;
        struct holds_typedef { by_typedef a; };
        """;

    [SkippableFact]
    public void What_C_can_say_lies_where_another_compiler_puts_it()
    {
        Agreement.SkipWithoutLibclang();
        Gcc.SkipWithout();
        using var file = new TemporaryFile(".h", Header);
        Imported imported = Agreement.Assert(new HeaderOptions { Headers = [file.Path] }, output);
        Assert.Empty(imported.LeftOut);
    }

    [SkippableTheory]
    [InlineData("struct x { long double a; };", "its member 'a' is of type 'long double', 16 bytes, for which C# has nothing")]
    [InlineData("struct x { char a[1048577]; };", "it has 1048577 bytes, more than the 1048576 that a value may have")]
    [InlineData("struct x { };", "it has no bytes")]
    [InlineData("struct y { long double a; }; struct x { struct y b; };", "its member 'b' is of 'struct y', which is left out")]
    [InlineData("struct x { float a __attribute__((vector_size(16))); };", "for which C# has nothing")]
    public void What_CSharp_cannot_honour_is_left_out_and_said(string header, string reason)
    {
        Agreement.SkipWithoutLibclang();
        using var file = new TemporaryFile(".h", header + " struct good { int a; };");
        NubRun run = NubTool.Run("import", file.Path, "--namespace", "Wire");
        Assert.Contains($"struct x is left out: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("struct X", run.Output, StringComparison.Ordinal);
        Assert.Contains("partial struct Good", run.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Bytes_that_are_big_endian_in_two_ways_are_written_as_bytes()
    {
        string text = Import("typedef unsigned int __be32; union turned { __be32 v4; __be32 v6[4]; __be32 same; };");
        Assert.Contains("public V4Array V4;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[BigEndian]", text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_field_says_what_C_calls_it_and_where()
    {
        string text = Import("typedef unsigned short __be16; struct tcp { __be16 source; __be16 ports[2]; unsigned char flags : 3; };");
        Assert.Contains("/// <summary><c>__be16 source</c>, offset 0.</summary>\n    [BigEndian]\n    public ushort Source;", text, StringComparison.Ordinal);
        Assert.Contains("/// <summary><c>__be16 ports[2]</c>, offset 2.</summary>\n    [BigEndian]\n    public PortsArray Ports;", text, StringComparison.Ordinal);
        Assert.Contains("/// <summary>offset 6: bit fields, bits 0 to 2 flags.</summary>\n    public byte Bits6;", text, StringComparison.Ordinal);
        Assert.Contains("/// <summary><c>unsigned char flags : 3</c>, bits 0 to 2 of <see cref=\"Bits6\"/>.</summary>\n    [BitField(nameof(Bits6), offset: 0, bits: 3)]\n    public partial byte Flags { readonly get; set; }", text, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("struct x { u32 count; u32 items[]; };", "[Tail<uint>]")]
    [InlineData("struct x { u32 count; u8 kind; u8 items[]; };", "[Tail<byte>(Offset = 5)]")]
    [InlineData("struct x { u32 count; __be16 items[0]; };", "[Tail<ushort>(BigEndian = true)]")]
    [InlineData("struct y { u8 a; }; struct x { u32 count; struct y items[]; };", "[Tail<Y>]")]
    [InlineData("struct x { u32 a; u8 mark[0]; u32 b; };", "// Left out: u8 mark[], as many as the memory says, from offset 4.")]
    [InlineData("struct x { u32 a; long double items[]; };", "// Left out: long double items[], as many as the memory says, from offset 16.")]
    public void What_follows_a_struct_is_its_tail(string header, string expected) =>
        Assert.Contains(expected, Import("typedef unsigned char u8; typedef unsigned short __be16; typedef unsigned int u32; " + header), StringComparison.Ordinal);

    [SkippableFact]
    public void Each_bit_field_that_one_integer_holds_is_a_property()
    {
        string text = Import("typedef unsigned int u32; struct x { u32 a : 3; int b : 7; _Bool last : 1; u32 get_type : 2; }; struct y { unsigned char a : 3; u32 b : 30; unsigned char c : 7; } __attribute__((packed));");
        Assert.Contains("[BitField(nameof(Bits0), offset: 0, bits: 3)]\n    public partial uint A ", text, StringComparison.Ordinal);
        Assert.Contains("public partial int B ", text, StringComparison.Ordinal);
        Assert.Contains("public partial bool Last ", text, StringComparison.Ordinal);
        Assert.Contains("[Layout(Of = \"get_type\")]\n    [BitField(", text, StringComparison.Ordinal);
        Assert.Contains("public partial ulong C ", Import("struct x { unsigned __int128 c : 4; };"), StringComparison.Ordinal);
        Assert.Contains("/// <summary>offset 1: bit fields, some bits of b.</summary>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("public partial uint B ", text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Types_select_by_the_whole_name_and_bring_what_they_need()
    {
        using var file = new TemporaryFile(".h", "struct a { int x; }; struct b { struct a y; }; struct bb { int z; };");
        Agreement.SkipWithoutLibclang();
        NubRun run = NubTool.Run("import", file.Path, "--types", "b", "--namespace", "Wire", "--internal");
        Assert.Contains("internal partial struct A\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("internal partial struct B\n", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("partial struct Bb", run.Output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("#include \"there_is_no_such.h\"", "Name the directory of the missing header with -I")]
    [InlineData("struct x { unknown_t a; };", "unknown type name 'unknown_t'")]
    [InlineData("int x;", "The headers define no struct.")]
    public void A_header_that_cannot_be_used_is_an_error_that_says_why(string header, string reason)
    {
        Agreement.SkipWithoutLibclang();
        using var file = new TemporaryFile(".h", header);
        NubRun run = NubTool.Run("import", file.Path, "--namespace", "Wire");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_target_that_is_big_endian_is_refused()
    {
        Agreement.SkipWithoutLibclang();
        using var file = new TemporaryFile(".h", "struct x { int a; };");
        NubRun run = NubTool.Run("import", file.Path, "--namespace", "Wire", "--target", "powerpc64-linux-gnu");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("big-endian targets", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_32_bit_target_has_its_own_layout()
    {
        Agreement.SkipWithoutLibclang();
        using var file = new TemporaryFile(".h", "struct x { int a; long long b; void *c; };");
        CStruct read = Assert.Single(HeaderReader.Read(new HeaderOptions { Headers = [file.Path], Target = "i386-linux-gnu" }));
        Assert.Equal([0, 4, 12], read.Places.Select(static place => place.Offset));
        Assert.Equal(16, read.Size);
        StructPlan plan = Assert.Single(Importer.Import([read], [], "x", "", "Wire", isInternal: false).Structs);
        Assert.Equal(4, plan.Pack);
    }

    [Theory]
    [InlineData("vring_desc", "VringDesc")]
    [InlineData("__reserved", "Reserved")]
    [InlineData("pad_1_2", "Pad1_2")]
    [InlineData("9p", "_9p")]
    [InlineData("_", "_")]
    [InlineData("a$b", "AB")]
    [InlineData("$", "_")]
    [InlineData("\u00e9_\ud83d\ude00x", "\u00c9X")]
    public void A_name_is_written_as_CSharp_writes_it(string c, string expected) => Assert.Equal(expected, Names.Pascal(c));

    private static string Import(string header)
    {
        Agreement.SkipWithoutLibclang();
        using var file = new TemporaryFile(".h", header);
        NubRun run = NubTool.Run("import", file.Path, "--namespace", "Wire");
        Assert.Equal(0, run.ExitCode);
        return run.Output;
    }
}
