using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What the rules say of a struct that elements follow, and of what <c>TryTail</c> gave.</summary>
public sealed class TailFlowTests
{
    [Theory]
    [InlineData("if (view.Count > 16) return; if ({|NUB0010:view.TryTail(16, out var tail)|}) Use(tail.Count);")]
    [InlineData("if (!view.TryTail(16, out var tail)) return; Use(new byte[{|NUB0010:view.Count|}]); Use(tail.Count);")]
    [InlineData("if (!view.TryTail(16, out var tail)) return; Use(new byte[{|NUB0011:tail[0].Value|}]);")]
    [InlineData("if (!view.TryTail(16, out var tail)) return; Use(tail[1].Value); Use({|NUB0010:tail[1].Value|});")]
    [InlineData("if (!view.TryTail(16, out var tail)) return; Use(tail[0].Value); Use({|NUB0010:Pair.At(host, 8 + 8).Value|});")]
    public async Task Its_number_and_its_elements_are_read_like_all_bytes(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("if (!view.TryTail(16, out var tail)) return; var all = new uint[tail.Count]; for (ulong i = 0; i < tail.Count; i++) all[i] = tail[i].Value; Use(all);")]
    [InlineData("if (!view.TryTail(16, out var tail)) return; foreach (Pair.View pair in tail) Use(pair.Value);")]
    public async Task The_number_that_it_gave_is_within_the_limit(string body) => await CheckAsync(body);

    [Fact]
    public async Task What_cannot_be_is_reported() =>
        await Markup.CheckAsync("""
            [AllValid, Tail<uint>("Other")] public partial struct {|NUB0003:Unknown|} { public uint Count; }
            [AllValid, Tail<uint>(nameof(Count))] public partial struct {|NUB0003:Fraction|} { public float Count; }
            [AllValid, Tail<uint>(Offset = 5)] public partial struct {|NUB0003:Far|} { public uint Count; }
            [AllValid, Tail<Fraction>(BigEndian = true)] public partial struct {|NUB0003:Order|} { public uint Count; }
            [AllValid, Tail<{|NUB0001:bool|}>] public partial struct Bools { public uint Count; }
            [AllValid, Tail<uint>] public partial struct Taken { public uint {|NUB0008:TryTail|}; }
            [AllValid, Tail<uint>] public partial struct Fine { public uint Tail; }
            public static class Uses { public static bool Run(Far.View view) => view.TryTail(1, out SharedArrayView<uint> tail) && tail.Count > 0; }
            """);

    [Fact]
    public async Task A_tail_in_which_the_struct_is_itself_is_reported_and_ends_no_compiler() =>
        await Markup.CheckAsync("""
            [AllValid, Tail<Self>(nameof(Count))] public partial struct {|NUB0003:Self|} { public uint Count; }
            [AllValid, Tail<Right>(nameof(Count))] public partial struct {|NUB0003:Left|} { public uint Count; }
            [AllValid, Tail<Left>(nameof(Count))] public partial struct {|NUB0003:Right|} { public uint Count; }
            [AllValid, Tail<Outer>(nameof(Count))] public partial struct {|NUB0003:Inner|} { public uint Count; }
            [AllValid] public partial struct Outer { public Inner Inside; }
            [AllValid, Tail<Plain>(nameof(Count))] public partial struct Fine { public uint Count; public Plain First; }
            [AllValid] public partial struct Plain { public uint Value; }
            """);

    [Fact]
    public async Task Elements_of_a_struct_that_is_BigEndian_are_stored_so_or_are_reported() =>
        await Markup.CheckAsync("""
            [InlineArray(2)] public struct Two { private ushort _first; }
            [InlineArray(2)] public struct Bytes { private byte _first; }
            [AllValid, BigEndian, InlineArray(2)] public partial struct Turned { private ushort _first; }
            [AllValid] public partial struct Little { public ushort Value; }
            [AllValid, BigEndian] public partial struct Big { public ushort Value; }
            [AllValid, BigEndian, Tail<Two>(nameof(Count))] public partial struct {|NUB0003:A|} { public uint Count; }
            [AllValid, BigEndian, Tail<Little>] public partial struct {|NUB0003:B|} { public uint Count; }
            [AllValid, Tail<Two>(BigEndian = true)] public partial struct {|NUB0003:C|} { public uint Count; }
            [AllValid, BigEndian, Tail<Bytes>] public partial struct D { public uint Count; }
            [AllValid, BigEndian, Tail<Turned>] public partial struct E { public uint Count; }
            [AllValid, BigEndian, Tail<Big>] public partial struct F { public uint Count; }
            [AllValid, BigEndian, Tail<ushort>] public partial struct G { public uint Count; }
            [AllValid, Tail<Two>] public partial struct H { [BigEndian] public uint Count; }
            """);

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Pair { public uint Id; public uint Value; }
            [AllValid, Tail<Pair>(nameof(Count))] public partial struct Pairs { public uint Kind; public uint Count; }
            public static class Test
            {
                public static void Run(HostSharedMemory host)
                {
                    Pairs.View view = Pairs.At(host, 8);
                    {{body}}
                }

                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
