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
    public async Task A_view_shows_elements_to_those_who_may_name_them()
    {
        const string Source = """
            internal enum K : byte { A }
            [AllValid] internal partial struct Marked { public byte B; }
            [InlineArray(2)] public struct Row { private K _k; }
            [InlineArray(2)] public struct Grid { private Row _r; }
            [InlineArray(2)] public struct Parts { private Marked _first; }
            public static partial class Outer
            {
                private enum Hidden : byte { A }
                [InlineArray(2)] public struct Secrets { private Hidden _first; }
                [ValidateOnRead] private partial struct Own { public Secrets S; }
                [ValidateOnRead] public partial struct Shown { public byte A; public Secrets S; }
                private static bool See(HostSharedMemory host) => Own.At(host, 0).TryGetS(1, out Hidden hidden) && hidden == Hidden.A;
                public static bool Use(HostSharedMemory host) => See(host);
            }
            [ValidateOnRead] public partial struct S { public Row R; public Grid G; public Parts P; public Outer.Secrets O; private Row _own; }
            [ValidateOnRead] internal partial struct Unseen { public Row R; }
            public static class Test
            {
                public static bool Run(HostSharedMemory host) =>
                    S.At(host, 0).TryGetR(1, out K k) && k == K.A && S.At(host, 0).TryGetG(3, out k) && S.At(host, 0).P[1].B == 0 && Outer.Use(host) && Unseen.At(host, 0).TryGetR(0, out k);
            }
            """;
        _ = await Markup.CheckAsync(Source);
        Assert.Equal(true, Loaded.RunOnPage(Source));
        Type view = Loaded.From(Source).GetType("S+View")!;
        Assert.True(view.GetMethod("TryGetR", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.IsAssembly);
        Assert.True(Loaded.From(Source).GetType("Unseen+View")!.GetMethod("TryGetR")!.IsPublic);
        Assert.Null(view.GetMethod("TryGetO", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public));
        Assert.True(Loaded.From(Source).GetType("Outer+Shown+View")!.GetMethod("TryGetS", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.IsPrivate);
    }

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
    public void An_array_s_own_say_is_asked_wherever_it_stands() =>
        Assert.Equal("yyy nnn nny yyn", Loaded.RunOnPage("""
            [ValidateOnRead, InlineArray(4)] public partial struct Four { private uint _first; private static bool Validate(in Four value) => value[0] < 10; }
            [AllValid, ValidateOnRead, InlineArray(2)] public partial struct Both { private ushort _first; private static bool Validate(in Both value) => value[1] < 10; }
            [ValidateOnRead] public partial struct Inner { public byte A; private static bool Validate(in Inner value) => value.A < 10; }
            [ValidateOnRead, InlineArray(3)] public partial struct Inners { private Inner _first; private static bool Validate(in Inners value) => value[0].A == value[2].A; }
            [InlineArray(2)] public struct Fours { private Four _first; }
            [ValidateOnRead] public partial struct Outer { public byte Pad; public Four Four; public Fours Fours; public Both Both; public Inners Inners; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    string Try() => host.TryReadValidated<Outer>(0, out _) ? "y" : "n";
                    string Spoil(int at, byte with) { host.Write((ulong)at, with); string answer = Try(); host.Write((ulong)at, (byte)0); return answer; }
                    int fours = Outer.Layout.FoursOffset, both = Outer.Layout.BothOffset, inners = Outer.Layout.InnersOffset;
                    host.Write(0, (byte)99);
                    string text = Try() + Spoil(8, 99) + Spoil(both, 99);
                    text += " " + Spoil(4, 99) + Spoil(fours, 10) + Spoil(fours + 16, 10);
                    text += " " + Spoil(both + 2, 10) + Spoil(inners, 9) + Spoil(inners + 1, 9);
                    host.Write((ulong)inners, (byte)9); host.Write((ulong)inners + 2, (byte)9);
                    return text + " " + Try() + Spoil(fours + 20, 10) + Spoil(inners + 1, 10);
                }
            }
            """));

    [Fact]
    public void A_validated_array_that_its_elements_do_not_fill_is_read_and_written_where_it_stands() =>
        Assert.Equal("True 7 8 9 | 00-00-00-00-00-00-00-00-07-08-00-00-00-00-00-00-00-00-00-00-00-00-00-00-09-00-00-00", Loaded.RunOnPage("""
            [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { [BigEndian] public uint A; public byte B; }
            [ValidateOnRead, InlineArray(3)] public partial struct Three { private Five _e; private static bool Validate(in Three value) => value[1].A < 10; }
            [ValidateOnRead] public partial struct Has { public Three F; public uint Last; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    for (int i = 0; i < 28; i++) host.Write((ulong)i, (byte)(i is 15 or 20 ? 255 : 0));
                    host.Write(8, (byte)7); host.Write(9, (byte)8); host.Write(24, (byte)9);
                    string text = $"{host.TryReadValidated(0, out Has has)} {has.F[1].A} {has.F[1].B} {has.Last} | ";
                    host.WriteValidated(0, has);
                    byte[] bytes = new byte[28];
                    host.CopyTo(0, bytes);
                    return text + BitConverter.ToString(bytes);
                }
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

    [Fact]
    public void An_illegal_value_is_refused_before_a_byte_is_written() =>
        Assert.Equal("01-00-00-00-00-00-10-00 | ArgumentException ArgumentException ArgumentException | 01-00-00-00-00-00-10-00 | True False | 01-00-00-00-00-00-20-00 | SharedMemoryBoundsException", Loaded.RunOnPage("""
            public enum Mode : byte { Off, On }
            [ValidateOnRead] public partial struct Foo
            {
                public Mode Mode;
                [BigEndian] public uint Length;
                private static bool Validate(in Foo value) => value.Length < 16384;
            }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Span<byte> dirt = stackalloc byte[8];
                    dirt.Fill(0xFF);
                    Foo foo = MemoryMarshal.Read<Foo>(dirt);
                    foo.Mode = Mode.On;
                    foo.Length = 4096;
                    host.WriteValidated(8, in foo);
                    string text = Bytes(host) + " |";
                    foo.Mode = (Mode)7;
                    text += Throws(() => host.WriteValidated(8, foo)) + Throws(() => host.TryWriteValidated(8, foo));
                    foo.Mode = Mode.On;
                    foo.Length = 16384;
                    text += Throws(() => Foo.At(host, 8).Store(foo)) + " | " + Bytes(host) + " |";
                    foo.Length = 8192;
                    using HostLease access = host.Enter();
                    text += $" {access.TryWriteValidated(8, foo)} {access.TryWriteValidated(4089, foo)} | {Bytes(host)} |";
                    return text + Throws(() => host.WriteValidated(4089, foo));
                }
                private static string Bytes(HostSharedMemory host)
                {
                    byte[] bytes = new byte[8];
                    host.CopyTo(8, bytes);
                    return BitConverter.ToString(bytes);
                }
                private static string Throws(Action action)
                {
                    try { action(); return " nothing"; } catch (Exception thrown) { return " " + thrown.GetType().Name; }
                }
            }
            """));

    [Fact]
    public void What_is_padding_of_one_field_of_a_union_and_another_s_data_is_written() =>
        Assert.Equal("88-77-66-55-44-33-22-11-00-00-00-00-AA-00-BB-CC-00-00", Loaded.RunOnPage("""
            [ValidateOnRead] public partial struct Pad { public byte A; public uint B; }
            [ValidateOnRead] public partial struct Half { public byte A; public ushort B; }
            [InlineArray(1)] public struct Halves { private Half _first; }
            [ValidateOnRead, StructLayout(LayoutKind.Explicit, Size = 18, Pack = 2)] public partial struct PadU
            {
                [FieldOffset(0)] public ulong Raw;
                [FieldOffset(0)] public Pad P;
                [FieldOffset(12)] public Halves Halves;
            }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Span<byte> dirt = stackalloc byte[18];
                    dirt.Fill(0xFF);
                    PadU value = MemoryMarshal.Read<PadU>(dirt);
                    value.Raw = 0x1122334455667788;
                    value.Halves[0].A = 0xAA;
                    value.Halves[0].B = 0xCCBB;
                    host.WriteValidated(0, in value);
                    byte[] bytes = new byte[18];
                    host.CopyTo(0, bytes);
                    return BitConverter.ToString(bytes);
                }
            }
            """));

    [Fact]
    public void A_view_of_an_array_and_of_arrays_in_one_asks_of_each_element() =>
        Assert.Equal("False True True | True False 5 | False True 3 | 7 True | True 1 False | True True 00-01-00-00", Loaded.RunOnPage("""
            [ValidateOnRead, InlineArray(4)] public partial struct Bools { private bool _first; }
            [InlineArray(3)] public struct Row { private bool _first; }
            [InlineArray(2)] public struct Grid { private Row _first; }
            [ValidateOnRead] public partial struct Part { public byte Size; private static bool Validate(in Part value) => value.Size < 10; }
            [InlineArray(2)] public struct Parts { private Part _first; }
            [InlineArray(2)] public struct PartGrid { private Parts _first; }
            [ValidateOnRead, InlineArray(2)] public partial struct Pair { [BigEndian] private ushort _first; private static bool Validate(in Pair value) => value[0] < 10; }
            [InlineArray(2)] public struct Pairs { private Pair _first; }
            [ValidateOnRead, InlineArray(2)] public partial struct Grids { private Row _first; }
            [ValidateOnRead] public partial struct Foo { public Bools Bools; public Grid Grid; public PartGrid Parts; public Pairs Pairs; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(0, (byte)2); host.Write(1, (byte)1);
                    Foo.View foo = Foo.At(host, 0);
                    Bools.View bools = Bools.At(host, 0);
                    string text = $"{bools.TryGetElements(0, out _)} {bools.TryGetElements(1, out bool flag)} {flag} | ";
                    foo.SetGrid(5, true);
                    text += $"{foo.TryGetGrid(5, out flag) && flag} {foo.TryGetGrid(4, out flag) && flag} ";
                    host.Write(4, (byte)5);
                    text += $"{host.Read<byte>(4)} | {foo.TryGetGrid(0, out _)} ";
                    foo.PartsView().At(3).Size = 3;
                    text += $"{foo.Parts[3].TryLoad(out Part part)} {part.Size} | ";
                    foo.PairsView()[3] = 7;
                    text += $"{foo.Pairs[3]} {host.Read<byte>((ulong)Foo.Layout.PairsOffset + 7) == 7} | ";
                    bools.SetElements(0, false); host.Write(4, (byte)0);
                    text += $"{foo.TryLoad(out Foo whole)} {(whole.Grid[1][2] ? 1 : 0)} ";
                    host.Write((ulong)Foo.Layout.PairsOffset + 5, (byte)10);
                    text += $"{foo.TryLoad(out _)} | ";
                    Grids.View grids = Grids.At(host, 64);
                    grids.SetElements(5, true);
                    byte[] bytes = new byte[4];
                    host.CopyTo(0, bytes);
                    return text + $"{host.Read<byte>(69) == 1} {grids.TryLoad(out Grids both) && both[1][2]} {BitConverter.ToString(bytes)}";
                }
            }
            """));

    [Fact]
    public void A_view_has_the_legal_fields_and_asks_of_the_others() =>
        Assert.Equal("5 | True True False | True Auto False Off | True True | n ArgumentException ArgumentException | True True 3 | True 3 True ", Loaded.RunOnPage("""
            public enum Mode : ushort { Off, On, Auto = 258 }
            [AllValid] public partial struct Plain { public byte A; public byte B; }
            [ValidateOnRead] public partial struct Part { public bool IsLast; public byte Size; private static bool Validate(in Part value) => value.Size < 10; }
            [InlineArray(2)] public struct Bools { private bool _first; }
            [InlineArray(2)] public struct Parts { private Part _first; }
            [ValidateOnRead] public partial struct Foo { public ushort Length; public bool Flag; public Bools Bools; public byte Pad; [BigEndian] public Mode Mode; public Plain Plain; public Part Part; public Parts Parts; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Foo.View foo = Foo.At(host, 16);
                    foo.Length = 5;
                    host.Write(18, (byte)1);
                    string text = $"{host.Read<ushort>(16)} | {foo.TryGetFlag(out bool flag)} {flag}";
                    host.Write(18, (byte)2);
                    text += $" {foo.TryGetFlag(out flag)} |";
                    foo.SetFlag(true);
                    foo.SetMode(Mode.Auto);
                    text += $" {foo.TryGetMode(out Mode mode) && host.Read<byte>(22) == 1 && host.Read<byte>(23) == 2} {mode}";
                    host.Write(22, (byte)9);
                    text += $" {foo.TryGetMode(out mode)} {mode} |";
                    foo.SetMode(Mode.On);
                    foo.SetBools(1, true);
                    text += $" {foo.TryGetBools(1, out flag)} {flag} | ";
                    text += host.TryReadValidated<Part>(4095, out _) ? "y" : "n";
                    try { foo.SetMode((Mode)9); } catch (ArgumentException thrown) { text += " " + thrown.GetType().Name; }
                    try { foo.SetPart(new Part { Size = 11 }); } catch (ArgumentException thrown) { text += " " + thrown.GetType().Name; }
                    foo.SetPart(new Part { IsLast = true, Size = 3 });
                    foo.PlainView().B = 3;
                    text += $" | {foo.TryGetPart(out Part part)} {part.IsLast} {foo.Part.Size} |";
                    foo.PartsView().At(1).Size = 3;
                    return text + $" {foo.Parts[1].TryLoad(out part)} {part.Size} {foo.TryLoad(out Foo whole)} ";
                }
            }
            """));
}
