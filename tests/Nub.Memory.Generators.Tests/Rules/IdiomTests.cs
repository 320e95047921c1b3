using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 on the ways in which host code is written: records, tuples, patterns, collections, copies, waits.</summary>
public sealed class IdiomTests
{
    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var request = new Request(host.Read<uint>(0), host.Read<uint>(4)); return new byte[{|NUB0011:request.Length|}]; } private readonly record struct Request(uint Kind, uint Length);")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header request = host.Read<Header>(0) with { Kind = 0 }; return new byte[{|NUB0011:request.Length|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] handlers) { ReadOnlySpan<byte> message = host.Stack(0, 4096).Pop(); if (message.IsEmpty) { return 0; } return handlers[{|NUB0011:message[0]|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] weights) { byte[] kinds = new byte[16]; host.CopyTo(0, kinds); int sum = 0; foreach (byte kind in kinds) { sum += weights[{|NUB0011:kind|}]; } return sum; }")]
    [InlineData("public static string Run(HostSharedMemory host) { uint count = host.Read<uint>(0); string names = \"\"; for (uint i = 0; i < {|NUB0011:count|}; i++) { if (i > 0) { names += \", \"; } names += i; } return names; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(4); return host.Read<uint>(0) switch { 1 when length >= 8 => new byte[{|NUB0011:length|}], _ => [] }; }")]
    [InlineData("public static string Run(HostSharedMemory host) { byte[] text = new byte[64]; host.CopyTo(4, text); int length = host.Read<int>(0); var utf8 = new System.Text.UTF8Encoding(false, true); return utf8.GetString(text, 0, {|NUB0011:length|}); }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] handlers) { byte[] message = new byte[8]; host.CopyTo(0, message); if (message[0] >= 16) { return 0; } host.CopyTo(8, message); return handlers[{|NUB0011:message[0]|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] handlers) { byte[] message = host.Stack(0, 4096).Pop(); if (message[0] >= handlers.Length) { return 0; } return handlers[{|NUB0011:message[1]|}]; }")]
    [InlineData("public static byte[] Run() { if (Length > 64) { return []; } return new byte[{|NUB0010:Length|}]; } private static HostSharedMemory s_ring = null!; private static uint Length { get { return s_ring.Read<uint>(0); } }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { if (host.Read<uint>(host.Size - 4) > 64) { return []; } return new byte[{|NUB0010:host.Read<uint>(host.Size - 4)|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { using var reader = new System.IO.BinaryReader(new System.IO.MemoryStream(host.Stack(0, 4096).Pop())); return reader.ReadBytes({|NUB0011:reader.ReadInt32()|}); }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { using var stream = new System.IO.MemoryStream(host.Stack(0, 4096).Pop()); byte[] prefix = new byte[4]; stream.ReadExactly(prefix, 0, 4); return new byte[{|NUB0011:BitConverter.ToUInt32(prefix)|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; host.CopyTo(0, MemoryMarshal.AsBytes(new Span<Header>(ref header))); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; Span<byte> bytes = MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref header, 1)); host.CopyTo(0, bytes); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; host.CopyTo(0, MemoryMarshal.AsBytes(new Span<Header>(ref header))); if (header.Length > 64) { return []; } return new byte[{|NUB0010:host.Read<uint>(4)|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; if (!host.Stack(0, 4096).TryPop(MemoryMarshal.AsBytes(new Span<Header>(ref header)), out int length)) { return []; } Use(length); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { byte[] message = host.Stack(0, 4096).Pop(); return message is [1, var slot, ..] ? slots[{|NUB0011:slot|}] : 0; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { return host.Stack(0, 4096).Pop() switch { [1, .., var slot] => slots[{|NUB0011:slot|}], _ => 0 }; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { return host.Stack(0, 4096).Pop() is [1, .. var rest] ? slots[{|NUB0011:rest[0]|}] : 0; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { return host.Stack(0, 4096).Pop<byte[]>(Parse); static byte[] Parse(ReadOnlySpan<byte> element) => new byte[{|NUB0011:System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(element[4..])|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Stack(0, 4096).Pop<byte[]>(Parse); private static byte[] Parse(ReadOnlySpan<byte> element) => new byte[{|NUB0011:element[0] << 24|}];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Stack(0, 4096).Pop(s_parse); private static readonly SharedStackParser<byte[]> s_parse = Parse; internal static byte[] Parse(ReadOnlySpan<byte> element) => new byte[{|NUB0011:element[0] << 24|}];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) => host.Stack(0, 4096).TryPop<byte[]>(TryParse, out byte[]? made) ? made! : []; private static bool TryParse(ReadOnlySpan<byte> element, out byte[] made) { made = new byte[{|NUB0011:element[0] << 24|}]; return true; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(0); System.Diagnostics.Debug.Assert(Fits(length)); return new byte[{|NUB0011:length|}]; static bool Fits(uint value) => value <= 64; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(0); System.Diagnostics.Debug.Assert(Fits(length)); return new byte[{|NUB0011:length|}]; static bool Fits(uint value) { if (value > 64) { return false; } return true; } }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(0); System.Diagnostics.Debug.Assert(Limits.Fits(length)); return new byte[{|NUB0011:length|}]; } private static class Limits { public static bool Fits(uint value) => value <= 64; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool wide) { uint kind, length; (kind, length) = wide ? (host.Read<uint>(0), host.Read<uint>(4)) : ((uint)host.Read<ushort>(0), (uint)host.Read<ushort>(2)); Use(kind); return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static void Run(HostSharedMemory host) { int wait = Get<int>(host, 0); if (wait > 100) { return; } System.Threading.Thread.Sleep({|NUB0011:wait|}); } private static T Get<[AllValid] T>(HostSharedMemory host, ulong offset) where T : unmanaged => host.Read<T>(offset);")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length; using (HostAccess access = host.Enter()) { length = access.Read<uint>(0); } if (length > 64) { return []; } return new byte[{|NUB0010:host.Read<uint>(0)|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] columns) { (int row, int column) = Math.DivRem(host.Read<int>(0), columns.Length); Use(row); return columns[{|NUB0011:column|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); ref uint length = ref header.Length; length++; return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool first) { uint left = host.Read<uint>(0), right = 1; ref uint length = ref left; length = ref right; length = 2; Use(length); return new byte[{|NUB0011:left|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); if (header.Kind > 64) { header.Kind = 64; } return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, int rounds) { Header header = default; for (int i = 0; i < rounds; i++) { header.Length = host.Read<uint>(8); } Use(header.Kind); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool again) { Header header = host.Read<Header>(0); if (again) { header = host.Read<Header>(8); header.Kind = 1; } if (header.Kind > 64) { return []; } return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static uint Run(HostSharedMemory host) { uint head = host.Read<uint>(4); if (head > 64) { head = {|NUB0010:host.Read<uint>(4)|}; } return head; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool refresh) { uint head = host.Read<uint>(4); uint old = head; if (refresh) { head = {|NUB0010:host.Read<uint>(4)|}; } return head - old; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool refresh) { uint head = host.Read<uint>(4); Use(head); if (refresh) { head = {|NUB0010:host.Read<uint>(4)|}; } return head; }")]
    [InlineData("public static uint Run(Header.View view) { uint length = 0; try { length = view.Length; Use(length); } catch (SharedMemoryLockedException) { length = {|NUB0010:view.Length|}; } return length; }")]
    [InlineData("public static int[] Run(HostSharedMemory host) { int width = host.Read<int>(0); int height = host.Read<int>(4); if ((long)width * height > 4096) { return []; } return new int[{|NUB0011:width * height|}]; }")]
    [InlineData("public static uint[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if ((ulong)width * height > 4096) { return []; } return new uint[{|NUB0011:width|}]; }")]
    [InlineData("public static void Run(HostSharedMemory host) { foreach (uint length in Lengths()) { Use(new byte[{|NUB0011:length|}]); } IEnumerable<uint> Lengths() { for (ulong at = 0; at < 64; at += 8) { yield return host.Read<uint>(at); } } }")]
    [InlineData("public static async System.Threading.Tasks.Task<byte[]> Run(HostSharedMemory host) { uint length = await LengthAsync(host); return new byte[{|NUB0011:length|}]; } private static async System.Threading.Tasks.Task<uint> LengthAsync(HostSharedMemory host) { await System.Threading.Tasks.Task.Yield(); return host.Read<uint>(0); }")]
    [InlineData("public static async System.Threading.Tasks.Task<byte[]> Run(HostSharedMemory host) => new byte[{|NUB0011:await LengthAsync(host).ConfigureAwait(false)|}]; private static async System.Threading.Tasks.ValueTask<uint> LengthAsync(HostSharedMemory host) { await System.Threading.Tasks.Task.Yield(); return host.Read<uint>(0); }")]
    [InlineData("public static async System.Threading.Tasks.Task<byte[]> Run(HostSharedMemory host) => new byte[{|NUB0011:await System.Threading.Tasks.Task.FromResult(host.Read<uint>(0))|}];")]
    [InlineData("public static async System.Threading.Tasks.Task Run(HostSharedMemory host) { await foreach (uint length in Lengths()) { Use(new byte[{|NUB0011:length|}]); } async IAsyncEnumerable<uint> Lengths() { for (ulong at = 0; at < 64; at += 8) { await System.Threading.Tasks.Task.Yield(); yield return host.Read<uint>(at); } } }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { byte[] message = host.Stack(0, 4096).Pop(); return new byte[{|NUB0011:MemoryMarshal.Read<Header>(message).Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(0); return new byte[{|NUB0011:System.Threading.Volatile.Read(ref length)|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, int tries) { uint n = host.Read<uint>(4); for (int i = 0; ; i++) { if (i == tries) { n = {|NUB0010:host.Read<uint>(4)|}; return [(byte)n]; } if (n > 64) { throw new InvalidOperationException(); } } }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool quick) { uint n = host.Read<uint>(4), m = {|NUB0010:host.Read<uint>(4)|}; if (quick) { n = m; } else { Use(n); Use(m); } return m; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool quick) { return Sum(host.Read<uint>(4), quick ? {|NUB0010:host.Read<uint>(4)|} : 0); static uint Sum(uint one, uint other) => one + other; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool again) { uint head = host.Read<uint>(4); if (again) { return {|NUB0010:host.Read<uint>(4)|} + head; } return head; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if ((ulong)width * height > uint.MaxValue) { return []; } return new byte[{|NUB0011:width * height|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; new System.IO.MemoryStream(host.Stack(0, 4096).Pop()).ReadExactly(MemoryMarshal.AsBytes(new Span<Header>(ref header))); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Request request = host.Read<Request>(0); if (request.Header.Length > 64) { request.Header.Kind = 64; } return new byte[{|NUB0011:request.Rest|}]; }")]
    public async Task What_is_the_guests_stays_so_however_it_is_written(string member) => await CheckAsync(member);

    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); if (header is { Length: > 4096 }) { return []; } return new byte[header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, HashSet<uint> sizes) { uint size = host.Read<uint>(0); if (!sizes.Contains(size)) { return []; } return new byte[size]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { (uint Kind, uint Length) request = (host.Read<uint>(0), 64u); request.Kind &= 3; Use(request.Kind); return new byte[request.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint? length = host.TryRead(0, out uint read) ? read : null; if (length is null || length.Value > 64) { return []; } return new byte[length.Value]; }")]
    [InlineData("public static void Run(HostSharedMemory host, SortedList<uint, string> names) { names[host.Read<uint>(0)] = \"disk\"; }")]
    [InlineData("public static void Run(HostSharedMemory host, System.IO.Stream log) { uint id = host.Read<uint>(0); log.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(ref id))); }")]
    [InlineData("public static int Run(HostSharedMemory host) { return s_weights[host.Read<byte>(0)]; } private const int Kinds = 256; private static readonly int[] s_weights = new int[Kinds];")]
    [InlineData("public static uint Run(HostSharedMemory host) { uint status = host.Read<uint>(0); while (status == 0) { status = host.Read<uint>(0); } return status; }")]
    [InlineData("public static ulong Run(HostSharedMemory host) { SharedStack stack = host.Stack(0, 4096); ulong before = host.Read<ulong>(0); stack.Push([1, 2, 3, 4]); return host.Read<ulong>(0) - before; }")]
    [InlineData("public static int Run(HostSharedMemory host, System.Collections.Concurrent.BlockingCollection<int> kicks) { ushort seen = host.Read<ushort>(2); Use(kicks.Take()); return host.Read<ushort>(2) - seen; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] handlers) { byte[] message = host.Stack(0, 4096).Pop(); if (message.Length == 0 || message[0] >= handlers.Length) { return 0; } return handlers[message[0]]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] handlers) { Span<byte> message = stackalloc byte[8]; host.CopyTo(0, message); int last = message.Length - 1; if (message[last] >= 16) { return 0; } return handlers[message[last]]; }")]
    [InlineData("private static HostSharedMemory s_ring = null!; public static void Run(HostSharedMemory other) { Use(s_ring.Read<uint>(0)); s_ring = other; Use(s_ring.Read<uint>(0)); }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool legacy) { var (kind, length) = legacy ? (host.Read<uint>(0), 64u) : (1u, 32u); Use(kind); return new byte[length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { var (kind, length) = host.Read<uint>(0) switch { 1 => (1u, 16u), 2 => (2u, 32u), var other => (other, 64u) }; Use(kind); return new byte[length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { (uint Kind, uint Length) request = (0, 0); while (request.Length < 8) { request = (host.Read<uint>(0), request.Length + 1); } Use(request.Kind); return new byte[request.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; host.CopyTo(0, MemoryMarshal.AsBytes(new Span<Header>(ref header))); if (header.Length > 64) { return []; } return new byte[header.Length]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { byte[] message = host.Stack(0, 4096).Pop(); return message is [1, < 16 and var slot, ..] ? slots[slot] : 0; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { byte[] message = host.Stack(0, 4096).Pop(); if (message is not [1, .., < 16]) { return 0; } return slots[message[^1]]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] columns) { (uint row, uint column) = Math.DivRem(host.Read<uint>(0), (uint)columns.Length); Use(row); return columns[column]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] columns) { uint place = host.Read<byte>(0); Use(Math.DivRem((int)place, columns.Length, out int column)); return columns[column]; }")]
    [InlineData("public static uint[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if (Math.BigMul(width, height) > 1 << 20) { return []; } return new uint[Math.BigMul(width, height)]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); ref uint length = ref header.Length; length = Math.Min(length, 64u); return new byte[header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); ref Header request = ref header; if (request.Length > 64) { return []; } return new byte[header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, System.IO.Stream config) { byte[] buffer = new byte[64]; host.CopyTo(0, buffer); Use(buffer); config.ReadExactly(buffer); return new byte[System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(buffer)]; }")]
    [InlineData("public static Span<byte> Run(HostSharedMemory host, byte[] part) { using var stream = new System.IO.MemoryStream(host.Stack(0, 4096).Pop()); int count = stream.Read(part); return part.AsSpan(0, count); }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); if (header.Length > 64) { header.Length = 64; } return new byte[header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { return host.Stack(0, 4096).Pop<byte[]>(Parse); static byte[] Parse(ReadOnlySpan<byte> element) => new byte[element[0]]; }")]
    [InlineData("public static byte[] Run(ReadOnlySpan<byte> config) => Parse(config); private static byte[] Parse(ReadOnlySpan<byte> element) => new byte[element[0] << 24];")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); if (header.Length > 64) { header.Length = 64; } else { header.Kind = 1; } return new byte[header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, int rounds) { Header header = host.Read<Header>(0); header.Length = 0; while (header.Length < 64) { header.Length++; header.Kind = host.Read<uint>(8); } return new byte[header.Length]; }")]
    [InlineData("public static uint Run(Header.View view) { uint length; try { length = view.Length; } catch (SharedMemoryLockedException) { length = view.Length; } return length; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool refresh) { uint head = host.Read<uint>(4); if (refresh) { head = host.Read<uint>(4); } return head; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool refresh) { Header header = host.Read<Header>(0); if (refresh) { header = host.Read<Header>(0); } if (header.Length > 64) { return []; } return new byte[header.Length]; }")]
    [InlineData("public static uint[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if (Math.BigMul(width, height) > 1 << 20) { return []; } return new uint[width * height]; }")]
    [InlineData("public static uint[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if ((ulong)width * height > 1 << 20) { return []; } return new uint[width * height]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, ulong limit) { uint count = host.Read<uint>(0); if ((ulong)count * 16 > limit) { return []; } return new byte[count * 16]; }")]
    [InlineData("public static int[] Run(HostSharedMemory host) { int width = host.Read<int>(0); int height = host.Read<int>(4); if (width < 0 || height < 0 || (long)width * height > 4096) { return []; } return new int[width * height]; }")]
    [InlineData("public static void Run(HostSharedMemory host) { foreach (uint length in Lengths()) { Use(new byte[length]); } IEnumerable<uint> Lengths() { for (ulong at = 0; at < 64; at += 8) { uint length = host.Read<uint>(at); if (length > 64) { yield break; } yield return length; } } }")]
    [InlineData("public static async System.Threading.Tasks.Task<byte[]> Run(HostSharedMemory host) { uint length = await LengthAsync(host); return new byte[length]; } private static async System.Threading.Tasks.Task<uint> LengthAsync(HostSharedMemory host) { await System.Threading.Tasks.Task.Yield(); return Math.Min(host.Read<uint>(0), 64); }")]
    [InlineData("public static async System.Threading.Tasks.Task<uint> Run(HostSharedMemory host) { uint before = host.Read<uint>(0); await WaitAsync(); return host.Read<uint>(0) - before; } private static async System.Threading.Tasks.Task WaitAsync() => await System.Threading.Tasks.Task.Yield();")]
    [InlineData("public static int Run(HostSharedMemory host, int[] weights) { int sum = 0; foreach (byte kind in System.Linq.Enumerable.Where(host.Stack(0, 4096).Pop(), kind => kind < 16)) { sum += weights[kind]; } return sum; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] weights) { byte[] kinds = host.Stack(0, 4096).Pop(); int kind = Array.Find(kinds, kind => kind < 16); return weights[kind]; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool again) { uint head = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(host.Read<uint>(4)); if (again) { head = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(host.Read<uint>(4)); } return head; }")]
    [InlineData("public static uint Run(HostSharedMemory host) { if (!host.TryRead(4, out uint head)) { if (!host.TryRead(4, out head)) { return 0; } } return head; }")]
    [InlineData("public static uint Run(HostSharedMemory host) { try { return host.Read<uint>(4); } catch (SharedMemoryLockedException) { return host.Read<uint>(4); } }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool again) { uint head = host.Read<uint>(4); if (again) { return host.Read<uint>(4); } return head; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool quick, bool again) { uint head = quick ? host.Read<uint>(4) : 0; if (again) { head = host.Read<uint>(4); } return head; }")]
    [InlineData("public static uint Run(HostSharedMemory host, int mode) { uint head = host.Read<uint>(4); if (mode == 0) { Use(head); } else { head = host.Read<uint>(4); } return head; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if ((ulong)width * height * 4 > 1 << 20) { return []; } return new byte[width * height * 4]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); ushort height = host.Read<ushort>(4); if ((ulong)width * height is > 1 << 20) { return []; } return new byte[width * height]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { int width = host.Read<int>(0); int height = host.Read<int>(4); if (width < 0 || height < 0 || (long)width * height is < 0 or > 4096) { return []; } return new byte[checked(width * height)]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)width * height, 4096ul); return new byte[width * height]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Request request = host.Read<Request>(0); if (request.Header.Length > 64) { request.Header.Length = 64; } return new byte[request.Header.Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool wide) { (uint, (uint, uint)) made = wide ? (1u, (host.Read<uint>(0), 8u)) : (2u, (host.Read<uint>(4), 16u)); Use(made.Item1); return new byte[made.Item2.Item2]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); Limit(ref header); return new byte[header.Length]; static void Limit(ref Header whole) { ref uint length = ref whole.Length; length = Math.Min(length, 64u); } }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, System.IO.Stream config) { Header header = host.Read<Header>(0); Use(header.Kind); config.ReadExactly(MemoryMarshal.AsBytes(new Span<Header>(ref header))); return new byte[header.Length]; }")]
    public async Task What_was_checked_or_is_another_value_is_not_reported(string member) => await CheckAsync(member);

    /// <summary>What the pages say is not followed.</summary>
    [Theory]
    [InlineData("public static unsafe byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); Header* request = &header; return new byte[request->Length]; }")]
    public async Task What_is_not_followed_is_not_reported(string member) => await CheckAsync(member);

    /// <summary>What the pages say is reported though it need not be.</summary>
    [Theory]
    [InlineData("public static uint Run(Header.View view, bool peek) { uint? seen = null; if (peek) { seen = view.Length; Use(seen.Value); } return seen ?? {|NUB0010:view.Length|}; }")]
    public async Task What_nobody_sees_is_all_right_is_reported(string member) => await CheckAsync(member);

    private static async Task CheckAsync(string member) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Header { public uint Kind; public uint Length; }
            [AllValid] public partial struct Request { public Header Header; public uint Rest; }

            public static class Test
            {
                {{member}}
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
