using Nub.Memory.CodeFixes;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Fixes;

/// <summary>The fix of NUB0013.</summary>
public sealed class HostCallFixTests
{
    [Fact]
    public Task A_pointer_becomes_the_call_of_the_host_at_the_same_offset() => Fixing.CheckAsync<HostCallFix>(
        """
        public static unsafe class Test
        {
            public static long Run(HostSharedMemory host, byte[] buffer, int offset)
            {
                int a = Marshal.ReadInt32(host.BaseAddress + 8);
                uint b = *(uint*)(host.BaseAddress + 8);
                byte c = ((byte*)host.BaseAddress)[offset];
                ushort d = ((ushort*)(host.BaseAddress + 2))[offset + 1]; // the tail
                *(uint*)host.BaseAddress = b;
                *((uint*)host.BaseAddress + 3) = *((uint*)host.BaseAddress + offset);
                Marshal.WriteInt64(host.BaseAddress, 16, a);
                Marshal.Copy(host.BaseAddress + 4, buffer, 0, 8);
                Marshal.Copy(buffer, offset, IntPtr.Add(host.BaseAddress, offset), buffer.Length);
                Unsafe.WriteUnaligned((byte*)host.BaseAddress + 1, (short)Unsafe.Read<int>((void*)host.BaseAddress));
                return a + b + c + d + Unsafe.ReadUnaligned<long>(host.BaseAddress.ToPointer()) + Marshal.ReadByte(offset + host.BaseAddress + 4);
            }
        }
        """,
        """
        public static unsafe class Test
        {
            public static long Run(HostSharedMemory host, byte[] buffer, int offset)
            {
                int a = host.Read<int>(8);
                uint b = host.Read<uint>(8);
                byte c = host.Read<byte>((ulong)offset);
                ushort d = host.Read<ushort>((ulong)(offset + 1) * 2 + 2); // the tail
                host.Write<uint>(0, b);
                host.Write<uint>(12, host.Read<uint>((ulong)offset * 4));
                host.Write<long>(16, a);
                host.CopyTo(4, buffer.AsSpan(0, 8));
                host.CopyFrom((ulong)offset, buffer.AsSpan(offset, buffer.Length));
                host.Write<short>(1, (short)host.Read<int>(0));
                return a + b + c + d + host.Read<long>(0) + host.Read<byte>((ulong)offset + 4);
            }
        }
        """);

    /// <summary>What is added to an address counts in its own precedence, and in 64 bits as an address does.</summary>
    [Theory]
    [InlineData("_ = Marshal.ReadInt32(host.BaseAddress + 8, i << 2);", "_ = host.Read<int>((ulong)(i << 2) + 8);")]
    [InlineData("_ = ((byte*)host.BaseAddress + 256)[i & 0xFF];", "_ = host.Read<byte>((ulong)(i & 0xFF) + 256);")]
    [InlineData("_ = ((byte*)host.BaseAddress + 256)[i | 1];", "_ = host.Read<byte>((ulong)(i | 1) + 256);")]
    [InlineData("_ = ((byte*)host.BaseAddress + 256)[i ^ 1];", "_ = host.Read<byte>((ulong)(i ^ 1) + 256);")]
    [InlineData("_ = ((byte*)host.BaseAddress + 256)[flag ? i : 4];", "_ = host.Read<byte>((ulong)(flag ? i : 4) + 256);")]
    [InlineData("_ = ((byte*)host.BaseAddress + u)[i];", "_ = host.Read<byte>((ulong)u + (ulong)i);")]
    [InlineData("_ = ((byte*)host.BaseAddress + i + w)[8];", "_ = host.Read<byte>((ulong)i + w + 8);")]
    [InlineData("_ = ((byte*)host.BaseAddress)[w - 1];", "_ = host.Read<byte>(w - 1);")]
    [InlineData("_ = ((byte*)host.BaseAddress + 4)[w - 1];", "_ = host.Read<byte>((w - 1) + 4);")]
    [InlineData("_ = ((long*)host.BaseAddress)[u];", "_ = host.Read<long>((ulong)u * 8);")]
    [InlineData("_ = ((byte*)host.BaseAddress)['a'];", "_ = host.Read<byte>(97);")]
    [InlineData("_ = ((short*)host.BaseAddress)[Offsets[i]];", "_ = host.Read<short>((ulong)Offsets[i] * 2);")]
    public Task An_offset_stays_what_it_was(string before, string after) => CheckAsync(before, after);

    [Theory]
    [InlineData("Marshal.Copy(flag ? Bytes : Bytes2, 0, host.BaseAddress, 8);", "host.CopyFrom(0, (flag ? Bytes : Bytes2).AsSpan(0, 8));")]
    [InlineData("Marshal.Copy((byte[])Any, 0, host.BaseAddress, 8);", "host.CopyFrom(0, ((byte[])Any).AsSpan(0, 8));")]
    [InlineData("Marshal.Copy(source: Bytes, startIndex: 0, destination: host.BaseAddress, length: 8);", "host.CopyFrom(0, Bytes.AsSpan(0, 8));")]
    [InlineData("Marshal.WriteInt16(host.BaseAddress, 'a');", "host.Write<short>(0, (short)'a');")]
    [InlineData("Marshal.WriteInt16(host.BaseAddress, 8, flag ? 'a' : 'b');", "host.Write<short>(8, (short)(flag ? 'a' : 'b'));")]
    public Task What_is_written_stays_what_it_was(string before, string after) => CheckAsync(before, after);

    [Fact]
    public Task A_span_is_said_in_full_where_its_namespace_is_not_used() => Fixing.CheckAsync<HostCallFix>(
        """
        public static class Test
        {
            public static void Run(HostSharedMemory host, byte[] buffer) => Marshal.Copy(host.BaseAddress, buffer, 0, 8);
        }
        """,
        """
        public static class Test
        {
            public static void Run(HostSharedMemory host, byte[] buffer) => host.CopyTo(0, System.MemoryExtensions.AsSpan(buffer, 0, 8));
        }
        """,
        usings: "global using global::System.Runtime.InteropServices; global using global::Nub.Memory;");

    [Theory]
    [InlineData("_ = *(bool*)host.BaseAddress;")]
    [InlineData("*(int*)host.BaseAddress += 1;")]
    [InlineData("(*(int*)host.BaseAddress)++;")]
    [InlineData("ref int first = ref *(int*)host.BaseAddress; _ = first;")]
    [InlineData("int first = *(int*)host.BaseAddress = 2; _ = first;")]
    [InlineData("_ = *(int*)guest.BaseAddress;")]
    [InlineData("_ = *(int*)(host.BaseAddress - 4);")]
    [InlineData("nint address = host.BaseAddress; _ = Marshal.ReadInt32(address);")]
    [InlineData("_ = ((System.Numerics.Vector2*)host.BaseAddress)[1];")]
    [InlineData("_ = System.Threading.Volatile.Read(ref *(int*)host.BaseAddress);")]
    [InlineData("Marshal.Copy(host.BaseAddress, new int[4], 0, 4);")]
    [InlineData("Marshal.Copy([1, 2, 3], 0, host.BaseAddress, 3);")]
    [InlineData("Marshal.WriteInt32(host.BaseAddress, val: 5, ofs: 8);")]
    [InlineData("((Pair*)host.BaseAddress)->Second = 2;")]
    [InlineData("(*(Pair*)host.BaseAddress).Second++;")]
    [InlineData("(*(Pair*)host.BaseAddress).Inner.Third = 2;")]
    [InlineData("ref int second = ref (*(Pair*)host.BaseAddress).Second; _ = second;")]
    [InlineData("(*(Pair*)host.BaseAddress).Reset();")]
    public async Task What_is_not_one_read_or_write_of_a_host_at_an_offset_is_left_to_a_person(string statement) =>
        Assert.Empty(await Fixing.TitlesAsync<HostCallFix>($$"""
            [AllValid] public partial struct Pair { public int Second; public Inner Inner; public void Reset() => Second = 0; }
            [AllValid] public partial struct Inner { public int Third; }
            public static unsafe class Test { public static void Run(HostSharedMemory host, GuestSharedMemory guest) { {{statement}} } }
            """));

    private static Task CheckAsync(string before, string after) => Fixing.CheckAsync<HostCallFix>(Source(before), Source(after));

    private static string Source(string statement) => $$"""
        public static unsafe class Test
        {
            private static readonly int[] Offsets = [0, 2];
            private static readonly byte[] Bytes = new byte[8], Bytes2 = new byte[8];
            private static readonly object Any = Bytes;

            public static void Run(HostSharedMemory host, int i, uint u, ulong w, bool flag)
            {
                {{statement}}
            }
        }
        """;
}
