using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 on what a guest can bring to no end, on its zeros, and on the limits that end it.</summary>
public sealed class EndlessTests
{
    [Theory]
    [InlineData("return total / {|NUB0011:host.Read<uint>(0)|};")]
    [InlineData("return total % {|NUB0011:host.Read<uint>(0)|};")]
    [InlineData("uint by = host.Read<uint>(0); if (by > 64) { return 0; } return total / {|NUB0011:by|};")]
    [InlineData("uint by = host.Read<uint>(0); total /= {|NUB0011:by|}; return total / by;")]
    [InlineData("return Math.DivRem(total, {|NUB0011:host.Read<uint>(0)|}).Quotient;")]
    [InlineData("int by = host.Read<int>(0); if (by == 1) { return 0; } return (uint)((int)total / {|NUB0011:by|});")]
    [InlineData("byte shift = host.Read<byte>(0); return shift > 32 ? 0 : total / ({|NUB0011:512u << shift|});")]
    [InlineData("byte shift = host.Read<byte>(0); return shift > 31 ? 0 : total / ({|NUB0011:512u << shift|});")]
    [InlineData("return total / ({|NUB0011:64u >> (host.Read<byte>(0) & 7)|});")]
    public async Task A_divisor_may_be_zero(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint by = host.Read<uint>(0); return by == 0 ? 0 : total / by;")]
    [InlineData("int by = host.Read<int>(0); if (by == 0) { return 0; } return (uint)((int)total / by);")]
    [InlineData("uint by = host.Read<uint>(0); if (by is 0 or > 64) { return 0; } return total / by;")]
    [InlineData("uint by = host.Read<uint>(0); ArgumentOutOfRangeException.ThrowIfZero(by); return total / by;")]
    [InlineData("return total / (host.Read<byte>(0) + 1u);")]
    [InlineData("return total / Math.Max(host.Read<uint>(0), 1u);")]
    [InlineData("return total / (host.Read<uint>(0) | 1u);")]
    [InlineData("uint by = host.Read<uint>(0); if (!System.Numerics.BitOperations.IsPow2(by)) { return 0; } return total & (by - 1) + total / by;")]
    [InlineData("try { return total / host.Read<uint>(0); } catch (DivideByZeroException) { return 0; }")]
    [InlineData("return host.Read<uint>(0) / 4 + host.Read<uint>(4) % total;")]
    [InlineData("byte shift = host.Read<byte>(0); return shift > 12 ? 0 : total / (512u << shift);")]
    [InlineData("return total / (1u << (host.Read<byte>(0) & 7));")]
    [InlineData("return total / (4096u >> (host.Read<byte>(0) & 7));")]
    public async Task A_divisor_that_is_not_zero_is_not_reported(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at + 8)|}) { total++; } return total;")]
    [InlineData("ulong at = total; while (at < 4096) { at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("ulong at = total; while (host.TryRead(at, out ulong next)) { at = {|NUB0011:next|}; } return at;")]
    [InlineData("ulong at = total; while (true) { Link link = Link.At(host, at).Load(); if (link.Flags == 0) { return at; } at = {|NUB0011:link.Next|}; }")]
    [InlineData("uint at = 0; while (at < total) { at += {|NUB0011:host.Read<uint>(at)|}; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length > 64) { break; } at += {|NUB0011:length|}; } return at;")]
    [InlineData("byte[] copy = new byte[64]; host.CopyTo(0, copy); int at = 0; while (at < 64) { at += {|NUB0011:copy[at]|}; } return (uint)at;")]
    [InlineData("for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at)|}) { ArgumentOutOfRangeException.ThrowIfGreaterThan(at, 4096u); } return total;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at)|}) { if (++hops > 64) { Console.Write(hops); } } return hops;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at)|}) { hops = total + 1; if (hops > 64) { break; } } return hops;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at)|}) { ArgumentOutOfRangeException.ThrowIfZero(++hops); } return hops;")]
    [InlineData("int hops = 0; for (ulong at = total; at != 0; at = {|NUB0011:host.Read<ulong>(at)|}) { ArgumentOutOfRangeException.ThrowIfNegative(++hops); } return 0;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length > 512) { break; } at = {|NUB0011:(at + length + 3) & ~3u|}; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is 0 or > 512) { break; } at = {|NUB0011:(at + length) & ~3u|}; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length > 512) { break; } at += {|NUB0011:(length + 3u) & ~3u|}; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length > 512) { break; } at = {|NUB0011:(at + length + 3) / 4 * 4|}; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length > 512) { break; } at = {|NUB0011:(at + length + align - 1) & ~(align - 1)|}; } return at;")]
    [InlineData("uint at = 0; while (at != total) { ushort length = host.Read<ushort>(at); if (length is < 4 or > 512) { break; } at = {|NUB0011:(at + length) & 0xFFFu|}; } return at;")]
    [InlineData("uint at = 0; while (true) { uint next = host.Read<uint>(at); if (next == at || next >= total) { return at; } at = {|NUB0011:next|}; }")]
    [InlineData("uint at = 0; while (true) { uint next = host.Read<uint>(at); if (next < at || next >= total) { return at; } at = {|NUB0011:next|}; }")]
    [InlineData("uint at = 0; while (true) { uint next = host.Read<uint>(at); if (next >= total || (stop.CanBeCanceled && next <= at)) { return at; } at = {|NUB0011:next|}; }")]
    [InlineData("uint at = 0, first = 0; while (true) { uint next = host.Read<uint>(at); if (next <= first || next >= total) { return at; } at = {|NUB0011:next|}; }")]
    [InlineData("ulong at = total; while (at != 0) { if (!host.Contains(at, 16)) { break; } at = {|NUB0011:host.Read<ulong>(at + 8)|}; } return at;")]
    [InlineData("ulong at = total; while (host.Contains(at, 16)) { at = {|NUB0011:host.Read<ulong>(at + 8)|}; } return at;")]
    [InlineData("ulong at = total; while (at != 0) { if (!Enum.IsDefined((DayOfWeek)(at & 7))) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("ulong at = total; while (at != 0) { if (System.Numerics.BitOperations.PopCount(at) > 4) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("ulong at = total; while (at != 0) { if (!IsAligned(at)) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("ulong at = total; while (at != 0) { if (!Even(at)) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at; static bool Even(ulong at) { return at % 2 == 0; }")]
    [InlineData("ulong at = total; while (true) { if (!Typed.At(host, at).TryGetKind(out DayOfWeek day)) { return (ulong)day; } at = {|NUB0011:host.Read<ulong>(at)|}; }")]
    [InlineData("ulong[] known = new ulong[8]; ulong at = total; while (at != 0) { for (int j = 0; j < 8; j++) { if (known[j] == at) { break; } } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("ulong at = total; while (at != 0) { int hops = 0; if (++hops > 64) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("int hops; ulong at = total; while (at != 0) { hops = 0; while (hops < 8) { if (++hops > 64) { return 0; } } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("uint hops = 0, most = host.Read<uint>(0); ulong at = total; while (at != 0) { if (++hops > most) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { if (++hops > host.Read<uint>(0)) { break; } at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { if (hops > 0 && stop.CanBeCanceled) { break; } hops++; at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("uint hops = 0, last = 0; ulong at = total; while (at != 0) { if (++hops > 64) { last = 0; } at = {|NUB0011:host.Read<ulong>(at + last)|}; } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { Action once = () => { if (hops > 64) { return; } }; once(); hops++; at = {|NUB0011:host.Read<ulong>(at)|}; } return at;")]
    [InlineData("uint hops = 0; ulong at = total; again: while (at != 0) { at = {|NUB0011:host.Read<ulong>(at)|}; if (hops > 64) { goto next; } next: hops++; } if (stop.CanBeCanceled) { goto again; } return at;")]
    public async Task A_loop_may_have_no_end(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("int left = 64; for (ulong at = total; at != 0; at = host.Read<ulong>(at + 8)) { if (left-- == 0) { break; } } return total;")]
    [InlineData("int count = 0; ulong at = total; while (at != 0 && count < 64) { at = host.Read<ulong>(at); count++; } return at;")]
    [InlineData("var seen = new HashSet<ulong>(); ulong at = total; while (at != 0) { if (!seen.Add(at)) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("ulong at = total; for (int i = 0; i < 16; i++) { at = host.Read<ulong>(at); } return at;")]
    [InlineData("var list = new List<ulong>(); ulong at = total; while (at != 0) { if (list.Count == 64) { break; } list.Add(at); at = host.Read<ulong>(at); } return at;")]
    [InlineData("ulong at = total; while (!stop.IsCancellationRequested) { at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint at = 0; while (at < total) { uint length = host.Read<uint>(at); if (length is 0 or > 64) { break; } at += length; } return at;")]
    [InlineData("uint at = 0; while (at < total) { at += host.Read<byte>(at) + 1u; } return at;")]
    [InlineData("uint at = 0, sum = 0; while (at < total) { at += 4; sum += host.Read<byte>(at); } return sum;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = host.Read<ulong>(at)) { ArgumentOutOfRangeException.ThrowIfGreaterThan(++hops, 64u); } return hops;")]
    [InlineData("int left = 64; for (ulong at = total; at != 0; at = host.Read<ulong>(at)) { ArgumentOutOfRangeException.ThrowIfNegative(--left); } return 0;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = host.Read<ulong>(at)) { if (++hops > 64) ThrowTooLong(); } return hops;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = host.Read<ulong>(at)) { if (++hops > 64) { Fails.Now(host.Size); } } return hops;")]
    [InlineData("uint hops = 0; for (ulong at = total; at != 0; at = host.Read<ulong>(at)) { hops = hops + 1; if (hops == 64) { break; } } return hops;")]
    [InlineData("uint left = 64; for (ulong at = total; at != 0 && left > 0; at = host.Read<ulong>(at)) { left = left - 1; } return left;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length < 4 || length > 512) { break; } at = (at + length + 3) & ~3u; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is 0 or > 512) { break; } at = (at + length + 3) & ~3u; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length < 4 || length > 512) { break; } at += (length + 3u) & ~3u; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length < 4 || length > 512) { break; } at = (uint)((at + length + 3) & ~3); } return at;")]
    [InlineData("int at = 0; while (at < 4096) { ushort length = host.Read<ushort>((ulong)at); if (length is < 4 or > 512) { break; } at = (at + length + 7) & -8; } return 0;")]
    [InlineData("ulong at = 0; while (at < total) { uint length = host.Read<uint>(at); if (length is < 8 or > 512) { break; } at = (at + length + 7) & ~7UL; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is 0 or > 512) { break; } at = (at + length + 3) / 4 * 4; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is 0 or > 512) { break; } at = (at + length + align - 1) & ~(align - 1); } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is 0 or > 512) { break; } at = Padded(at + length, 4); } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is < 4 or > 512) { break; } at = at + 4 + length; } return at;")]
    [InlineData("uint at = 0; while (at < total) { ushort length = host.Read<ushort>(at); if (length is < 4 or > 512) { break; } uint end = at + length; at = end + (4 - end % 4) % 4; } return at;")]
    [InlineData("uint at = 0, left = total; while (left > 0) { uint length = host.Read<uint>(at); if (length < 4 || length > left) { break; } at = at + length; left -= length; } return at;")]
    [InlineData("uint at = 0; while (true) { uint next = host.Read<uint>(at); if (next <= at || next >= total) { return at; } at = next; }")]
    [InlineData("ulong at = total; while (true) { ulong next = host.Read<ulong>(at); if (next >= at) { return at; } at = next; }")]
    [InlineData("ulong at = total; while (at != 0) { Link link = Link.At(host, at).Load(); if (link.Next <= at) { break; } at = link.Next; } return at;")]
    [InlineData("for (ulong at = total; host.TryRead(at, out ulong next) && next > at; at = next) { } return 0;")]
    [InlineData("int sum = 0; ulong at = total; while (at != 0) { for (int j = 0; j < 8; j++) { if (++sum > 64) { return 0; } } at = host.Read<ulong>(at); } return at;")]
    [InlineData("long hops = 0, most = 64; ulong at = total; while (at != 0) { if (++hops > System.Threading.Interlocked.Read(ref most)) { return 0; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint hops = 0; bool done = false; ulong at = total; while (!done) { if (++hops > 64) { done = true; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { bool full = false; for (int j = 0; j < 8; j++) { if (++hops > 64) { full = true; break; } } if (full) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("long end = Environment.TickCount64 + 100; ulong at = total; while (at != 0) { if (Environment.TickCount64 > end) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("long start = System.Diagnostics.Stopwatch.GetTimestamp(); ulong at = total; while (System.Diagnostics.Stopwatch.GetElapsedTime(start).Ticks < 100) { at = host.Read<ulong>(at); } return at;")]
    [InlineData("int left = 64; ulong at = total; while (at != 0) { if (System.Threading.Interlocked.Decrement(ref left) < 0) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("ulong at = total; while (at != 0) { if (System.Threading.Volatile.Read(ref s_stopped)) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("var seen = new HashSet<ulong>(); ulong at = total; while (at != 0) { if (seen.Contains(at)) { break; } seen.Add(at); at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint most = host.Read<uint>(0), hops = 0; if (most > 64) { return 0; } ulong at = total; while (at != 0) { if (++hops > most) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("int tries = 0; ulong at = total; while (true) { if (host.TryRead(at, out ulong next)) { tries = 0; at = next; } else if (++tries > 3) { return at; } }")]
    [InlineData("int count = 0; ulong at = total; do { if (count++ == 64) { break; } Link link = Link.At(host, at).Load(); if ((link.Flags & 1) == 0) { break; } at = link.Next; } while (true); return at;")]
    [InlineData("int count = 0; ulong at = total; while (at != 0) { switch (at & 3) { case 0: if (count++ > 64) { return 0; } break; default: if (count++ > 64) { goto end; } break; } at = host.Read<ulong>(at); } end: return at;")]
    [InlineData("var left = new Budget(); ulong at = total; while (at != 0) { if (left.Number-- == 0) { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { if (hops < 64) { hops++; } else { break; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint hops = 0; ulong at = total; while (at != 0) { if (++hops > 64) { at = 0; continue; } at = host.Read<ulong>(at); } return at;")]
    [InlineData("uint hops = 0; DayOfWeek day = 0; ulong at = total; while (day == DayOfWeek.Sunday) { for (int j = 0; j < 8; j++) { if (++hops > 64) { day = DayOfWeek.Friday; break; } } at = host.Read<ulong>(at); } return at;")]
    public async Task A_loop_with_a_limit_of_the_hosts_is_not_reported(string body) => await CheckAsync(body);

    [Fact]
    public async Task Recursion_goes_as_deep_as_the_guest_likes_unless_somebody_counts() => await Markup.CheckAsync("""
        public sealed class Test(HostSharedMemory host)
        {
            private int _depth;
            public static void Follow(HostSharedMemory host, ulong at) { ulong next = host.Read<ulong>(at); if (next != 0) { Follow(host, {|NUB0011:next|}); } }
            public static void Optional(HostSharedMemory host, ulong at, int flags = 0) { ulong next = host.Read<ulong>(at); if (next != 0) { Optional(host, {|NUB0011:next|}); } }
            public static void Parts(HostSharedMemory host, ulong at, ReadOnlySpan<int> levels) { if (levels.IsEmpty) { return; } var rest = levels[1..]; for (int i = 0; i < 4; i++) { Parts(host, host.Read<ulong>(at), rest); } }
            public static void Deep(HostSharedMemory host, ulong at, int depth) { if (depth < 8) { Deep(host, host.Read<ulong>(at), depth + 1); } }
            public void Counted(ulong at) { if (++_depth < 8) { Counted(host.Read<ulong>(at)); } _depth--; }
            public static void Halves(HostSharedMemory host, ulong at) { if (at > 1) { Halves(host, at / 2); } }
        }
        """);

    [Theory]
    [InlineData("for (int i = 0; i < 512; i++) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); if ((entry & 1) != 0) { Walk({|NUB0011:entry & ~0xFFFul|}, level); } }")]
    [InlineData("int i = 0; while (i < 512) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); i++; if ((entry & 1) != 0) { Walk({|NUB0011:entry & ~0xFFFul|}, level); } }")]
    [InlineData("for (; level < 512; level++) { ulong entry = host.Read<ulong>(table + (ulong)level * 8); if ((entry & 1) != 0) { Walk({|NUB0011:entry & ~0xFFFul|}, 0); } }")]
    [InlineData("if (!host.Contains(table, 4096)) { return; } Walk({|NUB0011:host.Read<ulong>(table)|}, level);")]
    [InlineData("ulong entry = host.Read<ulong>(table); if (IsPresent(entry)) { Walk({|NUB0011:entry & ~0xFFFul|}, level); }")]
    [InlineData("int same = level; Walk({|NUB0011:host.Read<ulong>(table)|}, same);")]
    public async Task A_table_may_lead_back_to_itself(string body) => await CheckWalkAsync(body);

    [Theory]
    [InlineData("for (int i = 0; i < 512; i++) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); if ((entry & 1) != 0 && level > 0) { Walk(entry & ~0xFFFul, level - 1); } }")]
    [InlineData("for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), (byte)(level - 1)); }")]
    [InlineData("for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), checked(level - 1)); }")]
    [InlineData("for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), Next(level)); }")]
    [InlineData("int next = level - 1; for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), next); }")]
    [InlineData("int next = level; next--; for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), next); }")]
    [InlineData("for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), level > 4 ? 3 : level - 1); }")]
    [InlineData("level--; for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); }")]
    [InlineData("for (int i = 0; i < 512; i++) { if (_left-- > 0) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); } }")]
    [InlineData("System.Threading.Interlocked.Decrement(ref _left); for (int i = 0; i < 512 && _left > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); }")]
    [InlineData("for (int i = 0; i < 512; i++, _left--) { if (_left > 0) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); } }")]
    [InlineData("for (int i = 0; i < 512; i++) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); if (_seen.Add(entry)) { Walk(entry, level); } }")]
    [InlineData("for (int i = 0; i < 512; i++) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); bool isNew = _seen.Add(entry); if (isNew) { Walk(entry, level); } }")]
    [InlineData("if (_seen.Count >= 4) { return; } _seen.Add(table); for (int i = 0; i < 512; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); } _seen.Remove(table);")]
    [InlineData("byte next = (byte)(level - 1); for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), next); }")]
    [InlineData("int next = Next(level); for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), next); }")]
    [InlineData("int next = level - _left; for (int i = 0; i < 512 && level > 0; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), next); }")]
    [InlineData("RuntimeHelpers.EnsureSufficientExecutionStack(); for (int i = 0; i < 512; i++) { Walk(host.Read<ulong>(table + (ulong)i * 8), level); }")]
    [InlineData("if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) { return; } Walk(host.Read<ulong>(table), level);")]
    [InlineData("for (int i = 0; i < 4; i++) { ulong entry = host.Read<ulong>(table + (ulong)i * 8); for (int j = 0; j < 512; j++) { Console.Write(host.Read<ulong>(entry + (ulong)j * 8)); } }")]
    public async Task A_table_of_so_many_levels_is_not_reported(string body) => await CheckWalkAsync(body);

    private static async Task CheckWalkAsync(string body) => await Markup.CheckAsync($$"""
        public sealed class Test(HostSharedMemory host)
        {
            private readonly HashSet<ulong> _seen = [];
            private int _left = 64;
            public void Walk(ulong table, int level) { {{body}} }
            public void Again() { _seen.Clear(); _left = Next(64) + (IsPresent(1) ? 1 : 0); }
            private static int Next(int level) => level - 1;
            private static bool IsPresent(ulong entry) => (entry & 1) != 0;
        }
        """);

    [Fact]
    public async Task A_collection_that_is_kept_grows_by_a_guests_key_unless_it_is_pruned() => await Markup.CheckAsync("""
        public sealed class Test(HostSharedMemory host)
        {
            private readonly Dictionary<ulong, int> _grows = [];
            private readonly Dictionary<uint, int> _added = [];
            private readonly Dictionary<uint, int> _counted = [];
            private readonly Dictionary<ushort, int> _few = [];
            public void Set() => _grows[{|NUB0011:host.Read<ulong>(0)|}] = 1;
            public void Add() => _added.TryAdd({|NUB0011:host.Read<uint>(0)|}, 1);
            public void Count() { if (_counted.Count < 64) { _counted[host.Read<uint>(0)] = 1; } }
            public void Few() => _few[host.Read<ushort>(0)] = 1;
            private readonly Dictionary<uint, int> _asked = [];
            private readonly HashSet<uint> _pruned = [];
            private readonly Dictionary<uint, int> _handed = [];
            private Dictionary<uint, int>? _perhaps = [];
            private Dictionary<uint, int> _replaced = [];
            public void Ask() { if (_asked is { Count: >= 64 }) { return; } _asked[host.Read<uint>(0)] = 1; }
            public void Prune() { _pruned.Add(host.Read<uint>(0)); _pruned.RemoveWhere(static one => one > 64); }
            public void Perhaps() { if (_perhaps?.Count < 64) { _perhaps[host.Read<uint>(0)] = 1; } }
            public void Replace() { _replaced = []; _replaced[host.Read<uint>(0)] = 1; }
            public void Hand() { _handed[host.Read<uint>(0)] = 1; Trim(_handed); }
            private static void Trim(Dictionary<uint, int> all) { if (all.Count > 64) { all.Clear(); } }
            public int Mine() { var own = new Dictionary<uint, int>(); own[host.Read<uint>(0)] = 1; return own.Count; }
        }
        public sealed class Made
        {
            private readonly HostSharedMemory _host;
            private Dictionary<uint, int> _made;
            public Made(HostSharedMemory host) { _host = host; _made = []; }
            public void Make() => _made[{|NUB0011:_host.Read<uint>(0)|}] = 1;
        }
        """);

    [Theory]
    [InlineData("new Timer(_ => { }, null, {|NUB0011:host.Read<int>(0)|}, 10);")]
    [InlineData("System.Threading.Tasks.Parallel.For(0, {|NUB0011:host.Read<int>(0)|}, static _ => { });")]
    [InlineData("new System.Text.StringBuilder().Append('x', {|NUB0011:host.Read<int>(0)|});")]
    [InlineData("file.Seek({|NUB0011:host.Read<long>(0)|}, SeekOrigin.Begin);")]
    [InlineData("file.Position = {|NUB0011:host.Read<long>(0)|};")]
    [InlineData("RandomAccess.Read(file.SafeFileHandle, new byte[4], {|NUB0011:host.Read<long>(0)|});")]
    [InlineData("GCHandle.FromIntPtr({|NUB0011:(nint)host.Read<long>(0)|});")]
    [InlineData("Marshal.ReadInt32({|NUB0011:(nint)host.Read<long>(0)|});")]
    [InlineData("Use(System.Numerics.BigInteger.One << {|NUB0011:host.Read<int>(0)|});")]
    [InlineData("System.Security.Cryptography.Rfc2898DeriveBytes.Pbkdf2(\"a\", new byte[8], {|NUB0011:host.Read<int>(0)|}, System.Security.Cryptography.HashAlgorithmName.SHA256, 32);")]
    public async Task Further_uses_of_a_number_need_a_limit(string statement) => await Markup.CheckAsync($$"""
        using System.IO;
        using System.Threading;

        public static class Test
        {
            public static void Run(HostSharedMemory host, FileStream file) { {{statement}} }
            private static void Use(object value) => Console.WriteLine(value);
        }
        """);

    [Theory]
    [InlineData("return sizes.TryGetValue(host.Read<uint>(0), out int size) ? new byte[size] : [];")]
    [InlineData("return sizes.Remove(host.Read<uint>(0), out int size) ? new byte[size] : [];")]
    [InlineData("return new byte[sizes.GetValueOrDefault(host.Read<uint>(0), 4)];")]
    [InlineData("uint n = host.Read<uint>(0); return allowed(n) ? new byte[n] : [];")]
    [InlineData("var day = (DayOfWeek)host.Read<int>(0); return Enum.IsDefined(day) ? new byte[(int)day] : [];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n && list.Count < 64; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (!host.TryRead(i, out byte one)) { break; } list.Add(one); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i == 64) break; list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i += 1u) { if (i == 64) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n && i != 64; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { ArgumentOutOfRangeException.ThrowIfGreaterThan(i, 64u); list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i > 64) { Throw(); } list.Add(1); } return [.. list]; static void Throw() => throw new InvalidOperationException();")]
    [InlineData("uint n = host.Read<uint>(0); int sum = 0; for (uint i = 0; i < n; i++) { for (int j = 0; j < 8; j++) { if (++sum > 64) { return []; } } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); int sum = 0, error = 0; for (uint i = 0; error == 0 && i < n; i++) { for (int j = 0; j < 8; j++) { if (++sum > 64) { error = -1; break; } } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); bool full = false; for (uint i = 0; i < n && !full; i++) { for (int j = 0; j < 8; j++) { if (list.Count == 64) { full = true; break; } list.Add(1); } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { bool full = false; for (int j = 0; j < 8; j++) { if (list.Count == 64) { full = true; break; } list.Add(1); } if (full) { break; } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); if (m > 64) { return []; } var list = new List<byte>(); for (uint i = 0; i < n && i < m; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n && i < (uint)sizes.Count; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i < 64) { list.Add(1); } else { break; } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (!(i < 64)) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; !(i >= 64) && i < n; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; 64 > i && i < n; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (64 <= i) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i >= 64 && list.Capacity > 4) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i > 64) { goto end; } list.Add(1); } end: return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < n; i++) { if (i >= 1) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); long end = Environment.TickCount64 + 100; for (uint i = 0; i < n; i++) { if (Environment.TickCount64 > end) { break; } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); for (uint i = 0; i < n; i++) { if (i * 16ul + 64 >= host.Size) { break; } Console.Write(host.Read<uint>(64 + i * 16ul)); } return [];")]
    [InlineData("uint n = host.Read<uint>(0); for (uint i = 0; i < n; i++) { ulong at = 64 + i * 16ul; if (!host.Contains(at, 16)) { break; } Console.Write(host.Read<uint>(at)); } return [];")]
    [InlineData("uint n = host.Read<uint>(0); if (n > 64) { return []; } uint last = 0; for (uint i = 0; i < n; i++) { uint size = host.Read<uint>(8 + i * 4ul); if (i > 0 && size < last) { throw new InvalidOperationException(); } last = size; } return [];")]
    [InlineData("uint n = host.Read<uint>(0); while (n > 0 && n < 64) { n--; } return [];")]
    [InlineData("uint n = host.Read<uint>(0); while (n > 0) { if (n > 64) { break; } n--; } return [];")]
    public async Task What_the_host_has_decided_is_not_reported(string body) => await Markup.CheckAsync($$"""
        public static class Test
        {
            public static byte[] Run(HostSharedMemory host, Dictionary<uint, int> sizes, Func<uint, bool> allowed) { {{body}} }
        }
        """);

    [Theory]
    [InlineData("return new byte[{|NUB0011:sizes.GetValueOrDefault(4u, host.Read<int>(0))|}];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { uint x = host.Read<uint>(8); if (x == 4) { break; } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { if (i == 0) { if (list.Capacity > 4) { return []; } } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { if (i == 0 && allowed) { break; } list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { ArgumentOutOfRangeException.ThrowIfZero(n); list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i += 2) { if (i == 63) break; list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i = i + 8u) { if (i == 63) break; list.Add(1); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { foreach (int size in sizes.Values) { if (i == 64) break; list.Add(1); } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { switch (sizes.Values.Count) { case 4: if (i == 64) break; list.Add(1); break; } } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { uint at = i; Func<int> one = () => { if (at == 64) return 1; return 2; }; list.Add((byte)one()); } return [.. list];")]
    [InlineData("uint n = host.Read<uint>(0); var known = new uint[8]; for (uint i = 0; i < {|NUB0011:n|}; i++) { uint id = host.Read<uint>(4 + (i & 63) * 4ul); for (int j = 0; j < 8; j++) { if (known[j] == id) { known[j]++; break; } } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); for (uint i = 0; i < {|NUB0011:n|}; i++) { for (int j = 0; j < 8; j++) { if (j > 4 && allowed) { return []; } } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); for (uint i = 0; i < {|NUB0011:n|}; i++) { int k = 0; k++; if (k > 4) { break; } } return [];")]
    [InlineData("uint n = host.Read<uint>(0); int k; for (uint i = 0; i < {|NUB0011:n|}; i++) { for (k = 0; k < 8; k++) { if (k > 8) { return []; } } } return [];")]
    [InlineData("uint n = host.Read<uint>(0), last = 0; for (uint i = 0; i < {|NUB0011:n|}; i++) { uint size = host.Read<uint>(8 + (i & 63) * 4ul); if (i > 0 && size < last) { throw new InvalidOperationException(); } last = size; } return [];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); for (uint i = 0; i < {|NUB0011:n|} && i < m; i++) { Console.Write(i); } return [];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); for (uint i = 0; i < {|NUB0011:n|}; i++) { if (i > m) { break; } } return [];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); for (uint i = 0; i < {|NUB0011:n|}; i++) { if (i == m + 4) { break; } } return [];")]
    [InlineData("uint n = host.Read<uint>(0), m = host.Read<uint>(4); for (uint i = 0; i < {|NUB0011:n|}; i++) { ArgumentOutOfRangeException.ThrowIfGreaterThan(i, m); } return [];")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<byte>(); for (uint i = 0; i < {|NUB0011:n|}; i++) { if (i < (uint)list.Capacity) { break; } } return [];")]
    [InlineData("int n = host.Read<int>(0); if (n < 0) { return []; } for (int i = 0; i >= 0 && i < {|NUB0011:n|}; i++) { Console.Write(i); } return [];")]
    public async Task What_the_guest_decides_is(string body) => await Markup.CheckAsync($$"""
        public static class Test
        {
            public static byte[] Run(HostSharedMemory host, Dictionary<uint, int> sizes, bool allowed = false) { {{body}} }
        }
        """);

    [Fact]
    public async Task A_loop_that_only_waits_lets_the_guest_write_and_a_delegate_does_not() => await Markup.CheckAsync("""
        public static class Test
        {
            public static uint Waits(HostSharedMemory host) { uint before = host.Read<uint>(0); while (host.Read<uint>(4) == 0) { } return host.Read<uint>(0) - before; }
            public static uint Works(HostSharedMemory host) { uint before = host.Read<uint>(0); while (host.Read<uint>(4) == 0) { Console.Write('.'); } return {|NUB0010:host.Read<uint>(0)|} + before; }
            public static uint Calls(HostSharedMemory host, Action call) { uint before = host.Read<uint>(0); call(); return {|NUB0010:host.Read<uint>(0)|} + before; }
        }
        """);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        [AllValid] public partial struct Link { public ulong Next; public ulong Flags; }
        [AllValid] public partial struct Typed { public ulong Next; [WireEnum] public DayOfWeek Kind; public uint More; }
        public static class Fails { [System.Diagnostics.CodeAnalysis.DoesNotReturn] public static void Now(ulong size) { Console.Write(size); throw new InvalidOperationException(); } }

        public static class Test
        {
            public static ulong Run(HostSharedMemory host, uint total, System.Threading.CancellationToken stop, uint align = 8) { {{body}} }
            private static bool s_stopped = Environment.TickCount > 4;
            private static bool IsAligned(ulong at) => (at & 15) == 0;
            private static uint Padded(uint at, uint to) => (at + to - 1) & ~(to - 1);
            private sealed class Budget { public int Number = 64; }
            private static void ThrowTooLong() => throw new InvalidOperationException();
        }
        """);
}
