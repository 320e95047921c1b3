using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>
/// The flow rules in each construct of the language: what is to be found is found there, what is none is not, and nothing throws.
/// </summary>
public sealed class ConstructTests
{
    /// <summary>Statements and expressions.</summary>
    [Theory]
    [InlineData("using HostLease access = host.Enter(); Use(access.Read<uint>(0)); Use({|NUB0010:access.Read<uint>(0)|}); Use(new byte[{|NUB0011:access.Read<uint>(8)|}]);")]
    [InlineData("using (HostLease access = host.Enter()) { Use(access.Read<uint>(0)); Use(access.Read<uint>(4)); }")]
    [InlineData("uint n = host.Read<uint>(0); again: if (n > 16) { n = {|NUB0010:host.Read<uint>(0)|}; goto again; } Use(new byte[n]);")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) goto large; Use(new byte[n]); return; large: Use(new byte[{|NUB0011:n|}]);")]
    [InlineData("if (host.Read<uint>(0) > 16) goto end; Use({|NUB0010:host.Read<uint>(0)|}); end: Use(1);")]
    [InlineData("uint n = host.Read<uint>(0); byte[] b = n switch { > 16 => [], var m => new byte[m] }; Use(b);")]
    [InlineData("uint n = host.Read<uint>(0); byte[] b = n switch { 0 => [], var m => new byte[{|NUB0011:m|}] }; Use(b);")]
    [InlineData("uint n = host.Read<uint>(0); byte[] b = n switch { var m when m <= 16 => new byte[m], _ => [] }; Use(b);")]
    [InlineData("uint n = host.Read<uint>(0) switch { 1 => 4, _ => {|NUB0010:host.Read<uint>(0)|} }; Use(n);")]
    [InlineData("if (host.Read<int>(0) is int n and >= 0 and < 10) Use(table[n]);")]
    [InlineData("if (host.Read<int>(0) is int n and >= 0) Use(table[{|NUB0011:n|}]);")]
    [InlineData("if (host.Read<Header>(0) is { Length: < 16 } h) Use(new byte[h.Length]);")]
    [InlineData("if (host.Read<Header>(0) is { Length: var n and < 16 }) Use(new byte[n]);")]
    [InlineData("Header h = host.Read<Header>(0); if (h is { Length: < 16 } or { Kind: 1 }) Use(new byte[{|NUB0011:h.Length|}]);")]
    [InlineData("if (host.Read<Header>(0) is not { Length: < 16 } h) return; Use(new byte[h.Length]);")]
    [InlineData("Header h = host.Read<Header>(0); bool fits = h is { Length: < 16 }; if (fits) Use(new byte[h.Length]);")]
    [InlineData("if ((host.Read<uint>(0), host.Read<uint>(4)) is (< 16, var m)) Use(new byte[{|NUB0011:m|}]);")]
    [InlineData("if (host.Read<Header>(0) is { Kind: 1 } h) Use(new byte[{|NUB0011:h.Length|}]);")]
    [InlineData("try { Use(1); } catch (Exception) when (host.Read<uint>(0) > 1) { Use({|NUB0010:host.Read<uint>(0)|}); }")]
    [InlineData("uint n = host.Read<uint>(0); try { Use(1); } catch (Exception) when (n <= 16) { Use(new byte[n]); }")]
    [InlineData("uint n = host.Read<uint>(0); try { Use(1); } catch (Exception) when (n == 0) { Use(1); } finally { Use(new byte[{|NUB0011:n|}]); }")]
    [InlineData("uint n = host.Read<uint>(0); Use(new byte[checked({|NUB0011:n * 4|})]); if (checked(n * 4) <= 64) Use(new byte[n]);")]
    [InlineData("checked { uint n = host.Read<uint>(0); if (n + 8 > 64) return; Use(new byte[n]); }")]
    [InlineData("unchecked { uint n = host.Read<uint>(0); if (n + 8 > 64) return; Use(new byte[{|NUB0011:n|}]); }")]
    [InlineData("uint n = 0; ref uint r = ref n; r = host.Read<uint>(0); Use(r);")]
    [InlineData("ref int r = ref table[{|NUB0011:host.Read<int>(0)|}]; r = 1;")]
    [InlineData("(uint a, uint b) = (host.Read<uint>(0), {|NUB0010:host.Read<uint>(0)|}); Use(a + b);")]
    [InlineData("(uint a, _) = (host.Read<uint>(0), host.Read<uint>(0)); Use(a);")]
    [InlineData("var (kind, length) = Pair(host); Use(new byte[{|NUB0011:length|}]); Use(kind);")]
    [InlineData("(uint N, int) both = (host.Read<uint>(0), 4); if (both.N > 16) return; Use(new byte[both.N]);")]
    [InlineData("(uint a, uint b) = (4, host.Read<uint>(0)); (a, b) = (b, a); Use(new byte[{|NUB0011:a|}]); Use(new byte[b]);")]
    [InlineData("Header h = host.Read<Header>(0) with { Kind = 1 }; Use(new byte[{|NUB0011:h.Length|}]);")]
    [InlineData("Header h = host.Read<Header>(0) with { Length = 4 }; Use(new byte[h.Length]);")]
    [InlineData("var r = new Sized(host.Read<uint>(0), 1) with { Kind = 2 }; Use(r);")]
    [InlineData("uint[] all = [host.Read<uint>(0), {|NUB0010:host.Read<uint>(0)|}]; Use(all);")]
    [InlineData("uint[] all = [host.Read<uint>(0), .. new byte[4].Length > 2 ? new uint[] { host.Read<uint>(4) } : []]; Use(all);")]
    [InlineData("List<byte> list = [.. new byte[{|NUB0011:host.Read<uint>(0)|}]]; Use(list);")]
    [InlineData("Use($\"{host.Read<uint>(0)} of {{|NUB0010:host.Read<uint>(0)|}}\");")]
    [InlineData("Use($\"{host.Read<uint>(0),4:x} of {host.Read<uint>(4)}\");")]
    [InlineData("Func<Func<uint>> outer = () => { Use(host.Read<uint>(0)); return () => host.Read<uint>(8) + {|NUB0010:host.Read<uint>(8)|}; }; Use(outer()());")]
    [InlineData("Func<Func<uint>> outer = () => { uint n = host.Read<uint>(0); return () => host.Read<uint>(8) + n; }; Use(outer()());")]
    [InlineData("Func<uint> later = static () => 4; Use(later() + host.Read<uint>(0));")]
    [InlineData("Func<HostSharedMemory, uint> twice = static m => m.Read<uint>(0) + {|NUB0010:m.Read<uint>(0)|}; Use(twice(host));")]
    [InlineData("static uint Of(HostSharedMemory m) => m.Read<uint>(0); if (Of(host) > 16) return; Use({|NUB0010:Of(host)|});")]
    [InlineData("static uint Of(HostSharedMemory m, ulong at) => m.Read<uint>(at); Use(Of(host, 0)); Use(Of(host, 4));")]
    [InlineData("static uint Of(HostSharedMemory m) { uint n; return n = m.Read<uint>(0); } Use(new byte[{|NUB0011:Of(host)|}]);")]
    [InlineData("static bool Fits(uint n) => n <= 16; uint n = host.Read<uint>(0); if (!Fits(n)) return; Use(new byte[n]);")]
    [InlineData("uint? n = host.TryRead(0, out uint read) ? read : null; Use(n ?? 4);")]
    [InlineData("Use(owner?.Length ?? host.Read<uint>(0));")]
    [InlineData("lock (table) { Use(host.Read<uint>(0)); Use({|NUB0010:host.Read<uint>(0)|}); }")]
    [InlineData("foreach (uint n in new[] { host.Read<uint>(0) }) { Use(n); }")]
    [InlineData("Use(typeof(uint)); Use(nameof(host.Read)); Use(default(Header).Length); Use(host.Read<uint>(0));")]
    [InlineData("uint n = host.Read<uint>(0); _ = n > 16 ? throw new Exception() : n; Use(new byte[n]);")]
    [InlineData("Span<byte> s = stackalloc byte[16]; host.CopyTo(0, s[..8]); Use(table[{|NUB0011:s[0]|}]); s.Clear();")]
    [InlineData("Index end = ^1; Range all = ..; Use(table[end] + table[all].Length + (int)host.Read<uint>(0));")]
    public async Task In_statements_and_expressions(string body) => await CheckAsync($"public static void Run(HostSharedMemory host, int[] table, Owner? owner) {{ {body} }}");

    [Theory]
    [InlineData("byte[] all = new byte[16]; fixed (byte* p = all) { Use(host.Read<uint>(0) + *p); Use({|NUB0010:host.Read<uint>(0)|}); }")]
    [InlineData("byte[] all = new byte[16]; fixed (byte* p = &all[{|NUB0011:host.Read<uint>(0)|}]) { *p = 1; }")]
    [InlineData("byte[] all = new byte[16]; uint n = host.Read<uint>(0); if (n >= 16) return; fixed (byte* p = &all[n]) { *p = 1; }")]
    public async Task In_unsafe_code(string body) => await CheckAsync($"public static unsafe void Run(HostSharedMemory host) {{ {body} }}");

    /// <summary>Members.</summary>
    [Theory]
    [InlineData("public static IEnumerable<byte[]> Run(HostSharedMemory host) { uint n = host.Read<uint>(0); yield return new byte[{|NUB0011:n|}]; if (n > 16) yield break; yield return new byte[n]; }")]
    [InlineData("public static IEnumerable<uint> Run(HostSharedMemory host) { for (ulong i = 0; i < 4; i++) { yield return host.Read<uint>(i * 4); } }")]
    [InlineData("public static async Task<byte[]> Run(HostSharedMemory host) { uint n = host.Read<uint>(0); await Task.Delay(1); return new byte[{|NUB0011:n|}]; }")]
    [InlineData("public static async Task<uint> Run(HostSharedMemory host) { if (host.Read<uint>(0) > 16) return 0; uint n = {|NUB0010:host.Read<uint>(0)|}; await Task.Delay(1); return n; }")]
    [InlineData("public static async Task<byte[]> Run(HostSharedMemory host) { uint n = host.Read<uint>(0); if (n > 16) return []; await Task.Delay(1); return new byte[n]; }")]
    [InlineData("public static async IAsyncEnumerable<uint> Run(HostSharedMemory host) { yield return host.Read<uint>(0); await Task.Delay(1); yield return host.Read<uint>(0); }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => new byte[{|NUB0011:host.Read<uint>(0)|}];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Read<uint>(0) is var n and <= 16 ? new byte[n] : [];")]
    [InlineData("private HostSharedMemory? _host; private uint N => _host!.Read<uint>(0); public byte[] Run() => N > 16 ? [] : new byte[{|NUB0010:N|}];")]
    [InlineData("private HostSharedMemory? _host; private uint N { get { uint n = _host!.Read<uint>(0); return n > 16 ? 16 : n; } } public byte[] Run() => new byte[N];")]
    [InlineData("public byte[] Bytes { get; } public Test(HostSharedMemory host) {|NUB0011:: this(host.Read<uint>(0))|} { } private Test(uint n) => Bytes = new byte[n];")]
    [InlineData("public Test(HostSharedMemory host) : this(host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}) { } public Test(uint n) => Use(n);")]
    [InlineData("public Test(HostSharedMemory host) : this(new byte[{|NUB0011:host.Read<uint>(0)|}]) { } public Test(byte[] all) => Use(all);")]
    [InlineData("public Test(HostSharedMemory host) : this(1) { Use(host.Read<uint>(0)); Use({|NUB0010:host.Read<uint>(0)|}); } public Test(uint n) => Use(n);")]
    [InlineData("public static HostSharedMemory? Shared; public uint A = Shared!.Read<uint>(0) + Shared!.Read<uint>(0);")]
    [InlineData("public static readonly HostSharedMemory Shared = Make(); private readonly uint _a = Shared.Read<uint>(0) + {|NUB0010:Shared.Read<uint>(0)|}; private static HostSharedMemory Make() => throw new Exception(); public uint A => _a;")]
    [InlineData("public static readonly HostSharedMemory Shared = Make(); public byte[] A { get; } = new byte[{|NUB0011:Shared.Read<uint>(0)|}]; private static HostSharedMemory Make() => throw new Exception();")]
    [InlineData("public static readonly HostSharedMemory Shared = Make(); public uint A { get; } = Shared.Read<uint>(0) + Shared.Read<uint>(4); private static HostSharedMemory Make() => throw new Exception();")]
    [InlineData("public static uint Run(HostSharedMemory host, uint more = 4) { more += host.Read<uint>(0); return more + {|NUB0010:host.Read<uint>(0)|}; }")]
    [InlineData("public event Action? Done { add { Use(value); } remove { Use(value); } } public static uint Run(HostSharedMemory host) => host.Read<uint>(0);")]
    [InlineData("~Test() => Use(1); public static explicit operator byte[](Test test) => test is null ? [] : new byte[{|NUB0011:test.Host.Read<uint>(0)|}]; public required HostSharedMemory Host { get; init; }")]
    public async Task In_members(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public sealed class Reader(HostSharedMemory host) { public uint Run() => host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; public byte[] All() => new byte[{|NUB0011:host.Read<uint>(0)|}]; }")]
    [InlineData("public sealed class Reader(HostSharedMemory host) { private readonly byte[] _all = new byte[{|NUB0011:host.Read<uint>(0)|}]; public int Length => _all.Length; }")]
    [InlineData("public sealed class Reader(HostSharedMemory host) { public uint A { get; } = host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; }")]
    [InlineData("public sealed class Reader(HostSharedMemory host) { public uint A { get; } = host.Read<uint>(0); public uint B { get; } = host.Read<uint>(4); }")]
    [InlineData("public class Base(byte[] all) { public byte[] All => all; } public sealed class Reader(HostSharedMemory host) : Base(new byte[{|NUB0011:host.Read<uint>(0)|}]);")]
    [InlineData("public readonly struct Reader(HostSharedMemory host) { public uint Run() => host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; }")]
    [InlineData("public sealed record Reader(HostSharedMemory Host) { public uint Run() => Host.Read<uint>(0) + {|NUB0010:Host.Read<uint>(0)|}; public uint Other() => (this with { }).Host.Read<uint>(0); }")]
    [InlineData("public sealed record Reader(byte[] All) { public Reader(HostSharedMemory host) : this(new byte[{|NUB0011:host.Read<uint>(0)|}]) { } }")]
    [InlineData("public interface IReader { HostSharedMemory Host { get; } uint Run() => Host.Read<uint>(0) + {|NUB0010:Host.Read<uint>(0)|}; }")]
    [InlineData("public static class Extensions { public static uint Run(this HostSharedMemory host) => host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; }")]
    [InlineData("public sealed class Reader<T>(HostSharedMemory host) { public uint Run<U>(T one, U other) { Console.WriteLine((one, other)); return host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; } }")]
    public async Task In_types(string type) => await Markup.CheckAsync(type);

    [Theory]
    [InlineData("Use(host.Read<uint>(0)); Use({|NUB0010:host.Read<uint>(0)|});")]
    [InlineData("uint n = host.Read<uint>(0); Use((uint)new byte[{|NUB0011:n|}].Length); if (n > 16) return; Use((uint)new byte[n].Length);")]
    [InlineData("if (Length() > 16) return; Use({|NUB0010:Length()|}); uint Length() => host.Read<uint>(0);")]
    [InlineData("uint Twice() { return host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; } Use(Twice());")]
    [InlineData("static uint Of(HostSharedMemory m, ulong at) => m.Read<uint>(at); Use(Of(host, 0)); Use(Of(host, 4));")]
    [InlineData("Func<uint> later = () => host.Read<uint>(0) + {|NUB0010:host.Read<uint>(0)|}; Use(later());")]
    [InlineData("for (ulong i = 0; i < 4; i++) { Use(host.Read<uint>(i * 4)); } Use(host.Read<uint>(64));")]
    [InlineData("await System.Threading.Tasks.Task.Delay(1); Use(host.Read<uint>(0)); await System.Threading.Tasks.Task.Delay(1); Use(host.Read<uint>(0));")]
    public async Task In_top_level_statements(string statements) =>
        await Markup.CheckAsync($$"""
            HostSharedMemory host = Memory.Make();
            {{statements}}
            static void Use(uint value) => Console.WriteLine(value);
            public static class Memory { public static HostSharedMemory Make() => throw new Exception(); }
            """);

    private static async Task CheckAsync(string member) =>
        await Markup.CheckAsync($$"""
            using System.Threading.Tasks;
            [AllValid] public partial record struct Header { public uint Kind; public uint Length; }
            public sealed record Sized(uint Length, uint Kind);
            public sealed class Owner { public uint Length => 4; }
            public sealed class Test
            {
                private static (uint, uint) Pair(HostSharedMemory host) => (host.Read<uint>(0), host.Read<uint>(4));
                private static void Use<T>(T value) => Console.WriteLine(value);
                public static void Keep(HostSharedMemory host) { Use(1); Use(Pair(host)); }
                {{member}}
            }
            """);
}
