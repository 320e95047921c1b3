namespace Nub.Memory.Tests;

public class CopyOnWriteTests
{
    private static readonly ulong Page = Pair.Page;

    [Fact]
    public void Views_see_the_snapshot_and_keep_their_changes_to_themselves()
    {
        byte[] bytes = Bytes(3 * (int)Page);
        using var snapshot = ReadOnlySharedMemory.FromBytes(bytes);
        using ExclusiveSharedMemory one = snapshot.MapCopyOnWrite();
        using ExclusiveSharedMemory two = snapshot.MapCopyOnWrite();
        Assert.Equal(snapshot.Size, one.Size);
        Assert.Equal(snapshot.Size + 2 * Page, one.RawSize);
        Assert.Equal("---p", ProcessMaps.Protection(one.BaseAddress - 1));
        Assert.Equal("rw-p", ProcessMaps.Protection(one.BaseAddress));
        Assert.Equal("---p", ProcessMaps.Protection(one.BaseAddress + (nint)one.Size));
        Assert.False(one.IsSameMemory(two));
        Assert.True(one.AsSpan(0, bytes.Length).SequenceEqual(bytes));
        one.AsSpan((ulong)Page - 1, 2).Fill(0xEE);
        Assert.True(two.AsSpan(0, bytes.Length).SequenceEqual(bytes));
        Assert.True(snapshot.AsSpan(0, bytes.Length).SequenceEqual(bytes));
    }

    [Fact]
    public void Restore_brings_the_snapshot_back_and_needs_to_be_alone()
    {
        byte[] bytes = Bytes(3 * (int)Page);
        using var snapshot = ReadOnlySharedMemory.FromBytes(bytes);
        (HostSharedMemory host, GuestSharedMemory guest) = snapshot.MapCopyOnWrite().Build();
        host.Fill(10, Page, 0xEE);
        using (guest.EnterGuest())
        {
            Assert.Throws<SharedMemoryLockedException>(host.Restore);
        }

        Assert.Equal(0xEE, host.Read<byte>(10));
        host.Restore();
        Assert.Equal(bytes, host.WithContents(c => c.ToArray()));
        host.Fill(0, 3 * Page, 1);
        host.WithExclusivity(exclusive =>
        {
            exclusive.Restore();
            Assert.True(exclusive.AsSpan(0, bytes.Length).SequenceEqual(bytes));
        });
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(host.Restore);
        guest.Dispose();
    }

    [Fact]
    public void Zero_zeroes_a_view_and_does_not_bring_the_snapshot_back()
    {
        foreach (int pages in (int[])[1, 40])
        {
            byte[] bytes = Bytes(pages * (int)Page);
            using var snapshot = ReadOnlySharedMemory.FromBytes(bytes);
            using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
            view.AsSpan(0, 100).Fill(7);
            view.Zero();
            Assert.Equal(-1, view.AsSpan(0, bytes.Length).IndexOfAnyExcept((byte)0));
            view.Restore();
            Assert.True(view.AsSpan(0, bytes.Length).SequenceEqual(bytes));
            Assert.True(snapshot.AsSpan(0, bytes.Length).SequenceEqual(bytes));
        }
    }

    [Fact]
    public void A_view_outlives_its_snapshot()
    {
        byte[] bytes = Bytes((int)Page);
        var snapshot = ReadOnlySharedMemory.FromBytes(bytes);
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        snapshot.Dispose();
        view.AsSpan(0, 8).Clear();
        view.Restore();
        Assert.True(view.AsSpan(0, bytes.Length).SequenceEqual(bytes));
        Assert.Throws<ObjectDisposedException>(snapshot.MapCopyOnWrite);
    }

    [Fact]
    public void Writes_through_the_snapshot_show_in_the_pages_a_view_has_not_written()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes(Bytes(2 * (int)Page));
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        view.AsSpan(0, 1)[0] = 1;
        MemoryRegion region = snapshot.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write);
        unsafe
        {
            // As a guest would: through the address it was given.
            byte* guest = (byte*)region.HostAddress;
            guest[5] = 200;
            guest[Page + 5] = 201;
        }

        Assert.NotEqual(200, view.AsSpan(5, 1)[0]);
        Assert.Equal(201, view.AsSpan(Page + 5, 1)[0]);
    }

    [Fact]
    public void A_view_of_a_mapped_file_does_not_write_the_file()
    {
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        byte[] bytes = Bytes((int)Page);
        File.WriteAllBytes(path, bytes);
        try
        {
            using var mapped = ReadOnlySharedMemory.MapFile(path, Page);
            using ExclusiveSharedMemory view = mapped.MapCopyOnWrite();
            view.CopyFrom(0, new byte[Page]);
            Assert.Equal(bytes, File.ReadAllBytes(path));
            view.Restore();
            byte[] copy = new byte[Page];
            view.CopyTo(0, copy);
            Assert.Equal(bytes, copy);

            // What it has not written is the file's, which others may write and shorten.
            Assert.Throws<NotSupportedException>(() => view.AsSpan(0, 1).Length);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 13 + i / 256 + 1))];
}
