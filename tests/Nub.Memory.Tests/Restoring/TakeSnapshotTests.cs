using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>Snapshots of memory of every kind, and the ways back to them.</summary>
[Collection(Alone.Name)]
public sealed class TakeSnapshotTests
{
    private const int Pages = 16;

    private static readonly int s_size = Pages * (int)Pair.Page;

    public static TheoryData<string> Kinds => ["anonymous", "copy-on-write", "shareable"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Memory_goes_back_to_the_last_snapshot_and_to_any(string kind)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = Make(kind).Build();
        nint address = host.BaseAddress;
        using HostSharedMemory clone = host.Clone();
        byte[] first = Write(host, 1);
        using ReadOnlySharedMemory one = guest.TakeSnapshot();
        Assert.Equal(first, Contents(one));
        byte[] second = Write(host, 2);
        Assert.Equal(first, Contents(one));
        using ReadOnlySharedMemory two = host.TakeSnapshot();
        Write(host, 3);
        host.Restore();
        Assert.Equal(second, Contents(clone));
        host.Restore(one);
        Assert.Equal(first, Contents(clone));
        Write(clone, 4);
        clone.Restore();
        Assert.Equal(first, Contents(host));
        host.Restore(two);
        Assert.Equal(second, Contents(host));
        Assert.Equal(first, Contents(one));
        Assert.Equal(second, Contents(two));
        Assert.Equal(address, host.BaseAddress);

        using ExclusiveSharedMemory another = one.MapCopyOnWrite();
        Assert.True(another.AsSpan(0, s_size).SequenceEqual(first));
        another.AsSpan(0, s_size).Clear();
        Assert.Equal(second, Contents(host));
        host.Dispose();
        guest.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Memory_keeps_its_snapshot_when_the_snapshots_owner_has_gone(string kind)
    {
        using ExclusiveSharedMemory memory = Make(kind);
        Span<byte> bytes = memory.AsSpan(0, s_size);
        bytes.Fill(5);
        ReadOnlySharedMemory snapshot = memory.TakeSnapshot();
        nint address = snapshot.BaseAddress;
        snapshot.Dispose();
        Assert.True(ProcessMaps.IsMemory(address, (ulong)s_size));
        bytes[3] = 7;
        memory.Restore();
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)5));
        using (var other = ReadOnlySharedMemory.FromBytes(new byte[s_size]))
        {
            memory.Restore(other);
        }

        Assert.False(ProcessMaps.IsMemory(address, (ulong)s_size));

        // A span of an exclusive memory goes on being one of it.
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        bytes.Fill(8);
        memory.Restore();
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        memory.Zero();
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Nobody_else_may_be_inside()
    {
        using var pair = new Pair(2);
        using ReadOnlySharedMemory snapshot = pair.Host.TakeSnapshot();
        using (pair.Guest.EnterGuest())
        {
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.TakeSnapshot());
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.Restore(snapshot));
        }

        pair.Host.WithExclusivity(memory =>
        {
            memory.WriteByte(1, 6);
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.TakeSnapshot());
            memory.Restore();
            Assert.Equal(0, memory.ReadByte(1));
            memory.WriteByte(1, 7);
            using ReadOnlySharedMemory inner = memory.TakeSnapshot();
            memory.WriteByte(1, 8);
        });
        pair.Host.Restore();
        Assert.Equal(7, pair.Host.Read<byte>(1));
        pair.Host.Restore(snapshot);
        Assert.Equal(0, pair.Host.Read<byte>(1));
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes(new byte[2 * Pair.Page]);
        Assert.Throws<NotSupportedException>(snapshot.TakeSnapshot);
        Assert.Throws<NotSupportedException>(() => snapshot.Restore(snapshot));
        using var memory = new ExclusiveSharedMemory(Pair.Page);
        Assert.Throws<ArgumentException>("snapshot", () => memory.Restore(snapshot));
        Assert.Throws<ArgumentNullException>(() => memory.Restore(null!));
        snapshot.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Restore(snapshot));
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(memory.TakeSnapshot);
    }

    [SkippableFact]
    public void Private_memory_and_its_snapshot_share_what_is_not_written()
    {
        View.SkipWithout("reading");
        using ExclusiveSharedMemory memory = Make("anonymous");
        memory.AsSpan(0, s_size).Fill(1);
        using ReadOnlySharedMemory snapshot = memory.TakeSnapshot();
        _ = memory.AsSpan(0, s_size).IndexOf((byte)2);
        memory.AsSpan(5, 1)[0] = 2;
        PageQuery copies = new(PageTraits.OfFile | PageTraits.Present, PageTraits.None, PageTraits.OfFile, PageTraits.None);
        PageRun[] runs = new PageRun[4];
        nint at = memory.BaseAddress;
        Assert.Equal(1, PageMap.Own!.Reading.Find(copies, ref at, at + s_size, runs));
        Assert.Equal((memory.BaseAddress, Pair.Page), (runs[0].Start, runs[0].Length));
    }

    [SkippableFact]
    public void What_is_not_in_use_takes_no_room_in_a_snapshot_nor_comes_into_being()
    {
        View.SkipWithout("scanning");
        const ulong Size = 1UL << 32;
        using var memory = new ExclusiveSharedMemory(Size);
        memory.WriteByte(5 * Pair.Page, 1);
        memory.WriteByte(Size - 1, 2);
        _ = memory.ReadByte(Size / 2);
        using ReadOnlySharedMemory first = memory.TakeSnapshot();
        ulong storage = Storage(first);
        memory.WriteByte(7 * Pair.Page, 3);
        memory.WriteByte(5 * Pair.Page, 4);
        using ReadOnlySharedMemory second = memory.TakeSnapshot();
        memory.WriteByte(5 * Pair.Page, 0);
        using ReadOnlySharedMemory third = memory.TakeSnapshot();
        Assert.Equal((2 * Pair.Page, 3 * Pair.Page, 2 * Pair.Page), (storage, Storage(second), Storage(third)));
        Assert.Equal((1, 0, 2), (Byte(first, 5), Byte(first, 7), Byte(first, (Size / Pair.Page) - 1, (int)Pair.Page - 1)));
        Assert.Equal((4, 3, 2), (Byte(second, 5), Byte(second, 7), Byte(second, (Size / Pair.Page) - 1, (int)Pair.Page - 1)));
        Assert.Equal((0, 3), (Byte(third, 5), Byte(third, 7)));
    }

    [SkippableFact]
    public void Whoever_has_the_memory_too_sees_it_restored()
    {
        LinuxSharing.SkipElsewhere();
        (HostSharedMemory host, GuestSharedMemory guest) = Make("shareable").Build();
        using var handle = (SafeFileHandle)host.DuplicateHandle();
        using HostSharedMemory peer = HostSharedMemory.Open(handle, 0, host.Size);
        byte[] first = Write(host, 1);
        using ReadOnlySharedMemory snapshot = host.TakeSnapshot();
        Write(peer, 2);
        peer.Write(9, 9);
        host.Restore();
        Assert.Equal(first, Contents(peer));
        host.Dispose();
        guest.Dispose();
    }

    [SkippableFact]
    public void Bytes_that_are_gone_are_an_error_and_the_rest_can_be_used()
    {
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        string path = $"/dev/shm/nub-{Guid.NewGuid():N}";
        File.WriteAllBytes(path, new byte[s_size]);
        try
        {
            using HostSharedMemory memory = HostSharedMemory.OpenFile(path, 0, (ulong)s_size, SharedMemoryAccess.ReadWrite);
            Write(memory, 1);
            using ReadOnlySharedMemory snapshot = memory.TakeSnapshot();
            Write(memory, 2);
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(4 * View.Page);
            }

            Assert.Throws<SharedMemoryFaultException>(memory.TakeSnapshot);
            Assert.Throws<SharedMemoryFaultException>(memory.Restore);
            Assert.Equal(0, memory.Read<byte>(3));
            memory.Write<byte>(3, 9);
            Assert.Equal(9, memory.Read<byte>(3));
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(s_size);
            }

            memory.Restore();
            Assert.Equal(Contents(snapshot), Contents(memory));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableFact]
    public void A_snapshot_that_has_no_room_is_an_error_and_the_memory_is_as_it_was()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "On Windows all of a memory is charged when it is made, and none so large can be.");

        // More than half of the address space: there is no room for another.
        using var memory = new ExclusiveSharedMemory(80UL << 40);
        memory.WriteByte(5, 1);
        Assert.Throws<SharedMemoryMapException>(memory.TakeSnapshot);
        Assert.Throws<InvalidOperationException>(memory.Restore);
        Assert.Equal(1, memory.ReadByte(5));
    }

    private static ExclusiveSharedMemory Make(string kind)
    {
        if (kind != "copy-on-write")
        {
            return kind == "anonymous" ? new ExclusiveSharedMemory((ulong)s_size) : ExclusiveSharedMemory.CreateShareable((ulong)s_size);
        }

        using var snapshot = ReadOnlySharedMemory.FromBytes([.. Enumerable.Range(0, s_size).Select(i => (byte)(i / 3))]);
        return snapshot.MapCopyOnWrite();
    }

    /// <summary>Writes some pages, and none of others, and returns what all then are.</summary>
    private static byte[] Write(HostSharedMemory memory, byte value)
    {
        memory.Fill(Pair.Page * value, Pair.Page * 3, value);
        memory.Write((ulong)(s_size - 1), value);
        return Contents(memory);
    }

    private static byte[] Contents(HostSharedMemory memory)
    {
        byte[] bytes = new byte[memory.Size];
        memory.CopyTo(0, bytes);
        return bytes;
    }

    private static byte[] Contents(ReadOnlySharedMemory memory)
    {
        byte[] bytes = new byte[memory.Size];
        memory.CopyTo(0, bytes);
        return bytes;
    }

    private static byte Byte(ReadOnlySharedMemory memory, ulong page, int at = 0)
    {
        byte[] bytes = new byte[1];
        memory.CopyTo((page * Pair.Page) + (ulong)at, bytes);
        return bytes[0];
    }

    private static ulong Storage(ReadOnlySharedMemory snapshot)
    {
        using var handle = snapshot.DuplicateHandle();
        return (ulong)LinuxSharing.Storage(handle);
    }
}
