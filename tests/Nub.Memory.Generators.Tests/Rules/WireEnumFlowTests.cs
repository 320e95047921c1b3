using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What the rules say of <c>[WireEnum]</c> fields: the integer is the guest's until it was tried.</summary>
public sealed class WireEnumFlowTests
{
    [Theory]
    [InlineData("Use(new byte[{|NUB0011:view.Kind|}]);")]
    [InlineData("Use(Table[{|NUB0011:view.Kind|}]);")]
    [InlineData("Use(Table[{|NUB0011:(int)view.Load().Kind|}]);")]
    [InlineData("Request whole = view.Load(); if (!whole.TryGetKind(out Kind kind)) return; Use(Table[(int)kind]); Use(Table[{|NUB0011:(int)whole.Kind|}]);")]
    [InlineData("if (!view.TryGetKind(out Kind kind)) return; Use(kind); Use(Table[{|NUB0010:view.Kind|}]);")]
    [InlineData("if (!view.TryGetKind(out Kind kind)) return; Use(kind); if ({|NUB0010:view.TryGetKind(out Kind again)|}) Use(again);")]
    public async Task The_integer_is_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("if (!view.TryGetKind(out Kind kind)) return; Use(Table[(int)kind]);")]
    [InlineData("if (view.Load().TryGetKind(out Kind kind)) Use(Table[(int)kind]);")]
    [InlineData("if (view.TryGetKinds(1, out Kind kind)) Use(Table[(int)kind]);")]
    [InlineData("ushort raw = view.Kind; if (raw < 3) Use(Table[raw]);")]
    public async Task What_was_tried_is_not(string body) => await CheckAsync(body);

    [Fact]
    public async Task An_enum_field_needs_it_in_an_AllValid_struct_and_nothing_else_may_have_it() =>
        await Markup.CheckAsync("""
            public enum Kind : ushort { Read = 1, Write = 2 }
            [InlineArray(2)] public struct Words { private uint _first; }
            [AllValid] public partial struct Bare { public Kind {|NUB0002:Kind|}; }
            [AllValid] public partial struct Wire { [WireEnum] public Kind Kind; }
            [AllValid] public partial struct Other { [WireEnum] public uint {|NUB0003:Word|}; [WireEnum] public Words {|NUB0003:Words|}; }
            [AllValid] public partial struct Taken { [WireEnum] public Kind Kind; public bool {|NUB0008:TryGetKind|}() => Kind == Kind.Read; }
            """);

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            public enum Kind : ushort { Read = 1, Write = 2 }
            [InlineArray(4)] public struct Kinds { private Kind _first; }
            [AllValid] public partial struct Request { [WireEnum] public Kind Kind; [WireEnum] public Kinds Kinds; }
            public static class Test
            {
                private static readonly int[] Table = new int[3];
                public static void Run(Request.View view) { {{body}} }
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
