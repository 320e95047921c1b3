using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What the generated checks of <c>[ValidateOnRead]</c> structs accept and refuse.</summary>
public sealed class ValidatedTests
{
    private const string Types = """
        public enum Mode : uint { Off, On, Auto = 9, Last = uint.MaxValue }
        public enum Signed : sbyte { Minus = -3, Less, None = 0 }
        [Flags] public enum Bits : byte { None = 0, A = 1, B = 4 }
        [Flags] public enum Wide : long { None = 0, Top = long.MinValue, Low = 1 }
        public enum Every : byte { A0, {0} }
        [AllValid] public partial struct Plain { public uint A; [BigEndian] public uint B; }
        """;

    [Theory]
    [InlineData("public bool A;", 1, "0:y 1:y 2:n 128:n 255:n")]
    [InlineData("public Bits A;", 1, "0:y 1:y 4:y 5:y 2:n 8:n 255:n")]
    [InlineData("public Signed A;", 1, "253:y 254:y 0:y 255:n 252:n 1:n")]
    [InlineData("public Mode A;", 4, "0:y 1:y 9:y 4294967295:y 2:n 8:n 10:n 4294967294:n")]
    [InlineData("[BigEndian] public Mode A;", 4, "0:y 16777216:y 150994944:y 1:n 9:n")]
    [InlineData("public Wide A;", 8, "0:y 1:y 9223372036854775808:y 9223372036854775809:y 2:n 18446744073709551615:n")]
    [InlineData("public ConsoleColor A;", 4, "0:y 15:y 16:n 4294967295:n")]
    [InlineData("public byte A;", 1, "0:y 255:y")]
    public void A_field_is_legal_or_not(string field, int size, string expected) =>
        Assert.Equal(expected, Loaded.RunOnPage($$"""
            {{Types.Replace("{0}", "A1", StringComparison.Ordinal)}}
            [ValidateOnRead] public partial struct Foo { {{field}} }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    var answers = new List<string>();
                    foreach (string pair in "{{expected}}".Split(' '))
                    {
                        ulong value = ulong.Parse(pair.Split(':')[0]);
                        for (int i = 0; i < {{size}}; i++) host.Write((ulong)(16 + i), (byte)(value >> (8 * i)));
                        bool legal = host.TryReadValidated(16, out Foo foo);
                        using HostLease access = host.Enter();
                        if (access.TryReadValidated<Foo>(16, out Foo other) != legal || !foo.Equals(other) || (!legal && !foo.Equals(default(Foo)))) return "the ways differ";
                        answers.Add($"{value}:{(legal ? "y" : "n")}");
                    }
                    return string.Join(' ', answers);
                }
            }
            """));

    [Fact]
    public void An_enum_that_defines_every_value_is_never_refused() =>
        Assert.Equal(256, Loaded.RunOnPage($$"""
            {{Types.Replace("{0}", string.Join(", ", Enumerable.Range(1, 255).Select(static i => $"A{i}")), StringComparison.Ordinal)}}
            [ValidateOnRead] public partial struct Foo { public Every A; }
            public static class Test
            {
                public static object Run(HostSharedMemory host)
                {
                    int legal = 0;
                    for (int i = 0; i < 256; i++) { host.Write(0, (byte)i); legal += host.TryReadValidated<Foo>(0, out _) ? 1 : 0; }
                    return legal;
                }
            }
            """));

    [Fact]
    public void Nested_structs_and_every_element_of_an_array_are_checked_in_turn() =>
        Assert.Equal("y nnnn nn n y", Loaded.RunOnPage("""
            [InlineArray(4)] public struct Bools { private bool _first; }
            [ValidateOnRead] public partial struct Inner { public bool A; public byte B; private static bool Validate(in Inner value) => value.B < 10; }
            [InlineArray(2)] public struct Inners { private Inner _first; }
            [ValidateOnRead] public partial struct Foo { public Bools Bools; public Inners Inners; public Inner Inner; public ushort Free; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    string text = Try(host);
                    string Spoil(ulong at, byte with) { host.Write(at, with); string answer = Try(host); host.Write(at, (byte)0); return answer; }
                    return $"{text} {Spoil(0, 2)}{Spoil(1, 2)}{Spoil(2, 2)}{Spoil(3, 2)} {Spoil(4, 2)}{Spoil(6, 3)} {Spoil(9, 10)} {Spoil(10, 255)}";
                }
                private static string Try(HostSharedMemory host) => host.TryReadValidated<Foo>(0, out _) ? "y" : "n";
            }
            """));

    [Fact]
    public void The_users_own_say_is_asked_last_on_a_decoded_value_and_its_exceptions_are_its_own() =>
        Assert.Equal("y:5 n n InvalidOperationException", Loaded.RunOnPage("""
            [ValidateOnRead] public partial struct Foo
            {
                public bool Flag;
                public byte Pad0, Pad1, Pad2;
                [BigEndian] public uint Length;
                private static bool Validate(in Foo value) => value.Length != 99 ? value.Length < 50 : throw new InvalidOperationException();
            }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    string Try(byte flag, byte length)
                    {
                        host.Write(0, flag);
                        host.Write(7, length);
                        try { return host.TryReadValidated(0, out Foo foo) ? $"y:{foo.Length}" : "n"; } catch (Exception thrown) { return thrown.GetType().Name; }
                    }
                    return $"{Try(1, 5)} {Try(1, 60)} {Try(2, 99)} {Try(1, 99)}";
                }
            }
            """));

    [Fact]
    public void Nothing_that_a_guest_writes_makes_it_throw() =>
        Assert.Equal("ok", Loaded.RunOnPage($$"""
            {{Types.Replace("{0}", "A1", StringComparison.Ordinal)}}
            [InlineArray(3)] public struct Modes { private Mode _first; }
            [ValidateOnRead] public unsafe partial struct Foo { public bool A; public Bits B; public Signed C; public Every D; public Modes E; public Wide F; public Plain G; public fixed bool H[5]; public DayOfWeek I; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    var random = new Random(7);
                    byte[] bytes = new byte[Foo.Layout.Size];
                    int legal = 0;
                    for (int i = 0; i < 50_000; i++)
                    {
                        random.NextBytes(bytes);
                        if (i % 2 == 0)
                        {
                            Array.Clear(bytes);
                            for (int j = 0; j < 3; j++) bytes[random.Next(bytes.Length)] = (byte)random.Next(3);
                        }
                        host.CopyFrom(0, bytes);
                        if (!host.TryReadValidated(0, out Foo foo)) continue;
                        legal++;
                        if (!Enum.IsDefined(foo.I) || Unsafe.As<bool, byte>(ref foo.A) > 1 || !Enum.IsDefined(foo.E[2])) return "illegal came through";
                    }
                    return legal > 0 ? "ok" : "nothing came through";
                }
            }
            """));

    [Fact]
    public void A_struct_may_be_both_when_only_its_author_says_no() =>
        Assert.Equal("3 False True", Loaded.RunOnPage("""
            [AllValid, ValidateOnRead] public partial struct Foo { public uint Length; private static bool Validate(in Foo value) => value.Length > 5; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Foo.At(host, 0).Length = 3;
                    string text = $"{host.Read<Foo>(0).Length} {host.TryReadValidated<Foo>(0, out _)}";
                    Foo.At(host, 0).Length = 6;
                    return $"{text} {Foo.TryReadFrom([6, 0, 0, 0], out _)}";
                }
            }
            """));
}
