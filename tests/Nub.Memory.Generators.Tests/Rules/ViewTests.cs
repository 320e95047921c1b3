using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 on views of which the method does not see where they came from, and in patterns that ask for their properties.</summary>
public sealed class ViewTests
{
    [Theory]
    [InlineData("public static byte[] Run(Header.View view) { if (view.Length > 100) return []; return new byte[{|NUB0010:view.Length|}]; }")]
    [InlineData("public static byte[] Run(SharedView<uint> view) { if (view.Load() > 100) return []; return new byte[{|NUB0010:view.Load()|}]; }")]
    [InlineData("public static uint Run(SharedViews<Header, Header.View> ring) => ring[3].Length + {|NUB0010:ring[3].Length|};")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring, ulong i) => ring[i] + {|NUB0010:ring[i]|};")]
    [InlineData("public static byte[] Run(Header.View view) { Header whole = view.Load(); if (whole.Length > 100) return []; return new byte[{|NUB0010:view.Length|}]; }")]
    [InlineData("public static byte[] Run(Header.View view) { Header.View same = view; if (same.Length > 100) return []; return new byte[{|NUB0010:view.Length|}]; }")]
    [InlineData("public static uint Run(Outer.View view) => view.Inner.Length + {|NUB0010:view.InnerView().Length|};")]
    [InlineData("public static uint Run(Finder finder) { Header.View view = finder.Next(); return view.Length + {|NUB0010:view.Length|}; }")]
    [InlineData("public static uint Run(Finder finder) => finder.TryNext(out Header.View view) ? view.Length + {|NUB0010:view.Length|} : 0;")]
    [InlineData("public static uint Run(Holder holder) => holder.View.Length + {|NUB0010:holder.View.Length|};")]
    [InlineData("public static uint Run(HostSharedMemory host, bool first) { Header.View view = first ? Header.At(host, 0) : Header.At(host, 64); return view.Length + {|NUB0010:view.Length|}; }")]
    [InlineData("public static void Run(HostSharedMemory host) { Header.View view = Header.At(host, 0); for (uint i = 0; i < 4; i++) { if (view.Length > 100) return; Use(new byte[{|NUB0010:view.Length|}]); view = Header.At(host, i * 16); } }")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring) { uint a = ring[0]; return {|NUB0010:ring.TryRead(0, out uint b)|} ? a + b : 0; }")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring, ulong i) => ring.TryRead(i, out uint a) ? a + {|NUB0010:ring[i]|} : 0;")]
    [InlineData("public static uint Run(HostSharedMemory host) => SharedArrayView.TryAt(host, 8, 4UL, out SharedArrayView<uint> ring) && ring.TryRead(1, out uint a) ? a + {|NUB0010:host.Read<uint>(12)|} : 0;")]
    [InlineData("public static uint Run(SharedViews<Header, Header.View> ring) => ring.TryAt(3, out Header.View view) ? view.Length + {|NUB0010:ring[3].Length|} : 0;")]
    [InlineData("public static uint Run(SharedViews<Header, Header.View> ring) { uint before = ring[3].Length; return ring.TryAt(3, out Header.View view) ? before + {|NUB0010:view.Length|} : 0; }")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring) { uint a = ring[0]; ring.TryWrite(1, 4); return a + {|NUB0010:ring[0]|}; }")]
    [InlineData("public static void Run() => Each(view => new byte[{|NUB0011:view.Length + {|NUB0010:view.Length|}|}]);")]
    public async Task The_same_view_shows_the_same_bytes_wherever_it_came_from(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static uint Run(Header.View one, Header.View other) => one.Length + other.Length;")]
    [InlineData("public static uint Run(Header.View view) => view.Kind + view.Length;")]
    [InlineData("public static uint Run(SharedViews<Header, Header.View> ring) => ring[3].Length + ring[4].Length;")]
    [InlineData("public static uint Run(SharedViews<Header, Header.View> ring) => ring.TryAt(3, out Header.View view) ? view.Length + ring[4].Length : 0;")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring) => ring.TryRead(0, out uint a) && ring.TryRead(1, out uint b) ? a + b : 0;")]
    [InlineData("public static uint Run(SharedArrayView<uint> ring) { uint a = ring[0]; ring.TryWrite(0, 4); return a + ring[0]; }")]
    [InlineData("public static uint Run(Finder finder) => finder.Next().Length + finder.Next().Length;")]
    [InlineData("public static void Run(Finder finder) { for (int i = 0; i < 4; i++) { Header.View view = finder.Next(); if (i < 2) Use(view.Length); else Use(-view.Length); } }")]
    [InlineData("public static uint Run(Header.View view) { uint before = view.Length; view.Length = 0; return before + view.Length; }")]
    [InlineData("public static uint Run(Header.View view) { uint before = view.Length; Answer(view); return before + view.Length; }")]
    [InlineData("public static uint Run(Header.View view, HostSharedMemory host) { uint before = view.Length; host.Write(8, 1u); return before + view.Length; }")]
    [InlineData("public static uint Run(Header.View view, HostSharedMemory host) { uint before = view.Length; Finder.Serve(host); return before + view.Length; }")]
    [InlineData("public static uint Run(Header.View view, HostSharedMemory host) { uint before = host.Read<uint>(8); view.Length = 0; return before + host.Read<uint>(8); }")]
    public async Task Another_view_or_one_that_was_written_does_not(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(Header.View view) => new byte[{|NUB0011:view.Length|}];")]
    [InlineData("public static byte[] Run(in Header.View view) => new byte[{|NUB0011:view.Length|}];")]
    [InlineData("public static byte[] Run(this Header.View view) => new byte[{|NUB0011:view.Length|}];")]
    [InlineData("public static byte[] Run(HostLease access) => new byte[{|NUB0011:access.Read<uint>(0)|}];")]
    [InlineData("public static byte[] Run(Finder finder) => finder.TryNext(out Header.View view) ? new byte[{|NUB0011:view.Length|}] : [];")]
    [InlineData("public static byte[] Run(SharedArrayView<uint> ring) => new byte[{|NUB0011:ring[0]|}];")]
    [InlineData("public static byte[] Run(SharedArrayView<uint> ring) => ring.TryRead(0, out uint length) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static byte[] Run(SharedViews<Header, Header.View> ring) => ring.TryAt(0, out Header.View view) ? new byte[{|NUB0011:view.Length|}] : [];")]
    [InlineData("public static byte[] Run(Tailed.View view) => view.TryTail(4, out SharedArrayView<ushort> tail) && tail.TryRead(0, out ushort length) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static void Run(SharedArrayView<uint> ring) { foreach (uint length in ring) { Use(new byte[{|NUB0011:length|}]); } }")]
    [InlineData("public static void Run(SharedViews<Header, Header.View> ring) { foreach (Header.View one in ring) { Use(new byte[{|NUB0011:one.Length|}]); } }")]
    [InlineData("public static void Run(Header.View view) { for (uint i = 0; i < {|NUB0011:view.Length|}; i++) { Use(i); } }")]
    public async Task What_a_view_shows_is_the_guests_wherever_it_came_from(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(Header.View view) { uint length = view.Length; if (length > 100) return []; return new byte[length]; }")]
    [InlineData("public static byte[] Run(SharedArrayView<uint> ring) => ring.TryRead(0, out uint length) && length <= 100 ? new byte[length] : [];")]
    [InlineData("public static void Run(SharedArrayView<uint> ring) { foreach (uint length in ring) { if (length < 100) Use(new byte[length]); } }")]
    [InlineData("public static void Run(Header.View view) { uint length = view.Length; for (uint i = 0; i < length && i < 16; i++) { Use(i); } }")]
    public async Task Once_it_was_checked_it_is_not(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(Header.View view) { if (view is { Length: <= 100 }) return new byte[{|NUB0010:view.Length|}]; return []; }")]
    [InlineData("public static uint Run(Header.View view) => view.Kind == 0 ? 0u : view is { {|NUB0010:Kind|}: 2 } ? 1u : 2u;")]
    [InlineData("public static uint Run(Header.View view) { if (view is { Kind: 1 }) return 1; if (view is { {|NUB0010:Kind|}: 2 }) return 2; return 3; }")]
    [InlineData("public static uint Run(Header.View view) => view switch { { Kind: 1 } => 1, { Kind: 2 } => {|NUB0010:view.Kind|}, _ => 0 };")]
    [InlineData("public static uint Run(Header.View view) => view switch { { Kind: 1, Length: > 64 } => {|NUB0010:view.Length|}, { Kind: 2 } => 1, _ => 0 };")]
    [InlineData("public static void Run(Outer.View view) { if (view is { Inner.Length: < 10 }) { Use(new byte[{|NUB0010:view.Inner.Length|}]); } }")]
    public async Task What_a_pattern_asks_of_a_view_it_reads(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) => Header.At(host, 0) is { Kind: 1, Length: var length } ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static byte[] Run(Outer.View view) => view is { Inner: { Kind: 1, Length: var length } } ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("public static byte[] Run(Header.View view) => view switch { { Kind: 1, Length: var length } => new byte[{|NUB0011:length|}], _ => [] };")]
    public async Task What_a_pattern_gives_a_variable_is_the_guests(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(Header.View view) => view is { Kind: 1, Length: var length and <= 100 } ? new byte[length] : [];")]
    [InlineData("public static byte[] Run(Header.View view) { if (view is not { Kind: 1, Length: <= 64 and var length }) { return []; } return new byte[length]; }")]
    [InlineData("public static uint Run(Header.View view) => view is { Kind: > 1 and < 7 } or { Kind: 9 } ? 1u : 2u;")]
    [InlineData("public static uint Run(Header.View view) { switch (view) { case { Kind: 1 }: return 1; case { Kind: 2, Length: < 3 }: return 5; case { Kind: 2, Length: > 7 }: return 4; default: return 0; } }")]
    [InlineData("public static uint Run(Header.View view) => view switch { { Kind: 1 } => 1, { Kind: 2, Length: var n } => n, { Kind: 3, Length: var n } => n, _ => 0 };")]
    [InlineData("public static uint Run(Header.View one, Header.View other) => (one.Kind, other.Kind) switch { (1, 2) => 1, (2, 1) => 2, _ => 0 };")]
    [InlineData("public static uint Run(Header.View view) => view is { Kind: 1 } && view is { Length: 3 } ? 1u : 3u;")]
    [InlineData("public static uint Run(Header.View view) => view switch { { Kind: 1, Length: > 64 } => 0, { Kind: 2 } => view.Length, _ => 0 };")]
    [InlineData("public static uint Run(Header.View view) { switch (view) { case { Kind: 1 } when view.Length > 4: return 4; case { Kind: 2 }: return view.Length; default: return 0; } }")]
    [InlineData("public static void Run(Header.View view) { while (view is { Kind: 0 }) { } Use(view.Length); }")]
    [InlineData("public static uint Run(Header.View view) => view is { Kind: _ } ? view.Kind : 0;")]
    public async Task One_pattern_or_one_switch_asks_once(string member) => await CheckAsync(member);

    /// <summary>A view's part of a user's own: whatever its members are called, they are methods like any other.</summary>
    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) => new byte[{|NUB0011:Added.At(host, 0).Read()|}];")]
    [InlineData("public static byte[] Run(Added.View view) => view.Read() > 64 ? [] : new byte[{|NUB0010:view.Length|}];")]
    [InlineData("public static byte[] Run(Added.View view) => view.Length > 64 ? [] : new byte[{|NUB0010:view.Field()|}];")]
    [InlineData("public static uint Run(Added.View view) => view.Elements + {|NUB0010:view.Length|};")]
    [InlineData("public static uint Run(Added.View view) { uint before = view.Length; view.Write(); return before + view.Kind + {|NUB0010:view.Length|}; }")]
    [InlineData("public static uint Run(Added.View view) { uint before = view.Kind; view.Write(); return before + view.Kind; }")]
    [InlineData("public static uint Run(Added.View view) => view.Load(1) + view.Kind;")]
    public async Task What_was_added_to_a_view_is_followed(string member) => await CheckAsync(member);

    [Fact]
    public async Task What_another_project_has_added_is_no_read_of_a_place()
    {
        using var image = new MemoryStream();
        Assert.True(Code.Generate(Code.Compile("""
            namespace Wire;
            [AllValid] public partial struct Foo { public uint Length; public ref partial struct View { public uint Read() => Length; public void Write() { } public uint Field() => 4; public uint Elements() => 4; } }
            """)).Emit(image).Success);
        await Markup.CheckAsync(
            """
            public static class Test
            {
                public static byte[] Read(Wire.Foo.View view) => view.Length > 64 ? [] : new byte[view.Read()];
                public static byte[] Again(Wire.Foo.View view) { view.Write(); return view.Length > 64 ? [] : new byte[{|NUB0010:view.Length|} + view.Field() + view.Elements()]; }
            }
            """,
            Microsoft.CodeAnalysis.MetadataReference.CreateFromImage(image.ToArray()));
    }

    [Theory]
    [InlineData("public static uint {|NUB0008:ReadFrom|}() => 4;", "return new byte[Own.ReadFrom()];")]
    [InlineData("public static void {|NUB0008:ReadFrom|}(out uint length) => length = 4;", "Own.ReadFrom(out uint length); return new byte[length];")]
    [InlineData("public static uint {|NUB0008:ReadFrom|}(HostSharedMemory host) => host.Read<uint>(0);", "return new byte[{|NUB0011:Own.ReadFrom(host)|}];")]
    public async Task A_ReadFrom_of_a_structs_own_is_followed(string own, string body) => await Markup.CheckAsync(
        $"[AllValid] public partial struct Own {{ public uint Length; {own} }} public static class Test {{ public static byte[] Run(HostSharedMemory host) {{ host.Write(8, host.Read<uint>(16)); {body} }} }}");

    private static async Task CheckAsync(string member) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Header { public uint Kind; public uint Length; }
            [AllValid, Tail<ushort>] public partial struct Tailed { public uint Count; }
            [AllValid] public partial struct Outer { public uint Flags; public Header Inner; }
            [AllValid] public partial struct Added
            {
                public uint Length, Kind;
                public ref partial struct View
                {
                    public uint Elements => Length * 2;
                    public uint Read() => Length;
                    public uint Field() => Read();
                    public uint Load(uint more) => Length + more;
                    public void Write() => Kind = 4;
                }
            }

            public ref struct Holder { public Header.View View; }
            public delegate byte[] Reader(Header.View view);

            public sealed class Finder(HostSharedMemory host)
            {
                private ulong _next;
                public static void Serve(HostSharedMemory host) => host.Write(8, 0u);
                public Header.View Next() => Header.At(host, _next += 8);
                public bool TryNext(out Header.View view)
                {
                    view = Next();
                    return _next < host.Size;
                }
            }

            public static class Test
            {
                {{member}}
                public static void Answer(Header.View view) => view.Length = 3;
                private static void Each(Reader reader) => Console.WriteLine(reader);
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
