namespace Nub.Memory.Tests;

public sealed class ReadOnlySharedMemoryTests : IDisposable
{
    private static readonly ulong Page = Pair.Page;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4095, 1)]
    [InlineData(4096, 1)]
    [InlineData(4097, 2)]
    public void Bytes_are_padded_to_a_page(int length, ulong pages)
    {
        byte[] bytes = Bytes(length);
        using var memory = ReadOnlySharedMemory.FromBytes(bytes);
        Assert.Equal((pages * Page, pages * Page), (memory.Size, memory.GuestMappedSize));
        byte[] expected = new byte[pages * Page];
        bytes.CopyTo(expected, 0);
        Assert.True(memory.AsSpan(0, (int)memory.Size).SequenceEqual(expected));
        bytes[0]++; // a private copy
        Assert.Equal(expected[0], memory.AsSpan(0, 1)[0]);
    }

    [Fact]
    public void No_bytes_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => ReadOnlySharedMemory.FromBytes([]));

    [Fact]
    public void A_file_is_copied()
    {
        File.WriteAllBytes(_path, Bytes(8192));
        using var memory = ReadOnlySharedMemory.FromFile(_path, Page);
        Assert.Equal((2 * Page, Page), (memory.Size, memory.GuestMappedSize));
        File.Delete(_path);
        Assert.True(memory.AsSpan(0, 8192).SequenceEqual(Bytes(8192)));
    }

    [Fact]
    public void A_file_is_mapped()
    {
        File.WriteAllBytes(_path, Bytes(8192));
        using var memory = ReadOnlySharedMemory.MapFile(_path, 2 * Page);
        byte[] copy = new byte[8192];
        memory.CopyTo(0, copy);
        Assert.Equal(Bytes(8192), copy);

        // Another process may write the file under a span.
        Assert.Throws<NotSupportedException>(() => memory.AsSpan(0, 1).Length);
        Assert.Throws<NotSupportedException>(() => memory.WithContents(bytes => bytes.Length));
        Assert.Equal("r--s", ProcessMaps.Protection(memory.BaseAddress));
        Assert.Throws<SharedMemoryMapException>(() => // opened for reading
        {
            using var other = ReadOnlySharedMemory.MapFile(_path, Page);
            other.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write);
        });
    }

    [SkippableFact]
    public void A_file_is_mapped_beside_the_owner_that_has_it_locked()
    {
        LinuxSharing.SkipElsewhere();
        using FileStream owner = new(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        owner.Write(Bytes(8192));
        owner.Flush();
        using var memory = ReadOnlySharedMemory.MapFile(_path, Page);
        byte[] copy = new byte[8192];
        memory.CopyTo(0, copy);
        Assert.Equal(Bytes(8192), copy);
    }

    [Theory]
    [InlineData(0, 4096)] // empty
    [InlineData(4097, 4096)] // ragged
    [InlineData(4096, 0)] // nothing mapped
    [InlineData(4096, 8192)] // beyond the file
    [InlineData(8192, 4097)] // a ragged mapping
    [InlineData(8192, ulong.MaxValue)]
    public void A_wrong_file_or_size_is_refused(int length, ulong guestMappedSize)
    {
        File.WriteAllBytes(_path, Bytes(length));
        Assert.Throws<ArgumentOutOfRangeException>(() => ReadOnlySharedMemory.FromFile(_path, guestMappedSize));
        Assert.Throws<ArgumentOutOfRangeException>(() => ReadOnlySharedMemory.MapFile(_path, guestMappedSize));
    }

    [Fact]
    public void A_missing_file_is_the_systems_error()
    {
        Assert.Throws<FileNotFoundException>(() => ReadOnlySharedMemory.FromFile(_path, Page));
        Assert.Throws<FileNotFoundException>(() => ReadOnlySharedMemory.MapFile(_path, Page));
    }

    [Fact]
    public void It_has_guard_pages_and_cannot_be_written_by_the_host()
    {
        using var memory = ReadOnlySharedMemory.FromBytes([1]);
        Assert.Equal("---p", ProcessMaps.Protection(memory.BaseAddress - 1));
        Assert.Equal("r--s", ProcessMaps.Protection(memory.BaseAddress));
        Assert.Equal("---p", ProcessMaps.Protection(memory.BaseAddress + (nint)memory.Size));
        Assert.Throws<NotSupportedException>(() => memory.WithExclusivity(_ => { }));
        Assert.Throws<NotSupportedException>(() => memory.WithExclusivity(_ => 0));
        Assert.Throws<NotSupportedException>(memory.Zero);
        Assert.Throws<NotSupportedException>(memory.Restore);
    }

    [Fact]
    public void Copies_windows_and_their_bounds()
    {
        using var memory = ReadOnlySharedMemory.FromBytes(Bytes(4096));
        byte[] target = new byte[100];
        memory.CopyTo(50, target);
        Assert.Equal(Bytes(4096)[50..150], target);
        Assert.Equal(Bytes(4096)[7..9], memory.WithContents(7, 2, c => c.ToArray()));
        Assert.Equal(Bytes(4096), memory.WithContents(c => c.ToArray()));
        Assert.Equal(0, memory.AsSpan(Page, 0).Length);
        ExclusiveSharedMemoryTests.AssertBounds(Page, 1, () => memory.AsSpan(Page, 1));
        ExclusiveSharedMemoryTests.AssertBounds(ulong.MaxValue - 2, 100, () => memory.CopyTo(ulong.MaxValue - 2, target));
        ExclusiveSharedMemoryTests.AssertBounds(Page - 1, 2, () => memory.WithContents(Page - 1, 2, _ => 0));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => memory.AsSpan(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => memory.WithContents(0, -1, _ => 0));
    }

    [Fact]
    public void Contents_may_be_looked_at_by_several_at_once()
    {
        using var memory = ReadOnlySharedMemory.FromBytes([5]);
        Assert.Equal(10, memory.WithContents(outer => outer[0] + memory.WithContents(inner => inner[0])));
    }

    [Fact]
    public void A_clone_is_another_owner()
    {
        var memory = ReadOnlySharedMemory.FromBytes([1]);
        ReadOnlySharedMemory clone = memory.Clone();
        Assert.True(memory.IsSameMemory(clone));
        memory.Dispose();
        Assert.Equal(1, clone.AsSpan(0, 1)[0]);
        clone.Dispose();
        Assert.Throws<ObjectDisposedException>(clone.Clone);
    }

    [Fact]
    public void A_writable_copy_is_private()
    {
        using var memory = ReadOnlySharedMemory.FromBytes(Bytes(4096));
        using ExclusiveSharedMemory copy = memory.CopyToWritable();
        Assert.True(copy.AsSpan(0, 4096).SequenceEqual(Bytes(4096)));
        copy.AsSpan(0, 4096).Clear();
        Assert.True(memory.AsSpan(0, 4096).SequenceEqual(Bytes(4096)));
        (HostSharedMemory host, GuestSharedMemory guest) = copy.Build();
        host.Write(0, 1);
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void A_writable_mapping_and_spans_exclude_each_other()
    {
        const MemoryRegionFlags All = MemoryRegionFlags.Read | MemoryRegionFlags.Write | MemoryRegionFlags.Execute;
        using (var memory = ReadOnlySharedMemory.FromBytes(Bytes(4096)))
        {
            Assert.Equal(All, memory.MappingAt(0, MemoryRegionType.Snapshot, All).Flags);
            Assert.Equal("rw-s", ProcessMaps.Protection(memory.BaseAddress));
            Assert.Throws<InvalidOperationException>(() => memory.AsSpan(0, 1));
            Assert.Throws<InvalidOperationException>(() => memory.WithContents(_ => 0));
            Assert.Throws<InvalidOperationException>(() => memory.Clone().AsSpan(0, 1));
            byte[] target = new byte[4096];
            memory.CopyTo(0, target);
            Assert.Equal(Bytes(4096), target);
            memory.MappingAt(0, MemoryRegionType.Snapshot, All); // again is no harm
        }

        using (var memory = ReadOnlySharedMemory.FromBytes(Bytes(4096)))
        {
            memory.WithContents(_ => Assert.Throws<SharedMemoryLockedException>(() => memory.MappingAt(0, MemoryRegionType.Snapshot, All)));
            _ = memory.AsSpan(0, 1);
            Assert.Throws<InvalidOperationException>(() => memory.MappingAt(0, MemoryRegionType.Snapshot, All));
            Assert.Equal("r--s", ProcessMaps.Protection(memory.BaseAddress));
        }
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + i / 256 + 1))];
}
