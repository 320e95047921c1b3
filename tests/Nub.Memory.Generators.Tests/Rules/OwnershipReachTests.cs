using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0012 and NUB0013 where the span, the end of the memory or the address stands in another method, and NUB0014 where a call throws into a catch that goes on.</summary>
public sealed class OwnershipReachTests
{
    [Theory]
    [InlineData("Span<byte> span = Whole(exclusive); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = Part(exclusive); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.Head(); exclusive.Dispose(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<uint> span = Words(exclusive); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("ref byte first = ref First(exclusive); _ = exclusive.Build(); {|NUB0012:first|} = 1;")]
    [InlineData("byte* p = Start(exclusive); _ = exclusive.Build(); Use({|NUB0012:p|});")]
    [InlineData("Span<byte> Mine() => exclusive.AsSpan(0, 8); Span<byte> span = Mine(); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("static Span<byte> Mine(ExclusiveSharedMemory of) { Span<byte> all = of.AsSpan(0, 8); return all[1..]; } Span<byte> span = Mine(exclusive); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = Kept(); _ = s_kept.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = Bytes; _ = s_kept.Build(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); Publish(exclusive); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); using HostSharedMemory host = Hand(exclusive); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); exclusive.Release(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("void End() => exclusive.Dispose(); Span<byte> span = exclusive.AsSpan(0, 8); End(); {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = Whole(exclusive); Publish(exclusive); {|NUB0012:span|}[0] = 1;")]
    public async Task A_span_is_followed_through_helpers(string statements) => await CheckAsync(statements);

    [Theory]
    [InlineData("Span<byte> span = Whole(exclusive); span[0] = 1; _ = exclusive.Build();")]
    [InlineData("byte first = Whole(exclusive)[0]; _ = exclusive.Build(); Console.WriteLine(first);")]
    [InlineData("byte[] copy = Copy(exclusive); _ = exclusive.Build(); copy[0] = 1;")]
    [InlineData("Span<byte> copy = CopyAsSpan(exclusive); _ = exclusive.Build(); copy[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); Look(exclusive); span[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); if (!TryPublish(exclusive)) { return; } span[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); Publish(s_kept); span[0] = 1;")]
    [InlineData("Span<byte> span = Whole(s_kept); _ = exclusive.Build(); span[0] = 1;")]
    public async Task What_helpers_leave_alone_lives_on(string statements) => await CheckAsync(statements);

    [Fact]
    public async Task Pointers_are_found_behind_properties_and_methods() => await Markup.CheckAsync("""
        public sealed unsafe class Device(HostSharedMemory host)
        {
            private readonly HostSharedMemory _host = host;
            private byte* Start => (byte*)_host.BaseAddress;
            private uint* Registers { get { return (uint*)(_host.BaseAddress + 64); } }
            private byte* Fixed { get; } = (byte*)host.BaseAddress;
            private nint Address => _host.BaseAddress;
            private byte* At(int offset) => Start + offset;
            private byte* Table { get; } = (byte*)NativeMemory.Alloc(64);
            public int Run()
            {
                int sum = {|NUB0013:*Start|} + (int){|NUB0013:Registers[2]|} + {|NUB0013:Fixed[1]|} + {|NUB0013:*(byte*)Address|} + {|NUB0013:*At(4)|};
                return sum + Table[0];
            }
            public nint Give() => Address + (nint)At(4);
        }

        public static unsafe class Other { public static int Run(Pointers one) => {|NUB0013:*one.Start|}; }
        public sealed unsafe class Pointers(HostSharedMemory host) { public byte* Start => (byte*)host.BaseAddress; }
        """);

    [Fact]
    public async Task Pointers_and_spans_are_found_behind_members_of_other_files()
    {
        string[] files =
        [
            "public sealed unsafe class Guest(HostSharedMemory host) { public byte* Start => (byte*)host.BaseAddress; public nint Address() => host.BaseAddress; }",
            "public sealed unsafe class Device(Guest guest) { public byte* Start => guest.Start; }",
            "public static unsafe class Pointers { public static byte First(Device device) => *device.Start; public static byte Other(Guest guest) => *(byte*)guest.Address(); public static byte* Of(Guest guest) => guest.Start; }",
            "public static unsafe class Third { public static byte First(Guest guest) => *Pointers.Of(guest); }",
            "public static class Spans { public static Span<byte> Whole(ExclusiveSharedMemory memory) => memory.AsSpan(0, 8); }",
            "public static class User { public static void Run(ExclusiveSharedMemory memory) { var span = Spans.Whole(memory); memory.Dispose(); span[0] = 1; } }",
        ];
        IEnumerable<Diagnostic> found = await Code.AnalyzeAsync(Code.Generate(Code.Compile([.. files])));
        Assert.Equal(["NUB0012 Test5.cs", "NUB0013 Test2.cs", "NUB0013 Test2.cs", "NUB0013 Test3.cs"], found.Select(static one => $"{one.Id} {one.Location.SourceTree!.FilePath}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("HostLease lease = {|NUB0014:host.Enter()|}; try { Other(); lease.Dispose(); } catch (Exception) { Console.WriteLine(); }")]
    [InlineData("HostLease lease = {|NUB0014:host.Enter()|}; try { Other(); lease.Dispose(); } catch (InvalidOperationException) { return; }")]
    [InlineData("GuestLease lease = {|NUB0014:guest.EnterGuest()|}; try { Other(); lease.Dispose(); } catch { }")]
    [InlineData("for (int i = 0; i < 4; i++) { try { HostLease lease = {|NUB0014:host.Enter()|}; Other(); lease.Dispose(); } catch (Exception) { continue; } }")]
    [InlineData("try { HostLease lease = {|NUB0014:host.Enter()|}; call(); lease.Dispose(); } catch (Exception) { }")]
    [InlineData("try { HostLease lease = {|NUB0014:host.Enter()|}; Console.WriteLine(text.Length); lease.Dispose(); } catch (Exception) { }")]
    [InlineData("try { HostLease lease = {|NUB0014:host.Enter()|}; _ = new Uri(text); lease.Dispose(); } catch (UriFormatException) { }")]
    [InlineData("HostLease lease = host.Enter(); try { Other(); } catch (Exception) { Console.WriteLine(); } lease.Dispose();")]
    [InlineData("HostLease lease = host.Enter(); try { Other(); } catch (Exception) { Console.WriteLine(); } finally { lease.Dispose(); }")]
    [InlineData("try { using HostLease lease = host.Enter(); Other(); } catch (Exception) { }")]
    [InlineData("try { HostLease lease = host.Enter(); try { Other(); } finally { lease.Dispose(); } } catch (Exception) { }")]
    [InlineData("try { HostLease lease = host.Enter(); lease.Dispose(); Other(); } catch (Exception) { }")]
    public async Task A_lease_is_ended_where_a_call_throws_into_a_catch_that_goes_on(string statements) => await Markup.CheckAsync($$"""
        public static class Test
        {
            public static void Run(HostSharedMemory host, GuestSharedMemory guest, Action call, string text)
            {
                {{statements}}
            }
            private static void Other() => Console.WriteLine();
        }
        """);

    private static async Task CheckAsync(string statements) => await Markup.CheckAsync($$"""
        public static class Extensions
        {
            public static Span<byte> Head(this ExclusiveSharedMemory memory) => memory.AsSpan(0, 8);
            public static void Release(this ExclusiveSharedMemory memory) => memory.Dispose();
        }

        public static unsafe class Test
        {
            private static readonly ExclusiveSharedMemory s_kept = new(4096);
            public static void Run(ExclusiveSharedMemory exclusive)
            {
                {{statements}}
            }
            private static Span<byte> Bytes => s_kept.AsSpan(0, 8);
            private static Span<byte> Kept() => s_kept.AsSpan(0, 8);
            private static Span<byte> Whole(ExclusiveSharedMemory memory) => memory.AsSpan(0, (int)memory.Size);
            private static Span<byte> Part(ExclusiveSharedMemory memory) => Whole(memory)[4..];
            private static Span<uint> Words(ExclusiveSharedMemory memory) => MemoryMarshal.Cast<byte, uint>(memory.AsSpan(0, 8));
            private static ref byte First(ExclusiveSharedMemory memory) => ref memory.AsSpan(0, 8)[0];
            private static byte* Start(ExclusiveSharedMemory memory) => (byte*)memory.BaseAddress;
            private static byte[] Copy(ExclusiveSharedMemory memory) => memory.AsSpan(0, 8).ToArray();
            private static Span<byte> CopyAsSpan(ExclusiveSharedMemory memory) => memory.AsSpan(0, 8).ToArray();
            private static void Look(ExclusiveSharedMemory memory) => Console.WriteLine(memory.Size);
            private static void Publish(ExclusiveSharedMemory memory) { (HostSharedMemory host, _) = memory.Build(); host.Dispose(); }
            private static HostSharedMemory Hand(ExclusiveSharedMemory memory) => memory.Build().Host;
            private static bool TryPublish(ExclusiveSharedMemory memory) { if (memory.Size > 4096) { memory.Dispose(); return false; } return true; }
            private static void Use(byte* pointer) => Console.WriteLine((nint)pointer);
        }
        """);
}
