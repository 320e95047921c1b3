using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011: what a limit above leaves open. A number may be negative, and arithmetic on small numbers may come out large.</summary>
public sealed class BoundsTests
{
    [Fact]
    public async Task What_can_be_negative() => await CheckAsync(
        "int n = host.Read<int>(0); if (n > 100) return; System.Threading.Thread.Sleep({|NUB0011:n|});",
        "int n = host.Read<int>(0); if (n > 100) return; Span<byte> s = stackalloc byte[{|NUB0011:n|}]; Use(s.Length);",
        "int n = host.Read<int>(0); if (n > 100) return; Use(new byte[{|NUB0011:n|}]);",
        "int n = host.Read<int>(0); if (n > 100) return; Span<int> s = table; Use(s.Slice({|NUB0011:n|}).Length);",
        "int n = host.Read<int>(0); if (n >= table.Length) return; Use(table[{|NUB0011:n|}]);",
        "long n = host.Read<long>(0); if (n > 100) return; Use(new byte[{|NUB0011:n|}]);",
        "short n = host.Read<short>(0); if (n > 100) return; Use(new byte[{|NUB0011:n|}]);",
        "sbyte n = host.Read<sbyte>(0); Use(new byte[{|NUB0011:n|}]);",
        "System.Threading.Thread.Sleep({|NUB0011:host.Read<sbyte>(0)|});",
        "Use(s_all[{|NUB0011:host.Read<sbyte>(0)|}]);",
        "uint n = host.Read<uint>(0); if ((int)n > 16) return; Use(new byte[{|NUB0011:(int)n|}]);",
        "System.Threading.Thread.Sleep({|NUB0011:Math.Min(host.Read<int>(0), 100)|});",
        "int n = Math.Clamp(host.Read<int>(0), -1, 100); System.Threading.Thread.Sleep({|NUB0011:n|});",
        "int n = host.Read<int>(0); Use(table[{|NUB0011:n % table.Length|}]);",
        "int n = host.Read<int>(0); Use(table[{|NUB0011:n % 16|}]);",
        "int n = host.Read<int>(0); if (n > 16) return; Use(table[{|NUB0011:-n|}]);",
        "int n = host.Read<int>(0); if (n > 16) return; Use(new byte[{|NUB0011:(uint)n|}]);",
        "int n = host.Read<int>(0); if (n > 16) return; for (uint i = 0; i < {|NUB0011:(uint)n|}; i++) { Use(i); }",
        "int n = host.Read<int>(0); if (n > 16) return; for (int i = 0; i < n; i++) { Use(i); }",
        "int n = host.Read<int>(0); if (n > 16) return; Use(new byte[{|NUB0011:Math.Abs(n)|}]);",
        "int n = host.Read<int>(0); if (n > 16) return; Use(System.Threading.Tasks.Task.Delay({|NUB0011:TimeSpan.FromMilliseconds(n)|}));",
        "double n = host.Read<double>(0); if (n > 16) return; System.Threading.Thread.Sleep({|NUB0011:(int)n|});",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a > 16 || b > 16) return; Use(new byte[{|NUB0011:a * b|}]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a > 16 || b < 0 || b > 16) return; Use(new byte[{|NUB0011:a + b|}]);",
        "int n = host.Read<int>(0); if (n < -1 || n > 100) return; System.Threading.Thread.Sleep({|NUB0011:n|});",
        "int n = host.Read<int>(0); if (n is > 100) return; System.Threading.Thread.Sleep({|NUB0011:n|});",
        "int n = host.Read<int>(0); ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 100); System.Threading.Thread.Sleep({|NUB0011:n|});",
        "int n = host.Read<int>(0); if (index > 0 && n < 0) return; if (n > 100) return; System.Threading.Thread.Sleep({|NUB0011:n|});",
        "Header h = host.Read<Header>(0); if (h.Signed > 16) return; Use(new byte[{|NUB0011:h.Signed|}]);",
        "int n = host.Read<int>(0); if (n > 100) return; {|NUB0011:Wait(n)|};",
        "int n = host.Read<int>(0); if (n > 1000) n = 1000; System.Threading.Thread.Sleep({|NUB0011:n|});");

    [Fact]
    public async Task What_cannot_be_negative() => await CheckAsync(
        "int n = host.Read<int>(0); if (n < 0 || n > 100) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n > 100 || n < 0) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n <= 0 || n > 100) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n > 100) return; if (n > -1) System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if ((uint)n < 100) System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if ((uint)n >= (uint)table.Length) return; Use(table[n]);",
        "int n = host.Read<int>(0); if ((uint)n >= (uint)table.Length) return; Use(table[table.Length - 1 - n]);",
        "uint n = host.Read<uint>(0); if (n >= table.Length) return; Use(table[table.Length - 1 - (int)n]);",
        "uint n = host.Read<uint>(0); if (n >= (uint)table.Length) return; Use(table[table.Length - 1 - (int)n]);",
        "ulong n = host.Read<ulong>(0); if (n >= (ulong)table.Length) return; Use(table[table.Length - 1 - (int)n]);",
        "ulong n = host.Read<ulong>(0); if (n >= (ulong)table.Length) return; int at = (int)n; Use(table[table.Length - 1 - at]);",
        "ushort n = host.Read<ushort>(0); if (n >= table.Length) return; Use(table[table.Length - 1 - n]);",
        "uint n = host.Read<uint>(0); if (n >= (uint)table.Length) return; Use(table[(int)((uint)table.Length - 1 - n)]);",
        "uint n = host.Read<uint>(0); if (n > (uint)table.Length - 1) return; Use(table[(uint)table.Length - 1 - n]);",
        "uint n = host.Read<uint>(0); if (n >= table.Length) return; Use(table[^(int)(n + 1)]);",
        "int n = host.Read<int>(0); if (n is >= 0 and < 100) System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n is < 0 or > 100) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n is not (>= 0 and < 100)) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); switch (n) { case < 0: return; case > 100: return; } System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); System.Threading.Thread.Sleep(n switch { < 0 => 0, > 100 => 100, _ => n });",
        "int n = host.Read<int>(0); System.Threading.Thread.Sleep(n switch { < 0 => table.Length, > 100 => (int)_limit, _ => n });",
        "int n = Math.Clamp(host.Read<int>(0), 0, 100); System.Threading.Thread.Sleep(n);",
        "int n = Math.Max(0, Math.Min(host.Read<int>(0), 100)); System.Threading.Thread.Sleep(n);",
        "int n = Math.Min(100, Math.Max(0, host.Read<int>(0))); System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); ArgumentOutOfRangeException.ThrowIfNegative(n); ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 100); System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n); ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 100); Use(table[n - 1]);",
        "int n = checked((int)host.Read<uint>(0)); if (n > 100) return; System.Threading.Thread.Sleep(n);",
        "uint n = host.Read<uint>(0); if (n > 100) return; System.Threading.Thread.Sleep((int)n);",
        "uint n = host.Read<uint>(0); if (n > _limit) return; System.Threading.Thread.Sleep((int)n);",
        "ulong n = host.Read<ulong>(0); if (n > (ulong)table.Length) return; System.Threading.Thread.Sleep((int)n);",
        "int n = host.Read<ushort>(0); if (n > 100) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0) & 0x7F; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); Use(table[n & (table.Length - 1)]);",
        "int n = host.Read<int>(0); if (n < 0) n = 0; if (n > 100) n = 100; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); n = n < 0 ? 0 : n > 100 ? 100 : n; System.Threading.Thread.Sleep(n);",
        "uint n = host.Read<uint>(0); if ((int)n < 0 || (int)n > 16) return; Use(new byte[(int)n]);",
        "int n = host.Read<int>(0); bool fits = n >= 0; if (!fits) return; if (n > 100) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n == 5) System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n == -1) System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (!InRange(n)) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); Check(n); System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n > 100) return; if (IsNegative(n)) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n > 100) return; if (!Elsewhere.IsFine(n)) return; System.Threading.Thread.Sleep(n);",
        "int n = host.Read<int>(0); if (n < 0 || n > 100) return; while ((n -= 3) > 0) { Use(n); }",
        "uint n; while ((n = host.Read<uint>(0)) > 0) { n--; Use(n); }",
        "int n = host.Read<int>(0); while (-n > 0) { n--; }",
        "int n = host.Read<int>(0); if (n < 0 || n > 100) return; while (--n > 0) { Use(n); }",
        "int n = host.Read<int>(0); if (n < 0 || n > 100) return; while (n > 0) { System.Threading.Thread.Sleep(n); n -= 1; }",
        "int n = host.Read<int>(0); if (n < 0 || n > 100) return; for (int i = n - 1; i >= 0; i--) { Use(table[i]); }",
        "int n = host.Read<int>(0); if (n < 0 || n > 16) return; Use(System.Threading.Tasks.Task.Delay(TimeSpan.FromMilliseconds(n)));",
        "uint n = host.Read<uint>(0); if (n > 16) return; Use(System.Threading.Tasks.Task.Delay(TimeSpan.FromMilliseconds(n)));",
        "uint n = host.Read<uint>(0); if (n > 16) return; System.Threading.Thread.Sleep((int)(n * 0.5));",
        "double n = host.Read<double>(0); if (n > 16 || n < 0) return; System.Threading.Thread.Sleep((int)n);",
        "Use(table[System.Numerics.BitOperations.PopCount(host.Read<uint>(0))]);",
        "int n = host.Read<int>(0); if (n > 100) return; Use(table[n < 0 ? 0 : n]);",
        "Header h = host.Read<Header>(0); int n = h.Total; if (n > 16) return; Use(new byte[n]);",
        "Header h = host.Read<Header>(0); if (h.Signed is < 0 or > 16) return; Use(new byte[h.Signed]);",
        "if (host.TryRead(0, out int n) && n >= 0 && n < table.Length) Use(table[n]);",
        "for (int i = 0; i < 4; i++) { int n = host.Read<int>((ulong)i); if (n < 0 || n >= table.Length) continue; Use(table[n]); }");

    [Fact]
    public async Task Differences_that_wrap_round() => await CheckAsync(
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > 4096) return; Use(new byte[{|NUB0011:n - m|}]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > 4096 || n > m) return; Use(new byte[{|NUB0011:n - m|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; uint rest = n - _limit; Use(new byte[{|NUB0011:rest|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; for (uint i = 0; i < {|NUB0011:n - 1|}; i++) { Use(i); }",
        "int n = host.Read<int>(0); if (n < 0 || n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]);",
        "int n = host.Read<int>(0); if (n < 0 || n > 4096) return; for (int i = 0; i < n - 1; i++) { Use(i); }",
        "ushort n = host.Read<ushort>(0); Use(new byte[{|NUB0011:n - 1|}]);",
        "ushort n = host.Read<ushort>(0); if (n > 16) return; Use(table[{|NUB0011:n - 1|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; n--; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; n -= 8; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; uint rest = 0; if (index > 0) rest = n - 8; Use(new byte[{|NUB0011:rest|}]);",
        "uint at = host.Read<uint>(0); if (at > 4096) return; Use(new byte[{|NUB0011:(uint)table.Length - at|}]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); if (at > 4096 || n > (uint)table.Length - at) return; Use(new byte[{|NUB0011:n|}]);",
        "uint left = host.Read<uint>(0); uint step = host.Read<uint>(4); if (left > 256 || step > 16) return; while ({|NUB0011:left|} > 0) { left -= step; }",
        "uint n = host.Read<uint>(0); while (({|NUB0011:n -= 4|}) > 0) { Use(1); }",
        "uint n = host.Read<uint>(0); if (n > 256) return; while (({|NUB0011:n -= 3|}) > 0) { Use(1); }",
        "uint n = host.Read<uint>(0); do { Use(1); } while ({|NUB0011:--n|} > 0);",
        "int n = host.Read<int>(0); if (n > 16) return; Use(new byte[{|NUB0011:table.Length - n|}]);",
        "ulong n = host.Read<ulong>(0); if (n > 4096) return; Use(new byte[{|NUB0011:n - 8|}]);",
        "uint n = host.Read<uint>(0); if (n < 12) { if (n > 4096) return; } else { return; } Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); if (n < 12) Use(1); if (n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); if (n < 8 || n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); if (n < 12 || n > 4096) return; n = host.Read<uint>(4); if (n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; long rest = (long)n - 12; Use(new byte[{|NUB0011:rest|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; int rest = (int)(n - 12); Use(new byte[{|NUB0011:rest|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:~n|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(n)|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; {|NUB0011:Allocate(n - 12)|};",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:Less(n, 12)|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:(n - 12) * 4|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:(n - 12) / 4|}]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > n + 4) return; Use(new byte[{|NUB0011:n - m|}]);");

    [Fact]
    public async Task Differences_that_do_not() => await CheckAsync(
        "uint n = host.Read<uint>(0); if (n < 12 || n > 4096) return; Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; if (n < 12) return; Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n is < 12 or > 4096) return; Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n is >= 12 and <= 4096) Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n == 0 || n > 4096) return; Use(new byte[n - 1]);",
        "uint n = host.Read<uint>(0); if (n is 0 or > 4096) return; Use(new byte[n - 1]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; if (n != 0) Use(new byte[n - 1]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > n) return; Use(new byte[n - m]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096) return; if (n >= m) Use(new byte[n - m]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (m > 16 || n < 16 || n > 4096) return; Use(new byte[n - m]);",
        "uint n = host.Read<uint>(0); if (n > 4096 || n < _limit) return; Use(new byte[n - _limit]);",
        "int n = host.Read<int>(0); if (n < 12 || n > 4096) return; Use(new byte[n - 12]);",
        "byte n = host.Read<byte>(0); if (n == 0) return; Use(new byte[n - 1]);",
        "byte n = host.Read<byte>(0); if (n == 0) return; Use(s_all[n - 1]);",
        "uint at = host.Read<uint>(0); if (at > (uint)table.Length) return; Use(new byte[(uint)table.Length - at]);",
        "int at = host.Read<int>(0); if (at < 0 || at > table.Length) return; Use(new byte[table.Length - at]);",
        "int at = host.Read<int>(0); if ((uint)at > (uint)table.Length) return; Use(new byte[table.Length - at]);",
        "int at = host.Read<int>(0); if ((uint)at >= (uint)table.Length) return; Use(table[table.Length - 1 - at]);",
        "int at = host.Read<int>(0); if (at < 0 || at > list.Count) return; Use(new byte[list.Count - at]);",
        "ulong at = host.Read<ulong>(0); if (at > host.Size) return; Use(new byte[host.Size - at]);",
        "ulong at = host.Read<ulong>(0); if (at > (ulong)table.Length) return; Use(new byte[table.Length - (int)at]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); if (at > 64 || n > 64 - at) return; Use(new byte[64 - at - n]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); uint size = (uint)table.Length; if (at > size || n > size - at) return; Use(new byte[size - at - n]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); uint size = (uint)table.Length; if (at > size || n > size - at) return; Use(new byte[size - (at + n)]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); uint size = (uint)table.Length; if ((ulong)at + n > size) return; Use(new byte[size - at]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[n < 12 ? 0 : n - 12]);",
        "uint n = host.Read<uint>(0); if (n > 4096) n = 4096; Use(new byte[4096 - n]);",
        "uint n = host.Read<uint>(0); uint size = (uint)table.Length; if (n > size) n = size; Use(new byte[size - n]);",
        "uint size = (uint)table.Length; uint n = Math.Min(host.Read<uint>(0), size); Use(new byte[size - n]);",
        "uint n = Math.Clamp(host.Read<uint>(0), 12u, 64u); Use(new byte[n - 12]);",
        "uint n = Math.Max(host.Read<uint>(0), 12u); if (n > 64) return; Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; uint rest = n - 12; if (rest > n) return; Use(new byte[rest]);",
        "uint n = host.Read<uint>(0); uint rest = n - 12; if (rest > 4096) return; Use(new byte[rest]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; int rest = (int)(n - 12); if (rest < 0) return; Use(new byte[rest]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; long rest = (long)n - 12; if (rest < 0) return; Use(new byte[rest]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[checked(n - 12)]);",
        "uint n = host.Read<uint>(0); if (n > 256) return; while (n-- > 0) { Use(new byte[n]); }",
        "uint n = host.Read<uint>(0); if (n > 256) return; while (n > 0) { n--; Use(new byte[n]); }",
        "uint n = host.Read<uint>(0); if (n > 256) return; for (uint i = 0; i < n; i++) { Use(new byte[n - i]); Use(new byte[n - 1 - i]); }",
        "uint left = host.Read<uint>(0); uint step = host.Read<uint>(4); if (left > 256 || step > 16 || step == 0) return; while (left >= step) { left -= step; Use(new byte[left]); }",
        "uint left = (uint)table.Length; while (left > 0) { uint n = host.Read<uint>(0); if (n == 0 || n > left) return; left -= n; Use(new byte[left]); }",
        "uint size = (uint)table.Length; uint total = 0; while (total < size) { uint n = host.Read<uint>(total); if (n == 0 || n > size - total) return; total += n; Use(new byte[size - total]); }",
        "uint n = host.Read<uint>(0); if (n > 4096) return; ArgumentOutOfRangeException.ThrowIfLessThan(n, 12u); Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; bool isShort = n < 12; if (isShort) return; Use(new byte[n - 12]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > 4096) return; if (!AtLeast(n, m)) return; Use(new byte[n - m]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (n > 4096 || m > 4096) return; if (!Elsewhere.IsFine(n, m)) return; Use(new byte[n - m]);",
        "uint n = host.Read<uint>(0); if (n > 4096 || n < Unsafe.SizeOf<Header>()) return; Use(new byte[n - Unsafe.SizeOf<Header>()]);",
        "uint n = host.Read<uint>(0); if (n > 4096 || n < 12) return; Use(new byte[n - Unsafe.SizeOf<Header>()]);",
        "Header h = host.Read<Header>(0); if (h.Length < h.Kind || h.Length > 64) return; Use(new byte[h.Length - h.Kind]);",
        "uint n = host.Read<uint>(0); if (n > 4096 || n < 12) return; Allocate(n - 12);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > b || b > 64) return; Use(table.AsSpan((int)a, (int)(b - a)).Length);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); uint c = host.Read<uint>(8); if (a > b || b > c || c > 64) return; Use(new byte[c - a]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a < 0 || b < a || b > table.Length) return; Use(table.AsSpan(a, b - a).Length);",
        "uint n = host.Read<uint>(0); if (n > 4096 || index > n) return; Use(new byte[n - (uint)index]);");

    [Fact]
    public async Task Sums_and_products_that_wrap_round() => await CheckAsync(
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 100_000 || b > 100_000) return; Use(new byte[{|NUB0011:a * b|}]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a is < 0 or > 100_000 || b is < 0 or > 100_000) return; Use(new byte[{|NUB0011:a * b|}]);",
        "uint n = host.Read<uint>(0); if (n > 0x4000_0000) return; Use(new byte[{|NUB0011:n * 8|}]);",
        "uint n = host.Read<uint>(0); if (n > 0x4000_0000) return; Use(new byte[{|NUB0011:n << 3|}]);",
        "uint n = host.Read<uint>(0); if (n > 3_000_000_000) return; System.Threading.Thread.Sleep({|NUB0011:(int)n|});",
        "int n = host.Read<int>(0); if (n > 10) return; Use(new byte[{|NUB0011:1u << n|}]);",
        "byte n = host.Read<byte>(0); if (n > 12) return; Use(new byte[(1u << n) - 1]);",
        "byte n = host.Read<byte>(0); if (n > 31) return; Use(new byte[(1u << n) - 1]);",
        "byte n = host.Read<byte>(0); if (n > 12) return; Use(new byte[{|NUB0011:(1u << n) - 2|}]);",
        "byte n = host.Read<byte>(0); if (n > 20) return; Use(new byte[{|NUB0011:4096 << n|}]);",
        "byte n = host.Read<byte>(0); if (n > 10) return; Use(new byte[4096 << n]);",
        "byte n = host.Read<byte>(0); if (n > 10) return; Use(new byte[(4096u >> n) - 4]);",
        "ulong n = host.Read<ulong>(0); if (n > ulong.MaxValue - 8) return; Use(new byte[n + 8]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 1_000 || b > 1_000) return; Use(new byte[a * b]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 100_000 || b > 100_000) return; Use(new byte[(ulong)a * b]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 100_000 || b > 100_000) return; Use(new byte[checked(a * b)]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > _limit || b > _limit) return; Use(new byte[a * b]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 100_000 || b > 100_000 || a * b > 4096) return; Use(new byte[a * b]);",
        "int n = host.Read<int>(0); if (n is < 0 or > 10) return; Use(new byte[1 << n]);");

    [Fact]
    public async Task Limits_that_depend_on_each_other() => await CheckAsync(
        "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); if (n > 64 - at || at > 64 - n) return; Use(new byte[{|NUB0011:n|}]); Use(new byte[{|NUB0011:at|}]);",
        "uint total = Math.Min(host.Read<uint>(8), 1000u); while (index > 0) { uint n = host.Read<uint>(0); if (n > _limit - total) return; total += n; index--; Use(new byte[{|NUB0011:n|}]); }",
        "uint total = 0; while (true) { uint n = host.Read<uint>(total); if (n > _limit - total) return; total += {|NUB0011:n|}; Use(new byte[n]); }");

    /// <summary>What the page leaves out.</summary>
    [Fact]
    public async Task What_is_not_assumed() => await CheckAsync(
        "uint n = host.Read<uint>(0); if (n > 16) return; System.Threading.Thread.Sleep((int)Math.Ceiling(n / 2.0));",
        "Header h = host.Read<Header>(0); int n = h.Sum(); if (n > 16) return; Use(new byte[{|NUB0011:n|}]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a is < 0 or > 16 || b is < 0 or > 16) return; Use(table[a..b]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if (a is < 0 or > 16 || b is < 0 or > 16) return; Use(table.AsSpan(a, b).Length);",
        "uint n = host.Read<uint>(0); for (uint i = 0; i != n; i++) { Use(i); }");

    /// <summary>Which was compared first makes no difference.</summary>
    [Fact]
    public async Task What_is_no_more_than_something_that_is_bounded_later() => await CheckAsync(
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > b || b > 64) return; Use(new byte[a]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > b) return; Use(new byte[{|NUB0011:a|}]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a < b || b > 64) return; Use(new byte[{|NUB0011:a|}]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a + b > _limit) return; if (_limit > 64) return; Use(new byte[{|NUB0011:a|}]);");

    [Fact]
    public async Task The_message_says_what_is_missing()
    {
        string[] messages = await CheckAsync(
            "int n = host.Read<int>(0); if (n > 100) return; System.Threading.Thread.Sleep({|NUB0011:n|});",
            "int n = host.Read<int>(0); if (n > 100) return; Use(new byte[{|NUB0011:n|}]);",
            "int n = host.Read<int>(0); if (n > 100) return; Use(new byte[{|NUB0011:(uint)n|}]);",
            "uint n = host.Read<uint>(0); if (n > 100) return; Use(new byte[{|NUB0011:n - 12|}]);",
            "int n = host.Read<int>(0); if (n > 100) return; Use(new byte[{|NUB0011:12 - n|}]);",
            "uint n = host.Read<uint>(0); if (n > 0x4000_0000) return; Use(new byte[{|NUB0011:n * 8|}]);");
        string[] advice =
        [
            "it can be negative, and -1 waits for ever; compare it with a lower limit, too",
            "it can be negative; compare it with a lower limit, too",
            "of a negative number it is a very large one, because it has no sign; compare with 0 first",
            "the difference wraps round to a very large number when more is subtracted than there is; compare the two first",
            "less a negative number it is as large as the guest likes; compare that with 0 first",
            "within the limits that were checked it can still be more than its type holds, and wrap round; widen first, or compare with lower and smaller limits",
        ];
        Assert.All(messages.Zip(advice), static pair => Assert.EndsWith(": " + pair.Second, pair.First, StringComparison.Ordinal));
        Assert.Equal(advice.Length, messages.Length);
    }

    private static async Task<string[]> CheckAsync(params string[] bodies) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Header { public uint Kind; public uint Length; public int Signed; public readonly int Sum() => Signed + 1; public readonly int Total => (int)(Length & 0xFF) + 4; }
            public static class Elsewhere
            {
                public static bool IsFine(int value) => value >= 0;
                public static bool IsFine(uint one, uint other) => other < one;
            }
            public sealed class Test
            {
                private static readonly int[] s_all = new int[256];
                private readonly uint _limit = 16;
            {{string.Join('\n', bodies.Select(static (body, i) => $"public void Run{i}(HostSharedMemory host, int index, int[] table, List<int> list, string text) {{ {body} }}"))}}
                private static void Allocate(uint size) => Use(new byte[size]);
                private static uint Less(uint one, uint other) => one - other;
                private static bool AtLeast(uint one, uint other) => one >= other;
                private static void Wait(int time) => System.Threading.Thread.Sleep(time);
                private static bool InRange(int value) => value >= 0 && value < 100;
                private static bool IsNegative(int value) => value < 0;
                private static void Check(int value) { if (value < 0 || value > 100) throw new Exception(); }
                private static void Use<T>(T value) => Console.WriteLine(value);
                public void All() { Allocate(_limit); Wait(1); Use(InRange(1) || IsNegative(1) || AtLeast(1, 2)); Check(1); Use(s_all[Less(2, 1)]); }
            }
            """);
}
