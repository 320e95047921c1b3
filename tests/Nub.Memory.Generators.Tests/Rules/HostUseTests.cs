using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 on what else a guest's number decides about in host code, and on what the host has decided already.</summary>
public sealed class HostUseTests
{
    [Theory]
    [InlineData("int d = host.Read<int>(0), s = host.Read<int>(4); if (s + d >= all.Length) { return 0; } return all[{|NUB0011:s + d|}];")]
    [InlineData("Use(new Timer(_ => { }, null, 10, {|NUB0011:host.Read<int>(0)|}));")]
    [InlineData("timer.Change({|NUB0011:host.Read<int>(0)|}, 10);")]
    [InlineData("Parallel.For({|NUB0011:host.Read<long>(0)|}, 64L, static _ => { });")]
    [InlineData("new StringBuilder().Insert(0, \"x\", {|NUB0011:host.Read<int>(0)|});")]
    [InlineData("Use(string.Join('x', Enumerable.Repeat(\"a\", {|NUB0011:host.Read<int>(0)|})));")]
    [InlineData("Use(new string('x', {|NUB0011:host.Read<int>(0)|}));")]
    [InlineData("stream.Seek({|NUB0011:host.Read<long>(0)|}, SeekOrigin.Begin);")]
    [InlineData("{|NUB0011:stream.Position += host.Read<uint>(0)|};")]
    [InlineData("RandomAccess.Write(file, all, {|NUB0011:host.Read<long>(0)|});")]
    [InlineData("RandomAccess.SetLength(file, {|NUB0011:host.Read<long>(0)|});")]
    [InlineData("Use(System.IO.MemoryMappedFiles.MemoryMappedFile.CreateNew(null, {|NUB0011:host.Read<long>(0)|}));")]
    [InlineData("BigInteger x = 1; x <<= {|NUB0011:host.Read<int>(0)|}; Use(x);")]
    [InlineData("Use(BigInteger.Pow(2, {|NUB0011:host.Read<int>(0)|}));")]
    [InlineData("Use(new Rfc2898DeriveBytes(\"a\", all, {|NUB0011:host.Read<int>(0)|}, HashAlgorithmName.SHA256));")]
    [InlineData("Use((GCHandle){|NUB0011:(nint)host.Read<long>(0)|});")]
    [InlineData("Use(RuntimeMethodHandle.FromIntPtr({|NUB0011:(nint)host.Read<long>(0)|}));")]
    [InlineData("Use(Marshal.GetDelegateForFunctionPointer<Action>({|NUB0011:(nint)host.Read<long>(0)|}));")]
    [InlineData("Marshal.FreeHGlobal({|NUB0011:(nint)host.Read<long>(0)|});")]
    [InlineData("Use(new SafeFileHandle({|NUB0011:(nint)host.Read<long>(0)|}, false));")]
    [InlineData("Use(new System.Net.Sockets.SafeSocketHandle({|NUB0011:(nint)host.Read<long>(0)|}, false));")]
    [InlineData("unsafe { return *(byte*){|NUB0011:host.Read<ulong>(0)|}; }")]
    [InlineData("unsafe { nint p = (nint)host.Read<ulong>(0); return *(byte*){|NUB0011:p|}; }")]
    [InlineData("unsafe { return *(byte*){|NUB0011:new IntPtr(host.Read<long>(0))|}.ToPointer(); }")]
    [InlineData("unsafe { return ((delegate*<uint>){|NUB0011:host.Read<ulong>(0)|})(); }")]
    [InlineData("return Unsafe.Add(ref all[0], {|NUB0011:host.Read<int>(0)|});")]
    [InlineData("return Unsafe.AddByteOffset(ref all[0], {|NUB0011:(nint)host.Read<int>(0)|});")]
    [InlineData("return MemoryMarshal.CreateSpan(ref all[0], {|NUB0011:host.Read<int>(0)|})[0];")]
    [InlineData("Use(1UL % {|NUB0011:host.Read<ulong>(0)|});")]
    [InlineData("long rest = 64; rest %= {|NUB0011:host.Read<int>(0)|}; Use(rest);")]
    [InlineData("Use(uint.DivRem(4u, {|NUB0011:host.Read<uint>(0)|}));")]
    [InlineData("Use(1m / {|NUB0011:host.Read<uint>(0)|});")]
    [InlineData("ulong at = 8; do { at = {|NUB0011:host.Read<ulong>(at)|}; } while (at != 0);")]
    [InlineData("ulong at = 8; while (at != 0) { at = {|NUB0011:Next(host, at)|}; }")]
    [InlineData("ulong at = 8; while (at != 0) { at = {|NUB0011:Link.At(host, at).Next|}; }")]
    [InlineData("uint at = 0; while (at < 64) { uint n = host.Read<uint>(at); if (n > 64 - at) { break; } at = {|NUB0011:at + n|}; }")]
    [InlineData("uint at = 0; while (at < 64) { var e = Link.At(host, at).Load(); if (e.Length > 64) { break; } at += {|NUB0011:e.Length|}; }")]
    [InlineData("ReadOnlySpan<byte> rest = Copy(host); while (!rest.IsEmpty) { int n = rest[0]; if (n > rest.Length) { break; } rest = rest[{|NUB0011:n|}..]; }")]
    [InlineData("ReadOnlySpan<byte> rest = Copy(host); while (rest.Length > 0) { int n = rest[0]; if (n > rest.Length) { break; } rest = rest.Slice({|NUB0011:n|}); }")]
    public async Task A_guests_number_decides(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("uint d = host.Read<uint>(0), s = host.Read<uint>(4); if (d > 8 || s > 8 || s + d >= all.Length) { return 0; } return all[s + d];")]
    [InlineData("return (new byte[sizes[host.Read<uint>(0)]])[0];")]
    [InlineData("return names.TryGetValue(host.Read<uint>(0), out string? name) ? (new byte[name.Length])[0] : 0u;")]
    [InlineData("return names.TryRemove(host.Read<uint>(0), out string? name) ? (new byte[name.Length])[0] : 0u;")]
    [InlineData("return sessions.TryGetValue(host.Read<uint>(0), out Session? s) ? (new byte[s.Size])[0] : 0u;")]
    [InlineData("return (new byte[sessions[host.Read<uint>(0)].Size])[0];")]
    [InlineData("return new byte[sessions.GetValueOrDefault(host.Read<uint>(0))?.Size ?? 0].Length > 0 ? 1u : 0;")]
    [InlineData("uint id = host.Read<uint>(0); return (new byte[sessions.Values.First(s => s.Id == id).Size])[0];")]
    [InlineData("uint id = host.Read<uint>(0); return sessions.ContainsKey(id) ? (new byte[sessions[id].Size])[0] : 0u;")]
    [InlineData("uint n = host.Read<uint>(0); var list = new List<uint>(); for (uint i = 0; i < n; i++) { if (list.Count >= 64) { break; } list.Add(i); }")]
    [InlineData("uint n = host.Read<uint>(0); int budget = 64; for (uint i = 0; i < n; i++) { if (budget-- == 0) { break; } Use(i); }")]
    [InlineData("uint n = host.Read<uint>(0); ReadOnlySpan<byte> rest = all; for (uint i = 0; i < n; i++) { if (rest.IsEmpty) { break; } rest = rest[1..]; }")]
    [InlineData("uint n = host.Read<uint>(0); for (uint i = 0; i < n && i < (uint)all.Length; i++) { Use(i); }")]
    [InlineData("uint n = host.Read<uint>(0); while (n-- > 0) { if (!host.TryRead(n, out byte one)) { break; } Use(one); }")]
    [InlineData("var day = (DayOfWeek)host.Read<int>(0); if (!Enum.IsDefined(day)) { return 0; } return all[(int)day];")]
    [InlineData("var day = (DayOfWeek)host.Read<int>(0); if (!Enum.IsDefined(typeof(DayOfWeek), day)) { return 0; } return all[(int)day];")]
    [InlineData("uint x = host.Read<uint>(0) % 64; return (new byte[64 - x])[0];")]
    [InlineData("uint x = host.Read<uint>(0) % most; return (new byte[most - x])[0];")]
    [InlineData("uint n = host.Read<uint>(0); validate(n); return (new byte[n])[0];")]
    [InlineData("uint n = host.Read<uint>(0); if (!allowed(n)) { return 0; } return (new byte[n])[0];")]
    [InlineData("uint n = host.Read<uint>(0); if (!allowed.Invoke(n)) { return 0; } return (new byte[n])[0];")]
    [InlineData("uint a = host.Read<uint>(0); new SpinWait().SpinOnce(); uint b = host.Read<uint>(0); Use(a); Use(b);")]
    [InlineData("uint a = host.Read<uint>(0); Use(a); var wait = new SpinWait(); while (host.Read<uint>(4) == 0) { wait.SpinOnce(); } Use(host.Read<uint>(0));")]
    [InlineData("uint a = host.Read<uint>(0); Use(a); while (host.Read<uint>(4) == 0) ; Use(host.Read<uint>(0));")]
    [InlineData("uint a = host.Read<uint>(0); Use(a); while ((host.Read<uint>(4) & 1) == 0) { } Use(host.Read<uint>(0));")]
    [InlineData("uint a = host.Read<uint>(0); Use(a); do { } while (host.Read<uint>(4) == 0); Use(host.Read<uint>(0));")]
    [InlineData("uint a = host.Read<uint>(0); Use(a); while (host.Read<uint>(4) == 0) { Thread.Yield(); } Use(host.Read<uint>(0));")]
    [InlineData("ReadOnlySpan<byte> rest = Copy(host); while (!rest.IsEmpty) { int n = rest[0]; if (n == 0 || n > rest.Length) { break; } rest = rest[n..]; }")]
    [InlineData("ReadOnlySpan<byte> rest = Copy(host); while (rest.Length > 1) { int n = rest[0]; if (n > rest.Length - 1) { break; } rest = rest[(n + 1)..]; }")]
    [InlineData("return (uint)(1UL % Math.Max(host.Read<ulong>(0), 1));")]
    public async Task What_the_host_has_decided_is_not_reported(string body) => await CheckAsync(body);

    [Fact]
    public async Task A_collection_that_is_kept_grows_by_whatever_a_guest_chooses() => await Markup.CheckAsync("""
        using System.Collections.Concurrent;

        public sealed class Test(HostSharedMemory host)
        {
            private readonly HashSet<ulong> _set = [];
            private readonly ConcurrentDictionary<ulong, int> _concurrent = new();
            private readonly SortedDictionary<uint, int> _sorted = [];
            private static readonly Dictionary<uint, int> s_shared = [];
            private Dictionary<uint, int> Kept { get; } = [];
            private readonly Dictionary<uint, int> _byReference = [];
            private readonly HashSet<uint> _pruned = [];
            public void Set() => _set.Add({|NUB0011:host.Read<ulong>(0)|});
            public int Concurrent() => _concurrent.GetOrAdd({|NUB0011:host.Read<ulong>(0)|}, static _ => 1);
            public void Update() => _concurrent.AddOrUpdate({|NUB0011:host.Read<ulong>(0)|}, 1, static (_, one) => one + 1);
            public void Sorted() => _sorted[{|NUB0011:host.Read<uint>(0)|}] = 1;
            public void Shared() => s_shared[{|NUB0011:host.Read<uint>(0)|}] = 1;
            public void Property() => Kept[{|NUB0011:host.Read<uint>(0)|}] = 1;
            public void Reference() => CollectionsMarshal.GetValueRefOrAddDefault(_byReference, {|NUB0011:host.Read<uint>(0)|}, out _)++;
            public void Pruned() { if (_pruned.Add(host.Read<uint>(0))) { Console.Write(1); } }
            public void Prune() => _pruned.Clear();
        }
        """);

    private static async Task CheckAsync(string body) => await Markup.CheckAsync($$"""
        using System.Collections.Concurrent;
        using System.IO;
        using System.Linq;
        using System.Numerics;
        using System.Security.Cryptography;
        using System.Text;
        using System.Threading;
        using System.Threading.Tasks;
        using Microsoft.Win32.SafeHandles;

        [AllValid] public partial struct Link { public ulong Next; public uint Length; public uint Flags; }
        public sealed class Session { public uint Id { get; set; } public int Size { get; set; } }

        public static class Test
        {
            public static uint Run(HostSharedMemory host, byte[] all, uint most, Stream stream, SafeFileHandle file, Timer timer, Dictionary<uint, int> sizes, ConcurrentDictionary<uint, string> names,
                Dictionary<uint, Session> sessions, Func<uint, bool> allowed, Action<uint> validate)
            {
        #pragma warning disable CS0162, SYSLIB0060 // Some pieces return by themselves, and some use what is obsolete.
                {{body}} return 0;
            }
            private static ulong Next(HostSharedMemory host, ulong at) => host.Read<ulong>(at);
            private static byte[] Copy(HostSharedMemory host) { byte[] copy = new byte[64]; host.CopyTo(0, copy); return copy; }
            private static void Use(object value) => Console.WriteLine(value);
        }
        """);
}
