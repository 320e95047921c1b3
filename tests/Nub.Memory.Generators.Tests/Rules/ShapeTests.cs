using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0003.</summary>
public sealed class ShapeTests
{
    [Theory]
    [InlineData("[AllValid] public struct {|NUB0003:Foo|} { public uint A; }", "declare it partial")]
    [InlineData("[ValidateOnRead] public struct {|NUB0003:Foo|} { public bool A; }", "declare it partial")]
    [InlineData("public class Outer { [AllValid] public partial struct {|NUB0003:Foo|} { public uint A; } }", "declare the containing type 'Outer' partial")]
    [InlineData("[StructLayout(LayoutKind.Auto)] [AllValid] public partial struct {|NUB0003:Foo|} { public uint A; }", "LayoutKind.Auto")]
    [InlineData("[AllValid] public partial struct {|NUB0003:Foo|}<T> { public uint A; }", "is generic")]
    [InlineData("public partial class Outer<T> { [AllValid] public partial struct {|NUB0003:Foo|} { public uint A; } }", "is generic through the containing type 'Outer'")]
    [InlineData("[AllValid] public ref partial struct {|NUB0003:Foo|} { public uint A; }", "ref struct")]
    [InlineData("[AllValid] file partial struct {|NUB0003:Foo|} { public uint A; }", "file-local")]
    [InlineData("[AllValid] public partial struct {|NUB0003:Foo|} { }", "has no fields")]
    [InlineData("[AllValid] public partial struct {|NUB0003:Foo|}(int capture) { public uint A = 1; public int Get() => capture; }", "may capture the primary constructor's parameter 'capture'")]
    [InlineData("[InlineArray(2000000)] [AllValid] public partial struct {|NUB0003:Foo|} { private byte _a; }", "has 2000000 bytes, more than the 1048576")]
    [InlineData("[BigEndian, AllValid] public partial struct Foo { public Little {|NUB0003:A|}; } [AllValid] public partial struct Little { public uint B; }", "mark that type [BigEndian] too")]
    [InlineData("[AllValid] public partial struct Foo { [BigEndian] public Little {|NUB0003:A|}; } [AllValid] public partial struct Little { public uint B; }", "say it on the fields of 'Little'")]
    [InlineData("public interface IX { bool Flag { get; set; } } [ValidateOnRead] public partial struct Foo : IX { public uint A; bool IX.{|NUB0003:Flag|} { get; set; } }", "stores the property 'IX.Flag', which only an interface has")]
    [InlineData("namespace N { public interface IX { uint B { get; } } [AllValid] public partial struct Foo : IX { public uint A; readonly uint IX.{|NUB0003:B|} { get; } } }", "stores the property 'N.IX.B', which only an interface has")]
    public async Task A_shape_that_cannot_be_generated_for_is_reported_with_what_to_do(string markup, string reason)
    {
        string[] messages = await Markup.CheckAsync(markup);
        Assert.StartsWith("Nothing can be generated for ", Assert.Single(messages), StringComparison.Ordinal);
        Assert.Contains(reason, messages[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[BitField(\"Gone\", 0, 1)] public partial uint {|NUB0003:B|} { get; set; }", "over 'Gone', which is no field of it")]
    [InlineData("[BitField(nameof(F), 0, 1)] public partial uint {|NUB0003:B|} { get; set; }", "over 'F' of type 'float'")]
    [InlineData("[BitField(nameof(A), 30, 3)] public partial uint {|NUB0003:B|} { get; set; }", "of 3 bits from bit 30 on, and 'A' has 32")]
    [InlineData("[BitField(nameof(A), int.MaxValue, 3)] public partial uint {|NUB0003:B|} { get; set; }", "of 3 bits from bit 2147483647 on, and 'A' has 32")]
    [InlineData("[BitField(nameof(A), -1, 3)] public partial uint {|NUB0003:B|} { get; set; }", "begins at bit -1")]
    [InlineData("[BitField(nameof(A), 0, 0)] public partial uint {|NUB0003:B|} { get; set; }", "of 0 bits")]
    [InlineData("[BitField(nameof(A), 0, 9)] public partial byte {|NUB0003:B|} { get; set; }", "of 9 bits, and its type 'byte' has 8")]
    [InlineData("[BitField(nameof(A), 0, 2)] public partial bool {|NUB0003:B|} { get; set; }", "of 2 bits, and its type 'bool' has 1")]
    [InlineData("[BitField(nameof(A), 0, 2)] public partial DayOfWeek {|NUB0003:B|} { get; set; }", "of type 'DayOfWeek'")]
    [InlineData("[BitField(nameof(A), 0, 2)] public static partial uint {|NUB0003:B|} { get; set; }", "that is static")]
    [InlineData("[BitField(nameof(A), 0, 2)] public uint {|NUB0003:B|} { get => 0; }", "is not a partial property")]
    [InlineData("[BitField(nameof(A), 0, 2)] public partial uint First { get; set; } [BitField(nameof(A), 1, 1)] public partial uint {|NUB0003:B|} { get; set; }", "'First', bits 0 to 1, and 'B', bits 1 to 1 of 'A', on the same bits")]
    public async Task A_bit_field_that_means_nothing_is_the_only_error(string property, string reason)
    {
        string[] messages = await Markup.CheckAsync($"[AllValid] public partial struct Foo {{ public uint A; public float F; {property} }} public static class User {{ public static Foo.View Of(HostSharedMemory host) => Foo.At(host, 0); }}");
        Assert.Contains(reason, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Equals"), InlineData("GetHashCode"), InlineData("GetType"), InlineData("ToString")]
    public async Task A_field_that_no_view_could_have_is_reported(string name)
    {
        string[] messages = await Markup.CheckAsync($"[AllValid] public partial struct Foo {{ public ulong First; public uint {{|NUB0003:{{|CS0108:{name}|}}|}}; public uint Last; }}");
        Assert.Contains($"('Foo.{name}', uint, offset 8)", messages[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Layout", "'Foo.FooLayout'"), InlineData("View", "'Foo.FooView'"), InlineData("At", "'memory.At<Foo.View>(offset)'")]
    [InlineData("TryAt", "'memory.TryAt<Foo.View>(offset)'"), InlineData("ArrayAt", "SharedViews.ArrayAt"), InlineData("TryArrayAt", "SharedViews.TryArrayAt")]
    [InlineData("ReadFrom", "SharedBytes.Read"), InlineData("WriteTo", "SharedBytes.Write"), InlineData("Load", "'Read' of the memory"), InlineData("Store", "'Write' of the memory")]
    public async Task A_field_keeps_the_name_of_a_generated_member(string name, string instead)
    {
        string[] messages = await Markup.CheckAsync($"[AllValid] public partial struct Foo {{ public ulong First; public uint {{|NUB0008:{name}|}}; public uint Last; }}");
        Assert.Contains(instead, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("public void {|NUB0008:At|}() { }")]
    [InlineData("public struct {|NUB0008:View|};")]
    [InlineData("public sealed class {|NUB0008:Layout|};")]
    [InlineData("public uint {|NUB0008:ArrayAt|} => 0;")]
    public async Task Another_member_keeps_the_name_of_a_generated_one(string member) =>
        await Markup.CheckAsync($"[AllValid] public partial struct Foo {{ public uint A; {member} }}");

    [Fact]
    public async Task The_method_that_gives_a_view_gives_way_to_a_field() =>
        await Markup.CheckAsync("""
            [InlineArray(4)] public struct Four { private uint _first; }
            [AllValid] public partial struct Foo { public Four Ring; public uint {|NUB0008:RingView|}; }
            """);

    [Fact]
    public async Task A_user_may_add_to_the_view() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Foo
            {
                public uint A;
                private uint _hidden;
                public readonly ref partial struct View { public uint Hidden => _hidden; }
                public static partial class Layout { public const int Twice = 2 * Size; }
            }
            """);

    [Fact]
    public async Task Fields_in_two_parts_have_no_defined_order() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct {|CS0282:{|NUB0003:Foo|}|} { public uint A; }
            public partial struct Foo { public uint B; }
            """);

    [Fact]
    public async Task BigEndian_on_an_array_that_is_validated_is_reported_where_its_Validate_would_judge_other_values()
    {
        string[] messages = await Markup.CheckAsync("""
            [ValidateOnRead, InlineArray(4)] public partial struct Four { private uint _e; private static bool Validate(in Four value) => value[0] < 10; }
            [ValidateOnRead, InlineArray(4)] public partial struct Days { private DayOfWeek _e; }
            [ValidateOnRead, InlineArray(4)] public partial struct Bools { private bool _e; }
            [ValidateOnRead, InlineArray(4), BigEndian] public partial struct Turned { private uint _e; private static bool Validate(in Turned value) => value[0] < 10; }
            [AllValid, ValidateOnRead, InlineArray(4)] public partial struct Both { private uint _e; private static bool Validate(in Both value) => value[0] < 10; }
            [InlineArray(2)] public struct Fours { [BigEndian] private Four _e; }
            [ValidateOnRead, BigEndian] public partial struct Whole { public Four {|NUB0003:F|}; public Bools Bools; public Turned Turned; }
            [ValidateOnRead] public partial struct Parts { [BigEndian] public Days {|NUB0003:D|}; [BigEndian] public Both {|NUB0003:B|}; public Fours {|NUB0002:G|}; }
            """);
        Assert.Equal(3, messages.Count(static message => message.Contains("is validated as what it says itself", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_union_that_byte_orders_would_spoil_is_reported() =>
        await Markup.CheckAsync("""
            [StructLayout(LayoutKind.Explicit)]
            [AllValid] public partial struct Foo { [FieldOffset(0), BigEndian] public uint Whole; [FieldOffset(0)] public ushort {|NUB0003:Half|}; }
            [StructLayout(LayoutKind.Explicit)]
            [AllValid] public partial struct Same { [FieldOffset(0), BigEndian] public uint Whole; [FieldOffset(0), BigEndian] public int Signed; }
            """);

    [Theory]
    [InlineData("private bool Validate(in Foo value) => true;")]
    [InlineData("private static void Validate(in Foo value) { }")]
    [InlineData("private static bool Validate(int value) => true;")]
    [InlineData("private static bool Validate(ref Foo value) => true;")]
    public async Task A_Validate_that_would_not_be_called_is_reported(string method) =>
        await Markup.CheckAsync($"[ValidateOnRead] public partial struct Foo {{ public bool A; {method.Replace("Validate", "{|NUB0003:Validate|}", StringComparison.Ordinal)} }}");

    [Theory]
    [InlineData("static bool IChecked<Foo>.{|NUB0003:Validate|}(in Foo value) => true;")]
    [InlineData("static bool IChecked<Foo>.Validate(in Foo value) => Validate(value); private static bool Validate(in Foo value) => true;")]
    public async Task A_Validate_that_only_an_interface_has_would_not_be_called_either(string methods) =>
        await Markup.CheckAsync($"public interface IChecked<T> {{ static abstract bool Validate(in T value); }} [ValidateOnRead] public partial struct Foo : IChecked<Foo> {{ public bool A; {methods} }}");

    [Fact]
    public async Task A_struct_whose_field_is_wrong_is_not_blamed_for_it() =>
        await Markup.CheckAsync("""
            [AllValid] public struct {|NUB0003:Inner|} { public uint A; }
            [AllValid] public partial struct Outer { public Inner Inner; }
            """);

    [Theory]
    [InlineData("public sealed class {|NUB0003:Buffer|}", "declare it partial")]
    [InlineData("file sealed partial class {|NUB0003:Buffer|}", "file-local")]
    public async Task A_buffer_of_a_wrong_shape_is_reported(string declaration, string reason)
    {
        string plain = declaration.Replace("{|NUB0003:", "", StringComparison.Ordinal).Replace("|}", "", StringComparison.Ordinal);
        string[] messages = await Markup.CheckAsync($"[{{|NUB0003:GenerateReader(typeof(uint))|}}] {plain} {{ public Span<byte> AsSpan() => default; }}");
        Assert.Contains(reason, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_buffer_that_gives_no_bytes_is_told_how_to() =>
        await Markup.CheckAsync("""
            [{|NUB0003:GenerateReader(typeof(uint))|}] public partial class None;
            [{|NUB0003:GenerateWriter(typeof(uint))|}] public partial class ReadOnly { public ReadOnlySpan<byte> AsSpan() => default; }
            [{|NUB0003:GenerateReader(typeof(uint))|}] public partial class Wrong { public void CopyTo(int offset, Span<byte> bytes) { } }
            public class Base { private Span<byte> AsSpan() => default; }
            [{|NUB0003:GenerateReader(typeof(uint))|}] public partial class Hidden : Base;
            """);

    [Fact]
    public async Task A_name_that_is_taken_or_is_no_name_is_reported() =>
        await Markup.CheckAsync("""
            [GenerateReader({|NUB0003:typeof(uint)|}), GenerateReader(typeof(int), Name = "ReadSigned"), GenerateReader({|NUB0003:typeof(long)|}, Name = "ReadSigned")]
            [GenerateReader({|NUB0003:typeof(byte)|}, Name = "1x"), GenerateReader({|NUB0003:typeof(short)|}, Name = "")]
            public partial class Buffer
            {
                public Span<byte> AsSpan() => default;
                public void ReadUInt32() { }
            }
            """);
}
