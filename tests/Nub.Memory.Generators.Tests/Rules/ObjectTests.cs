using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 on numbers that an object keeps within one method, and on the parts of a record.</summary>
public sealed class ObjectTests
{
    [Theory]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; return new byte[{|NUB0011:r.Length|}];")]
    [InlineData("var r = new Request { Settled = host.Read<uint>(0) }; return new byte[{|NUB0011:r.Settled|}];")]
    [InlineData("var r = new Request(); r.Length = host.Read<uint>(0); return new byte[{|NUB0011:r.Length|}];")]
    [InlineData("var r = new Request(); r.Field = host.Read<uint>(0); return new byte[{|NUB0011:r.Field|}];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0), Settled = 4 }; Request same = r; return new byte[{|NUB0011:same.Length|}];")]
    [InlineData("var r = new Request { Length = 4 }; if (host.Read<byte>(8) == 1) { r.Length = host.Read<uint>(0); } return new byte[{|NUB0011:r.Length|}];")]
    public async Task A_number_that_an_object_keeps_is_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; if (r.Length > 64) { return []; } return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; if (r is not { Length: <= 64 }) { return []; } return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; return r switch { { Length: > 64 } => [], _ => new byte[r.Length] };")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; if (IsSmall(r)) { return new byte[r.Length]; } return [];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; return new byte[r.Settled];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; r.Length = 4; return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; Request same = r; same.Length = 4; return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; Judge.Limit(r); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; Limit(r); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; judge.Limit(r); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; r.Limit(); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; all.Add(r); judge.LimitAll(); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; s_kept = r; judge.LimitAll(); return new byte[r.Length];")]
    [InlineData("var r = new Request { Length = host.Read<uint>(0) }; Action limit = () => r.Length = 4; limit(); return new byte[r.Length];")]
    [InlineData("var r = new Request { Limited = host.Read<uint>(0) }; return new byte[r.Limited];")]
    public async Task What_may_have_been_checked_or_set_again_is_not_reported(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("var r = new Order(host.Read<uint>(0), host.Read<uint>(4)); Order s = r with { Kind = 0 }; return new byte[{|NUB0011:s.Length|}];")]
    [InlineData("var r = new Order(4, host.Read<uint>(4)); Order s = r with { Kind = host.Read<uint>(0) }; return new byte[{|NUB0011:s.Kind|}];")]
    [InlineData("var r = new Order(4, host.Read<uint>(4)); Order s = r with { Length = 64 }; return s.Length > 4 ? new byte[{|NUB0011:r.Length|}] : [];")]
    [InlineData("var r = new Order(4, 64); Order s = r with { Length = host.Read<uint>(4) }; Order t = s with { Kind = 1 }; return r.Length > 4 ? new byte[{|NUB0011:t.Length|}] : [];")]
    public async Task A_copy_of_a_record_has_its_parts(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("var r = new Order(4, host.Read<uint>(4)); if (r.Length > 64) { return []; } Order s = r with { Kind = 0 }; return new byte[s.Length];")]
    [InlineData("var r = new Order(4, host.Read<uint>(4)); Order s = r with { Length = 64 }; return new byte[s.Length];")]
    [InlineData("var r = new Order(4, 64); Order s = r with { Length = host.Read<uint>(4) }; return s.Kind > 4 ? new byte[r.Length] : [];")]
    [InlineData("var r = new Limiting(host.Read<uint>(4)); Limiting s = r with { Kind = 0 }; return new byte[s.Length];")]
    public async Task And_is_another_object(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("return host.Read<Head>(0) is (var length, _) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("return host.Read<Head>(0) is (var length, 4) ? new byte[{|NUB0011:length|}] : [];")]
    [InlineData("var (length, kind) = host.Read<Head>(0); if (kind > 64) { return []; } return new byte[{|NUB0011:length|}];")]
    [InlineData("Head h = host.Read<Head>(0); if (h.Kind > 64) { return []; } var (length, kind) = h; return new byte[{|NUB0011:length|}];")]
    public async Task The_parts_of_a_record_are_the_guests(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("Head h = host.Read<Head>(0); if (h.Length > 64) { return []; } var (length, kind) = h; return new byte[length];")]
    [InlineData("return host.Read<Head>(0) is (<= 64 and var length, _) ? new byte[length] : [];")]
    [InlineData("var (length, kind) = host.Read<Head>(0); if (length > 64) { return []; } return new byte[length];")]
    public async Task Each_part_of_a_record_is_checked_for_itself(string body) => await CheckAsync(body);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        public sealed class Request
        {
            private uint _limited;
            public uint Field;
            public uint Length { get; set; }
            public uint Settled { get; init; }
            public uint Limited { get => _limited; set => _limited = Math.Min(value, 64); }
            public void Limit() => Length = Math.Min(Length, 64);
        }

        public sealed record Order(uint Kind, uint Length);
        public record Limiting(uint Length) { public uint Kind { get; set; } protected Limiting(Limiting other) => Length = Math.Min(other.Length, 64); }
        public interface IJudge { void Limit(Request request); void LimitAll(); }
        public static class Judge { public static void Limit(Request request) { if (request.Length > 64) { request.Length = 64; } } }
        [AllValid] public partial record struct Head(uint Length, uint Kind);

        public static class Test
        {
            private static Request? s_kept;
            public static Request? Kept => s_kept;
            public static byte[] Run(HostSharedMemory host, IJudge judge, List<Request> all) { {{body}} }
            private static void Limit(Request request) => request.Length = 4;
            private static bool IsSmall(Request request) => request.Length <= 64;
        }
        """);
}
