using Nub.Memory;
using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Check;

/// <summary>Structs of an assembly beside those of C, through the command.</summary>
public class CheckTests
{
    private const string Header = """
        typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64; typedef u16 __be16; typedef u32 __le32;
        struct desc { u64 addr; u32 len; u16 flags; u16 next; };
        struct pair { struct desc first; struct desc rest[2]; };
        struct bits { u32 a : 3; u32 b : 29; u8 c; };
        struct order { __be16 port; u16 pad; __le32 sum; };
        struct __attribute__((aligned(32))) wide { u32 a; };
        struct either { u32 kind; union { u64 whole; struct { u32 low; u32 high; }; }; };
        """;

    [SkippableTheory]
    [InlineData("desc", "ulong Addr; public uint Len; public ushort Flags; public ushort Next;")]
    [InlineData("desc", "ulong addr; public uint LEN; public ushort Something; public ushort Else;")]
    [InlineData("desc", "ulong Addr; public uint Len; [Layout(Of = \"flags\")] public ushort Next; [Layout(Of = \"next\")] public ushort Flags;")]
    [InlineData("bits", "uint Word; public byte C; private byte _a; private ushort _b;")]
    [InlineData("order", "uint Ports; public uint Sum;", "X differs from struct order")]
    [InlineData("either", "uint Kind; private uint _gap; public ulong Whole;")]
    [InlineData("desc", "ulong Addr; public ushort Flags; public ushort Next; public uint Len;", "at 12, and in C at 8")]
    [InlineData("desc", "ulong Addr; public ulong Len;", "8 bytes, and in C 4")]
    [InlineData("desc", "ulong Addr; public uint Len; public uint Rest;", "C# has no such field there")]
    [InlineData("desc", "ulong Addr; public uint Len; public ushort Flags; public ushort Next; public ulong More;", "in all")]
    [InlineData("bits", "uint A; public byte C; private byte _a; private ushort _b;")]
    [InlineData("bits", "ushort Word; private ushort _0; public byte C; private byte _1; private ushort _2;")]
    [InlineData("bits", "uint Word; public byte C; private byte _a; private ushort _b; [BitField(nameof(Word), 0, 3)] public partial uint A { get; set; } [BitField(nameof(Word), 3, 29)] public partial uint B { get; set; }")]
    [InlineData("bits", "uint Word; public byte C; private byte _a; private ushort _b; [BitField(nameof(Word), 1, 3)] public partial uint A { get; set; }", "'A' at bit 1, and in C at 0")]
    [InlineData("bits", "uint Word; public byte C; private byte _a; private ushort _b; [BitField(nameof(Word), 3, 28), Layout(Of = \"b\")] public partial uint Rest { get; set; }", "'Rest' 28 bits, and in C 29")]
    [InlineData("order", "ushort port_; public ushort Pad; public uint Sum;", "little-endian, and in C big-endian")]
    [InlineData("order", "ushort Port; public ushort Pad; public uint Sum;", "little-endian, and in C big-endian")]
    [InlineData("order", "ushort Port; public ushort Pad; [BigEndian] public uint Sum;", "big-endian, and in C little-endian")]
    [InlineData("no_such", "ulong Addr;", "has no 'no_such'")]
    public void A_struct_is_compared_member_by_member(string of, string fields, string? difference = null)
    {
        NubRun run = Check($"[AllValid, Layout(Of = \"{of}\")] public partial struct X {{ public {fields} }}");
        if (difference is null)
        {
            Assert.Equal((0, true), (run.ExitCode, run.Output.StartsWith("1 of 1 structs agree", StringComparison.Ordinal)));
        }
        else
        {
            Assert.Equal(1, run.ExitCode);
            Assert.Contains(difference, run.Output, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData(32, "1 of 1 structs agree")]
    [InlineData(16, "aligned to")]
    public void An_alignment_that_is_said_is_compared(int alignment, string expected)
    {
        NubRun run = Check($"[AllValid, Layout(Of = \"wide\", Alignment = {alignment})] public partial struct X {{ public uint A; private uint _1; private ulong _2, _3, _4; }}");
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.Equal(alignment == 32 ? 0 : 1, run.ExitCode);
    }

    [SkippableFact]
    public void A_struct_inside_of_another_is_compared_too()
    {
        const string Inner = "[AllValid] public partial struct D { public ulong Addr; public ushort Flags; public ushort Next; public uint Len; }"
            + "[System.Runtime.CompilerServices.InlineArray(2)] public struct Two { private D _0; }";
        NubRun run = Check(Inner + "[AllValid, Layout(Of = \"pair\")] public partial struct X { public D First; public Two Rest; }");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("inside 'len': at 12, and in C at 8", run.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Both_are_printed_side_by_side()
    {
        NubRun run = Check("[AllValid, Layout(Of = \"desc\")] public partial struct X { public ulong Addr; public uint Len; public ushort Next; public ushort Flags; }");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("*      14     2  ushort Flags      12     2  u16 flags", run.Output, StringComparison.Ordinal);
        Assert.Contains("*      12     2  ushort Next       14     2  u16 next", run.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void An_assembly_without_such_structs_is_an_error()
    {
        NubRun run = Check("public struct X { public int A; }");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("there is nothing to compare", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_that_lies_beside_the_assembly_may_be_another_than_the_tool_s()
    {
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; [AllValid, Layout(Of = \"desc\")] public partial struct X { public ulong Addr; }", out byte[] assembly));
        string folder = Directory.CreateTempSubdirectory("nub-").FullName;
        try
        {
            // Another build of it has another identity of its module, and nothing else is compared.
            byte[] other = File.ReadAllBytes(typeof(LayoutAttribute).Assembly.Location);
            other[other.AsSpan().IndexOf(typeof(LayoutAttribute).Module.ModuleVersionId.ToByteArray())] ^= 1;
            File.WriteAllBytes(Path.Combine(folder, "Nub.Memory.dll"), other);
            File.WriteAllBytes(Path.Combine(folder, "X.dll"), assembly);
            NubRun run = NubTool.Run("layout", Path.Combine(folder, "X.dll"), "X");
            Assert.Equal(("", 0), (run.Error, run.ExitCode));
            Assert.StartsWith("X: 8 bytes", run.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_is_no_assembly_is_an_error()
    {
        using var file = new TemporaryFile(".dll", "no assembly");
        NubRun run = NubTool.Run("layout", file.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is no assembly", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layout_is_drawn_byte_by_byte()
    {
        Assert.Empty(Compiler.Compile("using Nub.Memory; namespace T; /**/ [AllValid, Layout(Of = \"desc\")] internal partial struct X { public ulong Addr; [BigEndian] public uint Len; public ushort Flags; public ushort Next; }", out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        NubRun run = NubTool.Run("layout", file.Path, "desc");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            """
            X: 16 bytes, aligned to 8, the layout of C's desc
              offset    size
                   0       8  a  ulong Addr
                   8       4  b  uint Len, big-endian
                  12       2  c  ushort Flags
                  14       2  d  ushort Next
                   0  aaaaaaaa bbbbccdd

            """.ReplaceLineEndings("\n"), run.Output);
    }

    private static NubRun Check(string source)
    {
        Agreement.SkipWithoutLibclang();
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; " + source, out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        using var header = new TemporaryFile(".h", Header);
        return NubTool.Run("check", file.Path, "--header", header.Path);
    }
}
