using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0013.</summary>
public sealed class RawPointerTests
{
    [Theory]
    [InlineData("_ = {|NUB0013:*(byte*)host.BaseAddress|};")]
    [InlineData("{|NUB0013:*(uint*)(host.BaseAddress + 8)|} = 1;")]
    [InlineData("{|NUB0013:*(uint*)(8 + host.BaseAddress)|} += 1;")]
    [InlineData("_ = {|NUB0013:((byte*)host.BaseAddress)[8]|};")]
    [InlineData("_ = {|NUB0013:((Pair*)host.BaseAddress)->B|};")]
    [InlineData("{|NUB0013:((Pair*)host.BaseAddress)->B|} = 2;")]
    [InlineData("_ = {|NUB0013:(*(Pair*)host.BaseAddress)|}.B;", "*(Pair*)host.BaseAddress")]
    [InlineData("ref byte first = ref {|NUB0013:*(byte*)host.BaseAddress|}; _ = first;")]
    [InlineData("_ = {|NUB0013:Marshal.ReadInt32(host.BaseAddress)|};")]
    [InlineData("_ = {|NUB0013:Marshal.ReadInt32(host.BaseAddress, 8)|};")]
    [InlineData("{|NUB0013:Marshal.WriteByte(host.BaseAddress + offset, 1)|};")]
    [InlineData("{|NUB0013:Marshal.Copy(host.BaseAddress, buffer, 0, 8)|};")]
    [InlineData("{|NUB0013:Marshal.Copy(buffer, 0, host.RawAddress, 8)|};")]
    [InlineData("_ = {|NUB0013:Marshal.PtrToStringUTF8(host.BaseAddress)|};")]
    [InlineData("_ = {|NUB0013:Marshal.PtrToStructure<Pair>(IntPtr.Add(host.BaseAddress, 8))|};")]
    [InlineData("_ = {|NUB0013:Unsafe.Read<uint>((void*)host.BaseAddress)|};")]
    [InlineData("_ = {|NUB0013:Unsafe.ReadUnaligned<uint>(host.BaseAddress.ToPointer())|};")]
    [InlineData("{|NUB0013:Unsafe.AsRef<uint>((void*)host.BaseAddress)|} = 1;")]
    [InlineData("{|NUB0013:new Span<byte>((void*)host.BaseAddress, 8)|}.Clear();")]
    [InlineData("ReadOnlySpan<byte> span = {|NUB0013:new((void*)host.BaseAddress, 8)|}; _ = span[0];")]
    [InlineData("{|NUB0013:Buffer.MemoryCopy((void*)host.BaseAddress, target, 8, 8)|};")]
    [InlineData("{|NUB0013:NativeMemory.Fill((void*)host.BaseAddress, 8, 1)|};")]
    [InlineData("_ = {|NUB0013:new string((sbyte*)host.BaseAddress)|};")]
    [InlineData("_ = {|NUB0013:System.Text.Encoding.UTF8.GetString((byte*)host.BaseAddress, 8)|};")]
    [InlineData("_ = {|NUB0013:System.Runtime.Intrinsics.Vector128.Load((byte*)host.BaseAddress)|};")]
    [InlineData("_ = System.Threading.Volatile.Read(ref {|NUB0013:*(int*)host.BaseAddress|});")]
    public async Task An_address_that_is_dereferenced_is_reported(string statement, string? inner = null)
    {
        // The parentheses are no part of what is dereferenced.
        statement = inner is null ? statement : statement.Replace("{|NUB0013:(" + inner + ")|}", "({|NUB0013:" + inner + "|})", StringComparison.Ordinal);
        string[] messages = await Markup.CheckAsync($$"""
            public struct Pair { public uint A; public uint B; }
            public static unsafe class Test
            {
                public static void Run(HostSharedMemory host, byte[] buffer, byte* target, int offset) { {{statement}} }
            }
            """);
        Assert.Contains("past the bounds check, the lock and the single access; use Read, Write, CopyTo, CopyFrom, or a view", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_address_is_followed_through_locals_arithmetic_and_branches() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                private static byte* s_kept;
                public static int Run(HostSharedMemory host, byte* other, bool flag)
                {
                    nint address = host.BaseAddress;
                    byte* start = (byte*)address;
                    byte* end = start + host.Size;
                    for (byte* p = start; p < end; p++)
                    {
                        if ({|NUB0013:*p|} != 0)
                        {
                            return (int)(p - start);
                        }
                    }

                    byte* one = flag ? start : other;
                    ulong number = (ulong)address | 8;
                    s_kept = (byte*)number;
                    int sum = {|NUB0013:*one|} + {|NUB0013:s_kept[1]|};
                    Func<int> lambda = () => {|NUB0013:*(int*)(host.BaseAddress & ~15)|};
                    return sum + lambda() + Local();
                    int Local()
                    {
                        byte* mine = (byte*)host.BaseAddress;
                        mine += 4;
                        return {|NUB0013:*mine|};
                    }
                }
            }
            """);

    [Theory]
    [InlineData("ExclusiveSharedMemory", "use AsSpan, CopyTo, CopyFrom")]
    [InlineData("ReadOnlySharedMemory", "use AsSpan or CopyTo")]
    [InlineData("GuestSharedMemory", "use the HostSharedMemory of it")]
    [InlineData("SharedMemory", "use the HostSharedMemory of it")]
    public async Task Every_kind_of_memory_has_another_way(string type, string way)
    {
        string[] messages = await Markup.CheckAsync($"public static unsafe class Test {{ public static int Run({type} memory) => {{|NUB0013:*(int*)memory.BaseAddress|}}; }}");
        Assert.Contains(way, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task To_hand_the_address_on_is_what_it_is_for() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                [DllImport("libc")] private static extern int mprotect(void* address, nuint length, int protection);
                [DllImport("libc")] private static extern int ioctl(int file, nuint request, nint address);
                private static nint s_address;
                private static byte* s_pointer;
                public static object Run(HostSharedMemory host, GuestSharedMemory guest, Action<nint> log)
                {
                    _ = mprotect((void*)host.BaseAddress, (nuint)host.Size, 1);
                    _ = ioctl(3, 4, host.BaseAddress + 8);
                    log(host.BaseAddress);
                    Console.WriteLine($"{host.BaseAddress:X} {(ulong)host.RawAddress:X}");
                    s_address = host.BaseAddress;
                    s_pointer = (byte*)host.BaseAddress;
                    ulong misaligned = (ulong)host.BaseAddress % 4096;
                    nint distance = host.BaseAddress - guest.RawAddress;
                    byte* table = stackalloc byte[16];
                    byte* place = &((byte*)host.BaseAddress)[8];
                    bool isThere = host.BaseAddress != 0 && place != null;
                    bool[] flags = new bool[4096];
                    int hash = host.BaseAddress.GetHashCode() + (flags[misaligned] ? 1 : 0) + table[(int)distance & 15];
                    return (guest.MappingAt(0, MemoryRegionType.Scratch), isThere, hash, Helper((byte*)host.BaseAddress));
                }
                private static nint Helper(byte* pointer) => (nint)pointer;
            }
            """);

    [Fact]
    public async Task A_local_that_holds_something_else_by_now_is_not_the_memory() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                public static int Run(HostSharedMemory host, byte* other)
                {
                    byte* p = (byte*)host.BaseAddress;
                    p = other;
                    return *p;
                }
            }
            """);

    [Fact]
    public async Task A_lambda_in_a_try_has_no_handlers_of_its_own() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                public static int Run(HostSharedMemory host, Func<Func<int>, int> call)
                {
                    int sum = 0;
                    try
                    {
                        foreach (int i in new[] { 1, 2 }) { sum += call(() => i + {|NUB0013:*(int*)host.BaseAddress|}); }
                    }
                    finally
                    {
                        sum += call(() => { try { return {|NUB0013:*(int*)host.BaseAddress|}; } finally { sum++; } });
                    }

                    return sum;
                }
            }
            """);

    [Fact]
    public async Task A_lambda_has_what_was_held_where_it_was_made() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                public static System.Threading.Thread Run(HostSharedMemory host, byte* other)
                {
                    byte* guest = (byte*)host.BaseAddress;
                    var thread = new System.Threading.Thread(() => { Func<int> inner = () => {|NUB0013:guest[1]|}; {|NUB0013:*guest|} = (byte)inner(); });
                    guest = other;
                    Action later = () => *guest = 1;
                    later();
                    return thread;
                }
            }
            """);
}
