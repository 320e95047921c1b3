using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0015: a limit that is written down, and a table that has fewer elements.</summary>
public sealed class LooseLimitTests
{
    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return _own[{|NUB0015:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); return n <= 16 ? _own[{|NUB0015:n|}] : 0;")]
    [InlineData("uint n = host.Read<uint>(0); if (n >= 32) { return 0; } return s_all[{|NUB0015:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); return n is > 0 and < 20 ? s_all[{|NUB0015:n - 1|}] : 0;")]
    [InlineData("return s_all[{|NUB0015:host.Read<byte>(0) & 0x1F|}];")]
    [InlineData("return _own[{|NUB0015:(host.Read<uint>(0) >> 4) % 17|}];")]
    [InlineData("int n = host.Read<int>(0); if (n is < 0 or > 16) { return 0; } return Text[{|NUB0015:n|}];")]
    [InlineData("Span<int> four = stackalloc int[4]; uint n = host.Read<uint>(0); if (n > 4) { return 0; } return four[{|NUB0015:(int)n|}];")]
    [InlineData("var four = new int[4]; uint n = host.Read<uint>(0); if (n > 4) { return 0; } return four[{|NUB0015:n|}];")]
    [InlineData("Header header = host.Read<Header>(0); if (header.Kind > 16) { return 0; } return _own[{|NUB0015:header.Kind|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (n == 5 || n > 16) { return 0; } return _own[{|NUB0015:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); switch (n) { case <= 16: return _own[{|NUB0015:n|}]; default: return 0; }")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 4) { return 0; } return _four[{|NUB0015:(int)n|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 100) { return 0; } return {|NUB0015:At(n)|};")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } try { return _own[{|NUB0015:n|}]; } catch (InvalidOperationException) { return 0; }")]
    public async Task A_limit_that_lets_too_much_through(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (n >= 16) { return 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16 || n >= _own.Length) { return 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16 || n >= _count) { return 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16 || n * 2 >= _count) { return 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n == 16 || n > 16) { return 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } if (n == 16) { n = 0; } return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } try { return _own[n]; } catch (IndexOutOfRangeException) { return 0; }")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } try { return _own[n]; } catch { return 0; }")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return _later[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return _anew[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return Open[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return s_list[(int)n];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); if (n > 10 || m > 10) { return 0; } return _own[n + m];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } int sum = 0; for (uint i = 0; i < n; i++) { sum += _own[i]; } return sum;")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } var made = new int[_count]; return made[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return s_square[n, 0];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 2) { return 0; } return s_rows[n][(int)(n & 3)];")]
    [InlineData("uint n = (uint)_count; if (n > 16) { return 0; } host.Write(0, n); return _own[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n is 0 or > 16) { return 0; } return _own[^(int)n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n >= 12) { return 0; } return s_twelve[n ^ 3];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 9) { return 0; } return s_nine[n & 12];")]
    [InlineData("uint n = host.Read<uint>(0); if (n is < 32 or > 40) { return 0; } return s_nine[n & 31];")]
    [InlineData("int n = host.Read<int>(0); if (n is < 1 or > 16) { return 0; } return _own[16 - n];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return _asked[n];")]
    public async Task One_that_fits_or_is_not_all_there_is(string body) => await CheckAsync(body);

    [Fact]
    public async Task The_message_says_both_numbers()
    {
        string message = Assert.Single(await Markup.CheckAsync(Class("uint n = host.Read<uint>(0); if (n > 16) { return 0; } return _own[{|NUB0015:n|}];")));
        Assert.Contains("can be up to 16, but '_own' has 16 elements", message, StringComparison.Ordinal);
        Assert.Contains("'host.Read<uint>(0)'", message, StringComparison.Ordinal);
    }

    private static async Task CheckAsync(string body) => await Markup.CheckAsync(Class(body));

    private static string Class(string body) => $$"""
        [AllValid] public partial struct Header { public uint Kind; public uint Length; }
        [InlineArray(4)] public struct Four { private int _first; }

        public class Test
        {
            private static readonly int[] s_all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
            private static readonly List<int> s_list = [0, 1, 2];
            private static readonly int[,] s_square = new int[4, 4];
            private static readonly int[][] s_rows = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]];
            private static readonly int[] s_twelve = new int[12];
            private static readonly int[] s_nine = new int[9];
            private readonly int[] _asked = new int[16];
            private Four _four;
            private readonly int[] _own = new int[16];
            private readonly int[] _anew = new int[16];
            private int[] _later = new int[16];
            private int _count = 4;

            public int[] Asked { init => _asked = value; }
            public Test(int size) { _anew = new int[size]; }

            private static ReadOnlySpan<byte> Text => "0123456789abcdef"u8;
            protected virtual int[] Open => new int[16];
            private int At(uint n) => _own[n];
            public void Grow(int[] other) { _later = other; _count = other.Length; s_list.Add(1); }
            public int Run(HostSharedMemory host)
            {
                {{body}}
            }
        }
        """;
}
