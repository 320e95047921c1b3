using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 on bit fields: in a view each is a read of the integer that holds it, and its value has no more than its bits.</summary>
public sealed class BitFieldFlowTests
{
    [Theory]
    [InlineData("if (view.Length > 100) return; Use(new byte[{|NUB0010:view.Length|}]);")]
    [InlineData("Use(view.Class); Use({|NUB0010:view.Class|});")]
    [InlineData("Use(view.Class); Use({|NUB0010:view.Length|});")]
    [InlineData("Use(view.Class); Use({|NUB0010:view.Low|});")]
    [InlineData("if (!view.IsLast) return; if ({|NUB0010:view.IsLast|}) Use(1);")]
    [InlineData("Entry whole = view.Load(); if (whole.Length > 100) return; Use(new byte[{|NUB0010:view.Length|}]);")]
    [InlineData("if (view.Length > 100) return; view.Class = 1; Use(new byte[{|NUB0010:view.Length|}]);")]
    [InlineData("if (view is { Class: 3 }) Use({|NUB0010:view.Class|});")]
    [InlineData("if (view is { Class: 1, {|NUB0010:Length|}: var length }) Use(length);")]
    [InlineData("if (view.Signed > 100) return; Use(new byte[{|NUB0010:view.Signed|}]);")]
    [InlineData("if (view.Length > 100) return; {|NUB0010:view.Class|}++; Use(new byte[{|NUB0010:view.Length|}]);")]
    public async Task A_bit_field_of_a_view_is_a_read_of_its_unit(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint length = view.Length; if (length > 100) return; Use(new byte[length]);")]
    [InlineData("Use(view.Class); view.Class = 2; Use(view.Class);")]
    [InlineData("view.Class = 1; view.IsLast = true; Use(view.Class);")]
    [InlineData("Use(view.Class); Use(view.Other);")]
    [InlineData("Use(view.Class); view.Store(default); Use(view.Class);")]
    [InlineData("Entry whole = view.Load(); Use(whole.Class); Use(whole.Class); Use(whole.IsLast); Use(whole.Length);")]
    public async Task One_read_or_other_bytes_are_no_double_fetch(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Use(new byte[{|NUB0011:view.Length|}]);")]
    [InlineData("Use(new byte[{|NUB0011:view.Signed|}]);")]
    [InlineData("long signed = view.Signed; if (signed > 100) return; Use(new byte[{|NUB0011:signed|}]);")]
    [InlineData("Entry whole = view.Load(); Use(new byte[{|NUB0011:whole.Length|}]);")]
    [InlineData("Use(new byte[{|NUB0011:host.Read<Entry>(0).Length|}]);")]
    [InlineData("for (int i = 0; i < {|NUB0011:view.Length|}; i++) Use(i);")]
    [InlineData("if (view is { Length: var length }) Use(new byte[{|NUB0011:length|}]);")]
    [InlineData("Entry whole = view.Load(); if (whole is { Class: 1, Length: var length }) Use(new byte[{|NUB0011:length|}]);")]
    public async Task What_many_bits_hold_is_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Use(new byte[view.Class]);")]
    [InlineData("Use(new byte[view.Class * 16 + 4]);")]
    [InlineData("Use(Table[view.Class]);")]
    [InlineData("Entry whole = view.Load(); Use(new byte[whole.Class]); Use(Table[whole.Class]);")]
    [InlineData("for (int i = 0; i < view.Class; i++) Use(i);")]
    [InlineData("Entry whole = view.Load(); if (whole.Length > 100) return; Use(new byte[whole.Length]);")]
    [InlineData("var whole = new Entry { Length = 12 }; Use(new byte[whole.Length]);")]
    [InlineData("Entry whole = view.Load(); whole.Length = 12; Use(new byte[whole.Length]);")]
    public async Task What_few_bits_hold_is_within_a_limit_and_so_is_what_was_checked_or_set(string body) => await CheckAsync(body);

    [Fact]
    public async Task Bits_are_known_where_the_struct_is_of_another_assembly()
    {
        using var image = new MemoryStream();
        Assert.True(Code.Generate(Code.Compile("namespace Wire; " + Entry)).Emit(image).Success);
        await Markup.CheckAsync(
            """
            public static class Test
            {
                public static byte[] Wide(Wire.Entry.View view) => new byte[{|NUB0011:view.Length|}];
                public static byte[] Narrow(Wire.Entry.View view) => new byte[view.Class];
                public static byte[] WideValue(HostSharedMemory host) => new byte[{|NUB0011:host.Read<Wire.Entry>(0).Length|}];
                public static byte[] NarrowValue(HostSharedMemory host) => new byte[host.Read<Wire.Entry>(0).Class];
                public static int Twice(Wire.Entry.View view) => view.Class + {|NUB0010:view.Class|};
            }
            """,
            MetadataReference.CreateFromImage(image.ToArray()));
    }

    private const string Entry = """
        [AllValid]
        public partial struct Entry
        {
            private uint _flags;
            private uint _other;
            private ulong _wide;
            [BitField(nameof(_flags), offset: 0, bits: 1)] public partial bool IsLast { get; set; }
            [BitField(nameof(_flags), offset: 1, bits: 4)] public partial byte Class { get; set; }
            [BitField(nameof(_flags), offset: 5, bits: 3)] public partial sbyte Low { get; set; }
            [BitField(nameof(_flags), offset: 8, bits: 24)] public partial uint Length { get; set; }
            [BitField(nameof(_other), offset: 0, bits: 8)] public partial byte Other { get; set; }
            [BitField(nameof(_wide), offset: 0, bits: 40)] public partial long Signed { get; set; }
            public uint Rest { readonly get => _other; set => _other = value; }
        }

        """;

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            {{Entry}}
            public static class Test
            {
                private static readonly int[] Table = new int[16];
                public static void Run(HostSharedMemory host, Entry.View view) { {{body}} }
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
