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
                byte c = host.Read<byte>((ulong)(offset));
                ushort d = host.Read<ushort>((ulong)((offset + 1) * 2 + 2)); // the tail
                host.Write<uint>(0, b);
                host.Write<uint>(12, host.Read<uint>((ulong)(offset * 4)));
                host.Write<long>(16, a);
                host.CopyTo(4, buffer.AsSpan(0, 8));
                host.CopyFrom((ulong)(offset), buffer.AsSpan(offset, buffer.Length));
                host.Write<short>(1, (short)host.Read<int>(0));
                return a + b + c + d + host.Read<long>(0) + host.Read<byte>((ulong)(offset + 4));
            }
        }
        """);

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
    public async Task What_is_not_one_read_or_write_of_a_host_at_an_offset_is_left_to_a_person(string statement) =>
        Assert.Empty(await Fixing.TitlesAsync<HostCallFix>($$"""
            public static unsafe class Test { public static void Run(HostSharedMemory host, GuestSharedMemory guest) { {{statement}} } }
            """));
}
