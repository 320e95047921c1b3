using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What the rules say of <c>[Union]</c> fields: the tag is read with the field, and the field is the guest's.</summary>
public sealed class UnionFlowTests
{
    [Theory]
    [InlineData("if (view.Tag == 1 && {|NUB0010:view.TryGetLength(out uint length)|}) Use(length);")]
    [InlineData("if (view.TryGetLength(out uint length)) Use(length); else if ({|NUB0010:view.TryGetKey(out Key key)|}) Use(key.Code);")]
    [InlineData("if (view.TryGetLength(out uint length)) Use(new byte[{|NUB0011:length|}]);")]
    [InlineData("if (view.TryGetKey(out Key key)) Use(new byte[{|NUB0011:key.Code|}]);")]
    [InlineData("if (view.Load().TryGetKey(out Key key)) Use(new byte[{|NUB0011:key.Code|}]);")]
    [InlineData("if (view.TryGetLength(out uint length)) Use(new byte[{|NUB0010:view.Length|}]); Use(length);")]
    public async Task The_tag_and_the_field_are_read_and_the_field_is_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Event whole = view.Load(); if (whole.TryGetLength(out uint length) && length < 100) Use(new byte[length]); else if (whole.TryGetKey(out Key key)) Use(key.Code);")]
    [InlineData("if (view.TryGetKey(out Key key) && key.Code < 100) Use(new byte[key.Code]);")]
    public async Task One_read_that_was_checked_is_right(string body) => await CheckAsync(body);

    [Fact]
    public async Task What_cannot_be_is_reported() =>
        await Markup.CheckAsync("""
            public enum Kind : ushort { None, Key }
            [InlineArray(2)] public struct Kinds { private Kind _first; }
            [AllValid] public partial struct Unknown { public uint Tag; [Union("Other", 1)] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Fraction { public float Tag; [Union(nameof(Tag), 1)] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct None { public uint Tag; [Union(nameof(Tag))] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Text { public uint Tag; [Union(nameof(Tag), "one")] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Large { public byte Tag; [Union(nameof(Tag), 256)] public byte {|NUB0003:A|}; }
            [AllValid] public partial struct Negative { public byte Tag; [Union(nameof(Tag), -1)] public byte {|NUB0003:A|}; }
            [AllValid] public partial struct Twice { public uint Tag; [Union(nameof(Tag), 1, 2)] public uint A; [Union(nameof(Tag), 2)] public uint {|NUB0003:B|}; }
            [AllValid] public partial struct Same { public uint Tag; [Union(nameof(Tag), 1, 2, 1)] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Wide { public uint Tag; [Union(nameof(Tag), 1, 1L)] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Own { [Union(nameof(A), 1)] public uint {|NUB0003:A|}; }
            [AllValid] public partial struct Enum { public uint Tag; [Union(nameof(Tag), 1), WireEnum] public Kind {|NUB0003:A|}; private ushort _rest; }
            [ValidateOnRead] public partial struct Bool { public byte Tag; [Union(nameof(Tag), 1)] public bool {|NUB0003:A|}; }
            [ValidateOnRead] public partial struct Judged { public Kind Tag; [Union(nameof(Tag), 1)] public ushort {|NUB0003:A|}; }
            [AllValid] public partial struct Taken { public uint Tag; [Union(nameof(Tag), 1)] public uint A; public uint {|NUB0008:{|NUB0008:TryGetA|}|}; }
            """);

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Key { public uint Code; public uint Pressed; }
            [AllValid, StructLayout(LayoutKind.Explicit)]
            public partial struct Event
            {
                [FieldOffset(0)] public uint Tag;
                [FieldOffset(4), Union(nameof(Tag), 1)] public Key Key;
                [FieldOffset(4), Union(nameof(Tag), 2)] public uint Length;
            }

            public static class Test
            {
                public static void Run(Event.View view) { {{body}} }
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
