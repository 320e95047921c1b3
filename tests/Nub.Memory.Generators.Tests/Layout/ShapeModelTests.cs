using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>What the model finds wrong with a struct, word by word, and what it leaves alone beside it.</summary>
public sealed class ShapeModelTests
{
    [Theory]
    [InlineData("[AllValid] public partial struct Foo { public uint A; }")]
    [InlineData("public partial class Outer { [AllValid] public partial struct Foo { public uint A; } }")]
    [InlineData("[AllValid] public partial struct Foo(int x) { public uint A = (uint)x; public int Get(int x) => x; public int Other(Foo other) => other.x(); private int x() => 1; }")]
    [InlineData("[AllValid, InlineArray(1 << 20)] public partial struct Foo { private byte _a; }")]
    [InlineData("[AllValid] public partial struct Foo { public uint A; public static int B; } public partial struct Foo { public const int C = 1; public static int D; }")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0)] public uint A; } public partial struct Foo { [FieldOffset(4)] public uint B; }")]
    [InlineData("[ValidateOnRead] public partial struct Foo { public bool A; private static bool Validate(in Foo value) => true; }")]
    [InlineData("[ValidateOnRead] public partial struct Foo { public bool A; private static bool Validate(Foo value) => true; }")]
    [InlineData("[ValidateOnRead] public partial struct Foo { public bool A; private static bool Validate(Foo value) => true; private static void Validate(int other) { } }")]
    [InlineData("[AllValid] public partial struct Foo { public uint A; public void Validate() { } }")]
    [InlineData("[AllValid, InlineArray(2)] public partial struct Foo { private uint ToString; }")]
    [InlineData("[AllValid, BigEndian] public partial struct Foo { public uint A; public Big B; public byte C; public Bytes2 D; }")]
    [InlineData("[AllValid] public partial struct Foo { [BigEndian] public uint A; [BigEndian] public Uints B; public Little C; }")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0), BigEndian] public uint A; [FieldOffset(0), BigEndian] public int B; [FieldOffset(4)] public ushort C; }")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0)] public uint A; [FieldOffset(0)] public ushort B; [FieldOffset(2)] public ushort C; }")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0)] public Big A; [FieldOffset(0)] public Big B; }")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0), BigEndian] public Ushorts A; [FieldOffset(0)] public MarkedBig B; }")]
    [InlineData("[AllValid] public partial struct Foo { [WireEnum] public Kind A; [WireEnum] public Kinds B; }")]
    public void Nothing_is_wrong(string source) => Assert.Empty(Model.Problems(source));

    [Theory]
    [InlineData("[AllValid] public struct Foo { public uint A; }", "cannot be added to: declare it partial")]
    [InlineData("public class Outer { [AllValid] public partial struct Foo { public uint A; } }", "cannot be added to: declare the containing type 'Outer' partial")]
    [InlineData("[AllValid] public ref partial struct Foo { public uint A; }", "is a ref struct, which cannot be stored in memory; make it a plain struct")]
    [InlineData("[AllValid] public partial struct Foo<T> { public uint A; }", "is generic, so that its layout is not one; write a struct for each instance")]
    [InlineData("[AllValid] public partial struct Foo { }", "has no fields, so that its one byte means nothing; declare the fields that the guest sees")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Auto)] public partial struct Foo { public uint A; }", "has LayoutKind.Auto, which lets the runtime move its fields; use Sequential or Explicit")]
    [InlineData("[AllValid, InlineArray((1 << 20) + 1)] public partial struct Foo { private byte _a; }", "has 1048577 bytes, more than the 1048576 that a value may have; describe a part of it, and use ArrayAt for the rest")]
    [InlineData("[AllValid, InlineArray(2), StructLayout(LayoutKind.Sequential, Size = 8)] public partial struct Foo { private uint _a; }", "is an inline array with a declared size; leave the size to the length")]
    [InlineData("[AllValid] public partial struct Foo { public uint A; } public partial struct Foo { public uint B; }", "has fields in more than one of its parts, and C# does not define their order; put all of them in one part")]
    [InlineData("[ValidateOnRead] public partial struct Foo { public bool A; private static bool Validate(ref Foo value) => true; }", "Validate: declares a 'Validate' that reading would not call; it must be 'static bool Validate(in Foo value)'")]
    [InlineData("[ValidateOnRead] public partial struct Foo { public bool A; private static bool Validate<T>(in Foo value) => true; }", "Validate: declares a 'Validate' that reading would not call; it must be 'static bool Validate(in Foo value)'")]
    [InlineData("[AllValid] public partial struct Foo(int x) { public uint A = 1; public int Get() => x; }", "may capture the primary constructor's parameter 'x' in a hidden field; copy it into a declared one")]
    [InlineData("[AllValid] public partial struct Foo(int x) { public uint A = 1; public int Get { get { return x; } } }", "may capture the primary constructor's parameter 'x' in a hidden field; copy it into a declared one")]
    [InlineData("[AllValid] public partial struct Foo(int x) { public uint A = 1; public int Get => x; }", "may capture the primary constructor's parameter 'x' in a hidden field; copy it into a declared one")]
    [InlineData("[AllValid] public partial struct Foo { public uint A; public uint ToString; }", "ToString: has a field 'ToString', which is the name of a member of its view; call it something else")]
    [InlineData("[AllValid] public partial struct Foo { [BigEndian] public Little A; }", "A: says [BigEndian] of 'A', whose type 'Little' has no byte order of its own; say it on the fields of 'Little'")]
    [InlineData("[AllValid] public partial struct Foo { [BigEndian] public Littles A; }", "A: says [BigEndian] of 'A', whose type 'Littles' has no byte order of its own; say it on the fields of 'Little'")]
    [InlineData("[AllValid] public partial struct Foo { [BigEndian] public Nested A; }", "A: says [BigEndian] of 'A', whose type 'Nested' has no byte order of its own; say it on the elements of 'Uints', and mark that type")]
    [InlineData("[AllValid, InlineArray(2)] public partial struct Foo { [BigEndian] private Uints _a; }", "_a: says [BigEndian] of elements that are arrays of type 'Uints'; say it on the elements of 'Uints', and mark that type")]
    [InlineData("[AllValid, InlineArray(2), BigEndian] public partial struct Foo { private Uints _a; }", "_a: says [BigEndian] of elements that are arrays of type 'Uints'; say it on the elements of 'Uints', and mark that type")]
    [InlineData("[AllValid, BigEndian] public partial struct Foo { public Little A; }", "A: is [BigEndian], but 'A' of type 'Little' is not stored so; mark that type [BigEndian] too, or mark the fields one by one")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0), BigEndian] public uint A; [FieldOffset(2)] public ushort B; }",
        "B: has 'A' and 'B' on the same bytes, and [BigEndian] would turn them for one and spoil them for the other; read them as one type and convert in code")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0)] public uint A; [FieldOffset(0), BigEndian] public uint B; }",
        "B: has 'A' and 'B' on the same bytes, and [BigEndian] would turn them for one and spoil them for the other; read them as one type and convert in code")]
    [InlineData("[AllValid, StructLayout(LayoutKind.Explicit)] public partial struct Foo { [FieldOffset(0)] public Ushorts A; [FieldOffset(0)] public MarkedBig B; }",
        "B: has 'A' and 'B' on the same bytes, and [BigEndian] would turn them for one and spoil them for the other; read them as one type and convert in code")]
    [InlineData("[AllValid] public partial struct Foo { [WireEnum] public uint A; }", "A: says [WireEnum] of 'A', whose type 'uint' is neither an enum nor an inline array of one; take the attribute away")]
    public void One_thing_is_wrong(string source, string problem) => Assert.Equal(problem, Assert.Single(Model.Problems(source)));

    [Theory]
    [InlineData("[AllValid, Layout(Alignment = 16)] public partial struct Foo { public ulong A; public ulong B; }")]
    [InlineData("[AllValid, Layout(Alignment = 1 << 20)] public partial struct Foo { public uint A; }", "has 4 bytes, and C aligns it to 1048576, of which its size is a multiple; put 1048572 bytes of reserved fields at its end")]
    [InlineData("[AllValid, Layout(Alignment = 1 << 21)] public partial struct Foo { public uint A; }", "says an alignment of 2097152 of the struct; an alignment is a power of two up to 1048576")]
    [InlineData("[AllValid, Layout(Alignment = 12)] public partial struct Foo { public uint A; }", "says an alignment of 12 of the struct; an alignment is a power of two up to 1048576")]
    [InlineData("[AllValid, Layout(Alignment = -8)] public partial struct Foo { public uint A; }", "says an alignment of -8 of the struct; an alignment is a power of two up to 1048576")]
    [InlineData("[AllValid, Layout(Alignment = 1)] public partial struct Foo { public uint A; }")]
    [InlineData("[AllValid] public partial struct Foo { public ulong B; [Layout(Alignment = 3)] public uint A; public uint C; }", "A: says an alignment of 3 of 'A'; an alignment is a power of two up to 1048576")]
    [InlineData("[AllValid] public partial struct Foo { public uint B; [Layout(Alignment = 8)] public uint A; }",
        "A: has 'A' at offset 4, and C aligns it to 8 bytes; put 4 bytes of reserved fields before it")]
    [InlineData("[AllValid] public partial struct Foo { [Layout(Alignment = 8)] public uint A; }", "has 4 bytes, and C aligns it to 8, of which its size is a multiple; put 4 bytes of reserved fields at its end")]
    [InlineData("[AllValid, Layout(Alignment = 2)] public partial struct Foo { public byte A; public byte B; public byte C; }", "has 3 bytes, and C aligns it to 2, of which its size is a multiple; put 1 bytes of reserved fields at its end")]
    public void An_alignment_of_C_is_kept_or_reported(string source, params string[] problems) => Assert.Equal(problems, Model.Problems(source));

    [Theory]
    [InlineData("[BitField(nameof(A), 0, 1)] public partial bool B { get; set; }")]
    [InlineData("[BitField(nameof(A), 24, 8)] public partial byte B { get; set; }")]
    [InlineData("[BitField(nameof(A), 0, 4)] public partial uint B { get; set; } [BitField(nameof(A), 4, 1)] public partial bool C { get; set; }")]
    [InlineData("[BitField(nameof(A), 0, 4)] public partial uint B { get; set; } [BitField(nameof(Wide), 3, 61)] public partial long C { get; set; }")]
    [InlineData("[BitField(nameof(A), 4, 4)] public partial uint B { get; set; } [BitField(nameof(A), 7, 2)] public partial uint C { get; set; }",
        "C: has bit fields 'B', bits 4 to 7, and 'C', bits 7 to 8 of 'A', on the same bits")]
    [InlineData("[BitField(nameof(A), 7, 2)] public partial uint B { get; set; } [BitField(nameof(A), 4, 4)] public partial uint C { get; set; }",
        "C: has bit fields 'B', bits 7 to 8, and 'C', bits 4 to 7 of 'A', on the same bits")]
    [InlineData("[BitField(nameof(A), 24, 9)] public partial ulong B { get; set; }", "B: has a bit field 'B' of 9 bits from bit 24 on, and 'A' has 32")]
    [InlineData("[BitField(nameof(A), 0, 9)] public partial sbyte B { get; set; }", "B: has a bit field 'B' of 9 bits, and its type 'sbyte' has 8")]
    [InlineData("[BitField(nameof(A), 0, 17)] public partial short B { get; set; }", "B: has a bit field 'B' of 17 bits, and its type 'short' has 16")]
    [InlineData("[BitField(nameof(Wide), 0, 33)] public partial int B { get; set; }", "B: has a bit field 'B' of 33 bits, and its type 'int' has 32")]
    [InlineData("[BitField(nameof(A), -1, 1)] public partial bool B { get; set; }", "B: has a bit field 'B' that begins at bit -1; the first bit is 0, the least significant")]
    [InlineData("[BitField(nameof(A), 0, 0)] public partial bool B { get; set; }", "B: has a bit field 'B' of 0 bits; it has at least one")]
    [InlineData("[BitField(nameof(A), 0, 1)] public partial float B { get; set; }", "B: has a bit field 'B' of type 'float'; a bit field is an integer of 8 to 64 bits, or a bool over one bit")]
    [InlineData("[BitField(nameof(Half), 0, 1)] public partial bool B { get; set; }", "B: has a bit field 'B' over 'Half' of type 'Half'; bits are of an integer of 8 to 64 bits")]
    [InlineData("[BitField(\"None\", 0, 1)] public partial bool B { get; set; }", "B: has a bit field 'B' over 'None', which is no field of it; name an integer field by nameof")]
    [InlineData("[BitField(nameof(A), 0, 1)] public static partial bool B { get; set; }", "B: has a bit field 'B' that is static, and bits are a value's; make it an instance property")]
    [InlineData("[BitField(nameof(A), 0, 1)] public partial ref uint B { get; }", "B: has a bit field 'B' that returns a reference, and bits have no address; return the value")]
    [InlineData("[BitField(nameof(A), 0, 1)] public bool B => false;",
        "B: has a bit field 'B' that is not a partial property, so that nothing can be generated for it; declare it 'partial', with 'get;' and 'set;'")]
    public void A_bit_field_is_bits_of_an_integer(string properties, params string[] problems) =>
        Assert.Equal(problems, Model.Problems($"[AllValid] public partial struct Foo {{ public ulong Wide; public uint A; public Half Half; private ushort _rest; {properties} }}"));

    [Theory]
    [InlineData("public byte Tag; [Union(nameof(Tag), 0, 255)] public byte A; [Union(nameof(Tag), 1)] public byte B;")]
    [InlineData("public sbyte Tag; [Union(nameof(Tag), -128, 127)] public byte A;")]
    [InlineData("public ulong Tag; [Union(nameof(Tag), 0, ulong.MaxValue)] public ulong A;")]
    [InlineData("[WireEnum] public Kind Tag; [Union(nameof(Tag), Kind.One)] public ushort A;")]
    [InlineData("public byte Tag; [Union(nameof(Tag), 256)] public byte A;", "A: has a tagged field 'A' with the value 256, which its tag 'Tag' of type 'byte' cannot have")]
    [InlineData("public byte Tag; [Union(nameof(Tag), -1)] public byte A;", "A: has a tagged field 'A' with the value -1, which its tag 'Tag' of type 'byte' cannot have")]
    [InlineData("public sbyte Tag; [Union(nameof(Tag), 128)] public byte A;", "A: has a tagged field 'A' with the value 128, which its tag 'Tag' of type 'sbyte' cannot have")]
    [InlineData("public sbyte Tag; [Union(nameof(Tag), -129)] public byte A;", "A: has a tagged field 'A' with the value -129, which its tag 'Tag' of type 'sbyte' cannot have")]
    [InlineData("public byte Tag; [Union(nameof(Tag), 1, 2, 1)] public byte A;", "A: has a tagged field 'A' with the value 1 of its tag 'Tag' twice; name it once")]
    [InlineData("public byte Tag; [Union(nameof(Tag), 1, 2)] public byte A; [Union(nameof(Tag), 3, 2)] public byte B;", "B: has tagged fields 'A' and 'B', both for the value 2 of 'Tag'")]
    [InlineData("public byte Tag; [Union(nameof(Tag))] public byte A;", "A: has a tagged field 'A' without a value of its tag 'Tag'; name one or more: [Union(nameof(Tag), 1)]")]
    [InlineData("public byte Tag; [Union(nameof(Tag), \"x\")] public byte A;", "A: has a tagged field 'A' with a value of its tag 'Tag' that is no integer")]
    [InlineData("public byte Tag; [Union(\"None\", 1)] public byte A;", "A: has a tagged field 'A' whose tag is 'None', which is no field of it; name an integer field by nameof")]
    [InlineData("[Union(nameof(A), 1)] public byte A;", "A: has a tagged field 'A' that is its own tag; name another field")]
    [InlineData("public float Tag; [Union(nameof(Tag), 1)] public uint A;", "A: has a tagged field 'A' whose tag 'Tag' is of type 'float'; a tag is an integer of 8 to 64 bits, or an enum that says [WireEnum]")]
    [InlineData("public byte Tag; [Union(nameof(Tag), 1)] public bool A;",
        "A: has a tagged field 'A' of type 'bool', which cannot be given as a value that needs no check; make it a primitive, an [AllValid] struct or an inline array")]
    public void A_tagged_field_has_values_of_its_tag(string fields, params string[] problems) => Assert.Equal(problems, Model.Problems($"[ValidateOnRead] public partial struct Foo {{ {fields} }}"));

    [Theory]
    [InlineData("Tail<uint>", "uint A;")]
    [InlineData("Tail<uint>(\"A\")", "uint A;")]
    [InlineData("Tail<byte>(Offset = 4)", "uint A;")]
    [InlineData("Tail<byte>(Offset = 1)", "uint A;")]
    [InlineData("Tail<uint>(BigEndian = true)", "uint A;")]
    [InlineData("BigEndian, Tail<uint>", "uint A;")]
    [InlineData("BigEndian, Tail<Big>", "uint A;")]
    [InlineData("BigEndian, Tail<Bytes2>", "uint A;")]
    [InlineData("Tail<byte>(Offset = 5)", "uint A;", "has a tail that begins at 5; it begins within the struct or right behind it, at 1 to 4")]
    [InlineData("Tail<byte>(Offset = -1)", "uint A;", "has a tail that begins at -1; it begins within the struct or right behind it, at 1 to 4")]
    [InlineData("Tail<uint>(\"B\")", "uint A;", "has a tail whose number is 'B', which is no field of it; name an integer field by nameof, or none")]
    [InlineData("Tail<uint>(\"A\")", "Half A;", "has a tail whose number is 'A' of type 'Half'; a number is an integer of 8 to 64 bits")]
    [InlineData("Tail<byte>(BigEndian = true)", "uint A;", "says BigEndian of a tail of 'byte', which has no byte order of its own; say [BigEndian] on its fields")]
    [InlineData("Tail<Little>(BigEndian = true)", "uint A;", "says BigEndian of a tail of 'Little', which has no byte order of its own; say [BigEndian] on its fields")]
    [InlineData("BigEndian, Tail<Little>", "uint A;", "is [BigEndian], but its tail of 'Little' is not stored so; mark that type [BigEndian] too, or mark the fields of the struct one by one")]
    [InlineData("InlineArray(2), Tail<uint>", "uint A;", "has a tail and is an inline array, of which each element would have it; put the array into a struct")]
    [InlineData("Tail<Foo>", "uint A;", "has a tail of 'Foo', in which it is itself, so that each element would have the tail; take a struct without it")]
    public void A_tail_begins_where_it_may_and_has_a_number(string attributes, string field, params string[] problems) =>
        Assert.Equal(problems, Model.Problems($"[AllValid, {attributes}] public partial struct Foo {{ public {field} }}"));

    [Theory]
    [InlineData("Tail<uint>", 4L, false, null)]
    [InlineData("Tail<uint>(\"A\", Offset = 2, BigEndian = true)", 2L, true, "A")]
    [InlineData("BigEndian, Tail<uint>", 4L, true, null)]
    [InlineData("BigEndian, Tail<byte>(Offset = 0)", 4L, false, null)]
    public void A_tail_is_what_was_declared(string attributes, long offset, bool isBigEndian, string? count)
    {
        (INamedTypeSymbol type, StructLayout layout) = Model.Of($"[AllValid, {attributes}] public partial struct Foo {{ public uint A; }}");
        Tail tail = TailRules.Of(type, layout)!;
        Assert.Equal((offset, isBigEndian, count), (tail.Offset, tail.BigEndian, tail.Count?.Name));
    }
}
