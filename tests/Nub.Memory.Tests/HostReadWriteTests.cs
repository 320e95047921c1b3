using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

public class HostReadWriteTests
{
    // Two pages, so that every type fits at every kind of offset.
    private const ulong Size = 8192;

    private static IEnumerable<ulong> InterestingOffsets(int size)
    {
        for (ulong i = 0; i < 40; i++)
        {
            yield return i;
        }

        for (ulong i = 4096 - 20; i < 4096 + 20 && i + (ulong)size <= Size; i++)
        {
            yield return i;
        }

        for (ulong i = 0; i < 20; i++)
        {
            yield return Size - (ulong)size - i;
        }
    }

    private static IEnumerable<ulong> IllegalOffsets(int size) =>
    [
        Size - (ulong)size + 1, Size, Size + 1, 1UL << 31, 1UL << 32, 1UL << 63, ulong.MaxValue - (ulong)size,
        ulong.MaxValue - (ulong)size + 1, ulong.MaxValue - 2, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    [Fact]
    public void Every_way_to_read_sees_the_bytes_that_stand_there_at_every_alignment()
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        foreach (TypedCase type in TypedCase.All)
        {
            foreach (ulong offset in InterestingOffsets(type.Size))
            {
                byte[] expected = model.AsSpan((int)offset, type.Size).ToArray();
                Assert.Equal(expected, type.Read(pair.Host, offset));
                Assert.Equal(expected, type.ReadHeld(pair.Host, offset));
                Assert.Equal(expected, type.ReadView(pair.Host, offset));
                Assert.True(type.TryRead(pair.Host, offset, out byte[] read));
                Assert.Equal(expected, read);
                Assert.True(type.TryReadHeld(pair.Host, offset, out read));
                Assert.Equal(expected, read);
            }
        }

        Assert.Equal(model, pair.Contents());
    }

    [Fact]
    public void Every_way_to_write_changes_its_own_bytes_and_no_neighbour()
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        var random = new Random(20260805);
        foreach (TypedCase type in TypedCase.All)
        {
            byte[] value = new byte[type.Size];
            Action<ulong>[] ways =
            [
                offset => type.Write(pair.Host, offset, value),
                offset => type.WriteHeld(pair.Host, offset, value),
                offset => type.WriteView(pair.Host, offset, value),
                offset => Assert.True(type.TryWrite(pair.Host, offset, value)),
                offset => Assert.True(type.TryWriteHeld(pair.Host, offset, value)),
            ];
            foreach (ulong offset in InterestingOffsets(type.Size))
            {
                foreach (Action<ulong> write in ways)
                {
                    random.NextBytes(value);
                    value.CopyTo(model, (int)offset);
                    write(offset);
                    AssertSame(model, pair);
                }
            }
        }
    }

    [Fact]
    public void What_leaves_the_memory_is_refused_by_every_form_and_changes_nothing()
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        foreach (TypedCase type in TypedCase.All)
        {
            byte[] value = [.. Enumerable.Repeat((byte)0xEE, type.Size)];
            byte[] zero = new byte[type.Size];
            foreach (ulong offset in IllegalOffsets(type.Size))
            {
                Action[] refused =
                [
                    () => type.Read(pair.Host, offset), () => type.ReadHeld(pair.Host, offset), () => type.ReadView(pair.Host, offset),
                    () => type.Write(pair.Host, offset, value), () => type.WriteHeld(pair.Host, offset, value),
                    () => type.WriteView(pair.Host, offset, value),
                ];
                foreach (Action access in refused)
                {
                    ExclusiveSharedMemoryTests.AssertBounds(offset, (ulong)type.Size, access, Size);
                }

                Assert.False(type.TryRead(pair.Host, offset, out byte[] read));
                Assert.Equal(zero, read);
                Assert.False(type.TryReadHeld(pair.Host, offset, out read));
                Assert.Equal(zero, read);
                Assert.False(type.TryWrite(pair.Host, offset, value));
                Assert.False(type.TryWriteHeld(pair.Host, offset, value));
            }
        }

        AssertSame(model, pair);
    }

    [Fact]
    public void A_type_larger_than_the_memory_is_refused_at_every_offset()
    {
        using var pair = new Pair();
        Assert.Throws<SharedMemoryBoundsException>(() => pair.Host.Read<Bytes4099>(0));
        Assert.False(pair.Host.TryRead<Bytes4099>(0, out _));
        Assert.False(pair.Host.TryWrite<Bytes4099>(ulong.MaxValue - 4098, default));
    }

    [Fact]
    public void Values_are_little_endian()
    {
        using var pair = new Pair();
        pair.Host.Write(8, 0x0102030405060708UL);
        Assert.Equal([8, 7, 6, 5, 4, 3, 2, 1], pair.Contents()[8..16]);
        Assert.Equal(0x05060708U, pair.Host.Read<uint>(8));
        Assert.Equal((ushort)0x0203, pair.Host.Read<ushort>(13));
        Assert.Equal((byte)8, pair.Host.Read<byte>(8));
    }

    [Fact]
    public void Not_a_number_keeps_its_bits()
    {
        using var pair = new Pair();
        const ulong Signalling = 0x7FF0_0000_DEAD_BEEF;
        pair.Host.Write(0, Signalling);
        double read = pair.Host.Read<double>(0);
        pair.Host.Write(16, read);
        Assert.Equal(Signalling, pair.Host.Read<ulong>(16));
    }

    [Fact]
    public void Guest_and_clones_are_the_same_bytes()
    {
        using var pair = new Pair();
        using HostSharedMemory clone = pair.Host.Clone();
        pair.Host.Write(0, 1);
        clone.Write(4, 2);
        Assert.Equal(1, clone.Read<int>(0));
        Assert.Equal(2, pair.Host.Read<int>(4));
        Assert.Equal([1, 0, 0, 0, 2, 0, 0, 0], pair.Guest.WithContents(contents => contents[..8].ToArray()));
        Assert.True(pair.Host.IsSameMemory(clone));
        Assert.True(clone.IsSameMemory(pair.Guest));
        using var other = new Pair();
        Assert.False(pair.Host.IsSameMemory(other.Host));
        Assert.Throws<ArgumentNullException>(() => pair.Host.IsSameMemory(null!));
    }

    private static void AssertSame(byte[] model, Pair pair)
    {
        byte[] contents = pair.Contents();
        int at = model.AsSpan().CommonPrefixLength(contents);
        Assert.True(at == model.Length, $"Byte {at} differs from the model.");
    }

    [SkippableFact]
    public void A_pipe_gives_and_takes_the_next_bytes()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Files without positions are read and written on Linux only.");
        using var pair = new Pair();
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        using var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle);
        using var write = new SafeFileHandle(server.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using var read = new SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        pair.Host.CopyFrom(5, "hello, world"u8);
        Assert.Equal(7UL, pair.Host.WriteTo(write, 0, 5, 7));
        Assert.Equal(5UL, pair.Host.WriteTo(write, 0, 12, 5));
        Assert.Equal(12UL, pair.Host.ReadFrom(read, 0, 100, 12));
        byte[] copy = new byte[12];
        pair.Host.CopyTo(100, copy);
        Assert.Equal("hello, world"u8.ToArray(), copy);
    }
}
