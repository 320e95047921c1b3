using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0012.</summary>
public sealed class DeadSpanTests
{
    [Theory]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); _ = exclusive.Build(); {|NUB0012:span|}[0] = 1;", "after 'Build' in line 7")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); exclusive.Dispose(); {|NUB0012:span|}.Clear();", "after 'Dispose' in line 7")]
    [InlineData("Span<byte> span; using (exclusive) { span = exclusive.AsSpan(0, 8); } {|NUB0012:span|}.Clear();", "after 'Dispose'")]
    [InlineData("Span<byte> span; using (var mine = new ExclusiveSharedMemory(4096)) { span = mine.AsSpan(0, 8); } {|NUB0012:span|}.Clear();", "points into 'mine'")]
    [InlineData("var mine = new ExclusiveSharedMemory(4096); Span<byte> span = mine.AsSpan(0, 8); _ = mine.Build(); Use({|NUB0012:span|});", "points into 'mine'")]
    [InlineData("Span<byte> span = s_field.AsSpan(0, 8); _ = s_field.Build(); Use({|NUB0012:span|});", "points into 's_field'")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); Span<byte> part = span[2..].Slice(1, 2); _ = exclusive.Build(); Use({|NUB0012:part|});")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); ReadOnlySpan<byte> same = span; _ = exclusive.Build(); _ = {|NUB0012:same|}[0];")]
    [InlineData("Span<uint> words = MemoryMarshal.Cast<byte, uint>(exclusive.AsSpan(0, 8)); _ = exclusive.Build(); words = {|NUB0012:words|}[1..];")]
    [InlineData("ref byte first = ref exclusive.AsSpan(0, 8)[0]; _ = exclusive.Build(); {|NUB0012:first|} = 1;")]
    [InlineData("ref byte first = ref MemoryMarshal.GetReference(exclusive.AsSpan(0, 8)); _ = exclusive.Build(); _ = {|NUB0012:first|};")]
    [InlineData("fixed (byte* p = exclusive.AsSpan(0, 8)) { _ = exclusive.Build(); _ = {|NUB0012:p|}[0]; }")]
    [InlineData("fixed (byte* p = &exclusive.AsSpan(0, 8)[0]) { byte* q = p + 1; _ = exclusive.Build(); Use({|NUB0012:q|}); }")]
    [InlineData("byte* p = (byte*)exclusive.BaseAddress; _ = exclusive.Build(); Use({|NUB0012:p|} + 8);")]
    [InlineData("Span<byte>.Enumerator each = exclusive.AsSpan(0, 8).GetEnumerator(); _ = exclusive.Build(); _ = {|NUB0012:each|}.MoveNext();")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); if (flag) { _ = exclusive.Build(); } {|NUB0012:span|}[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); for (int i = 0; i < 8; i++) { {|NUB0012:span|}[i] = 1; if (i == 7) { exclusive.Dispose(); } }")]
    [InlineData("ExclusiveSharedMemory same = exclusive; Span<byte> span = same.AsSpan(0, 8); _ = exclusive.Build(); Use({|NUB0012:span|});")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); try { _ = exclusive.Build(); } finally { {|NUB0012:span|}.Clear(); }")]
    [InlineData("void Local(ExclusiveSharedMemory mine) { Span<byte> span = mine.AsSpan(0, 8); mine.Dispose(); {|NUB0012:span|}.Clear(); } Local(exclusive);", "points into 'mine'")]
    public async Task A_span_or_pointer_is_dead_when_the_memory_is_built_or_disposed(string statements, string what = "points into 'exclusive'")
    {
        string[] messages = await Check(statements);
        Assert.Contains(what, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("byte* kept = null; host.WithExclusivity(e => { {|NUB0012:kept|} = (byte*)e.BaseAddress; }); Use(kept);", "is stored where it outlives the callback")]
    [InlineData("byte* kept = null; host.WithExclusivity(e => { fixed (byte* p = e.AsSpan(0, 8)) { {|NUB0012:kept|} = p; } }); Use(kept);", "is stored where it outlives the callback")]
    [InlineData("host.WithExclusivity(e => { s_pointer = {|NUB0012:(byte*)e.BaseAddress|}; });", "is stored where it outlives the callback")]
    [InlineData("var holder = new Holder(); host.WithExclusivity(e => { holder.Pointer = {|NUB0012:(byte*)e.BaseAddress + 8|}; });", "is stored where it outlives the callback")]
    [InlineData("byte*[] array = new byte*[1]; host.WithExclusivity(e => { fixed (byte* p = e.AsSpan(0, 8)) { array[0] = {|NUB0012:p|}; } return 1; });", "is stored where it outlives the callback")]
    [InlineData("byte* kept = null; _ = host.WithContents(bytes => { fixed (byte* p = bytes) { {|NUB0012:kept|} = p; } return 1; }); Use(kept);", "points into 'bytes'")]
    public async Task A_pointer_does_not_leave_the_callback_that_the_memory_was_lent_to(string statements, string what)
    {
        string[] messages = await Check(statements);
        Assert.Contains(what, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); span.Fill(1); _ = exclusive.Build();")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); byte first = span[0]; byte[] copy = span.ToArray(); _ = exclusive.Build(); _ = first + copy[0];")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); _ = exclusive.Build(); span = new byte[8]; span[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); _ = exclusive.Build(); _ = span.Length + (span.IsEmpty ? 1 : 0);")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); if (flag) { exclusive.Dispose(); return; } span[0] = 1;")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); using var other = new ExclusiveSharedMemory(4096); _ = other.Build(); span[0] = 1;")]
    [InlineData("for (int i = 0; i < 2; i++) { var mine = new ExclusiveSharedMemory(4096); Span<byte> span = mine.AsSpan(0, 8); span[0] = 1; _ = mine.Build(); }")]
    [InlineData("ExclusiveSharedMemory mine = flag ? exclusive : new ExclusiveSharedMemory(4096); Span<byte> span = exclusive.AsSpan(0, 8); _ = mine.Build(); span[0] = 1;")]
    [InlineData("nint address = exclusive.BaseAddress; (HostSharedMemory mine, _) = exclusive.Build(); Console.WriteLine(address == mine.BaseAddress);")]
    [InlineData("_ = exclusive.Build(); Span<byte> span = exclusive.AsSpan(0, 8); span[0] = 1;")]
    [InlineData("_ = s_field.Build(); s_field = new ExclusiveSharedMemory(4096); Span<byte> span = s_field.AsSpan(0, 8); span[0] = 1;")]
    [InlineData("byte[] bytes = new byte[8]; Span<byte> span = bytes.AsSpan(0, 8); exclusive.Dispose(); span[0] = 1;")]
    [InlineData("using (exclusive) { exclusive.AsSpan(0, 8).Clear(); }")]
    [InlineData("Span<byte> span = exclusive.AsSpan(0, 8); Action later = () => exclusive.Dispose(); span[0] = 1; later();")]
    [InlineData("host.WithExclusivity(e => { Span<byte> span = e.AsSpan(0, 8); span[0] = 1; byte* p = (byte*)e.BaseAddress; Use(p); });")]
    [InlineData("byte seen = 0; byte[] all = []; host.WithExclusivity(e => { seen = e.AsSpan(0, 8)[0]; all = e.AsSpan(0, 8).ToArray(); }); _ = seen + all.Length;")]
    [InlineData("nint address = 0; host.WithExclusivity(e => { address = e.BaseAddress; }); Console.WriteLine(address);")]
    [InlineData("ExclusiveSharedMemory? kept = null; host.WithExclusivity(e => { kept = e; }); _ = kept;")]
    [InlineData("_ = host.WithExclusivity(e => e.AsSpan(0, 8)[0]) + host.WithContents(bytes => bytes.Length > 0 ? bytes[0] : 0);")]
    [InlineData("s_pointer = (byte*)exclusive.BaseAddress;")]
    public async Task What_is_used_in_time_or_copied_is_not_dead(string statements) => Assert.Empty(await Check(statements));

    private static Task<string[]> Check(string statements) => Markup.CheckAsync($$"""
        public unsafe sealed class Holder { public byte* Pointer { get; set; } }
        public static unsafe class Test
        {
            private static byte* s_pointer; private static ExclusiveSharedMemory s_field = new(4096);
            public static void Run(ExclusiveSharedMemory exclusive, HostSharedMemory host, bool flag)
            {
                {{statements}}
            }
            private static void Use(ReadOnlySpan<byte> span) => s_field.CopyFrom(0, span);
            private static void Use(byte* pointer) => s_pointer = pointer;
        }
        """);
}
