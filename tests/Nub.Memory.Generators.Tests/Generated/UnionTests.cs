using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What <c>[Union]</c> fields do: <c>TryGet…</c> gives one where its tag says that it is meant.</summary>
public sealed class UnionTests
{
    private const string Types = """
        public enum Kind : ushort { None, Key = 1, Move = 2, Scroll = 3 }
        [AllValid] public partial struct Key { public uint Code; public uint Pressed; }
        [AllValid] public partial struct Move { public int X; public int Y; }
        [InlineArray(4)] public struct Words { private ushort _first; }
        [AllValid, StructLayout(LayoutKind.Explicit)]
        public partial struct Event
        {
            [FieldOffset(0), WireEnum] public Kind Kind;
            [FieldOffset(2)] public ushort Order;
            [FieldOffset(4)] public uint Time;
            [FieldOffset(8), Union(nameof(Kind), Kind.Key)] public Key Key;
            [FieldOffset(8), Union(nameof(Kind), Kind.Move, 77)] public Move Move;
        }
        [AllValid, StructLayout(LayoutKind.Explicit)]
        public partial struct Shared
        {
            [FieldOffset(0)] public uint Tag;
            [FieldOffset(0), Union(nameof(Tag), 1)] public Key Key;
            [FieldOffset(4), Union(nameof(Tag), 2)] public uint Word;
        }
        [AllValid] public partial struct Side
        {
            public sbyte Tag; public byte Pad; [Union(nameof(Tag), -1), BigEndian] public ushort Word; [Union(nameof(Tag), 2)] public Words Plain; [Union(nameof(Tag), 3), BigEndian] public Words Turned;
        }

        """;

    [Fact]
    public void The_field_is_given_where_the_tag_has_one_of_its_values() =>
        Assert.Equal("Key 5 1 | Move -2 3 | Move -2 3 | - | -", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Event.View view = Event.At(host, 64);
                    view.SetKind(Kind.Key); view.KeyView().Code = 5; view.KeyView().Pressed = 1;
                    string text = Text(view);
                    view.SetKind(Kind.Move); view.MoveView().X = -2; view.MoveView().Y = 3;
                    text += " | " + Text(view);
                    view.Kind = 77;
                    text += " | " + Text(view);
                    view.Kind = 3;
                    text += " | " + Text(view);
                    view.Kind = 65535;
                    return text + " | " + Text(view);
                }

                private static string Text(Event.View view)
                {
                    Event whole = view.Load();
                    string text = view.TryGetKey(out Key key) ? $"Key {key.Code} {key.Pressed}" : view.TryGetMove(out Move move) ? $"Move {move.X} {move.Y}" : "-";
                    string same = whole.TryGetKey(out key) ? $"Key {key.Code} {key.Pressed}" : whole.TryGetMove(out move) ? $"Move {move.X} {move.Y}" : "-";
                    return text == same ? text : $"{text} but {same}";
                }
            }
            """));

    [Fact]
    public void A_tag_may_be_a_part_of_the_field_and_a_field_may_stand_beside_the_others_in_its_own_order() =>
        Assert.Equal("True 1 9 False | False True 9 | True 258 False False | True 1 513 | True 256 258", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Shared.View shared = Shared.At(host, 0);
                    shared.Tag = 1; shared.Word = 9;
                    string text = $"{shared.TryGetKey(out Key key)} {key.Code} {key.Pressed} {shared.TryGetWord(out _)} | ";
                    shared.Tag = 2;
                    text += $"{shared.TryGetKey(out _)} {shared.TryGetWord(out uint word)} {word} | ";

                    Side.View side = Side.At(host, 64);
                    host.CopyFrom(64, [0xFF, 0, 1, 2, 1, 0, 1, 2, 0, 0, 0, 0, 1, 0, 1, 2]);
                    text += $"{side.TryGetWord(out ushort turned)} {turned} {side.TryGetPlain(out _)} {side.TryGetTurned(out _)} | ";
                    side.Tag = 2;
                    text += $"{side.TryGetPlain(out Words plain)} {plain[0]} {plain[1]} | ";
                    side.Tag = 3;
                    return text + $"{side.TryGetTurned(out Words words)} {words[0]} {words[1]}";
                }
            }
            """));

    [Fact]
    public void A_struct_that_is_validated_on_read_has_them_too() =>
        Assert.Equal("True 7 | False | False", Loaded.RunOnPage("""
            [ValidateOnRead, StructLayout(LayoutKind.Explicit)]
            public partial struct Checked { [FieldOffset(0)] public bool Flag; [FieldOffset(4)] public ushort Tag; [FieldOffset(4), Union(nameof(Tag), 7)] public uint Whole; }

            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Checked.View view = Checked.At(host, 0);
                    view.Whole = 7;
                    string text = $"{view.TryGetWhole(out uint whole)} {whole} | ";
                    host.Write(0, (byte)9);
                    text += $"{view.TryGetWhole(out _)} | ";
                    host.Write(0, (byte)1);
                    view.Tag = 8;
                    return text + view.TryGetWhole(out _);
                }
            }
            """));

    [Theory]
    [InlineData("", "Words", "0201")]
    [InlineData("BigEndian, ", "Words", "0102")]
    [InlineData("", "Turned", "0102")]
    [InlineData("BigEndian, ", "Turned", "0102")]
    public void An_array_stands_in_the_byte_order_of_the_struct_or_in_that_of_its_type(string order, string type, string expected) =>
        Assert.Equal($"True {expected} True {expected} {expected}", Loaded.RunOnPage($$"""
            [InlineArray(2)] public struct Words { private ushort _first; }
            [AllValid, BigEndian, InlineArray(2)] public partial struct Turned { private ushort _first; }
            [{{order}}AllValid] public partial struct Head { public byte Tag; public byte Pad; [Union(nameof(Tag), 1)] public {{type}} Array; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.CopyFrom(0, [1, 0, 0, 1, 1, 2]);
                    Head.View view = Head.At(host, 0);
                    string text = $"{view.TryGetArray(out {{type}} array)} {(int)array[1]:X4}";
                    text += $" {view.Load().TryGetArray(out array)} {(int)array[1]:X4}";
                    return $"{text} {(int)view.Array[1]:X4}";
                }
            }
            """));
}
