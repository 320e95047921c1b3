using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011: a test for each row of its page. Each line is a method of its own.</summary>
public sealed class UncheckedValueTests
{
    [Fact]
    public async Task Sizes_of_allocations() => await CheckAsync(
        "Use(new byte[{|NUB0011:host.Read<uint>(0)|}]);",
        "uint n = host.Read<uint>(0); Use(new byte[{|NUB0011:n|}]);",
        "int n = host.Read<int>(0); Span<byte> s = stackalloc byte[{|NUB0011:n|}]; Use(s.Length);",
        "int n = host.Read<int>(0); Use(GC.AllocateUninitializedArray<byte>({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(System.Buffers.ArrayPool<byte>.Shared.Rent({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(new List<int>({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(new Dictionary<int, int>({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(new System.Text.StringBuilder({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(new System.IO.MemoryStream({|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(new string('x', {|NUB0011:n|}));",
        "int n = host.Read<int>(0); Array.Resize(ref table, {|NUB0011:n|});",
        "ulong n = host.Read<ulong>(0); Use(new ExclusiveSharedMemory({|NUB0011:n|}));",
        "int n = host.Read<int>(0); foreach (int i in System.Linq.Enumerable.Range(0, {|NUB0011:n|})) { Use(i); }",
        "int n = host.Read<int>(0); Use(new int[4, {|NUB0011:n|}]);",
        "list.Capacity = {|NUB0011:host.Read<int>(0)|};",
        "list.Capacity = {|NUB0011:index > 0 ? host.Read<int>(0) : 16|};",
        "{|NUB0011:list.Capacity += host.Read<int>(0)|};",
        "Use(new List<int> { Capacity = {|NUB0011:host.Read<int>(0)|} });",
        "var built = new System.Text.StringBuilder(); built.Length = {|NUB0011:host.Read<int>(0)|};",
        "using var stream = new System.IO.MemoryStream(); stream.SetLength({|NUB0011:host.Read<uint>(0)|}); stream.Position = {|NUB0011:host.Read<uint>(4)|};",
        "using var reader = new System.IO.BinaryReader(new System.IO.MemoryStream()); Use(reader.ReadBytes({|NUB0011:host.Read<int>(0)|}));",
        "int n = host.Read<int>(0); if (n is < 0 or > 16) return; list.Capacity = n;");

    [Fact]
    public async Task Indexes() => await CheckAsync(
        "Use(table[{|NUB0011:host.Read<int>(0)|}]);",
        "table[{|NUB0011:host.Read<uint>(0)|}] = 1;",
        "table[{|NUB0011:host.Read<ushort>(0)|}]++;",
        "Span<int> span = table; Use(span[{|NUB0011:host.Read<int>(0)|}]);",
        "ReadOnlySpan<int> span = table; Use(span[{|NUB0011:host.Read<int>(0)|}]);",
        "Use(list[{|NUB0011:host.Read<int>(0)|}]);",
        "Use(text[{|NUB0011:host.Read<int>(0)|}]);",
        "Use(table[^{|NUB0011:host.Read<int>(0)|}]);",
        "Four four = default; Use(four[{|NUB0011:host.Read<int>(0)|}]);",
        "var map = new Dictionary<int, int>(); Use(map[host.Read<int>(0)]);");

    /// <summary>To repair the first use is to repair the others.</summary>
    [Fact]
    public async Task One_mistake_is_one_warning() => await CheckAsync(
        "int n = host.Read<int>(0); var copy = new byte[{|NUB0011:n|}]; Use(System.Text.Encoding.UTF8.GetString(copy, 0, n)); for (int i = 0; i < n; i++) { Use(copy[i]); }",
        "int n = host.Read<int>(0); if (n > 16) return; Use(new byte[{|NUB0011:n|}]); Use(table[n]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[{|NUB0011:n - 12|}]); Use(table[n - 12]);",
        "ulong n = host.Read<ulong>(0); Use(new byte[{|NUB0011:(int)n|}]); Use(table[n]);",
        "uint n = host.Read<uint>(0); if (index > 0) Use(table[{|NUB0011:n|}]); Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); Use(table[{|NUB0011:n|}]); Use(table[{|NUB0011:m|}]);",
        "uint n = host.Read<uint>(0); if (n > 4096) return; Use(new byte[n]); Use(new byte[{|NUB0011:n - 12|}]);",
        "uint n = host.Read<uint>(0); Use(table[{|NUB0011:n|}]); n = host.Read<uint>(4); Use(table[{|NUB0011:n|}]);",
        "int max = host.Read<int>(4); int n = Taken(host, max); Use(table[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (!Elsewhere.IsFine(n)) return; Use(new byte[{|NUB0011:n + m|}]); Use(new byte[n]); Use(new byte[{|NUB0011:n - 12|}]);");

    [Fact]
    public async Task Pointers() => await CheckAsync(
        "unsafe { fixed (int* p = table) { Use(p[{|NUB0011:host.Read<int>(0)|}]); } }",
        "unsafe { fixed (int* p = table) { p[{|NUB0011:host.Read<uint>(0)|}] = 1; } }",
        "unsafe { fixed (int* p = table) { uint n = host.Read<uint>(0); Use(*(p + {|NUB0011:n|})); } }",
        "unsafe { fixed (int* p = table) { uint n = host.Read<uint>(0); int* q = p; q += {|NUB0011:n|}; Use(*q); } }",
        "unsafe { fixed (int* p = table) { uint n = host.Read<uint>(0); Use(*(int*)({|NUB0011:(nint)p + (nint)n|})); } }",
        "unsafe { fixed (int* p = table) { uint n = host.Read<uint>(0); if (n >= 16) return; Use(p[n] + *(p + n)); } }",
        "unsafe { fixed (int* p = table) { int n = host.Read<int>(0); if (n >= 16) return; Use(p[{|NUB0011:n|}]); } }",
        "unsafe { byte* p = stackalloc byte[256]; Use(p[host.Read<byte>(0)]); Use(p[{|NUB0011:host.Read<ushort>(8)|}]); }",
        "unsafe { Map map = default; Use(map.Bytes[host.Read<byte>(0)]); Use(map.Bytes[{|NUB0011:host.Read<ushort>(8)|}]); }",
        "unsafe { fixed (int* p = table) { Use(*(p + 3) + p[1]); } }");

    [Fact]
    public async Task Slices() => await CheckAsync(
        "int n = host.Read<int>(0); Use(table.AsSpan({|NUB0011:n|}).Length);",
        "int n = host.Read<int>(0); Use(table.AsSpan(0, {|NUB0011:n|}).Length);",
        "int n = host.Read<int>(0); Use(table.AsMemory(0, {|NUB0011:n|}).Length);",
        "int n = host.Read<int>(0); Span<int> s = table; Use(s.Slice({|NUB0011:n|}).Length);",
        "int n = host.Read<int>(0); Span<int> s = table; Use(s[..{|NUB0011:n|}].Length);",
        "int n = host.Read<int>(0); Use(text.Substring(0, {|NUB0011:n|}));",
        "int n = host.Read<int>(0); Use(table[{|NUB0011:n|}..]);",
        "int n = host.Read<int>(0); Array.Copy(table, table, {|NUB0011:n|});",
        "int n = host.Read<int>(0); Buffer.BlockCopy(table, 0, table, 4, {|NUB0011:n|});",
        "uint n = host.Read<uint>(0); unsafe { fixed (int* p = table) { Buffer.MemoryCopy(p, p, 64, {|NUB0011:n|}); } }",
        "uint n = host.Read<uint>(0); var bytes = new byte[8]; System.Runtime.CompilerServices.Unsafe.CopyBlock(ref bytes[0], ref bytes[1], {|NUB0011:n|});",
        "int n = host.Read<int>(0); System.Runtime.InteropServices.Marshal.Copy(0, table, 0, {|NUB0011:n|});",
        "int n = host.Read<int>(0); Use(System.Text.Encoding.UTF8.GetString(new byte[8], 0, {|NUB0011:n|}));",
        "int n = host.Read<int>(0); System.IO.Stream.Null.Write(new byte[8], 0, {|NUB0011:n|});",
        "int n = host.Read<int>(0); System.IO.Stream.Null.ReadExactly(new byte[8], {|NUB0011:n|}, 1);",
        "int n = host.Read<int>(0); Console.Write(n); Use(System.Text.Encoding.UTF8.GetMaxByteCount(n));",
        "int n = host.Read<int>(0); if (n is < 0 or > 8) return; System.IO.Stream.Null.Write(new byte[8], 0, n);");

    [Fact]
    public async Task Rounds_of_loops() => await CheckAsync(
        "uint n = host.Read<uint>(0); for (uint i = 0; i < {|NUB0011:n|}; i++) { Use(i); }",
        "uint n = host.Read<uint>(0); uint i = 0; while (i < {|NUB0011:n|}) { i++; }",
        "uint n = host.Read<uint>(0); uint i = 0; do { i++; } while (i < {|NUB0011:n|});",
        "uint n = host.Read<uint>(0); while ({|NUB0011:n|} > 0) { n--; }",
        "uint n = host.Read<uint>(0); while ({|NUB0011:n--|} > 0) { Use(1); }",
        "uint n = host.Read<uint>(0); for (uint i = 0; {|NUB0011:n|} > i; i++) { Use(i); }",
        "uint n = host.Read<uint>(0); for (uint i = 0; i < n && i < 16; i++) { Use(i); }",
        "uint n = host.Read<uint>(0); for (uint i = 0; i < n; i++) { if (i >= 16) break; Use(i); }",
        "while (host.Read<uint>(0) < 5) { }",
        "uint n = host.Read<uint>(0); while (n < 5) { n = 9; }",
        "while (host.Read<uint>(0) != 5) { }",
        "uint n = host.Read<uint>(0); if (n > 16) return; for (uint i = 0; i < n; i++) { Use(i); }");

    [Fact]
    public async Task Waits() => await CheckAsync(
        "System.Threading.Thread.Sleep({|NUB0011:host.Read<int>(0)|});",
        "Use(System.Threading.Tasks.Task.Delay({|NUB0011:host.Read<int>(0)|}));",
        "Use(System.Threading.Tasks.Task.Delay({|NUB0011:TimeSpan.FromMilliseconds(host.Read<uint>(0))|}));",
        "using var e = new System.Threading.ManualResetEvent(false); Use(e.WaitOne({|NUB0011:host.Read<int>(0)|}));",
        "var gate = new System.Threading.Lock(); Use(gate.TryEnter({|NUB0011:host.Read<int>(0)|}));",
        "using var process = new System.Diagnostics.Process(); process.WaitForExit({|NUB0011:host.Read<int>(0)|});",
        "using var queue = new System.Collections.Concurrent.BlockingCollection<int>(); Use(queue.TryTake(out _, {|NUB0011:host.Read<int>(0)|}));",
        "using var timer = new System.Threading.PeriodicTimer(TimeSpan.FromSeconds(1)); timer.Period = {|NUB0011:TimeSpan.FromSeconds(host.Read<uint>(0))|};",
        "using var times = new System.Collections.Concurrent.BlockingCollection<TimeSpan>(); times.Add(TimeSpan.FromSeconds(host.Read<uint>(0)));",
        "System.Threading.Thread.Sleep((int)Math.Min(host.Read<uint>(0), 100));",
        "System.Threading.Thread.SpinWait(Math.Min(host.Read<int>(0), 100));");

    [Fact]
    public async Task Places_for_the_librarys_own_calls_are_checked_there() => await CheckAsync(
        "ulong at = host.Read<ulong>(0); Use(host.Read<uint>(at));",
        "ulong at = host.Read<ulong>(0); Use(Header.At(host, at).Length);",
        "ulong n = host.Read<ulong>(0); Use(Header.ArrayAt(host, 8, n)[2].Length);",
        "int n = host.Read<int>(0); Use(Header.ArrayAt(host, 8, 4)[n].Length);",
        "ulong at = host.Read<ulong>(0); host.Fill(at, host.Read<ulong>(8), 0);",
        "ulong at = host.Read<ulong>(0); host.CopyFrom(at, new byte[4]);");

    [Fact]
    public async Task Sources() => await CheckAsync(
        "if (host.TryRead(0, out uint n)) Use(new byte[{|NUB0011:n|}]);",
        "Use(new byte[{|NUB0011:Header.At(host, 0).Length|}]);",
        "Header h = Header.At(host, 0).Load(); Use(new byte[{|NUB0011:h.Length|}]);",
        "Header h = host.Read<Header>(0); Use(new byte[{|NUB0011:h.Length|}]);",
        "var words = SharedArrayView.At<uint>(host, 0, 4); Use(new byte[{|NUB0011:words[2]|}]);",
        "foreach (uint n in SharedArrayView.At<uint>(host, 0, 4)) { Use(new byte[{|NUB0011:n|}]); }",
        "foreach (var one in Header.ArrayAt(host, 0, 4)) { uint n = one.Length; Use(new byte[{|NUB0011:n|}]); }",
        "Use(new byte[{|NUB0011:host.Exchange(0, 1u)|}]);",
        "Use(new byte[{|NUB0011:host.Add(0, 1u)|}]);",
        "byte[] e = host.StackAt(0, 64).Pop(); Use(new byte[{|NUB0011:System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(e)|}]);",
        "byte[] e = host.StackAt(0, 64).Pop(); Use(table[{|NUB0011:e[0]|}]);",
        "byte[] e = host.StackAt(0, 64).Pop(); Use(new byte[e.Length]);",
        "byte[] e = new byte[8]; host.CopyTo(0, e); Use(new byte[{|NUB0011:BitConverter.ToInt32(e, 4)|}]);",
        "byte[] e = new byte[8]; host.CopyTo(0, e.AsSpan(0, 4)); Use(new byte[{|NUB0011:BitConverter.ToInt32(e, 4)|}]);",
        "Span<byte> e = stackalloc byte[8]; host.CopyTo(0, e); Header h = Header.ReadFrom(e); Use(new byte[{|NUB0011:h.Length|}]);",
        "using HostLease access = host.Enter(); Use(new byte[{|NUB0011:access.Read<uint>(0)|}]);",
        "Use(host.StackAt(0, 64).Pop(e => new byte[{|NUB0011:e[4] << 24 | e[5]|}]));",
        "SharedStackParser<byte[]> parser = e => new byte[{|NUB0011:e[4] << 24 | e[5]|}]; Use(parser);",
        "uint n = host.StackAt(0, 64).Pop(e => System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(e[4..])); Use(new byte[{|NUB0011:n|}]);",
        "if (host.TryReadValidated(0, out Valid v)) Use(new byte[{|NUB0011:v.Length|}]);",
        "if (host.TryReadValidated(0, out Judged v)) Use(new byte[v.Length]);",
        "if (Judged.At(host, 0).TryLoad(out Judged v)) Use(new byte[v.Length]);",
        "if (Valid.At(host, 0).TryLoad(out Valid v)) Use(new byte[{|NUB0011:v.Length|}]);",
        "if (Whole.At(host, 0).TryGetPart(out Judged v)) Use(new byte[v.Length]);",
        "if (Whole.At(host, 0).TryLoad(out Whole v)) Use(new byte[v.Part.Length]);",
        "if (host.TryReadValidated(0, out Whole v)) { Use(new byte[v.Part.Length]); Use(new byte[{|NUB0011:v.Rest|}]); }",
        "Use(new byte[host.Size]);");

    [Fact]
    public async Task Ways_a_value_takes() => await CheckAsync(
        "uint n = host.Read<uint>(0); int m = (int)n; Use(new byte[{|NUB0011:m|}]);",
        "uint n = host.Read<uint>(0) * 4 + 8; Use(new byte[{|NUB0011:n|}]);",
        "uint n = 4; n += host.Read<uint>(0); Use(new byte[{|NUB0011:n|}]);",
        "uint n = index > 0 ? host.Read<uint>(0) : 4; Use(new byte[{|NUB0011:n|}]);",
        "uint n = 4; if (index > 0) n = host.Read<uint>(0); Use(new byte[{|NUB0011:n|}]);",
        "(uint a, uint b) = (host.Read<uint>(0), 4); Use(new byte[{|NUB0011:a|}]); Use(new byte[b]);",
        "var pair = (A: 4u, B: host.Read<uint>(0)); Use(new byte[pair.A]); Use(new byte[{|NUB0011:pair.B|}]);",
        "Header h = default; h.Length = host.Read<uint>(0); Use(new byte[{|NUB0011:h.Length|}]); Use(new byte[h.Kind]);",
        "Header h = host.Read<Header>(0); h.Length = 4; Use(new byte[h.Length]);",
        "Header h = host.Read<Header>(0); Header copy = h; Use(new byte[{|NUB0011:copy.Length|}]);",
        "_size = host.Read<uint>(0); Use(new byte[{|NUB0011:_size|}]);",
        "checked { uint n = host.Read<uint>(0); Use(new byte[{|NUB0011:(int)n|}]); }",
        "uint n = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(host.Read<uint>(0)); Use(new byte[{|NUB0011:n|}]);",
        "uint n = Math.Max(host.Read<uint>(0), 4); Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); n = 4; Use(new byte[n]);");

    [Fact]
    public async Task Through_helpers() => await CheckAsync(
        "Use(new byte[{|NUB0011:Length(host)|}]);",
        "{|NUB0011:Allocate(host.Read<uint>(0))|};",
        "uint n = host.Read<uint>(0); {|NUB0011:Allocate(n)|};",
        "Take(host, out uint n); Use(new byte[{|NUB0011:n|}]);",
        "uint Of(ulong at) => host.Read<uint>(at); Use(new byte[{|NUB0011:Of(4)|}]);",
        "uint n = host.Read<uint>(0); if (n > 16) return; Allocate(n);",
        "uint n = host.Read<uint>(0); Check(n); Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (!Fits(n)) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (!FitsBoth(n, host.Read<uint>(4))) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (Judge(n) != 0) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n > 16) Fail(); Use(new byte[n]);",
        "uint n = host.Read<uint>(0); Elsewhere.Require(n); Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (!Elsewhere.IsFine(n)) return; Use(new byte[n]);",
        "Use(new byte[Limited(host)]);");

    [Fact]
    public async Task Checks() => await CheckAsync(
        "uint n = host.Read<uint>(0); if (n > 16) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n <= 16) Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (16 < n) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (!(n < 16)) return; Use(new byte[n]);",
        "int n = host.Read<int>(0); if (n < 0 || n >= table.Length) return; Use(table[n]);",
        "int n = host.Read<int>(0); if ((uint)n >= (uint)table.Length) return; Use(table[n]);",
        "uint n = host.Read<uint>(0); if (n > 16) throw new Exception(); Use(new byte[n]);",
        "uint n = host.Read<uint>(0); Use(n > 16 ? [] : new byte[n]);",
        "uint n = host.Read<uint>(0); if (n > 16) n = 16; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n == 4) Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n != 4) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n is > 4 and < 16) Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (n is not (4 or 8)) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); switch (n) { case 4: Use(new byte[n]); break; }",
        "uint n = host.Read<uint>(0); switch (n) { case > 16: return; } Use(new byte[n]);",
        "uint n = host.Read<uint>(0); ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 16u); Use(new byte[n]);",
        "Header h = host.Read<Header>(0); if (h.Length > 16) return; Use(new byte[h.Length]);",
        "uint n = host.Read<uint>(0); int m = (int)n; if (n > 16) return; Use(new byte[m]);",
        "uint n = host.Read<uint>(0); while (n > 16) { n = host.Read<uint>(4); } Use(new byte[n]);",
        "for (int i = 0; i < 4; i++) { int n = host.Read<int>((ulong)i); if (n < 0 || n >= table.Length) continue; Use(table[n]); }",
        "uint n = host.Read<uint>(0); if (n > _limit) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); if (m > 16 || n > m) return; Use(new byte[n]);",
        "uint n = 0; using (HostLease access = host.Enter()) { n = access.Read<uint>(0); if (n > 16) return; } Use(new byte[n]);",
        "try { uint n = host.Read<uint>(0); if (n > 16) return; Use(new byte[n]); } finally { Use(1); }");

    [Fact]
    public async Task Checks_that_are_none() => await CheckAsync(
        "uint n = host.Read<uint>(0); if (n == 0) return; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 0) Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n < 16) return; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 16) Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > host.Read<uint>(4)) return; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (index > 0 && n > 16) return; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 16) { Console.WriteLine(n); } Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); System.Diagnostics.Debug.Assert(n <= 16); Use(new byte[{|NUB0011:n|}]);",
        "ulong n = host.Read<ulong>(0); if ((byte)n > 16) return; Use(new byte[{|NUB0011:n|}]);",
        "uint n = host.Read<uint>(0); if (n > 16) return; n = host.Read<uint>(4); Use(new byte[{|NUB0011:n|}]);",
        "Header h = host.Read<Header>(0); if (h.Kind > 16) return; Use(new byte[{|NUB0011:h.Length|}]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if ((ulong)a * b > 64) return; Use(new byte[(ulong)a * b]); Use(new byte[{|NUB0011:a|}]);",
        "uint a = host.Read<uint>(0); if ((ulong)a * a > 64) return; Use(new byte[a]);",
        "uint a = host.Read<uint>(0); if ((ulong)a * _limit > 64) return; Use(new byte[a]);",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if (a > 16 || (ulong)a * b > 64) return; Use(new byte[b]);");

    [Fact]
    public async Task Checks_that_overflow()
    {
        string[] messages = await CheckAsync(
            "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); if (at + n > (uint)table.Length) return; Use(new byte[{|NUB0011:n|}]);",
            "ulong n = host.Read<ulong>(0); if (n + 8 <= 64) Use(new byte[{|NUB0011:n|}]);",
            "uint n = host.Read<uint>(0); if (n * 16 > 4096) return; Use(new long[{|NUB0011:n|}]);",
            "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); if (n > 64 - at) return; Use(new byte[{|NUB0011:n|}]);",
            "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); bool fits = at + n <= 64; if (fits) Use(new byte[{|NUB0011:n|}]);",
            "int n = host.Read<int>(0); if ((ulong)n + 8 > 64) return; Use(new byte[{|NUB0011:(uint)n|}]);",
            "sbyte n = host.Read<sbyte>(0); if ((uint)n + 8 > 64) return; Use(new byte[{|NUB0011:(uint)n|}]);",
            "int n = host.Read<int>(0); if (1u << n > 64) return; Use(new byte[{|NUB0011:n|}]);",
            "ulong at = host.Read<ulong>(0); Use(Header.At(host, at).Length); if (at + 4 > 64) return; Use(new byte[{|NUB0011:at|}]);");
        Assert.All(messages, static message => Assert.Contains("does not hold, because its own arithmetic can overflow", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Checks_that_could_overflow_and_do_not() => await CheckAsync(
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); if ((ulong)at + n > 64) return; Use(new byte[n]);",
        "uint at = host.Read<uint>(0); uint n = host.Read<uint>(4); if (checked(at + n) > 64) return; Use(new byte[n]);",
        "ushort at = host.Read<ushort>(0); ushort n = host.Read<ushort>(4); if (at + n > 64) return; Use(new byte[n]);",
        "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); if (at > 64 || n > 64 - at) return; Use(new byte[n]);",
        "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); if (n > 64 - at || at > 64) return; Use(new byte[n]);",
        "ulong at = host.Read<ulong>(0); ulong n = host.Read<ulong>(8); if (at + n < at || at + n > 64) return; Use(new byte[n]);",
        "ulong at = host.Read<ulong>(0); uint n = host.Read<uint>(8); if (at > 64 || at + n > 64) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if ((ulong)n * 16 > 4096) return; Use(new long[n]);",
        "ulong n = host.Read<ulong>(0); if (n - 16 > 64) return; Use(new byte[n]);",
        "int n = host.Read<int>(0); if (n < 0 || (ulong)n + 8 > 64) return; Use(new byte[n]);",
        "int n = host.Read<int>(0); ArgumentOutOfRangeException.ThrowIfNegative(n); if ((ulong)n + 8 > 64) return; Use(new byte[n]);",
        "int n = host.Read<int>(0); if (n is < 0 or > 64 || (ulong)n + 8 > 64) return; Use(new byte[n]);",
        "int a = host.Read<int>(0); int b = host.Read<int>(4); if ((long)a * b + 8 is < 0 or > 64) return; for (long i = 0; i < (long)a * b; i++) { Use(i); }",
        "uint a = host.Read<uint>(0); uint b = host.Read<uint>(4); if ((a & 0xFFFF) + (b >> 16) > 64) return; Use(new byte[(a & 0xFFFF) + (b >> 16)]);",
        "uint n = host.Read<uint>(0); if ((ulong)n << 32 > 1ul << 36) return; Use(new byte[n]);");

    /// <summary>An unsigned number that is made signed may come out negative, and be below every limit.</summary>
    [Fact]
    public async Task Checks_of_the_other_sign() => await CheckAsync(
        "uint n = host.Read<uint>(0); if ((int)n > 16) return; for (uint i = 0; i < {|NUB0011:n|}; i++) { Use(i); }",
        "ulong n = host.Read<ulong>(0); if ((long)n > 16) return; for (ulong i = 0; i < {|NUB0011:n|}; i++) { Use(i); }",
        "uint n = host.Read<uint>(0); if ((int)n > 16) return; Use(new byte[{|NUB0011:(int)n|}]);",
        "uint n = host.Read<uint>(0); if ((int)n < 0 || (int)n > 16) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if ((int)n is < 0 or > 16) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if ((int)n is not (4 or 8)) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if ((int)n != 4) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); switch ((int)n) { case 4: Use(new byte[n]); break; }",
        "uint n = host.Read<uint>(0); if ((long)n > 16) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); if (checked((int)n) > 16) return; Use(new byte[n]);",
        "int n = host.Read<int>(0); if ((uint)n > 16) return; Use(new byte[n]);");

    [Fact]
    public async Task Values_that_are_limited_by_how_they_were_made() => await CheckAsync(
        "Use(new byte[Math.Min(host.Read<uint>(0), 16)]);",
        "Use(new byte[Math.Clamp(host.Read<int>(0), 0, 16)]);",
        "Use(new byte[uint.Min(host.Read<uint>(0), 16)]);",
        "Use(new byte[host.Read<uint>(0) % 16]);",
        "Use(table[host.Read<uint>(0) % (uint)table.Length]);",
        "Use(new byte[host.Read<uint>(0) & 0xFFF]);",
        "Use(table[host.Read<uint>(0) & (uint)(table.Length - 1)]);",
        "Use(new byte[{|NUB0011:host.Read<uint>(0) & ~7u|}]);",
        "Use(new byte[{|NUB0011:host.Read<uint>(0) % {|NUB0011:host.Read<uint>(4)|}|}]);",
        "Use(new byte[System.Numerics.BitOperations.PopCount(host.Read<uint>(0))]);",
        "var copy = new byte[16]; host.CopyTo(0, copy); Use(table[copy.AsSpan().IndexOf((byte)0)]);",
        "var copy = new byte[16]; host.CopyTo(0, copy); Use(new byte[copy.AsSpan().LastIndexOfAny((byte)0, (byte)1)]);",
        "var copy = new byte[16]; host.CopyTo(0, copy); Use(new byte[MemoryExtensions.Count(copy.AsSpan(), (byte)0)]);",
        "var copy = new byte[16]; host.CopyTo(0, copy); Span<byte> own = [1, 2]; Use(copy[own.CommonPrefixLength(copy)]);",
        "var copy = new byte[16]; host.CopyTo(0, copy); Use(table[{|NUB0011:BitConverter.ToInt32(copy)|}]);");

    [Fact]
    public async Task Narrow_values() => await CheckAsync(
        "Use(s_all[host.Read<byte>(0)]);",
        "int[] all = new int[256]; Use(all[host.Read<byte>(0)]);",
        "Span<int> all = stackalloc int[256]; Use(all[host.Read<byte>(0)]);",
        "Use(s_all[host.Read<uint>(0) >> 24]);",
        "Use(s_few[{|NUB0011:host.Read<byte>(0)|}]);",
        "Use(s_all[host.Read<uint>(0) & 0xFF]);",
        "Use(s_all[0xFF & host.Read<uint>(0)]);",
        "Use(s_all[(byte)host.Read<uint>(0)]);",
        "Use(s_all[host.Read<ulong>(0) / 0x100_0000_0000_0000]);",
        "Use(s_all[{|NUB0011:host.Read<ulong>(0) / 0x80_0000_0000_0000|}]);",
        "Use(s_all[{|NUB0011:host.Read<uint>(0) >> 32|}]);",
        "Use(new byte[{|NUB0011:(uint)host.Read<sbyte>(0)|}]);",
        "Use(new byte[{|NUB0011:(uint)(host.Read<int>(0) >> 24)|}]);",
        "for (uint i = 0; i < {|NUB0011:(uint)(host.Read<int>(0) >> 24)|}; i++) { Use(i); }",
        "Use(table[{|NUB0011:host.Read<byte>(0)|}]);",
        "Use(s_all[{|NUB0011:host.Read<ushort>(0)|}]);",
        "Use(new byte[host.Read<byte>(0)]);",
        "for (int i = 0; i < host.Read<byte>(0); i++) { Use(i); }",
        "System.Threading.Thread.Sleep(host.Read<byte>(0));");

    [Fact]
    public async Task The_benefit_of_the_doubt() => await CheckAsync(
        "uint n = host.Read<uint>(0); bool fits = n <= 16; if (!fits) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); uint m = host.Read<uint>(4); bool fits = n <= 16 && m <= 16; if (!fits) return; Use(new byte[n + m]);",
        "uint n = host.Read<uint>(0); bool failed = false; if (n > 16) failed = true; if (failed) return; Use(new byte[n]);",
        "uint n = host.Read<uint>(0); bool fits = n is < 16; if (!fits) return; Use(new byte[n]);",
        "Header h = host.Read<Header>(0); if (!Elsewhere.IsFine(h)) return; Use(new byte[h.Length]);",
        "Header h = host.Read<Header>(0); if (!h.IsFine) return; Use(new byte[h.Length]);",
        "_list.Add(host.Read<uint>(0)); Use(new byte[_list[0]]);");

    [Fact]
    public async Task The_message_says_where_it_comes_from_and_what_it_becomes()
    {
        string[] messages = await CheckAsync("uint n = host.Read<uint>(0); Use(new byte[{|NUB0011:n|}]);");

        Assert.Equal("'n' comes from the guest ('host.Read<uint>(0)') and becomes the size of an allocation: compare it with a limit of the host's first", Assert.Single(messages));
    }

    private static async Task<string[]> CheckAsync(params string[] bodies) =>
        await Markup.CheckAsync($$"""
            [AllValid] public partial struct Header { public uint Kind; public uint Length; public readonly bool IsFine => Length < 16; }
            [ValidateOnRead] public partial struct Valid { public bool Flag; public uint Length; }
            [ValidateOnRead] public partial struct Judged { public bool Flag; public uint Length; private static bool Validate(in Judged value) => value.Length < 16; }
            [ValidateOnRead] public partial struct Whole { public Judged Part; public uint Rest; }
            public unsafe struct Map { public fixed byte Bytes[256]; }
            [InlineArray(4)] public struct Four { private int _first; }
            public static class Elsewhere
            {
                public static void Require(uint value) { if (value > 16) throw new Exception(); }
                public static bool IsFine(uint value) => value < 16;
                public static bool IsFine(Header value) => value.Length < 16;
            }
            public sealed class Test
            {
                private static readonly int[] s_all = new int[256];
                private static readonly int[] s_few = [1, 2, 3];
                private readonly List<uint> _list = [];
                private readonly uint _limit = 16;
                private uint _size;
            {{string.Join('\n', bodies.Select(static (body, i) => $"public void Run{i}(HostSharedMemory host, int index, int[] table, List<int> list, string text) {{ {body} }}"))}}
                private static int Taken(HostSharedMemory host, int max) { int n = host.Read<int>(0); if ((uint)n > (uint)max) throw new Exception(); Use(new byte[n]); return n; }
                private static uint Length(HostSharedMemory host) => host.Read<uint>(0);
                private static uint Limited(HostSharedMemory host) { uint n = host.Read<uint>(0); return n > 16 ? 16 : n; }
                private static void Allocate(uint size) => Use(new byte[size]);
                private static void Take(HostSharedMemory host, out uint value) => value = host.Read<uint>(0);
                private static void Check(uint value) { if (value > 16) throw new Exception(); }
                private static bool Fits(uint value) => value <= 16;
                private static bool FitsBoth(uint one, uint other) => one <= 16 && other <= 16 - one;
                private static int Judge(uint value) { if (value > 16) return 1; return 0; }
                private static void Fail() => throw new Exception();
                private static void Use<T>(T value) => Console.WriteLine(value);
                public void All() { Allocate(1); Take(null!, out uint a); Check(a); Use(Fits(a) && FitsBoth(a, a) && Judge(a) == 0); Use(Limited(null!) + Length(null!) + _size + _limit); }
            }
            """);
}
