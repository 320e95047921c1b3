using System.IO.Pipes;
using Nub.Tool.CTypes;
using Nub.Tool.Dwarf;
using Nub.Tool.Elf;
using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Dwarf;

/// <summary>Small files that are made to be read without end, or into memory without bound, are refused.</summary>
public class HostileDwarfTests
{
    private const int Struct = 0x13;
    private const int Union = 0x17;
    private const int Member = 0x0d;
    private const int Name = 0x03;
    private const int Size = 0x0b;
    private const int Type = 0x49;
    private const int Text = 0x08;
    private const int TextOffset = 0x0e;
    private const int Data1 = 0x0b;
    private const int Data4 = 0x06;
    private const int Reference = 0x13;
    private const int Present = 0x19;
    private const int Indirect = 0x16;
    private const int BaseType = 0x24;
    private const int Encoding = 0x3e;

    [Fact]
    public void Structs_that_multiply_their_members_are_refused()
    {
        // Each has two anonymous members of what has two of the next: 400 bytes that would become a billion members.
        var image = new DwarfImage();
        image.Form(1, Union, true, Size, Data1);
        image.Form(2, Member, false, Type, Reference);
        image.Form(3, Member, false, Name, Text);
        image.Form(4, Union, true, Name, Text, Size, Data1);
        List<byte> entries = [1, 0, 3, (byte)'a', 0, 0];
        int inner = 12;
        for (int i = 0; i < 30; i++)
        {
            int own = 12 + entries.Count;
            entries.AddRange(i == 29 ? [4, (byte)'x', 0, 0] : [1, 0]);
            entries.AddRange([2, .. BitConverter.GetBytes(inner), 2, .. BitConverter.GetBytes(inner), 0]);
            inner = own;
        }

        image.Unit(entries);
        Assert.Contains("more than 100000 members", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Structs_in_structs_are_not_gone_through_for_each_of_them()
    {
        var image = new DwarfImage();
        image.Form(1, Struct, true, Name, Text);
        image.Unit([.. Enumerable.Repeat<byte[]>([1, (byte)'x', 0], 100_000).SelectMany(static one => one)]);
        Assert.Contains("takes more than", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Different_structs_of_one_name_are_not_compared_each_with_each()
    {
        var image = new DwarfImage();
        image.Form(1, Struct, false, Name, Text, Size, Data4);
        image.Unit([.. Enumerable.Range(0, 100_000).SelectMany(static i => (byte[])[1, (byte)'x', 0, .. BitConverter.GetBytes(i)])]);
        Assert.Contains("takes more than", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_more_attributes_than_bytes_are_refused()
    {
        var image = new DwarfImage();
        image.Form(1, Struct, false, [.. Enumerable.Range(1000, 50_000).SelectMany(static i => (int[])[i, Present])]);
        image.Unit([.. Enumerable.Repeat((byte)1, 100_000)]);
        Assert.Contains("takes more than", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Units_that_share_their_forms_in_part_are_refused()
    {
        // Each has the same form but for its first attributes.
        var image = new DwarfImage();
        image.Form(1, Struct, false, [.. Enumerable.Repeat(1, 100_000)]);
        for (int i = 0; i < 20_000; i++)
        {
            image.Unit([0], forms: 2 * i);
        }

        Assert.Contains("takes more than", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Forms_that_share_their_bytes_are_counted_as_what_is_kept_of_them()
    {
        // A few kilobytes that become two megabytes, of which each unit would keep sixteen.
        var image = new DwarfImage { AreFormsCompressed = true };
        image.Form(1, Struct, false, [.. Enumerable.Repeat(1, 2_000_000)]);
        for (int i = 0; i < 100; i++)
        {
            image.Unit([0], forms: 2 * i);
        }

        Assert.InRange(image.ToBytes().Length, 0, 70_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("is to be kept of it takes more than", Refusal(image, "x"), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 160_000_000);
    }

    [Fact]
    public void Entries_are_counted_as_what_is_kept_of_them()
    {
        // Two bytes of a file that become a member each, and six that become a name.
        var members = new DwarfImage();
        members.Form(1, Struct, true, Name, Text);
        members.Form(2, Member, false);
        members.Unit([.. Enumerable.Repeat<byte[]>([1, (byte)'x', 0, .. Enumerable.Repeat((byte)2, 90_000), 0], 10).SelectMany(static one => one)]);
        Assert.Contains("is to be kept of it takes more than", Refusal(members, "x"), StringComparison.Ordinal);

        var names = new DwarfImage();
        names.Form(1, Struct, false, Name, Text);
        names.Unit([.. Enumerable.Range(0, 800_000).SelectMany(static i => (byte[])[1, .. System.Text.Encoding.ASCII.GetBytes(i.ToString("x", System.Globalization.CultureInfo.InvariantCulture)), 0])]);
        Assert.Contains("is to be kept of it takes more than", Refusal(names, "x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x0f)]
    [InlineData(0x0d)]
    public void Numbers_are_padded_to_so_much_and_no_more(int form)
    {
        Assert.Equal(5, Assert.Single(Read(14)).Size);
        Assert.Contains("has more than 16 bytes", Assert.Throws<ToolException>(() => Read(15)).Message, StringComparison.Ordinal);

        IReadOnlyList<CStruct> Read(int padding)
        {
            var image = new DwarfImage();
            image.Form(1, Struct, false, Name, Text, Size, form);
            image.Unit([1, (byte)'x', 0, 0x85, .. Enumerable.Repeat((byte)0x80, padding), 0]);
            using var file = new TemporaryFile(".o", image.ToBytes());
            return new DwarfReader(file.Path).Find("x");
        }
    }

    [Fact]
    public void A_form_that_says_twice_that_it_is_somewhere_else_is_refused()
    {
        var image = new DwarfImage();
        image.Form(1, Struct, false, Name, Text, Size, Indirect);
        image.Unit([1, (byte)'x', 0, Data1, 7]);
        using (var file = new TemporaryFile(".o", image.ToBytes()))
        {
            Assert.Equal(7, Assert.Single(new DwarfReader(file.Path).Find("x")).Size);
        }

        image.Unit([1, (byte)'x', 0, Indirect, Data1, 7]);
        Assert.Contains("is indirect twice", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_overlap_are_refused()
    {
        // Each begins a byte behind the one before, and all end together.
        var image = new DwarfImage { Texts = [.. Enumerable.Repeat((byte)'a', 60_000), 0] };
        image.Form(1, Struct, false, Name, TextOffset);
        image.Unit([.. Enumerable.Range(0, 60_000).SelectMany(static i => (byte[])[1, .. BitConverter.GetBytes(i)])]);
        Assert.Contains("takes more than", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(255)]
    public void An_address_of_a_strange_size_is_refused(byte size)
    {
        var image = new DwarfImage();
        image.Form(1, Struct, false, Type, 0x10);
        image.Unit([1, .. new byte[300]], version: 2, addressSize: size);
        Assert.Contains($"addresses of {size} bytes", Refusal(image, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_for_more_than_can_be_compressed_is_not_taken()
    {
        var image = new DwarfImage { IsCompressed = true };
        image.Info.AddRange([.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes(1L << 30), .. BitConverter.GetBytes(1L), .. new byte[50]]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains($"{1L << 30} bytes more; at most {74 * 1032}", Refusal(image, "x"), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 24);
    }

    [Fact]
    public void A_file_decompresses_to_so_much_of_its_size_and_no_more()
    {
        DwarfImage large = Compressed(100 << 20);
        int length = large.ToBytes().Length;
        Assert.InRange(length, 0, 1 << 20);
        Assert.Contains($"{100 << 20} bytes more; at most {(64 << 20) + (16 * length)}", Refusal(large, "x"), StringComparison.Ordinal);

        // All sections together.
        using var file = new TemporaryFile(".o", Compressed(40 << 20).ToBytes());
        using var elf = new ElfFile(file.Path);
        Assert.Equal(40 << 20, elf.Section(".debug_info")!.Length);
        Assert.Contains($"{40 << 20} bytes more", Assert.Throws<ToolException>(() => elf.Section(".debug_info")).Message, StringComparison.Ordinal);

        static DwarfImage Compressed(int size)
        {
            var image = new DwarfImage { IsCompressed = true };
            image.Info.AddRange(DwarfImage.Compress(new byte[size]));
            return image;
        }
    }

    [Theory]
    [InlineData(4, "u? a?[2J?0")]
    [InlineData(2, "nub: The DWARF is damaged: the entry at 18 has 2 bytes, and its member 'a?[2J?0' ends at 4.")]
    public void A_name_moves_no_cursor_and_ends_no_line(byte size, string expected)
    {
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; [AllValid, Layout(Of = \"x\")] public partial struct X { public ushort A; public ushort B; }", out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        var image = new DwarfImage();
        image.Form(1, Struct, true, Name, Text, Size, Data1);
        image.Form(2, Member, false, Name, Text, Type, Reference);
        image.Form(3, BaseType, false, Name, Text, Size, Data1, Encoding, Data1);
        image.Unit([3, .. "u\u001b\0"u8, 4, 7, 1, .. "x\0"u8, size, 2, .. "a\u001b[2J\n0\0"u8, .. BitConverter.GetBytes(12), 0, 0]);
        using var program = new TemporaryFile(".o", image.ToBytes());
        NubRun run = NubTool.Run("check", file.Path, "--dwarf", program.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Output + run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Output + run.Error, static one => char.IsControl(one) && !Environment.NewLine.Contains(one, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void A_pipe_is_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere a pipe has no path.");
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; [AllValid, Layout(Of = \"x\")] public partial struct X { public uint A; }", out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        var image = new DwarfImage();
        image.Unit([0]);
        foreach (string option in (string[])["--dwarf", "--btf"])
        {
            using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
            pipe.Write(image.ToBytes());
            NubRun run = NubTool.Run("check", file.Path, option, $"/proc/self/fd/{pipe.GetClientHandleAsString()}");
            Assert.Equal(1, run.ExitCode);
            Assert.StartsWith("nub: ", run.Error, StringComparison.Ordinal);
        }
    }

    private static string Refusal(DwarfImage image, string name)
    {
        using var file = new TemporaryFile(".o", image.ToBytes());
        return Assert.Throws<ToolException>(() => new DwarfReader(file.Path).Find(name).Sum(static (CStruct one) => one.Places.Count())).Message;
    }
}
