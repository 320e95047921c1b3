using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What <c>[WireEnum]</c> fields do: shared memory has an integer, and the enum comes of a check.</summary>
public sealed class WireEnumTests
{
    private const string Types = """
        public enum Kind : ushort { Read = 1, Write = 2, Trim = 7 }
        [Flags] public enum Rights : byte { None = 0, Read = 1, Write = 2 }
        public enum Level { Low = -1, High = 3 }
        [InlineArray(4)] public struct Kinds { private Kind _first; }
        [AllValid]
        public partial struct Request
        {
            [WireEnum] public Kind Kind;
            [WireEnum] public Rights Rights;
            public byte Pad;
            [WireEnum, BigEndian] public Level Level;
            [WireEnum, BigEndian] public Kinds Kinds;
        }

        """;

    [Fact]
    public void A_value_that_is_defined_is_given_and_another_is_not() =>
        Assert.Equal("1:Read 2:Write 3:- 7:Trim 65535:- | 0:None 3:Read, Write 4:- 255:-", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Request.View view = Request.At(host, 64);
                    string text = "";
                    foreach (ushort raw in new ushort[] { 1, 2, 3, 7, 65535 })
                    {
                        view.Kind = raw;
                        bool isLegal = view.TryGetKind(out Kind kind);
                        Request whole = view.Load();
                        if (whole.TryGetKind(out Kind same) != isLegal || same != kind || whole.Kind != (Kind)raw || view.Kind != raw) return "both differ";
                        text += $"{raw}:{(isLegal ? kind : "-")} ";
                    }

                    text += "| ";
                    foreach (byte raw in new byte[] { 0, 3, 4, 255 })
                    {
                        view.Rights = raw;
                        text += $"{raw}:{(view.TryGetRights(out Rights rights) ? rights : "-")} ";
                    }

                    return text.TrimEnd();
                }
            }
            """));

    [Fact]
    public void The_integer_stands_in_the_byte_order_of_the_field_and_arrays_do_too() =>
        Assert.Equal("02 00 03 00 FF FF FF FF 00 01 00 00 00 00 00 07 | Low -1 Trim - | Low Trim -", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Request.View view = Request.At(host, 64);
                    view.SetKind(Kind.Write); view.SetRights(Rights.Read | Rights.Write); view.SetLevel(Level.Low);
                    view.SetKinds(0, Kind.Read); view.KindsView()[3] = 7;
                    byte[] bytes = new byte[16];
                    host.CopyTo(64, bytes);
                    Request whole = view.Load();
                    return $"{string.Join(' ', Array.ConvertAll(bytes, static one => one.ToString("X2")))} | {Text(view.TryGetLevel(out Level level), level)} {view.Level} {Text(view.TryGetKinds(3, out Kind last), last)} {Text(view.TryGetKinds(1, out Kind none), none)}"
                        + $" | {Text(whole.TryGetLevel(out Level same), same)} {Text(whole.TryGetKinds(3, out Kind lastOfWhole), lastOfWhole)} {Text(whole.TryGetKinds(2, out none), none)}";
                }

                private static string Text<T>(bool isLegal, T value) => isLegal ? $"{value}" : "-";
            }
            """));

    [Fact]
    public void An_array_that_says_it_of_its_elements_has_integers_too() =>
        Assert.Equal("77 Trim - | 77 2 7 - Trim | 77 7 Trim | 02-00-4D-00-00-00-00-07", Loaded.RunOnPage("""
            public enum Kind : ushort { None, Read = 1, Write = 2, Trim = 7 }
            [InlineArray(2)] public struct Bare { [WireEnum] private Kind _first; }
            [AllValid, InlineArray(2)] public partial struct Marked { [WireEnum, BigEndian] private Kind _first; }
            [InlineArray(2)] public struct Rows { private Bare _first; }
            [AllValid] public partial struct Has { public Bare Bare; public Marked Marked; public Rows Rows; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(0, (ushort)77); host.Write(2, (ushort)7);
                    Has.View has = Has.At(host, 0);
                    string text = $"{has.Bare[0]} {Text(has.TryGetBare(1, out Kind kind), kind)} {Text(has.TryGetBare(0, out kind), kind)} | ";
                    Bare bare = host.Read<Bare>(0);
                    Has whole = has.Load();
                    has.SetMarked(0, Kind.Write); has.MarkedView()[1] = 7;
                    Marked.View marked = Marked.At(host, 4);
                    text += $"{(ushort)bare[0]} {marked.Elements[0]} {marked.Elements[1]} {Text(whole.TryGetBare(0, out kind), kind)} {Text(marked.TryGetElements(1, out kind), kind)} | ";
                    has.RowsView()[1] = bare;
                    text += $"{(ushort)has.Rows[1][0]} {host.Read<ushort>(14)} {host.Read<Rows>(8)[1][1]} | ";
                    bare[0] = Kind.Write; bare[1] = (Kind)77;
                    host.Write(0, bare); marked.SetElements(0, Kind.None);
                    byte[] bytes = new byte[8];
                    host.CopyTo(0, bytes);
                    return text + BitConverter.ToString(bytes);
                }

                private static string Text(bool isLegal, Kind kind) => isLegal ? $"{kind}" : "-";
            }
            """));

    [Fact]
    public void What_is_not_defined_is_not_written() =>
        Assert.Equal("3 is not a defined value of Kind. (Parameter 'value') 0", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    try
                    {
                        Request.At(host, 64).SetKind((Kind)3);
                        return "written";
                    }
                    catch (ArgumentException refused)
                    {
                        return $"{refused.Message} {host.Read<ushort>(64)}";
                    }
                }
            }
            """));

    [Fact]
    public void A_struct_that_is_validated_on_read_does_not_judge_it() =>
        Assert.Equal("True 77 False | False", Loaded.RunOnPage("""
            public enum Kind : ushort { Read = 1, Write = 2 }
            [ValidateOnRead] public partial struct Checked { [WireEnum] public Kind Wire; public Kind Judged; }

            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(0, (ushort)77);
                    host.Write(2, (ushort)1);
                    string text = $"{host.TryReadValidated(0, out Checked value)} {(ushort)value.Wire} {value.TryGetWire(out _)} | ";
                    host.Write(2, (ushort)77);
                    return text + host.TryReadValidated(0, out value);
                }
            }
            """));
}
