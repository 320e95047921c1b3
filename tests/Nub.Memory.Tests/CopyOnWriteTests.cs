namespace Nub.Memory.Tests;

public class CopyOnWriteTests
{
    private const MemoryRegionFlags WriteThrough = MemoryRegionFlags.Read | MemoryRegionFlags.Write;

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
        view.WriteByte(0, 1);
        MemoryRegion region = snapshot.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        unsafe
        {
            // As a guest would: through the address it was given.
            byte* guest = (byte*)region.HostAddress;
            guest[5] = 200;
            guest[Page + 5] = 201;
        }

        Assert.NotEqual(200, view.ReadByte(5));
        Assert.Equal(201, view.ReadByte(Page + 5));
    }

    [Fact]
    public void Of_a_view_of_what_a_guest_writes_there_are_no_spans()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes(Bytes((int)Page));
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        snapshot.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        using ExclusiveSharedMemory later = snapshot.MapCopyOnWrite();
        foreach (ExclusiveSharedMemory memory in (ExclusiveSharedMemory[])[view, later])
        {
            Assert.Throws<InvalidOperationException>(() => memory.AsSpan(0, 1).Length);
            Assert.Throws<InvalidOperationException>(() => memory.WithContents(static contents => contents.Length));
            memory.WithExclusivity(static lent => Assert.Throws<InvalidOperationException>(() => lent.AsSpan(0, 1).Length));
            (HostSharedMemory host, GuestSharedMemory guest) = memory.Build();
            Assert.Throws<InvalidOperationException>(() => host.WithContents(static contents => contents.Length));
            Assert.Equal(Bytes(1)[0], host.Read<byte>(0));
            host.Dispose();
            guest.Dispose();
        }

        // No more of memory that has become one by its own snapshot; until it is one of another snapshot, or never was (Windows).
        using var pair = new Pair();
        using ReadOnlySharedMemory own = pair.Host.TakeSnapshot();
        own.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        if (OperatingSystem.IsLinux())
        {
            Assert.Throws<InvalidOperationException>(() => pair.Host.WithContents(static contents => contents.Length));
        }

        using ReadOnlySharedMemory second = pair.Host.TakeSnapshot();
        Assert.Equal((int)Page, pair.Host.WithContents(static contents => contents.Length));
    }

    [Fact]
    public void A_guest_cannot_write_what_a_span_of_a_view_shows()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes(Bytes((int)Page));
        ExclusiveSharedMemory built = snapshot.MapCopyOnWrite();
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        ExclusiveSharedMemory disposed = snapshot.MapCopyOnWrite();
        _ = (built.AsSpan(0, 1).Length, built.AsSpan(0, 2).Length, disposed.AsSpan(0, 1).Length);
        AssertRefused(snapshot);
        disposed.Dispose();
        AssertRefused(snapshot);
        (HostSharedMemory host, GuestSharedMemory guest) = built.Build();
        host.WithExclusivity(lent =>
        {
            _ = (lent.AsSpan(0, 1).Length, lent.AsSpan(0, 1).Length);
            AssertRefused(snapshot);
        });
        host.WithContents(contents =>
        {
            AssertRefused(snapshot);
            return 0;
        });
        snapshot.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        host.Dispose();
        guest.Dispose();
    }

    [SkippableFact]
    public void A_span_goes_with_its_memory_to_another_snapshot()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "On Windows memory does not become a view of its snapshot.");
        using var first = ReadOnlySharedMemory.FromBytes(Bytes((int)Page));
        using var second = ReadOnlySharedMemory.FromBytes(Bytes((int)Page));
        using var written = ReadOnlySharedMemory.FromBytes(Bytes((int)Page));
        written.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        using ExclusiveSharedMemory view = first.MapCopyOnWrite();
        using ExclusiveSharedMemory memory = new(Page);
        _ = (view.AsSpan(0, 1).Length, memory.AsSpan(0, 1).Length);

        // What a guest writes is copied, so that the view stays one of the first.
        view.Restore(written);
        AssertRefused(first);
        view.Restore(second);
        first.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        AssertRefused(second);
        using ReadOnlySharedMemory taken = memory.TakeSnapshot();
        AssertRefused(taken);
        (HostSharedMemory host, GuestSharedMemory guest) = memory.Build();
        taken.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough);
        host.Dispose();
        guest.Dispose();
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

    private static void AssertRefused(ReadOnlySharedMemory snapshot)
    {
        Assert.Throws<InvalidOperationException>(() => snapshot.MappingAt(0, MemoryRegionType.Snapshot, WriteThrough));
        Assert.Equal(OperatingSystem.IsLinux() ? "r--s" : ProcessMaps.Protection(snapshot.BaseAddress), ProcessMaps.Protection(snapshot.BaseAddress));
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 13 + i / 256 + 1))];
}
