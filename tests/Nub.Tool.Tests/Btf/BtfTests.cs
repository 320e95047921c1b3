using System.Buffers.Binary;
using Nub.Tool.Btf;
using Nub.Tool.CTypes;
using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Btf;

public class BtfTests
{
    private static readonly string[] s_names = ["packet", "by_typedef", "port", "loop", "nothing"];

    [Fact]
    public void A_struct_is_read_with_all_that_it_has()
    {
        CStruct packet = Assert.Single(new BtfReader(Packet()).Find("packet"));
        Assert.Equal(
            ["__be16 port@0", "unsigned int whole@4", "unsigned short low@4", "unsigned char data[6]@8", "a pointer next@16", "by_typedef inner@24"],
            packet.Places.Where(static place => place.Member.BitWidth is null).Select(static place => $"{place.Member.Type.Declare(place.Member.Name)}@{place.Offset}"));
        Assert.Equal([("low_bits", 16L, 3), ("high_bits", 19L, 5)], packet.Places.Where(static place => place.Member.BitWidth is not null).Select(static place => (place.Member.Name, place.BitOffset, place.Member.BitWidth!.Value)));
        Assert.Equal(COrder.Big, packet.Members[0].Type.Order);
        Assert.Equal(32, packet.Size);
    }

    [Fact]
    public void A_struct_without_a_tag_is_found_by_its_typedef() => Assert.Equal(4, Assert.Single(new BtfReader(Packet()).Find("by_typedef")).Size);

    [Fact]
    public void A_name_that_is_not_there_is_found_nowhere() => Assert.Empty(new BtfReader(Packet()).Find("nothing"));

    [Fact]
    public void What_is_cut_off_anywhere_is_an_error_that_says_so()
    {
        byte[] whole = Packet();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            Assert.Throws<ToolException>(() => new BtfReader(cut));
        }
    }

    [Fact]
    public void What_is_damaged_anywhere_is_read_or_refused()
    {
        byte[] whole = Packet();
        int refused = 0;
        for (int at = 0; at < whole.Length; at++)
        {
            foreach (byte value in (byte[])[0, 1, 4, 5, 0x7F, 0x80, 0xFF])
            {
                byte[] damaged = [.. whole];
                damaged[at] = value;
                refused += Survives(damaged) ? 0 : 1;
            }
        }

        Assert.InRange(refused, 100, int.MaxValue);
    }

    [Fact]
    public void A_struct_that_contains_itself_is_refused()
    {
        var image = new BtfImage();
        image.Struct("loop", 8, ("", 1, 0, 0));
        Assert.Contains("refers to itself", Assert.Throws<ToolException>(() => new BtfReader(image.ToBytes()).Find("loop")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_typedef_of_itself_is_refused()
    {
        var image = new BtfImage();
        image.Typedef("t", 1);
        image.Struct("x", 8, ("a", 1, 0, 0));
        Assert.Contains("refers to itself", Assert.Throws<ToolException>(() => new BtfReader(image.ToBytes()).Find("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Structs_that_multiply_their_members_are_refused()
    {
        // Ten anonymous members each of what has ten of the next: a thousand bytes that would become 10^30 members.
        var image = new BtfImage();
        uint type = image.Int("int", 0);
        for (int i = 0; i < 30; i++)
        {
            uint inner = type;
            type = image.Union(i == 29 ? "bomb" : "", 0, [.. Enumerable.Range(0, 10).Select(n => (i == 0 ? $"m{n}" : "", inner, 0u, 0u))]);
        }

        Assert.Contains("more than 100000 members", Assert.Throws<ToolException>(() => new BtfReader(image.ToBytes()).Find("bomb")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_overlap_are_refused()
    {
        // Each begins a byte behind the one before, and all end together: half a megabyte that would become two gigabytes of names.
        const int Count = 32_000;
        byte[] bytes = new byte[24 + (Count * 12) + Count + 2];
        uint[] header = [0x0001_EB9F, 24, 0, Count * 12, Count * 12, Count + 2];
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<uint>(header).CopyTo(bytes);
        bytes.AsSpan(24 + (Count * 12) + 1, Count).Fill((byte)'a');
        for (int i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24 + (i * 12)), i + 1);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(28 + (i * 12)), 4u << 24);
        }

        Assert.Contains("takes more than", Assert.Throws<ToolException>(() => new BtfReader(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_ends_behind_its_struct_is_refused()
    {
        var image = new BtfImage();
        image.Struct("x", 4, ("a", image.Int("int", 4), 8, 0));
        Assert.Contains("ends at bit 40", Assert.Throws<ToolException>(() => new BtfReader(image.ToBytes()).Find("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_that_nobody_knows_is_refused()
    {
        var image = new BtfImage();
        image.Add("x", 31, 0, false, 0);
        Assert.Contains("kind 31", Assert.Throws<ToolException>(() => new BtfReader(image.ToBytes())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_section_of_an_ELF_file_is_found()
    {
        using var file = new TemporaryFile(".o", Elf(".BTF", Packet()));
        Assert.Single(BtfFile.Open(file.Path).Find("packet"));
    }

    [Fact]
    public void An_ELF_file_without_the_section_is_refused()
    {
        using var file = new TemporaryFile(".o", Elf(".data", Packet()));
        Assert.Contains("has no section .BTF", Assert.Throws<ToolException>(() => BtfFile.Open(file.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_ELF_file_that_is_cut_off_or_damaged_is_read_or_refused()
    {
        byte[] whole = Elf(".BTF", Packet());
        using var file = new TemporaryFile(".o", whole);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file.Path, whole[..length]);
            Assert.Throws<ToolException>(() => BtfFile.Open(file.Path));
        }

        for (int at = 4; at < 64 + (3 * 64); at++)
        {
            byte[] damaged = [.. whole];
            damaged[at < 64 ? at : whole.Length - (3 * 64) + at - 64] = 0xFF;
            File.WriteAllBytes(file.Path, damaged);
            Assert.True(Record.Exception(() => BtfFile.Open(file.Path)) is null or ToolException);
        }
    }

    [SkippableFact]
    public void The_kernel_s_own_is_read()
    {
        const string Kernel = "/sys/kernel/btf/vmlinux";
        Skip.IfNot(File.Exists(Kernel), $"This system has no {Kernel}.");
        CStruct desc = Assert.Single(BtfFile.Open(Kernel).Find("list_head"));
        Assert.Equal([("next", 0L), ("prev", 8L)], desc.Places.Select(static place => (place.Member.Name, place.Offset)));
        Assert.Equal(16, desc.Size);
    }

    // True when it could be read; an exception other than the one that says why is the test's.
    private static bool Survives(byte[] bytes)
    {
        try
        {
            var reader = new BtfReader(bytes);
            foreach (string name in s_names)
            {
                Assert.InRange(reader.Find(name).Sum(static one => one.Places.Count()), 0, 1_000_000);
            }

            return true;
        }
        catch (ToolException)
        {
            return false;
        }
    }

    private static byte[] Packet()
    {
        var image = new BtfImage();
        uint u8 = image.Int("unsigned char", 1);
        uint u16 = image.Int("unsigned short", 2);
        uint u32 = image.Int("unsigned int", 4);
        uint be16 = image.Typedef("__be16", u16);
        uint data = image.Array(u8, 6);
        uint pointer = image.Pointer(0);
        uint union = image.Union("", 4, ("whole", u32, 0, 0), ("low", u16, 0, 0));
        uint inner = image.Struct("", 4, ("a", u32, 0, 0));
        uint named = image.Typedef("by_typedef", inner);
        image.Struct(
            "packet", 32, ("port", be16, 0, 0), ("low_bits", u8, 16, 3), ("high_bits", u8, 19, 5), ("", union, 32, 0), ("data", data, 64, 0),
            ("next", pointer, 128, 0), ("inner", named, 192, 0));
        return image.ToBytes();
    }

    // The header, two sections' bytes, and a table of three sections.
    private static byte[] Elf(string section, byte[] content)
    {
        byte[] names = [0, .. System.Text.Encoding.ASCII.GetBytes(section + "\0")];
        byte[] file = new byte[64 + content.Length + names.Length + (3 * 64)];
        "\u007fELF"u8.CopyTo(file);
        (file[4], file[5]) = (2, 1);
        int table = file.Length - (3 * 64);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(0x28), table);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3A), 64);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3C), 3);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(0x3E), 2);
        content.CopyTo(file, 64);
        names.CopyTo(file, 64 + content.Length);
        Section(file.AsSpan(table + 64), 1, 64, content.Length);
        Section(file.AsSpan(table + 128), 0, 64 + content.Length, names.Length);
        return file;
    }

    private static void Section(Span<byte> header, int name, int offset, int size)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        BinaryPrimitives.WriteInt64LittleEndian(header[0x18..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[0x20..], size);
    }
}
