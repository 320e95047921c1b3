using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>What the generator asks of the model to write code: names of types, bit fields, tags, views; and that a struct of another assembly is the same.</summary>
public sealed class MemberModelTests
{
    [Theory]
    [InlineData("byte", "byte", "Byte", 1)]
    [InlineData("sbyte", "sbyte", "SByte", 1)]
    [InlineData("ushort", "ushort", "UInt16", 2)]
    [InlineData("short", "short", "Int16", 2)]
    [InlineData("char", "char", "Char", 2)]
    [InlineData("uint", "uint", "UInt32", 4)]
    [InlineData("int", "int", "Int32", 4)]
    [InlineData("float", "float", "Single", 4)]
    [InlineData("ulong", "ulong", "UInt64", 8)]
    [InlineData("long", "long", "Int64", 8)]
    [InlineData("double", "double", "Double", 8)]
    [InlineData("Half", "global::System.Half", "Half", 2)]
    [InlineData("Int128", "global::System.Int128", "Int128", 16)]
    [InlineData("UInt128", "global::System.UInt128", "UInt128", 16)]
    public void A_primitive_has_the_name_that_code_writes_and_that_of_its_methods(string type, string name, string metadataName, int size)
    {
        FieldType found = Model.TypeOf(type);
        Assert.Equal((FieldKind.Primitive, name, metadataName, (long)size, size > 1), (found.Kind, found.Name, found.MetadataName, found.Size, found.HasLittleEndian));
        Assert.Equal((1, false, false, false), (found.Count, found.HasBigEndian, found.IsGenerated, found.IsValidateOnRead));
    }

    [Theory]
    [InlineData("public partial uint B { get; set; }", "public partial uint get set 4..7 ")]
    [InlineData("internal partial bool B { get; private set; }", "internal partial bool get private set 4..4 bool")]
    [InlineData("public readonly partial sbyte B { get; }", "public readonly partial sbyte get  4..7 signed")]
    [InlineData("public partial short B { get; init; }", "public partial short get init 4..7 signed")]
    [InlineData("public partial int B { set; }", "public partial int  set 4..7 signed")]
    [InlineData("public partial long B { readonly get; set; }", "public partial long readonly get set 4..7 signed")]
    [InlineData("public partial ulong B { get; set; }", "public partial ulong get set 4..7 ")]
    public void A_bit_field_is_written_as_it_was_declared(string property, string expected)
    {
        int bits = property.Contains("bool", StringComparison.Ordinal) ? 1 : 4;
        (INamedTypeSymbol type, StructLayout layout) = Model.Of($"[AllValid] public partial struct Foo {{ public ulong A; [BitField(nameof(A), 4, {bits})] {property} }}");
        BitField field = Assert.Single(BitFieldRules.Of(type, layout));
        Assert.Equal(expected, $"{field.Modifiers} {field.Type} {field.Getter} {field.Setter} {field.Offset}..{field.Last} {(field.IsBool ? "bool" : "")}{(field.IsSigned ? "signed" : "")}");
        Assert.Null(field.Problem);
    }

    [Theory]
    [InlineData("sbyte"), InlineData("byte"), InlineData("short"), InlineData("ushort"), InlineData("int"), InlineData("uint"), InlineData("long"), InlineData("ulong")]
    public void Each_integer_holds_bits_and_tags(string type) =>
        Assert.Empty(Model.Problems($"[AllValid] public partial struct Foo {{ public {type} A; [BitField(nameof(A), 0, 8)] public partial byte B {{ get; set; }} [Union(nameof(A), 1)] public {type} C; }}"));

    [Theory]
    [InlineData("short", "-32768", "-32769")]
    [InlineData("int", "int.MinValue", "int.MinValue - 1L")]
    [InlineData("long", "long.MinValue", "ulong.MaxValue")]
    public void A_signed_tag_has_negative_values(string type, string least, string tooLow)
    {
        Assert.Empty(Model.Problems($"[AllValid] public partial struct Foo {{ public {type} A; [Union(nameof(A), {least})] public {type} B; }}"));
        Assert.Contains("cannot have", Assert.Single(Model.Problems($"[AllValid] public partial struct Foo {{ public {type} A; [Union(nameof(A), {tooLow})] public {type} B; }}")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[FieldOffset(0)] public ushort Tag; [FieldOffset(0), Union(nameof(Tag), 1)] public uint A;", true, "ushort")]
    [InlineData("[FieldOffset(4)] public ushort Tag; [FieldOffset(0), Union(nameof(Tag), 1)] public uint A;", false, "ushort")]
    [InlineData("[FieldOffset(0)] public uint Tag; [FieldOffset(4), Union(nameof(Tag), 1)] public uint A;", false, "uint")]
    [InlineData("[FieldOffset(3)] public byte Tag; [FieldOffset(0), Union(nameof(Tag), 1)] public uint A;", true, "byte")]
    [InlineData("[FieldOffset(0), WireEnum] public Kind Tag; [FieldOffset(2), Union(nameof(Tag), 1)] public ushort A;", false, "ushort")]
    public void A_tagged_field_knows_its_tag(string fields, bool isInside, string tagType)
    {
        (INamedTypeSymbol type, StructLayout layout) = Model.Of($"[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo {{ {fields} }}");
        UnionMember member = Assert.Single(UnionRules.Of(type, layout));
        Assert.Equal((isInside, tagType, "1"), (member.HasTagInside, member.TagType.Name, Assert.Single(member.Values)));
        Assert.Equal(("A", "Tag"), (UnionRules.DeclaredBy(type, "A")!.Value.Field.Name, UnionRules.DeclaredBy(type, "A")!.Value.Tag));
        Assert.Null(UnionRules.DeclaredBy(type, "Tag"));
        Assert.Null(UnionRules.DeclaredBy(type, "None"));
    }

    [Fact]
    public void A_tag_or_number_may_be_a_property()
    {
        Assert.Empty(Model.Problems("[AllValid] public partial struct Foo { public byte Tag { get; set; } [Union(nameof(Tag), 1)] public byte A { get; set; } }"));
        Assert.Empty(Model.Problems("[AllValid] public partial struct Foo { public byte Tag { get; set; } [field: Union(nameof(Tag), 1)] public byte A { get; set; } }"));
        Assert.Empty(Model.Problems("[AllValid, Tail<byte>(nameof(Count))] public partial struct Foo { public byte Count { get; set; } }"));
    }

    [Theory]
    [InlineData("public struct Holder { public Foo Foo; }", "Holder")]
    [InlineData("[AllValid, Tail<Foo>] public partial struct Holder { public uint A; }", "Holder")]
    [InlineData("public struct Middle { public uint A; public Foo Foo; } public struct Holder { public byte B; public Middle Middle; }", "Holder")]
    [InlineData("public struct Holder { public uint A; public static Foo Foo; }", null)]
    [InlineData("public struct Holder { public uint A; }", null)]
    public void A_tail_of_what_it_is_in_is_found_through_fields_and_tails(string others, string? tail)
    {
        string[] problems = Model.Problems($"{others} [AllValid, Tail<Holder>] public partial struct Foo {{ public uint A; }}");
        Assert.Equal(tail is not null, problems.Any(static problem => problem.Contains("in which it is itself", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Little", true, true, "global::Little.View")]
    [InlineData("Checked", true, true, "global::Checked.View")]
    [InlineData("Plain", false, false, null)]
    [InlineData("MarkedBig", true, false, null)]
    [InlineData("BareBig", false, false, null)]
    [InlineData("Uints", false, false, null)]
    public void A_type_that_is_generated_for_is_known(string type, bool isGenerated, bool isProved, string? view)
    {
        FieldType found = Model.TypeOf(type);
        Assert.Equal((isGenerated, isProved, view), (found.IsGenerated, found.IsProved, found.View));
    }

    [Theory]
    [InlineData("[AllValid] public struct Inner { public uint A; }", false, false)]
    [InlineData("[AllValid] public partial struct Inner { public byte A; public uint B; }", true, false)]
    [InlineData("[AllValid] public partial struct Inner { public bool A; }", true, false)]
    [InlineData("[ValidateOnRead] public partial struct Inner { public nint A; }", true, false)]
    [InlineData("[ValidateOnRead] public partial struct Inner { public bool A; public uint B; }", true, true)]
    public void A_mark_that_is_not_true_is_not_believed(string inner, bool isGenerated, bool isProved)
    {
        FieldType found = Model.Of($"{inner} public struct Foo {{ public Inner A; }}").Layout.Fields[0].Type;
        Assert.Equal((isGenerated, isProved), (found.IsGenerated, found.IsProved));
    }

    [Fact]
    public void More_structs_than_may_be_in_one_another_may_be_beside_one_another()
    {
        string many = string.Concat(Enumerable.Range(0, 70).Select(static i => $"public struct S{i} {{ public uint A; }} "));
        StructLayout layout = Model.Of($"{many} public struct Foo {{ {string.Concat(Enumerable.Range(0, 70).Select(static i => $"public S{i} F{i}; "))} }}").Layout;
        Assert.Equal((280L, true), (layout.Size, layout.Fields.All(static field => field.Type.Kind == FieldKind.Struct)));
    }

    [Fact]
    public void A_struct_of_one_s_own_in_a_namespace_System_is_not_the_framework_s()
    {
        CSharpCompilation compilation = Code.Compile("namespace System.Mine { public struct Own { public uint A; } public struct Foo { public Own A; } }");
        StructLayout layout = new LayoutBuilder().Of(compilation.GetTypeByMetadataName("System.Mine.Foo")!)!;
        Assert.Equal((FieldKind.Struct, OffenceKind.Unmarked), (layout.Fields[0].Type.Kind, layout.Fields[0].Type.NotAllValid!.Kind));
    }

    [Fact]
    public void A_fixed_buffer_says_what_it_is_and_what_is_wrong_with_it()
    {
        FieldType type = Model.Of("public unsafe struct Foo { public fixed bool A[3]; }").Layout.Fields[0].Type;
        Assert.Equal(("bool[3]", 3L, "[0]", OffenceKind.IllegalPatterns), (type.Display, type.Size, Assert.Single(type.NotAllValid!.Path), type.NotAllValid.Kind));
    }

    [Fact]
    public void Structs_of_another_assembly_are_laid_out_as_they_were_declared()
    {
        const string Source = """
            public struct Plain { public byte A; public uint B; }
            [StructLayout(LayoutKind.Sequential, Pack = 2, Size = 12)] public struct Packed { public byte A; public uint B; }
            [StructLayout(LayoutKind.Explicit, Size = 16)] public struct Placed { [FieldOffset(4)] public uint A; [FieldOffset(0)] public ushort B; [FieldOffset(10)] public byte C; }
            [StructLayout(LayoutKind.Auto)] public struct Auto { public byte A; public uint B; }
            public struct Generic<T> { public byte A; public T B; }
            """;
        using var image = new MemoryStream();
        CSharpCompilation library = Code.Compile(Source);
        Assert.True(library.Emit(image).Success);
        CSharpCompilation user = Code.Compile("public struct Foo { public Generic<ushort> A; }", MetadataReference.CreateFromImage(image.ToArray()));
        Assert.Equal("Sequential 0 0: 8/4 at 0 4", Describe("Plain"));
        Assert.Equal("Sequential 2 12: 12/2 at 0 2", Describe("Packed"));
        Assert.Equal("Explicit 0 16: 16/4 at 4 0 10", Describe("Placed"));
        Assert.StartsWith("Auto 0 0: ", Describe("Auto"), StringComparison.Ordinal);
        Assert.Equal(4L, new LayoutBuilder().Of(user.GetTypeByMetadataName("Foo")!)!.Size);

        string Describe(string name)
        {
            StructLayout layout = new LayoutBuilder().Of(user.GetTypeByMetadataName(name)!)!;
            return $"{layout.Kind} {layout.Pack} {layout.DeclaredSize}: {layout.Size}/{layout.Alignment} at {string.Join(' ', layout.Fields.Select(static field => field.Offset))}";
        }
    }

    [Fact]
    public void The_alignment_of_C_comes_of_the_struct_its_fields_and_its_packing()
    {
        const string Lined = "[AllValid, Layout(Alignment = 16)] public partial struct Lined { public ulong A; public ulong B; } ";
        Assert.Equal((16, 16), Of(Lined + "public struct Foo { public Lined A; public uint B; private uint _1; private ulong _2; }"));
        Assert.Equal((4, 4), Of(Lined + "[StructLayout(LayoutKind.Sequential, Pack = 4)] public struct Foo { public Lined A; }"));
        Assert.Equal((8, 8), Of(Lined + "[StructLayout(LayoutKind.Sequential, Pack = 2)] public struct Foo { [Layout(Alignment = 8)] public Lined A; }"));
        Assert.Equal((1, 8), Of("public struct Foo { public ulong A; }"));

        static (int Aligned, int Stated) Of(string source)
        {
            StructLayout layout = Model.Of(source).Layout;
            return (layout.Aligned, layout.StatedAlignment);
        }
    }
}
