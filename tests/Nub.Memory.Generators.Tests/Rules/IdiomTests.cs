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
    public async Task What_was_checked_or_is_another_value_is_not_reported(string member) => await CheckAsync(member);

    /// <summary>What the pages say is not followed.</summary>
    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host) { using var reader = new System.IO.BinaryReader(new System.IO.MemoryStream(host.Stack(0, 4096).Pop())); return reader.ReadBytes(reader.ReadInt32()); }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = default; host.CopyTo(0, MemoryMarshal.AsBytes(new Span<Header>(ref header))); return new byte[header.Length]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] slots) { byte[] message = host.Stack(0, 4096).Pop(); return message is [1, var slot, ..] ? slots[slot] : 0; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { return host.Stack(0, 4096).Pop<byte[]>(Parse); static byte[] Parse(ReadOnlySpan<byte> element) => new byte[System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(element[4..])]; }")]
    [InlineData("public static void Run(HostSharedMemory host) { foreach (uint length in Lengths()) { Use(new byte[length]); } IEnumerable<uint> Lengths() { for (ulong at = 0; at < 64; at += 8) { yield return host.Read<uint>(at); } } }")]
    [InlineData("public static unsafe byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); Header* request = &header; return new byte[request->Length]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { uint length = host.Read<uint>(0); System.Diagnostics.Debug.Assert(Fits(length)); return new byte[length]; static bool Fits(uint value) => value <= 64; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool wide) { uint kind, length; (kind, length) = wide ? (host.Read<uint>(0), host.Read<uint>(4)) : ((uint)host.Read<ushort>(0), (uint)host.Read<ushort>(2)); Use(kind); return new byte[length]; }")]
    public async Task What_is_not_followed_is_not_reported(string member) => await CheckAsync(member);

    /// <summary>What the pages say is reported though it need not be.</summary>
    [Theory]
    [InlineData("public static byte[] Run(HostSharedMemory host, bool legacy) { var (kind, length) = legacy ? (host.Read<uint>(0), 64u) : (1u, 32u); Use(kind); return new byte[{|NUB0011:length|}]; }")]
    [InlineData("public static int Run(HostSharedMemory host, int[] columns) { (uint row, uint column) = Math.DivRem(host.Read<uint>(0), (uint)columns.Length); Use(row); return columns[{|NUB0011:column|}]; }")]
    [InlineData("public static uint[] Run(HostSharedMemory host) { uint width = host.Read<uint>(0); uint height = host.Read<uint>(4); if (Math.BigMul(width, height) > 1 << 20) { return []; } return new uint[{|NUB0011:width * height|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host) { Header header = host.Read<Header>(0); ref uint length = ref header.Length; length = Math.Min(length, 64u); return new byte[{|NUB0011:header.Length|}]; }")]
    [InlineData("public static byte[] Run(HostSharedMemory host, System.IO.Stream config) { byte[] buffer = new byte[64]; host.CopyTo(0, buffer); Use(buffer); config.ReadExactly(buffer); return new byte[{|NUB0011:System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(buffer)|}]; }")]
    [InlineData("public static uint Run(Header.View view) { uint length; try { length = view.Length; } catch (SharedMemoryLockedException) { length = {|NUB0010:view.Length|}; } return length; }")]
    [InlineData("public static uint Run(HostSharedMemory host, bool refresh) { uint head = host.Read<uint>(4); if (refresh) { head = {|NUB0010:host.Read<uint>(4)|}; } return head; }")]
    [InlineData("public static uint Run(Header.View view, bool peek) { uint? seen = null; if (peek) { seen = view.Length; Use(seen.Value); } return seen ?? {|NUB0010:view.Length|}; }")]
    public async Task What_nobody_sees_is_all_right_is_reported(string member) => await CheckAsync(member);

    private static async Task CheckAsync(string member) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Header { public uint Kind; public uint Length; }

            public static class Test
            {
                {{member}}
                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
