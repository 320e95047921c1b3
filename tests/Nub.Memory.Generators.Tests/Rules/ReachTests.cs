using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 where the read, the check or the use stands in another type, in a delegate, in another method by way of a field, or in another loop.</summary>
public sealed class ReachTests
{
    [Theory]
    [InlineData("return new byte[{|NUB0011:Reads.Length(host)|}];")]
    [InlineData("return new byte[{|NUB0011:host.Extended()|}];")]
    [InlineData("return new byte[{|NUB0011:registers.Count|}];")]
    [InlineData("return new byte[{|NUB0011:registers.Take(4)|}];")]
    [InlineData("var window = new Window(host, 8); return new byte[{|NUB0011:window.Length|}];")]
    [InlineData("var header = new Header(host); return new byte[{|NUB0011:header.Length|}];")]
    [InlineData("return {|NUB0011:Uses.Allocate(host.Read<uint>(0))|};")]
    [InlineData("{|NUB0011:Uses.Rounds(host.Read<uint>(0))|}; return [];")]
    [InlineData("return new byte[{|NUB0011:registers[4]|}];")]
    [InlineData("return {|NUB0011:new Slots(16)[host.Read<uint>(0)]|};")]
    public async Task A_guests_number_is_followed_into_other_types(string body) => await CheckAsync(body);

    [Fact]
    public async Task What_the_framework_is_called_with_leaves_other_types_to_be_followed() => await CheckAsync("""
        uint n = host.Read<uint>(64);
        Console.Write(System.Numerics.BitOperations.PopCount(n)); Console.Write(System.Numerics.BitOperations.LeadingZeroCount(n)); Console.Write(System.Numerics.BitOperations.Log2(n));
        Console.Write(System.Numerics.BitOperations.RotateLeft(n, 3)); Console.Write(System.Numerics.BitOperations.RotateRight(n, 3)); Console.Write(BitConverter.UInt32BitsToSingle(n));
        Console.Write(Convert.ToString(n, 16)); Console.Write(Math.BigMul((int)n, 3)); Console.Write(uint.IsPow2(n)); Console.Write(uint.TrailingZeroCount(n)); Console.Write(n.GetHashCode());
        return new byte[{|NUB0011:Reads.Length(host)|}];
        """);

    [Fact]
    public async Task However_often_the_framework_is_called() => await CheckAsync($"""
        uint n = host.Read<uint>(0);
        var text = new System.Text.StringBuilder();
        text{string.Concat(Enumerable.Repeat(".Append(n)", 24))};
        return {"{|NUB0011:Uses.Allocate(n)|}"};
        """);

    [Theory]
    [InlineData("return new byte[Reads.Small(host)];")]
    [InlineData("return new byte[Checks.AtMost(host.Read<uint>(0), 64)];")]
    [InlineData("uint n = host.Read<uint>(0); Checks.Require(n); return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); return Checks.IsSmall(n) ? new byte[n] : [];")]
    [InlineData("uint n = host.Read<uint>(0); if (Checks.Code(n) != 0) { return []; } return new byte[n];")]
    [InlineData("return Checks.TryLength(host, out uint n) ? new byte[n] : [];")]
    [InlineData("var checkedHeader = new CheckedHeader(host); return new byte[checkedHeader.Length];")]
    [InlineData("return Uses.Allocate(16);")]
    [InlineData("return new byte[registers.Own];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { Checks.Fail(); } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); return Checks.AtMostOrFail(n);")]
    [InlineData("uint n = host.Read<uint>(0); uint end = n + 4; if (end > 64 || end < n) { throw new ArgumentException(); } return new byte[n];")]
    public async Task A_check_in_another_type_is_one(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("return Reads.Length(host) > 64 ? [] : new byte[{|NUB0010:Reads.Length(host)|}];")]
    [InlineData("return registers.Count > 64 ? [] : new byte[{|NUB0010:registers.Count|}];")]
    [InlineData("var window = new Window(host, 8); return window.Length > 64 ? [] : new byte[{|NUB0010:host.Read<uint>(8)|}];")]
    public async Task The_same_bytes_are_read_twice_by_other_types(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("var one = new Window(host, 8); var other = new Window(host, 16); return one.Length > 64 || other.Length > 64 ? [] : [1];")]
    [InlineData("var kept = new Kept(host); return kept.Length + kept.Length > 4 ? [] : [1];")]
    [InlineData("return registers.Count + registers.Take(8) > 4 ? [] : [1];")]
    public async Task Different_bytes_are_not(string body) => await CheckAsync(body);

    [Fact]
    public async Task A_virtual_method_may_be_another() => await Markup.CheckAsync("""
        public class Source(HostSharedMemory host) { protected HostSharedMemory Host { get; } = host; public virtual uint Length() => Host.Read<uint>(0); }
        public static class Test { public static byte[] Run(Source source) => new byte[source.Length()]; }
        """);

    [Fact]
    public async Task A_field_that_another_method_has_read_into_is_the_guests() => await Markup.CheckAsync("""
        public sealed class Test(HostSharedMemory host)
        {
            private uint _length, _checked, _limited, _asked;
            public void Setup() { _length = host.Read<uint>(0); _asked = host.Read<uint>(12); uint n = host.Read<uint>(4); if (n <= 64) { _checked = n; } _limited = host.Read<uint>(8); if (_limited > 64) { _limited = 0; } }
            public byte[] Use() => new byte[{|NUB0011:_length|}];
            public byte[] UseChecked() => new byte[_checked];
            public byte[] UseLimited() => new byte[_limited];
            public bool Ask() => _asked < 64;
            public byte[] Rely() => new byte[_asked];
        }
        """);

    [Theory]
    [InlineData("Func<uint> read = () => host.Read<uint>(0); return new byte[{|NUB0011:read()|}];")]
    [InlineData("Func<uint> read = () => host.Read<uint>(0); return read() > 64 ? [] : new byte[{|NUB0010:read()|}];")]
    [InlineData("uint n = host.Read<uint>(0); Func<byte[]> make = () => new byte[n]; return {|NUB0011:make()|};")]
    [InlineData("Func<uint, byte[]> make = Uses.Allocate; return {|NUB0011:make(host.Read<uint>(0))|};")]
    [InlineData("uint[] all = [host.Read<uint>(0), 4]; return {|NUB0011:all.Select(static n => new byte[n])|}.First();")]
    public async Task A_delegate_is_followed_where_it_is_called(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Func<uint> read = () => host.Read<uint>(0); uint n = read(); return n > 64 ? [] : new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } Func<byte[]> make = () => new byte[n]; return make();")]
    [InlineData("uint[] all = [host.Read<uint>(0), 4]; return all.Where(static n => n < 64).Select(static n => new byte[n]).First();")]
    public async Task What_a_delegate_is_given_may_be_checked(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("for (ulong i = 0; i < 4; i++) { if (host.Read<uint>(i * 8) > 64) { return []; } } ulong sum = 0; for (ulong j = 0; j < 4; j++) { sum += {|NUB0010:host.Read<uint>(j * 8)|}; } return sum > 4 ? [] : [1];")]
    [InlineData("for (ulong i = 0; i < 4; i++) { if (host.Read<uint>(i * 8) > 64) { return []; } } byte[] copy = new byte[32]; {|NUB0010:host.CopyTo(0, copy)|}; return copy;")]
    [InlineData("uint length = host.Read<uint>(8); if (length > 64) { return []; } byte[] copy = new byte[length]; {|NUB0010:host.CopyTo(0, copy)|}; return copy;")]
    [InlineData("ulong start = registers.Own; for (ulong i = start; i < 64; i += 8) { if (host.Read<uint>(i) > 64) { return []; } } ulong sum = 0; for (ulong j = start; j < 64; j += 8) { sum += {|NUB0010:host.Read<uint>(j)|}; } return sum > 4 ? [] : [1];")]
    public async Task What_one_loop_has_checked_another_reads_again(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("ulong sum = 0; for (ulong i = 0; i < 4; i++) { sum += host.Read<uint>(i * 8); } for (ulong j = 0; j < 4; j++) { sum += host.Read<uint>(j * 8 + 4); } return sum > 4 ? [] : [1];")]
    [InlineData("ulong sum = 0; for (ulong i = 0; i < 4; i++) { sum += host.Read<uint>(i * 8); } for (ulong j = 0; j < 4; j++) { sum += host.Read<uint>(j * 8 + 4096); } return sum > 4 ? [] : [1];")]
    [InlineData("ulong sum = 0; for (ulong i = 0; i < 4; i++) { for (ulong j = 0; j < 4; j++) { sum += host.Read<uint>(i * 64 + j * 8); } } return sum > 4 ? [] : [1];")]
    [InlineData("ulong i = 0; while (i < 64 && host.Read<byte>(i) != 0) { i++; } i += 1; ulong sum = 0; while (i < 64) { sum += host.Read<byte>(i); i++; } return sum > 4 ? [] : [1];")]
    [InlineData("uint length = host.Read<uint>(0); if (length > 64) { return []; } byte[] rest = new byte[length]; host.CopyTo(4, rest); return rest;")]
    [InlineData("ulong sum = 0; for (ulong i = host.Read<uint>(4096); i < 64; i += 8) { sum += host.Read<uint>(i); } for (ulong j = host.Read<uint>(4100); j < 64; j += 8) { sum += host.Read<uint>(j); } return sum > 4 ? [] : [1];")]
    [InlineData("ulong sum = 0; for (ulong i = registers.Own; i < 64; i += 8) { sum += host.Read<uint>(i); } byte[] copy = new byte[64]; host.CopyTo(0, copy); return sum > 4 ? [] : copy;")]
    public async Task What_each_round_reads_anew_is_not_read_again(string body) => await CheckAsync(body);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        using System.Linq;

        public static class Reads
        {
            public static uint Length(HostSharedMemory host) => host.Read<uint>(0);
            public static uint Small(HostSharedMemory host) => Math.Min(host.Read<uint>(0), 16u);
            public static uint Extended(this HostSharedMemory host) => host.Read<uint>(0);
        }

        public sealed class Registers(HostSharedMemory host)
        {
            public uint Count => host.Read<uint>(0);
            public uint Own => 16;
            public uint this[int index] => host.Read<uint>((ulong)index * 4);
            public uint Take(ulong at) => host.Read<uint>(at);
        }

        public readonly ref struct Window(HostSharedMemory host, ulong at) { public uint Length => host.Read<uint>(at); }
        public sealed class Header { public Header(HostSharedMemory host) { Length = host.Read<uint>(0); } public uint Length { get; } }
        public sealed class CheckedHeader { public CheckedHeader(HostSharedMemory host) { uint n = host.Read<uint>(0); if (n > 64) { throw new ArgumentException("n"); } Length = n; } public uint Length { get; } }
        public sealed class Kept(HostSharedMemory host) { private uint? _length; public uint Length => _length ??= host.Read<uint>(0); }

        public static class Checks
        {
            public static uint AtMost(uint value, uint most) => value <= most ? value : throw new ArgumentOutOfRangeException(nameof(value));
            public static void Require(uint value) { if (value > 64) { throw new ArgumentException("value"); } }
            public static bool IsSmall(uint value) => value <= 64;
            public static void Fail() => throw new ArgumentException("value");
            public static byte[] AtMostOrFail(uint value) { uint end = value + 4; if (end > 64 || end < value) { FailInside(); } return new byte[value]; }
            private static void FailInside() { string message = "value"; throw new ArgumentException(message); }
            public static int Code(uint value) => value > 64 ? -22 : 0;
            public static bool TryLength(HostSharedMemory host, out uint length) { length = host.Read<uint>(0); return length <= 64; }
        }

        public sealed class Slots(int count)
        {
            private readonly byte[][] _all = new byte[count][];
            public byte[] this[uint index] => _all[index];
        }

        public static class Uses
        {
            public static byte[] Allocate(uint length) => new byte[length];
            public static void Rounds(uint count) { for (uint i = 0; i < count; i++) { Console.Write(i); } }
        }

        public static class Test
        {
            public static byte[] Run(HostSharedMemory host, Registers registers) { {{body}} }
        }
        """);
}
