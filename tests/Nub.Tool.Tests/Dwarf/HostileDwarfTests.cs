using System.IO.Compression;
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
            using var zlib = new MemoryStream();
            using (var stream = new ZLibStream(zlib, CompressionLevel.Optimal, leaveOpen: true))
            {
                stream.Write(new byte[size]);
            }

            var image = new DwarfImage { IsCompressed = true };
            image.Info.AddRange([.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes((long)size), .. BitConverter.GetBytes(1L), .. zlib.ToArray()]);
            return image;
        }
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
