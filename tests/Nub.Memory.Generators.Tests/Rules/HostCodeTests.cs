using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0010 and NUB0011 on host code as it is written: each wrong piece beside the right one that looks like it.</summary>
public sealed class HostCodeTests
{
    [Theory]
    [InlineData("host.CopyTo(0, []);")]
    [InlineData("host.CopyTo(0, default);")]
    [InlineData("host.CopyTo(0, Span<byte>.Empty);")]
    [InlineData("host.CopyTo(0, Array.Empty<byte>());")]
    [InlineData("host.CopyTo(0, new byte[0]);")]
    [InlineData("host.CopyTo(0, new byte[] { });")]
    [InlineData("host.CopyTo(0, stackalloc byte[0]);")]
    [InlineData("host.CopyTo(0, all.AsSpan(8, 0));")]
    [InlineData("host.CopyTo(0, all.AsSpan(0, 8)[..0]);")]
    [InlineData("host.TryCopyTo(0, []);")]
    [InlineData("host.ReadArray<uint>(0, []);")]
    [InlineData("host.ReadArray(0, Span<uint>.Empty);")]
    [InlineData("Span<byte> none = []; host.CopyTo(0, none);")]
    [InlineData("{|NUB0010:host.CopyTo(0, all.AsSpan(0, 8)[..4])|};")]
    [InlineData("{|NUB0010:host.CopyTo(0, [1, 2, 3, 4])|};")]
    [InlineData("host.CopyTo(4, all.AsSpan(0, 8)[..4]);")]
    public async Task A_copy_of_nothing_reads_nothing(string statement) => await Markup.CheckAsync($$"""
        public static class Test
        {
            public static uint Run(HostSharedMemory host, byte[] all)
            {
                uint first = host.Read<uint>(0);
                {{statement}}
                return first;
            }
        }
        """);

    [Theory]
    [InlineData("uint n = host.Read<uint>(0); if (!Some(n)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (!SomeByBranch(n)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); return None(n) ? [] : new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); bool some = n != 0; if (!some) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); bool some = n > 0; return some ? new byte[{|NUB0011:n|}] : [];")]
    [InlineData("uint n = host.Read<uint>(0); if (!TooLarge(n)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (!Other.Some(n)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); bool Any(uint x) => x != 0; if (!Any(n)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (!IsSome(host)) { return []; } return new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = host.Read<uint>(0); if (!Fits(n)) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (TooLarge(n)) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (!Within(n)) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); bool fits = Fits(n); if (!fits) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); bool fits = n <= 64; if (!fits) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); bool is4 = n == 4; return is4 ? new byte[n] : [];")]
    [InlineData("uint n = host.Read<uint>(0); bool fits = n > 0 && n <= 64; return fits ? new byte[n] : [];")]
    [InlineData("int n = host.Read<int>(0); if (n > 64) { return []; } if (!Positive(n)) { return []; } return new byte[n];")]
    [InlineData("int n = host.Read<int>(0); if (n > 64) { return []; } if (!PositiveByBranch(n)) { return []; } return new byte[n];")]
    [InlineData("int n = host.Read<int>(0); bool positive = n > 0; if (!positive || n > 64) { return []; } return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); if (!Some(n)) { return []; } return [(byte)(64 / n)];")]
    [InlineData("uint n = host.Read<uint>(0); if (!SomeByBranch(n)) { return []; } return [(byte)(64 / n)];")]
    [InlineData("uint n = host.Read<uint>(0); bool none = n == 0; if (none) { return []; } return [(byte)(64 / n)];")]
    [InlineData("uint n = host.Read<uint>(0); Require(n <= 64); return new byte[n];")]
    [InlineData("uint n = host.Read<uint>(0); Require(Fits(n)); return new byte[n];")]
    public async Task A_check_behind_a_bool_keeps_its_meaning(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("return Endless().Take({|NUB0011:host.Read<int>(0)|}).ToArray();")]
    [InlineData("return Endless().Select(static one => one).Take({|NUB0011:host.Read<int>(0)|}).ToArray();")]
    [InlineData("return Enumerable.InfiniteSequence(0, 1).Select(static one => (byte)one).Take({|NUB0011:host.Read<int>(0)|}).ToArray();")]
    [InlineData("IEnumerable<byte> every = Endless(); return every.Take({|NUB0011:host.Read<int>(0)|}).ToArray();")]
    [InlineData("return (from one in Endless() select one).Take({|NUB0011:host.Read<int>(0)|}).ToArray();")]
    [InlineData("int n = host.Read<int>(0); if (n is < 0 or > 64) { return []; } return Endless().Take(n).ToArray();")]
    [InlineData("return Three().Take(host.Read<int>(0)).ToArray();")]
    [InlineData("return all.Take(host.Read<int>(0)).ToArray();")]
    [InlineData("return all.Take(host.Read<int>(0)).Concat(all).ToArray();")]
    public async Task An_endless_sequence_is_as_long_as_is_taken(string body) => await CheckAsync(body);

    [Fact]
    public async Task Recursion_goes_by_way_of_other_methods() => await Markup.CheckAsync("""
        public static class Test
        {
            public static void Even(HostSharedMemory host, ulong at) { ulong next = host.Read<ulong>(at); if (next != 0) { {|NUB0011:Odd(host, next)|}; } }
            private static void Odd(HostSharedMemory host, ulong at) { Even(host, at + 8); }
            public static void Walk(HostSharedMemory host, ulong at, int depth) { if (depth < 8) { Step(host, host.Read<ulong>(at), depth); } }
            private static void Step(HostSharedMemory host, ulong at, int depth) { Walk(host, at, depth + 1); }
            public static void Once(HostSharedMemory host, ulong at) { Last(host, host.Read<ulong>(at)); }
            private static void Last(HostSharedMemory host, ulong at) { Console.Write(host.Read<ulong>(at)); }
        }

        public sealed class Node(HostSharedMemory host)
        {
            public void Visit(ulong at) { foreach (int i in new[] { 0, 8 }) { {|NUB0011:Child(host.Read<ulong>(at + (ulong)i))|}; } }
            private void Child(ulong at) { if (at != 0) { Visit(at); } }
        }

        public sealed class Parser(HostSharedMemory host)
        {
            public void Value(ulong at) { if (host.Read<uint>(at) == 1) { {|NUB0011:Array(host.Read<ulong>(at + 8))|}; } }
            public void Array(ulong at) { if (at == 0) { return; } {|NUB0011:Value(host.Read<ulong>(at))|}; }
        }
        """);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        using System.Linq;

        public static class Other { public static bool Some(uint n) => n != 0; }

        public static class Test
        {
            public static byte[] Run(HostSharedMemory host, byte[] all) { {{body}} }
            private static bool Some(uint n) => n != 0;
            private static bool SomeByBranch(uint n) { if (n == 0) { return false; } return true; }
            private static bool None(uint n) => n == 0;
            private static bool Fits(uint n) => n <= 64;
            private static bool TooLarge(uint n) => n > 64;
            private static bool Within(uint n) { if (n == 0) { return false; } return n <= 64; }
            private static bool Positive(int n) => n > 0;
            private static bool PositiveByBranch(int n) { if (n > 0) { return true; } return false; }
            private static bool IsSome(HostSharedMemory host) => host.Read<uint>(8) != 0;
            private static void Require(bool holds) { if (!holds) { throw new ArgumentException("holds"); } }
            private static IEnumerable<byte> Endless() { while (true) { yield return 1; } }
            private static IEnumerable<byte> Three() { for (int i = 0; i < 3; i++) { yield return 1; } }
        }
        """);
}
