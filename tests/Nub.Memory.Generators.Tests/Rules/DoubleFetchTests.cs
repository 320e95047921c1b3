using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010.</summary>
public sealed class DoubleFetchTests
{
    private const string Types = """
        [AllValid] public partial struct Header { public uint Kind; public uint Length; }
        [AllValid] public partial struct Request { public Header Header; public uint Count; public uint Flags; public Words Words; }
        [InlineArray(4)] public struct Words { private uint _first; }
        """;

    [Theory]
    [InlineData("Use(Twice()); Use({|NUB0010:Twice()|});")]
    [InlineData("if (host.Read<uint>(8) > 16) return; Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("Use(host.Read<uint>(8)); Elsewhere.Note(index); Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); uint b = {|NUB0010:host.Read<uint>(8)|}; Use(b);")]
    [InlineData("uint a = host.Read<uint>(8); uint b = {|NUB0010:host.Read<uint>(8)|}; Use(a + b);")]
    [InlineData("ulong a = host.Read<ulong>(8); Use(a); Use({|NUB0010:host.Read<ushort>(14)|});")]
    [InlineData("Use(host.Read<uint>(offset)); Use({|NUB0010:host.Read<uint>(offset)|});")]
    [InlineData("Use(host.Read<uint>(offset + 4)); Use({|NUB0010:host.Read<ulong>(offset)|});")]
    [InlineData("ulong at = offset + 16; Use(host.Read<uint>(at)); Use({|NUB0010:host.Read<uint>(16 + offset)|});")]
    [InlineData("Use(host.Read<uint>(offset + (ulong)index * 4)); Use({|NUB0010:host.Read<uint>((ulong)index * 4 + offset)|});")]
    [InlineData("if (!host.TryRead(8, out uint a)) return; Use(a); if ({|NUB0010:host.TryRead(8, out uint b)|}) Use(b);")]
    [InlineData("Use(host.Read<uint>(8)); Span<byte> copy = stackalloc byte[16]; {|NUB0010:host.CopyTo(0, copy)|};")]
    [InlineData("byte[] copy = new byte[16]; host.CopyTo(0, copy); Use({|NUB0010:host.Read<uint>(12)|});")]
    [InlineData("byte[] copy = new byte[16]; host.CopyTo(0, copy.AsSpan(0, 8)); Use({|NUB0010:host.Read<uint>(4)|});")]
    [InlineData("using HostLease access = host.Enter(); Use(access.Read<uint>(0)); Use({|NUB0010:access.Read<uint>(0)|});")]
    [InlineData("Use(host.Read<uint>(0)); using HostLease access = host.Enter(); Use({|NUB0010:access.Read<uint>(0)|});")]
    [InlineData("using HostSharedMemory other = host.Clone(); Use(host.Read<uint>(0)); Use({|NUB0010:other.Read<uint>(0)|});")]
    [InlineData("var view = Header.At(host, offset); if (view.Length > 16) return; Use({|NUB0010:view.Length|});")]
    [InlineData("var view = Header.At(host, offset); Header whole = view.Load(); Use(whole.Length); Use({|NUB0010:view.Length|});")]
    [InlineData("var view = Header.At(host, offset); Use(view.Length); Use({|NUB0010:view.Load()|});")]
    [InlineData("Use(Header.At(host, offset).Length); Use({|NUB0010:Header.At(host, offset).Length|});")]
    [InlineData("Use(Header.At(host, offset).Length); Use({|NUB0010:host.Read<uint>(offset + 4)|});")]
    [InlineData("var view = Request.At(host, 0); Use(view.Header.Length); Use({|NUB0010:view.HeaderView().Length|});")]
    [InlineData("var view = Request.At(host, 0); Use(view.Words[2]); Use({|NUB0010:view.Words[2]|});")]
    [InlineData("var view = Request.At(host, 0); Use(view.Words[index]); Use({|NUB0010:view.Words[index]|});")]
    [InlineData("var ring = Header.ArrayAt(host, 0, 8); Use(ring[index].Length); Use({|NUB0010:ring.At(index).Length|});")]
    [InlineData("var view = SharedView.At<Header>(host, 0); Use(view.Load()); Use({|NUB0010:view.Read<uint>(4)|});")]
    [InlineData("Use(host.Read<uint>(offset << 3)); Use({|NUB0010:host.Read<uint>(offset * 8)|});")]
    [InlineData("Use(host.Read<uint>((ulong)(uint)(index << 35))); Use({|NUB0010:host.Read<uint>((ulong)(uint)(index << 3))|});")]
    [InlineData("var ring = Header.ArrayAt(host, 0, 8); Use(ring[ulong.MaxValue].Length); Use({|NUB0010:ring[ulong.MaxValue].Length|});")]
    [InlineData("uint a = host.Read<uint>(8); if (index > 0) { Use({|NUB0010:host.Read<uint>(8)|}); } Use(a);")]
    [InlineData("uint a = 0; if (index > 0) { a = host.Read<uint>(8); } Use(a); Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("for (int i = 0; i < 4; i++) { if (host.Read<uint>((ulong)i * 4) > 9) return; Use({|NUB0010:host.Read<uint>((ulong)i * 4)|}); }")]
    [InlineData("if (host.Read<uint>(0) > 9) return; for (uint i = 0; i < {|NUB0010:host.Read<uint>(0)|} && i < 9; i++) { Use(i); }")]
    [InlineData("foreach (var one in Header.ArrayAt(host, 0, 8)) { if (one.Length > 9) continue; Use({|NUB0010:one.Length|}); }")]
    [InlineData("try { Use(host.Read<uint>(0)); } finally { Use({|NUB0010:host.Read<uint>(0)|}); }")]
    [InlineData("uint At(ulong place) => host.Read<uint>(place); if (At(0) > 9) return; Use({|NUB0010:At(0)|});")]
    [InlineData("if (Kind(host) > 9) return; Use({|NUB0010:Kind(host)|});")]
    [InlineData("if (host.Read<uint>(0) > 9) return; Use({|NUB0010:Kind(host)|});")]
    [InlineData("if (Length > 9) return; Use({|NUB0010:Length|});")]
    [InlineData("uint a = Length; uint b = {|NUB0010:_host.Read<uint>(4)|}; Use(a + b);")]
    [InlineData("if (All > 9) return; Use({|NUB0010:All|});")]
    [InlineData("if (Head.Length > 9) return; Use({|NUB0010:Head.Length|});")]
    [InlineData("if (Memory.Read<uint>(0) > 9) return; Use({|NUB0010:Memory.Read<uint>(0)|});")]
    [InlineData("if (First.Read<uint>(0) > 9) return; Use({|NUB0010:First.Read<uint>(0)|});")]
    [InlineData("if (host.Read<uint>(0) > Limit) return; Use({|NUB0010:host.Read<uint>(0)|});")]
    [InlineData("Use(owner.Host.Read<uint>(8)); Use({|NUB0010:owner.Host.Read<uint>(8)|});")]
    [InlineData("Use(Taken(host, false)); Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("if (!host.Contains(host.Read<ulong>(8), 64)) return; Use({|NUB0010:host.Read<ulong>(8)|});")]
    [InlineData("var view = Request.At(host, 0); if (!host.Contains(view.Count, 64)) return; Use({|NUB0010:view.Count|});")]
    [InlineData("Use(host.Read<uint>(8)); SharedStack stack = host.StackAt(64, 64); Use({|NUB0010:host.Read<uint>(8)|}); stack.Push([1]);")]
    [InlineData("Use(host.Read<uint>(8)); Use(host.WriteTo(file, 0, 0, 64)); Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("Use(host.Read<uint>(8)); if (host.IsSameMemory(_host)) return; Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("Action later = () => { Use(host.Read<uint>(8)); Use({|NUB0010:host.Read<uint>(8)|}); }; later();")]
    public async Task Bytes_that_are_read_twice_are_reported(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Use(host.Read<uint>(8)); Use(host.Read<uint>(12));")]
    [InlineData("Use(host.Read<uint>(offset)); Use(host.Read<uint>(offset + 4));")]
    [InlineData("Use(host.Read<uint>(offset)); offset += 4; Use(host.Read<uint>(offset));")]
    [InlineData("Use(host.Read<uint>(offset)); Use(_host.Read<uint>(offset));")]
    [InlineData("Use(host.Read<uint>(offset)); Use(host.Read<uint>((ulong)index));")]
    [InlineData("Use(host.Read<uint>((ulong)(index << 33))); Use(host.Read<uint>((ulong)index * 0x2_0000_0000));")]
    [InlineData("if (index < 0) { Use(new byte[ulong.MaxValue]); } Use(host.Read<uint>(0));")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); Use(a);")]
    [InlineData("while (host.Read<uint>(8) == 0) { } Use(1u);")]
    [InlineData("for (int i = 0; i < 4; i++) { Use(host.Read<uint>((ulong)i * 4)); }")]
    [InlineData("_ = host.Read<uint>(8); Use(host.Read<uint>(8));")]
    [InlineData("host.Read<uint>(8); Use(host.Read<uint>(8));")]
    [InlineData("host.TryRead<uint>(8, out _); Use(host.Read<uint>(8));")]
    [InlineData("Use(host.Read<uint>(8)); host.Write(8, 1u); Use(host.Read<uint>(8));")]
    [InlineData("Use(host.Read<uint>(8)); host.Write(8, 1ul); Use(host.Read<uint>(8));")]
    [InlineData("Use(host.Read<uint>(8)); host.CopyFrom(8, new byte[index]); Use(host.Read<uint>(8));")]
    [InlineData("Use(host.Read<uint>(8)); host.Fill(8, 4, 0); Use(host.Read<uint>(8));")]
    [InlineData("Use(host.Read<uint>(8)); host.CompareExchange(8, 1u, 2u); Use(host.Read<uint>(8));")]
    [InlineData("var view = Header.At(host, 0); Use(view.Length); view.Length = 3; Use(view.Length);")]
    [InlineData("var view = Header.At(host, 0); Use(view.Length); view.Store(default); Use(view.Length);")]
    [InlineData("var view = Header.At(host, 0); Use(view.Kind); Use(view.Length);")]
    [InlineData("var view = Header.At(host, 0); Header whole = view.Load(); Use(whole.Kind); Use(view.Length);")]
    [InlineData("if (index > 0) { Use(host.Read<uint>(8)); } else { Use(host.Read<uint>(8)); }")]
    [InlineData("if (index > 0) { Use(host.Read<uint>(8)); return; } Use(host.Read<uint>(8));")]
    [InlineData("uint a = host.Read<uint>(8); uint b = host.Read<uint>(8); if (a != b) return; Use(a);")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); System.Threading.Thread.Sleep(1); Use(host.Read<uint>(8));")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); System.Threading.Interlocked.MemoryBarrier(); Use(host.Read<uint>(8));")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); Answer(host); Use(host.Read<uint>(8));")]
    [InlineData("uint a = host.Read<uint>(8); Use(a); Elsewhere.Serve(host); Use(host.Read<uint>(8));")]
    [InlineData("uint Kind(ulong place) => host.Read<uint>(place); Use(Kind(0)); Use(Kind(4));")]
    [InlineData("using HostLease access = host.Enter(); Use(access.Read<uint>(0)); access.Write(0, 1u); Use(access.Read<uint>(0));")]
    [InlineData("var ring = Header.ArrayAt(host, 0, 8); Use(ring[index].Length); Use(ring[index + 1].Length);")]
    [InlineData("foreach (var one in Header.ArrayAt(host, 0, 8)) { Use(one.Length); }")]
    [InlineData("while (true) { uint a = host.Read<uint>(8); if (a == 0) { continue; } Use(a); host.Write(8, 0u); }")]
    [InlineData("Use(host.Size); Use(host.Size);")]
    [InlineData("Assert.Equal(1u, host.Read<uint>(8)); Assert.True(host.Read<uint>(8) == 1);")]
    [InlineData("Use(host.Read<uint>(8)); host.ReadFrom(file, 0, 0, 64); Use(host.Read<uint>(8));")]
    [InlineData("Use(owner.Host.Read<uint>(8)); owner.Serve(); Use(owner.Host.Read<uint>(8));")]
    [InlineData("Use(owner.Host.Read<uint>(8)); Elsewhere.Serve(owner); Use(owner.Host.Read<uint>(8));")]
    [InlineData("Use(Taken(host, true)); Use(host.Read<uint>(8));")]
    [InlineData("Use(Virtual); Use(Virtual);")]
    [InlineData("if (Now > 9) return; Use(Now);")]
    [InlineData("SharedView<uint> view = SharedView.At<uint>(host, 8); Use(view.Load()); Elsewhere.Serve(view); Use(view.Load());")]
    [InlineData("SharedArrayView<uint> view = SharedArrayView.At<uint>(host, 8, 4); Use(view[1]); Elsewhere.Serve(view); Use(view[1]);")]
    public async Task What_is_read_once_on_a_path_is_not(string body) => await CheckAsync(body);

    /// <summary>On no way through the method are both reads made.</summary>
    [Theory]
    [InlineData("if (flag) Use(host.Read<uint>(8)); Use(1); if (!flag) Use(host.Read<uint>(8));")]
    [InlineData("uint x = 0; if (flag) x = host.Read<uint>(8); Use(x); if (!flag) x = host.Read<uint>(8); Use(x);")]
    [InlineData("bool got = host.TryRead(64, out uint a); if (got) Use(host.Read<uint>(8) + a); Use(1); if (!got) Use(host.Read<uint>(8));")]
    [InlineData("bool both = index > 0 && flag; if (both) Use(host.Read<uint>(8)); Use(1); if (!both) Use(host.Read<uint>(8));")]
    [InlineData("if (index == 1) Use(host.Read<uint>(8)); if (index == 2) Use(host.Read<uint>(8));")]
    [InlineData("if (index == 1) Use(host.Read<uint>(8)); if (index != 1) Use(host.Read<uint>(8));")]
    [InlineData("if (index > 1) Use(host.Read<uint>(8)); if (index <= 1) Use(host.Read<uint>(8));")]
    [InlineData("if (index < 1) Use(host.Read<uint>(8)); if (1 <= index) Use(host.Read<uint>(8));")]
    [InlineData("switch (index) { case 1: Use(host.Read<uint>(8)); break; } Use(1); switch (index) { case 2: Use(host.Read<uint>(8)); break; }")]
    [InlineData("switch (index) { case 1: Use(host.Read<uint>(8)); break; } Use(1); switch (index) { case 1: break; default: Use(host.Read<uint>(8)); break; }")]
    [InlineData("uint a = index switch { 1 => host.Read<uint>(8), _ => 0 }; uint b = index switch { 2 => host.Read<uint>(8), _ => 0 }; Use(a + b);")]
    [InlineData("if (index is 1) Use(host.Read<uint>(8)); if (index is not 1) Use(host.Read<uint>(8));")]
    [InlineData("if (index is > 1 and < 9) Use(host.Read<uint>(8)); if (index >= 9) Use(host.Read<uint>(8));")]
    [InlineData("if (owner is null) Use(host.Read<uint>(8)); if (owner is not null) Use(host.Read<uint>(8));")]
    [InlineData("if (owner == null) Use(host.Read<uint>(8)); if (owner != null) Use(host.Read<uint>(8));")]
    [InlineData("bool read = false; uint x = 0; if (index > 0) { x = host.Read<uint>(8); read = true; } if (!read) x = host.Read<uint>(8); Use(x);")]
    [InlineData("int state = 0; uint x = 0; if (index > 0) { x = host.Read<uint>(8); state = 2; } if (state == 0) x = host.Read<uint>(8); Use(x);")]
    [InlineData("int state = 0; uint x = 0; if (index > 0) { x = host.Read<uint>(8); state = 2; } if (state != 2) x = host.Read<uint>(8); Use(x);")]
    [InlineData("bool read = false; uint x = 0; if (index > 9) { x = host.Read<uint>(8); read = true; } else if (flag) { x = 1; } else { x = 2; } if (!read) x = host.Read<uint>(8); Use(x);")]
    [InlineData("if (_flag) Use(host.Read<uint>(8)); if (!_flag) Use(host.Read<uint>(8));")]
    [InlineData("Use(Chosen(host, flag)); if (!flag) Use(host.Read<uint>(8));")]
    public async Task Ways_that_exclude_each_other_are_two(string body) => await CheckAsync(body);

    /// <summary>The same shapes, but for what makes them exclude each other.</summary>
    [Theory]
    [InlineData("if (flag) Use(host.Read<uint>(8)); Use(1); if (flag) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("if (flag) Use(host.Read<uint>(8)); flag = index > 3; if (!flag) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("if (host.TryRead(64, out uint a)) Use(host.Read<uint>(8) + a); if (!host.TryRead(128, out uint b)) Use({|NUB0010:host.Read<uint>(8)|} + b);")]
    [InlineData("if (index == 1) Use(host.Read<uint>(8)); if (index != 2) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("if (index > 1) Use(host.Read<uint>(8)); if (index >= 1) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("if (index == 1) Use(host.Read<uint>(8)); index++; if (index == 2) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("switch (index) { case 1: Use(host.Read<uint>(8)); break; } Use(1); switch (index) { case 2: break; default: Use({|NUB0010:host.Read<uint>(8)|}); break; }")]
    [InlineData("if (flag || index > 1) Use(host.Read<uint>(8)); if (!flag) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("bool read = false; uint x = 0; if (index > 0) { x = host.Read<uint>(8); read = flag; } if (!read) x += {|NUB0010:host.Read<uint>(8)|}; Use(x);")]
    [InlineData("if (_flag) Use(host.Read<uint>(8)); _flag = index > 3; if (!_flag) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("double d = index; if (d < 1) Use(host.Read<uint>(8)); else Use(2); if (!(d >= 1)) Use({|NUB0010:host.Read<uint>(8)|});")]
    [InlineData("bool first = true; uint x = host.Read<uint>(8); while (index-- > 0) { if (!first) Use({|NUB0010:host.Read<uint>(8)|}); first = false; } Use(x);")]
    [InlineData("uint x = 0; for (int i = 0; i < 4; i++) { bool odd = i % 2 == 1; if (odd) x = host.Read<uint>(8); if (odd) Use({|NUB0010:host.Read<uint>(8)|}); Use(x); }")]
    [InlineData("Use(Chosen(host, flag)); if (flag) Use({|NUB0010:host.Read<uint>(8)|});")]
    public async Task Ways_that_do_not_are_one(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("[Reread] public static void Run(HostSharedMemory host) { Use(host.Read<uint>(8)); Use(host.Read<uint>(8)); }")]
    [InlineData("[Reread(Justification = \"a clock\")] public static uint Run(HostSharedMemory host) => host.Read<uint>(8) + host.Read<uint>(8);")]
    [InlineData("[Reread] public uint Run { get => _host.Read<uint>(8) + _host.Read<uint>(8); }")]
    [InlineData("public static void Run(HostSharedMemory host) { [Reread] uint Twice() => host.Read<uint>(8) + host.Read<uint>(8); Use(Twice()); }")]
    [InlineData("[Reread] public static void Run(HostSharedMemory host) { uint Twice() => host.Read<uint>(8) + host.Read<uint>(8); Use(Twice()); }")]
    public async Task What_is_acknowledged_is_not(string member) =>
        await Markup.CheckAsync($$"""
            public sealed class Test(HostSharedMemory memory)
            {
                private readonly HostSharedMemory _host = memory;
                private static void Use(uint value) => Console.WriteLine(value);
                public uint Other => _host.Read<uint>(0);
                {{member}}
            }
            """);

    [Theory]
    [InlineData("public Test(HostSharedMemory host) { A = host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|}; }")]
    [InlineData("public Test(HostSharedMemory host) => A = host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|};")]
    [InlineData("public static uint Sum(HostSharedMemory host) => host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|};")]
    [InlineData("public HostSharedMemory? Host { get; set; } public uint Sum => Host!.Read<uint>(8) + {|NUB0010:Host!.Read<uint>(8)|};")]
    [InlineData("public uint this[HostSharedMemory host] { get { return host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|}; } }")]
    [InlineData("public static IEnumerable<uint> All(HostSharedMemory host) { yield return host.Read<uint>(8); yield return {|NUB0010:host.Read<uint>(8)|}; }")]
    [InlineData("public static async System.Threading.Tasks.Task<uint> Sum(HostSharedMemory host) { uint a = host.Read<uint>(8); await System.Threading.Tasks.Task.Yield(); return a + host.Read<uint>(8); }")]
    [InlineData("public static uint operator +(Test test, HostSharedMemory host) => host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|};")]
    [InlineData("public sealed class Inner { public static uint Sum(HostSharedMemory host) => host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|}; }")]
    public async Task Every_kind_of_member_is_looked_at(string member) =>
        await Markup.CheckAsync($"public sealed class Test {{ private Test() {{ }} public uint A {{ get; set; }} {member} }}");

    [Fact]
    public async Task The_message_shows_both_places()
    {
        string[] messages = await Markup.CheckAsync("""
            public static class Test
            {
                public static uint Run(HostSharedMemory host)
                {
                    if (host.Read<uint>(8) > 16)
                    {
                        return 0;
                    }

                    return {|NUB0010:host.Read<uint>(8)|};
                }
            }
            """);

        Assert.Equal(
            "'host.Read<uint>(8)' reads bytes again that 'host.Read<uint>(8)' in line 5 has read, and the guest may have changed them since: keep the first value in a local and use that",
            Assert.Single(messages));
    }

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync(Types + $$"""

            public static class Elsewhere
            {
                public static void Serve(HostSharedMemory host) => host.Write(8, 0u);
                public static void Serve(Owner owner) => owner.Serve();
                public static void Serve(SharedView<uint> view) => view.Store(0);
                public static void Serve(SharedArrayView<uint> view) => view[1] = 0;
                public static void Note(int index) => Console.WriteLine(index);
            }

            public sealed class Owner(HostSharedMemory host)
            {
                public HostSharedMemory Host { get; } = host;
                public void Serve() => Host.Write(8, 0u);
            }

            public static class Assert
            {
                public static void Equal<T>(T expected, T actual) => Console.WriteLine((expected, actual));
                public static void True(bool value) => Console.WriteLine(value);
            }

            public class Test(HostSharedMemory memory)
            {
                private readonly HostSharedMemory _host = memory;
                private uint Length => _host.Read<uint>(4);
                public void Run(HostSharedMemory host, ulong offset, int index, Owner owner, bool flag, Microsoft.Win32.SafeHandles.SafeFileHandle file)
                {
                    {{body}}
                }

                public uint Twice() => _host.Read<uint>(0);
                [Reread] public uint Now => _host.Read<uint>(0);
                public HostSharedMemory Memory { get { ThrowIfDisposed(); return _host; } }
                public HostSharedMemory First => new[] { _host }[0];
                public uint Limit { get { ThrowIfDisposed(); return 9; } }
                public void ThrowIfDisposed() { if (_flag) throw new ObjectDisposedException(null); }
                public virtual uint Virtual => _host.Read<uint>(0);
                public Header.View Head => Header.At(_host, 64);
                private static uint Kind(HostSharedMemory host) => host.Read<uint>(0);
                private bool _flag;
                private static uint Chosen(HostSharedMemory host, bool isKnown) => isKnown ? host.Read<uint>(8) : 0;
                private static uint Taken(HostSharedMemory host, bool isKnown) => isKnown ? 0 : host.Read<uint>(8);
                private static void Answer(HostSharedMemory host) => host.Write(8, 0u);
                private static void Use<T>(T value) => Console.WriteLine(value);
                public uint All => Length + Kind(_host) + (uint)_host.Size;
                public void Answer() => Answer(_host);
            }
            """);
}
