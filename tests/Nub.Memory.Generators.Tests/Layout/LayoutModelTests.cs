using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>Where the fields stand, what lies between them, and what their types are.</summary>
public sealed class LayoutModelTests
{
    /// <summary>Size, alignment, the fields' offsets, and the gaps with what they follow.</summary>
    [Theory]
    [InlineData("", "byte A; uint B;", "8/4 at 0 4, gaps 1+3 A")]
    [InlineData("", "uint A; byte B; ushort C;", "8/4 at 0 4 6, gaps 5+1 B")]
    [InlineData("", "byte A; ulong B; byte C;", "24/8 at 0 8 16, gaps 1+7 A, 17+7 C")]
    [InlineData("", "UInt128 A; byte B;", "32/16 at 0 16, gaps 17+15 B")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = 1)]", "byte A; uint B;", "5/1 at 0 1, gaps ")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = 2)]", "byte A; uint B;", "6/2 at 0 2, gaps 1+1 A")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = 4)]", "byte A; ushort B;", "4/2 at 0 2, gaps 1+1 A")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Size = 12)]", "ulong A;", "12/8 at 0, gaps 8+4 A")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Size = 3)]", "ulong A;", "8/8 at 0, gaps ")]
    [InlineData("[StructLayout((short)0, Size = 12)]", "ulong A;", "12/8 at 0, gaps 8+4 A")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(4)] uint A; [FieldOffset(0)] ushort B;", "8/4 at 4 0, gaps 2+2 B")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(4)] uint A;", "8/4 at 4, gaps 0+4 ")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(0)] uint A; [FieldOffset(0)] ushort B; [FieldOffset(2)] ushort C;", "4/4 at 0 0 2, gaps , union")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(0)] uint A; [FieldOffset(3)] ushort B;", "8/4 at 0 3, gaps 5+3 B, union")]
    [InlineData("[StructLayout(LayoutKind.Explicit, Pack = 1)]", "[FieldOffset(0)] uint A; [FieldOffset(4)] byte B;", "5/1 at 0 4, gaps ")]
    [InlineData("[InlineArray(3)]", "ushort A;", "6/2 at 0, gaps ")]
    [InlineData("[InlineArray(3)]", "Little A;", "24/4 at 0, gaps ")]
    [InlineData("[InlineArray(1)]", "ushort A;", "2/2 at 0, gaps ")]
    [InlineData("", "", "1/1 at , gaps 0+1 ")]
    [InlineData("", "Uints A; Nested B; byte C;", "40/4 at 0 12 36, gaps 37+3 C")]
    [InlineData("", "fixed ushort A[3]; uint B;", "12/4 at 0 8, gaps 6+2 A")]
    [InlineData("", "Kind A; Bits B; Wide C;", "16/8 at 0 2 8, gaps 3+5 B")]
    [InlineData("", "static byte X; const int Y = 1; uint A; event Action? Changed;", "4/4 at 0 4, gaps ")]
    public void Offsets_sizes_and_gaps(string attribute, string fields, string expected)
    {
        StructLayout layout = Model.Of($"{attribute} public unsafe struct Foo {{ {fields} }}").Layout;
        string text = $"{layout.Size}/{layout.Alignment} at {string.Join(' ', layout.Fields.Select(static field => field.Offset))}, "
            + $"gaps {string.Join(", ", layout.Gaps.Select(static gap => $"{gap.Offset}+{gap.Length} {gap.After}"))}{(layout.HasOverlap ? ", union" : "")}";
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("", nameof(DeclaredKind.Sequential))]
    [InlineData("[StructLayout(LayoutKind.Auto)]", nameof(DeclaredKind.Auto))]
    [InlineData("[StructLayout(LayoutKind.Sequential)]", nameof(DeclaredKind.Sequential))]
    [InlineData("[StructLayout((LayoutKind)7)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = 3)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = -1)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[StructLayout(LayoutKind.Sequential, Size = -1)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[InlineArray(0)]", nameof(DeclaredKind.Unknown))]
    [InlineData("[InlineArray(-3)]", nameof(DeclaredKind.Unknown))]
    public void What_is_declared_wrongly_is_not_laid_out(string attribute, string kind) =>
        Assert.Equal(kind, Model.Of($"{attribute} public struct Foo {{ public uint A; }}").Layout.Kind.ToString());

    /// <summary>Kind, size, alignment; how many of what; and what keeps it from crossing, as a field of an AllValid struct and of one that is checked.</summary>
    [Theory]
    [InlineData("byte", "Primitive 1/1")]
    [InlineData("Half", "Primitive 2/2")]
    [InlineData("double", "Primitive 8/8")]
    [InlineData("Int128", "Primitive 16/16")]
    [InlineData("bool", "Bool 1/1 IllegalPatterns -")]
    [InlineData("Kind", "Enum 2/2 IllegalPatterns -")]
    [InlineData("nint", "HostSized 8/8 HostSized HostSized")]
    [InlineData("UIntPtr", "HostSized 8/8 HostSized HostSized")]
    [InlineData("byte*", "HostSized 8/8 HostSized HostSized")]
    [InlineData("delegate*<void>", "HostSized 8/8 HostSized HostSized")]
    [InlineData("decimal", "Framework 16/8 IllegalPatterns IllegalPatterns")]
    [InlineData("Guid", "Framework 16/4 Framework Framework")]
    [InlineData("TimeSpan", "Framework 8/8 Framework Framework")]
    [InlineData("(int, byte)", "Framework 8/4 Framework Framework")]
    [InlineData("string", "Reference 8/8 Reference Reference")]
    [InlineData("int[]", "Reference 8/8 Reference Reference")]
    [InlineData("Missing", "Broken 1/1 Broken Broken")]
    [InlineData("Little", "Struct 8/4")]
    [InlineData("Plain", "Struct 8/8 Unmarked Unmarked")]
    [InlineData("Auto", "Struct 4/4 AutoLayout AutoLayout")]
    [InlineData("Checked", "Struct 8/4 IllegalPatterns -")]
    [InlineData("Uints", "InlineArray 12/4 3 of uint")]
    [InlineData("Kinds", "InlineArray 8/2 4 of Kind IllegalPatterns -")]
    [InlineData("Littles", "InlineArray 16/4 2 of Little")]
    [InlineData("BareBig", "InlineArray 4/2 2 of ushort BareBigEndianArray BareBigEndianArray")]
    [InlineData("BareBigRows", "InlineArray 24/4 2 of Uints BigEndianOfArrays BigEndianOfArrays")]
    [InlineData("BigRows", "InlineArray 8/2 2 of MarkedBig")]
    [InlineData("MarkedBig", "InlineArray 4/2 2 of ushort")]
    public void A_field_s_type_is_what_it_is_and_crosses_or_does_not(string type, string expected)
    {
        FieldType found = Model.TypeOf(type);
        string text = $"{found.Kind} {found.Size}/{found.Alignment}{(found.IsArray ? $" {found.Count} of {found.Element!.Display}" : "")}"
            + (found.NotAllValid is null && found.NotValidatable is null ? "" : $" {found.NotAllValid?.Kind.ToString() ?? "-"} {found.NotValidatable?.Kind.ToString() ?? "-"}");
        Assert.Equal(expected, text);
        Assert.Equal(found.NotAllValid is not null, found.NeedsCheck);
    }

    [Theory]
    [InlineData("Kind", "0..2 7..7", 0x7UL, false)]
    [InlineData("Signed", "-2..0 10..10", 0xFFFF_FFFFUL, false)]
    [InlineData("Wide", "0..0 18446744073709551615..18446744073709551615", ulong.MaxValue, false)]
    [InlineData("Bits", "-128..-128 1..1 4..4", 0x85UL, true)]
    [InlineData("Empty", "", 0UL, false)]
    public void The_values_of_an_enum_are_its_ranges_or_bits(string type, string ranges, ulong bits, bool isFlags)
    {
        EnumValues values = Model.TypeOf(type).EnumCheck!;
        Assert.Equal((ranges, bits, isFlags), (string.Join(' ', values.Ranges.Select(static range => $"{range.First}..{range.Last}")), values.Bits, values.IsFlags));
    }

    [Theory]
    [InlineData("uint A; bool B; byte C; Kind D;", "8 A:u4 B:b1 C:u1 D:u2")]
    [InlineData("float A; Half B; char C; sbyte D; byte E; long F; Int128 G;", "48 A:f4 B:f2 C:c2 D:i1 E:u1 F:i8@16 G:i16@32")]
    [InlineData("[BigEndian] uint A; [BigEndian] byte B; [BigEndian] char C; byte D;", "12 A:U4 B:u1 C:C2@6 D:u1")]
    [InlineData("Uints A; Nested B; Littles C;", "52 A:u4*3 B:u4*6 C:{8 A:u4 B:u2 _rest:u2}*2")]
    [InlineData("Unfilled A; uint B;", "28 A:{5 A:u4 B:u1}*3 B:u4@24")]
    [InlineData("Big A; Little B; Kinds C;", "24 A:{8 A:U4 B:U2 _rest:U2} B:{8 A:u4 B:u2 _rest:u2} C:u2*4")]
    public void The_fields_as_text(string fields, string expected) => Assert.Equal(expected, FieldsText.Of(Model.Of($"public struct Foo {{ {fields} }}").Layout));

    [Theory]
    [InlineData("[FieldOffset(0), BigEndian] uint A; [FieldOffset(0), BigEndian] int B; [FieldOffset(4)] byte C;", "8 A:U4 B:I4@0= C:u1")]
    [InlineData("[FieldOffset(0), BigEndian] uint A; [FieldOffset(0)] ushort B;", "4! A:U4 B:u2@0=")]
    [InlineData("[FieldOffset(0)] uint A; [FieldOffset(4)] ushort B; [FieldOffset(6)] ushort C;", "8 A:u4 B:u2 C:u2")]
    [InlineData("[FieldOffset(0)] Little A; [FieldOffset(0)] Little B;", "8 A:{8 A:u4 B:u2 _rest:u2} B:{8 A:u4 B:u2 _rest:u2}@0=")]
    public void The_fields_of_a_union_as_text(string fields, string expected) =>
        Assert.Equal(expected, FieldsText.Of(Model.Of($"[StructLayout(LayoutKind.Explicit)] public struct Foo {{ {fields} }}").Layout));

    [Fact]
    public void The_first_field_that_keeps_a_struct_from_crossing_is_named_by_its_path_and_offset()
    {
        StructLayout layout = Model.Of("""
            public struct Deep { public uint A; public Kinds Kinds; }
            public struct Foo { public ulong A; public Deep Deep; public nint Later; }
            """).Layout;
        Assert.Equal(("Deep Kinds [0]", 12L, "Kind"), (string.Join(' ', layout.NotAllValid!.Path), layout.NotAllValid.Offset, layout.NotAllValid.Type));
        Assert.Equal(("Deep", 8L, OffenceKind.Unmarked), (string.Join(' ', layout.NotValidatable!.Path), layout.NotValidatable.Offset, layout.NotValidatable.Kind));
    }

    [Fact]
    public void A_struct_in_itself_or_without_end_is_broken()
    {
        Assert.Equal(FieldKind.Broken, Model.Of("public struct Foo { public uint A; public Foo B; }").Layout.Fields[1].Type.Kind);
        FieldType type = Model.Of("public struct Deeper<T> { public Deeper<Deeper<T>> A; } public struct Foo { public Deeper<int> A; }").Layout.Fields[0].Type;
        Assert.True(type.Kind is FieldKind.Broken or FieldKind.Struct);
        Assert.NotNull(type.NotAllValid);
    }

    [Fact]
    public void A_field_says_who_may_see_it_and_by_which_name()
    {
        StructLayout layout = Model.Of("public struct Foo { public uint A; internal uint B; private uint C; uint D; public uint E { get; set; } public event Action F; }").Layout;
        Assert.Equal(["public A A", "internal B B", "private C C", "private D D", "public E <E>k__BackingField", "private F F"],
            layout.Fields.Select(static field => $"{field.Accessibility} {field.Name} {field.StoredName}"));
    }
}
