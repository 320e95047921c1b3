using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What <c>TryTail</c> gives: as many elements as a field says, which is read once and judged.</summary>
public sealed class TailTests
{
    private const string Types = """
        [AllValid] public partial struct Pair { public ushort Id; public ushort Value; }
        [AllValid, Tail<Pair>(nameof(Count))] public partial struct Pairs { public ushort Kind; [BigEndian] public ushort Count; }
        [AllValid, Tail<uint>(nameof(Count), BigEndian = true, Offset = 6)] public partial struct Words { public int Count; public ushort Kind; private ushort _rest; }
        [AllValid, Tail<byte>] public partial struct Bytes { public uint Kind; }
        [AllValid] public partial struct Outer { public uint Before; public Pairs Inside; }

        """;

    [Fact]
    public void As_many_are_given_as_the_field_says_up_to_the_limit() =>
        Assert.Equal("2: 1=10 2=20 | max 1: False | 0: True 0 | 65535: False", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Pairs.View view = Pairs.At(host, 64);
                    view.Count = 2;
                    host.WriteArray<ushort>(68, [1, 10, 2, 20]);
                    string text = $"{(view.TryTail(8, out var tail) ? tail.Count : 99)}:";
                    foreach (Pair.View pair in tail) text += $" {pair.Id}={pair.Value}";
                    text += $" | max 1: {view.TryTail(1, out _)}";
                    view.Count = 0;
                    text += $" | 0: {view.TryTail(8, out tail)} {tail.Count}";
                    view.Count = 65535;
                    return text + $" | 65535: {view.TryTail(65535, out _)}";
                }
            }
            """));

    [Fact]
    public void It_ends_with_the_memory_the_lease_s_the_region_and_the_leased_region() =>
        Assert.Equal("7 8: True False | True False | 3 4: True False | True False", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    // 32 bytes at the end: a header of 4, and 7 of 4 behind it.
                    ulong at = host.Size - 32;
                    Pairs.View view = Pairs.At(host, at);
                    string text = $"7 8: {With(view, 7)} {With(view, 8)}";
                    using (HostLease access = host.Enter())
                    {
                        Pairs.View leased = Pairs.At(in access, at);
                        text += $" | {With(leased, 7)} {With(leased, 8)}";
                    }

                    using var space = new GuestAddressSpace();
                    space.Map(0x10000, host, 0, 4096 - 16);
                    if (!Pairs.TryAt(space, 0x10000 + 4096 - 32, out Pairs.View mapped)) return "not mapped";
                    text += $" | 3 4: {With(mapped, 3)} {With(mapped, 4)}";
                    using GuestAddressLease held = space.Enter();
                    Pairs.View both = Pairs.At(in held, 0x10000 + 4096 - 32);
                    return text + $" | {With(both, 3)} {With(both, 4)}";
                }

                private static bool With(Pairs.View view, ushort count)
                {
                    view.Count = count;
                    return view.TryTail(100, out _);
                }
            }
            """));

    [Fact]
    public void A_negative_number_is_refused_whatever_the_limit_and_primitives_have_an_order_and_a_place() =>
        Assert.Equal("False False | True 2 01020304 | False", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Words.View view = Words.At(host, 64);
                    view.Count = -1;
                    string text = $"{view.TryTail(ulong.MaxValue, out _)} {view.TryTail(4, out _)} | ";
                    view.Count = 2;
                    host.CopyFrom(70, [1, 2, 3, 4]);
                    text += $"{view.TryTail(2, out SharedArrayView<uint> words)} {words.Count} {words[0]:X8} | ";
                    view.Count = int.MaxValue;
                    return text + view.TryTail(ulong.MaxValue, out _);
                }
            }
            """));

    [Fact]
    public void Without_a_field_the_host_says_how_many() =>
        Assert.Equal("True 3 7 | False False | -1: False", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(6, (byte)7);
                    Bytes.View view = Bytes.At(host, 0);
                    string text = $"{view.TryTail(3, out SharedArrayView<byte> bytes)} {bytes.Count} {bytes[2]} | {view.TryTail(host.Size, out _)} {view.TryTail(ulong.MaxValue, out _)}";
                    return $"{text} | -1: {view.TryTail(-1, out _)}";
                }
            }
            """));

    [Fact]
    public void Of_what_stands_in_another_struct_or_an_array_only_an_empty_tail_is_known() =>
        Assert.Equal("True False | True False | True False", Loaded.RunOnPage(Types + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Pairs.View inside = Outer.At(host, 0).Inside;
                    Pairs.View element = Pairs.ArrayAt(host, 64, 2)[0];
                    return $"{With(inside, 0)} {With(inside, 1)} | {With(element, 0)} {With(element, 1)} | {host.At<Pairs.View>(128).TryTail(0, out _)} {With(default(Pairs.View), 0, isDefault: true)}";
                }

                private static bool With(Pairs.View view, ushort count, bool isDefault = false)
                {
                    try
                    {
                        view.Count = count;
                        return view.TryTail(100, out _);
                    }
                    catch (InvalidOperationException) when (isDefault)
                    {
                        return false;
                    }
                }
            }
            """));

    [Theory]
    [InlineData("", "Tail<ushort>", "tail[1]", "0201")]
    [InlineData("BigEndian, ", "Tail<ushort>", "tail[1]", "0102")]
    [InlineData("", "Tail<Two>", "tail[0][1]", "0201")]
    [InlineData("", "Tail<Turned>", "tail[0][1]", "0102")]
    [InlineData("BigEndian, ", "Tail<Turned>", "tail[0][1]", "0102")]
    [InlineData("", "Tail<Little>", "tail[1].Value", "0201")]
    [InlineData("", "Tail<Big>", "tail[1].Value", "0102")]
    [InlineData("BigEndian, ", "Tail<Big>", "tail[1].Value", "0102")]
    public void Elements_stand_in_the_byte_order_that_was_said_of_them(string order, string tail, string second, string expected) =>
        Assert.Equal("True " + expected, Loaded.RunOnPage($$"""
            [InlineArray(2)] public struct Two { private ushort _first; }
            [AllValid, BigEndian, InlineArray(2)] public partial struct Turned { private ushort _first; }
            [AllValid] public partial struct Little { public ushort Value; }
            [AllValid, BigEndian] public partial struct Big { public ushort Value; }
            [AllValid, {{order}}{{tail}}] public partial struct Head { public uint Count; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.CopyFrom(4, [0, 1, 1, 2]);
                    return $"{Head.At(host, 0).TryTail(2, out var tail)} {(int){{second}}:X4}";
                }
            }
            """));
}
