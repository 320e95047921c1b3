using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0002, NUB0004 and NUB0005.</summary>
public sealed class StructRuleTests
{
    [Fact]
    public async Task A_field_is_named_by_its_whole_path_and_found_where_it_stands()
    {
        string[] messages = await Markup.CheckAsync("""
            public struct Flags { public byte Kind; public bool {|NUB0002:IsLast|}; }
            public struct Header { public uint Length; public Flags Flags; public ushort Tail; }
            [AllValid] public partial struct Foo { public uint Magic; public Header Header; }
            """);

        Assert.Equal(
            "'Foo.Header.Flags.IsLast' (bool, offset 9) keeps 'Foo' from being AllValid: only 0 and 1 of the 256 bit patterns of 'bool' are legal; use byte and compare it with 0, or validate with [ValidateOnRead] and TryReadValidated",
            Assert.Single(messages));
    }

    [Fact]
    public async Task The_path_goes_through_marked_structs_and_arrays()
    {
        string[] messages = await Markup.CheckAsync("""
            [AllValid] public partial struct Flags { public uint Kind; public DayOfWeek {|NUB0002:{|NUB0002:Day|}|}; }
            [InlineArray(3)] public struct Ring { private Flags _first; }
            [AllValid] public partial struct Foo { public ulong Magic; public Ring Ring; }
            """);

        Assert.Contains(messages, static message => message.StartsWith("'Flags.Day' (DayOfWeek, offset 4)", StringComparison.Ordinal));
        Assert.Contains(messages, static message => message.StartsWith("'Foo.Ring[0].Day' (DayOfWeek, offset 12)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bool", "use byte")]
    [InlineData("DayOfWeek", "use the integer behind it")]
    [InlineData("decimal", "use the integer behind it")]
    [InlineData("string?", "reference to the host's heap")]
    [InlineData("object?", "reference to the host's heap")]
    [InlineData("byte[]?", "use an offset into the shared memory, or an inline array")]
    [InlineData("Action?", "reference to the host's heap")]
    [InlineData("Plain", "mark it [AllValid]")]
    [InlineData("Auto", "LayoutKind.Auto")]
    [InlineData("Checked", "validate with [ValidateOnRead]")]
    [InlineData("BigEndians", "mark it [AllValid]")]
    [InlineData("BigRows", "say it on the elements of these")]
    public async Task NUB0002_says_what_to_do(string type, string advice)
    {
        string[] messages = await Markup.CheckAsync($$"""
            public struct Plain { public ulong A; }
            [StructLayout(LayoutKind.Auto)] public struct Auto { public uint A; }
            [ValidateOnRead] public partial struct Checked { public DayOfWeek {{(type == "Checked" ? "{|NUB0002:Flag|}" : "Flag")}}; }
            [InlineArray(8), BigEndian] public struct BigEndians { private ushort _first; }
            [InlineArray(2)] public struct Row { private ushort _first; }
            [InlineArray(2)] public struct BigRows { [BigEndian] private Row _first; }
            [AllValid] public partial struct Foo { public ulong First; public {{type}} {{(type == "Checked" ? "Field" : "{|NUB0002:Field|}")}}; }
            """);

        Assert.StartsWith("'Foo.Field", Assert.Single(messages), StringComparison.Ordinal);
        Assert.Contains("offset 8", messages[0], StringComparison.Ordinal);
        Assert.Contains(advice, messages[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nint"), InlineData("nuint"), InlineData("IntPtr"), InlineData("void*"), InlineData("byte*"), InlineData("delegate*<void>")]
    [InlineData("DateTime"), InlineData("TimeSpan"), InlineData("Guid"), InlineData("(int, int)"), InlineData("int?"), InlineData("System.Numerics.Vector3"), InlineData("Index")]
    public async Task NUB0004_refuses_what_is_the_hosts(string type)
    {
        string[] messages = await Markup.CheckAsync($$"""
            [AllValid] public unsafe partial struct Foo { public ulong First; public {{type}} {|NUB0004:Field|}; }
            """);

        Assert.StartsWith("'Foo.Field' (", Assert.Single(messages), StringComparison.Ordinal);
        Assert.Contains("offset 8", messages[0], StringComparison.Ordinal);
        Assert.Contains("; use ", messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_field_has_its_own_report() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Foo { public bool {|NUB0002:A|}; public nint {|NUB0004:B|}; public uint C; public bool {|NUB0002:D|} { get; set; } }
            """);

    [Fact]
    public async Task A_field_like_event_is_a_hidden_reference() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Foo { public ulong A; public event Action {|NUB0002:Changed|}; }
            """);

    [Fact]
    public async Task Static_members_are_not_fields_of_the_value() =>
        await Markup.CheckAsync("""
            [AllValid] public partial struct Foo { public uint A; public static bool Flag; public const string Name = "x"; public static readonly object Lock = new(); }
            """);

    [Fact]
    public async Task NUB0005_names_each_gap()
    {
        string[] messages = await Markup.CheckAsync("""
            [AllValid] public partial struct Response { public ulong Id; public byte {|NUB0005:Operation|}; public short {|NUB0005:Status|}; }
            """);

        Assert.Equal(
            [
                "'Response' has 1 byte of implicit padding at offset 9, after 'Response.Operation' (byte, offset 8): writing it would carry whatever the host's memory held there to the guest; declare a reserved byte there",
                "'Response' has 4 bytes of implicit padding at offset 12, after 'Response.Status' (short, offset 10): writing it would carry whatever the host's memory held there to the guest; declare reserved fields of 4 bytes there",
            ],
            messages);
    }

    [Theory]
    [InlineData("[StructLayout(LayoutKind.Sequential, Pack = 1)]", "public byte A; public uint B;")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(0)] public uint A; [FieldOffset(4)] public uint B;")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(0)] public uint A; [FieldOffset(0)] public ushort Low; [FieldOffset(2)] public ushort High;")]
    [InlineData("", "public byte A; public byte B; public ushort C; public uint D;")]
    public async Task No_padding_no_report(string attribute, string fields) =>
        await Markup.CheckAsync($"{attribute} [AllValid] public partial struct Foo {{ {fields} }}");

    [Theory]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(0)] public byte {|NUB0005:A|}; [FieldOffset(4)] public uint B;", "3 bytes of implicit padding at offset 1")]
    [InlineData("[StructLayout(LayoutKind.Explicit)]", "[FieldOffset(4)] public uint B;", "4 bytes of implicit padding at offset 0, before its first field", "{|NUB0005:Foo|}")]
    [InlineData("[StructLayout(LayoutKind.Explicit, Size = 16)]", "[FieldOffset(0)] public ulong {|NUB0005:A|};", "8 bytes of implicit padding at offset 8")]
    [InlineData("[StructLayout(LayoutKind.Sequential, Size = 6)]", "public uint {|NUB0005:A|};", "2 bytes of implicit padding at offset 4")]
    [InlineData("", "public UInt128 A; public byte {|NUB0005:B|};", "15 bytes of implicit padding at offset 17")]
    public async Task Padding_of_every_origin_is_found(string attribute, string fields, string expected, string name = "Foo")
    {
        string[] messages = await Markup.CheckAsync($"{attribute} [AllValid] public partial struct {name} {{ {fields} }}");
        Assert.Contains(expected, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AllValid")]
    [InlineData("ValidateOnRead")]
    public async Task An_inline_array_that_its_elements_do_not_fill_is_found(string mark)
    {
        string[] messages = await Markup.CheckAsync($$"""
            [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { public uint A; public byte B; }
            [InlineArray(3)] public struct Three { private Five _e; }
            [InlineArray(2)] public struct Deep { private Three {|NUB0002:_e|}; }
            [{{mark}}] public partial struct Has { public byte First; public Three {|NUB0002:F|}; public Deep G; }
            public static class Use
            {
                public static void Write(HostSharedMemory host, Three three) => host.{|NUB0001:Write|}(0, three);
            }
            """);

        Assert.StartsWith("'Has.G[0]' (Three, offset 28)", messages[0], StringComparison.Ordinal);
        Assert.StartsWith("'Has.F' (Three, offset 4)", messages[1], StringComparison.Ordinal);
        Assert.All(messages, static message => Assert.Contains("the elements of 'Three' do not fill it", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_marked_array_that_its_elements_do_not_fill_has_padding_of_its_own_and_spoils_its_users() =>
        await Markup.CheckAsync("""
            [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { public uint A; public byte B; }
            [AllValid, InlineArray(3)] public partial struct Three { private Five {|NUB0005:_e|}; }
            [AllValid] public partial struct Has { public Three F; }
            public static class Use
            {
                public static object Marker => (IAllValid<Five>)default(Five);
                public static object None => {|CS0030:(IAllValid<Has>)default(Has)|};
            }
            """);

    [Fact]
    public async Task A_validated_array_that_its_elements_do_not_fill_may_be_a_field_and_no_element() =>
        await Markup.CheckAsync("""
            [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { public uint A; public byte B; }
            [ValidateOnRead, InlineArray(3)] public partial struct Three { private Five _e; }
            [ValidateOnRead] public partial struct Has { public Three F; }
            [ValidateOnRead, InlineArray(2)] public partial struct Deep { private Three {|NUB0002:_e|}; }
            [InlineArray(2)] public struct Bare { private Three {|NUB0002:_e|}; }
            [ValidateOnRead] public partial struct HasBare { public Bare F; }
            """);

    [Fact]
    public async Task An_inline_array_that_is_validated_on_read_is_not_AllValid()
    {
        string[] messages = await Markup.CheckAsync("""
            [ValidateOnRead, InlineArray(4)] public partial struct Four { private uint _e; private static bool Validate(in Four value) => value[0] < 10; }
            [InlineArray(2)] public struct Fours { private Four _e; }
            [AllValid] public partial struct Has { public Four {|NUB0002:F|}; }
            [ValidateOnRead] public partial struct May { public Four F; public Fours G; }
            public static class Use
            {
                public static Four Read(HostSharedMemory host) => host.Read<{|NUB0001:Four|}>(0);
                public static Fours ReadMore(HostSharedMemory host) => host.Read<{|NUB0001:Fours|}>(0);
            }
            """);

        Assert.StartsWith("'Has.F' (Four, offset 0)", messages[0], StringComparison.Ordinal);
        Assert.EndsWith("'Four' is [ValidateOnRead]: read it with TryReadValidated, and write it with WriteValidated", messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_validated_struct_may_have_padding_because_it_is_never_written() =>
        await Markup.CheckAsync("[ValidateOnRead] public partial struct Foo { public bool A; public uint B; }");
}
