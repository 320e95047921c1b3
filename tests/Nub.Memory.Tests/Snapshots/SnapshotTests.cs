using System.Buffers.Binary;
using System.Text;

namespace Nub.Memory.Tests;

/// <summary>Whole snapshots: what is saved is what is opened.</summary>
public sealed class SnapshotTests : IDisposable
{
    private static readonly int s_page = (int)Pair.Page;

    private readonly SnapshotFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(600)]
    public void What_is_saved_is_opened(int pages)
    {
        byte[] bytes = SnapshotFolder.Pattern(pages);
        string path = _folder.Save("one", bytes);
        using SharedMemorySnapshot checkedCopy = SharedMemorySnapshot.Open(path);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(path);
        Assert.Equal(bytes, SnapshotFolder.BytesOf(checkedCopy));
        Assert.Equal(bytes, SnapshotFolder.BytesOf(trusted));
        Assert.Equal(checkedCopy.ContentHash, trusted.ContentHash);
        Assert.False(checkedCopy.IsTrusted);
        Assert.Equal(OperatingSystem.IsLinux(), trusted.IsTrusted);
        Assert.Equal([path], _folder.Files);
    }

    [Fact]
    public void A_memory_is_saved_alone_and_a_guest_that_runs_refuses_it()
    {
        using var pair = new Pair(3);
        byte[] bytes = pair.FillWithPattern();
        using (pair.Guest.EnterGuest())
        {
            Assert.Throws<SharedMemoryLockedException>(() => SharedMemorySnapshot.Save(_folder["one"], pair.Host));
            Assert.Throws<SharedMemoryLockedException>(() => SharedMemorySnapshot.Take(pair.Host));
        }

        Assert.Empty(_folder.Files);
        SharedMemorySnapshotHash hash = SharedMemorySnapshot.Save(_folder["one"], pair.Host);
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder["one"]);
        Assert.Equal(hash, opened.ContentHash);
        Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
    }

    [Fact]
    public void What_is_taken_is_a_copy_and_can_be_saved_later()
    {
        using var pair = new Pair(20);
        byte[] bytes = pair.FillWithPattern();
        using SharedMemorySnapshot taken = SharedMemorySnapshot.Take(pair.Guest, [new SharedMemorySnapshotSection("state", 3, new byte[] { 1, 2, 3 })]);
        pair.Host.Fill(0, pair.Size, 9);
        taken.Save(_folder["one"]);
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder["one"]);
        Assert.Equal(bytes, SnapshotFolder.BytesOf(taken));
        Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
        Assert.Equal(taken.ContentHash, opened.ContentHash);
        SharedMemorySnapshotSection section = Assert.Single(opened.Sections);
        Assert.Equal(("state", 3U), (section.Name, section.Version));
        Assert.Equal([1, 2, 3], section.Content.ToArray());
    }

    [Fact]
    public void Sections_travel_with_their_names_and_versions()
    {
        byte[] large = SnapshotFolder.Pattern(30, 4);
        string path = _folder.Save("one", new byte[s_page], new("a", 0, default), new("ü", uint.MaxValue, large), new(new string('n', 255), 7, new byte[1]));
        foreach (SharedMemorySnapshot opened in (SharedMemorySnapshot[])[SharedMemorySnapshot.Open(path), SharedMemorySnapshot.OpenTrusted(path)])
        {
            using (opened)
            {
                Assert.Equal(["a", "ü", new string('n', 255)], opened.Sections.Select(one => one.Name));
                Assert.True(opened.TryGetSection("ü", out SharedMemorySnapshotSection? section));
                Assert.Equal(uint.MaxValue, section.Version);
                Assert.Equal(large, section.Content.ToArray());
                Assert.False(opened.TryGetSection("b", out _));
            }
        }
    }

    [Fact]
    public void What_does_not_fit_a_snapshot_is_refused_before_a_file_is_made()
    {
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(new byte[s_page]);
        var section = new SharedMemorySnapshotSection("a", 1, default);
        Assert.Throws<ArgumentException>(() => SharedMemorySnapshot.Save(_folder["one"], memory, null, [section, section]));
        Assert.Throws<ArgumentException>(() => SharedMemorySnapshot.Save(
            _folder["one"], memory, null, Enumerable.Range(0, 1025).Select(i => new SharedMemorySnapshotSection($"{i}", 1, default))));
        byte[] half = new byte[SharedMemorySnapshotSection.MostBytes / 2];
        Assert.Throws<ArgumentException>(() => SharedMemorySnapshot.Save(_folder["one"], memory, null, [new("a", 1, half), new("b", 1, half)]));
        Assert.Throws<ArgumentException>(() => new SharedMemorySnapshotSection(new string('n', 256), 1, default));
        Assert.ThrowsAny<ArgumentException>(() => new SharedMemorySnapshotSection("\uD800", 1, default));
        Assert.Throws<ArgumentException>(() => new SharedMemorySnapshotSection("", 1, default));
        using ReadOnlySharedMemory larger = ReadOnlySharedMemory.FromBytes(new byte[2 * s_page]);
        using SharedMemorySnapshot other = SharedMemorySnapshot.Take(larger);
        Assert.Throws<ArgumentException>(() => SharedMemorySnapshot.Save(_folder["one"], memory, other));
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void What_a_guest_is_to_see_travels_too()
    {
        File.WriteAllBytes(_folder["raw"], SnapshotFolder.Pattern(4));
        using (ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromFile(_folder["raw"], 2 * Pair.Page))
        {
            _ = SharedMemorySnapshot.Save(_folder["one"], memory);
        }

        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder["one"]);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(_folder["one"]);
        Assert.Equal(2 * Pair.Page, opened.Memory.GuestMappedSize);
        Assert.Equal(2 * Pair.Page, trusted.Memory.GuestMappedSize);
    }

    [Fact]
    public void Zeroes_are_not_stored()
    {
        // 64 MiB, of which two pages were written.
        using var exclusive = new ExclusiveSharedMemory(64UL << 20);
        exclusive.CopyFrom(0, [1]);
        exclusive.CopyFrom(63UL << 20, [2]);
        _ = SharedMemorySnapshot.Save(_folder["one"], exclusive);
        Assert.InRange(new FileInfo(_folder["one"]).Length, 2 * 65536, 3 * 65536);
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder["one"]);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(_folder["one"]);
        foreach (SharedMemorySnapshot one in (SharedMemorySnapshot[])[opened, trusted])
        {
            byte[] bytes = SnapshotFolder.BytesOf(one);
            Assert.Equal((1, 2), (bytes[0], bytes[63 << 20]));
            (bytes[0], bytes[63 << 20]) = (0, 0);
            Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0));
        }
    }

    [Fact]
    public void Memory_of_zeroes_alone_is_a_header()
    {
        string path = _folder.Save("one", new byte[40 * s_page]);
        Assert.Equal(s_page, new FileInfo(path).Length);
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(path);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(path);
        Assert.Equal(new byte[40 * s_page], SnapshotFolder.BytesOf(opened));
        Assert.Equal(new byte[40 * s_page], SnapshotFolder.BytesOf(trusted));
    }

    [Fact]
    public void The_header_is_as_documented()
    {
        byte[] bytes = SnapshotFolder.Pattern(20);
        string path = _folder.Save("one", bytes, new SharedMemorySnapshotSection("ab", 5, new byte[] { 9 }));
        byte[] file = File.ReadAllBytes(path);
        SharedMemorySnapshotInfo info = SharedMemorySnapshot.ReadInfo(path);
        Assert.Equal("NUBSNAP\u001A", Encoding.ASCII.GetString(file, 0, 8));
        Assert.Equal(1U, UInt32(8));
        Assert.Equal((uint)s_page, UInt32(12));
        Assert.Equal(65536U, UInt32(16));
        Assert.Equal(0U, UInt32(20));
        Assert.Equal((ulong)file.Length, UInt64(24));
        Assert.Equal(info.Size, UInt64(32));
        Assert.Equal(info.GuestMappedSize, UInt64(40));
        int table = (int)UInt64(48);
        Assert.Equal((ulong)(table - s_page), info.StoredSize);
        Assert.Equal(2UL, UInt64(56));
        Assert.Equal(19UL, UInt64(64));
        Assert.Equal(1U, UInt32(72));
        Assert.Equal(info.ContentHash, new SharedMemorySnapshotHash(file.AsSpan(96, 32)));
        Assert.Equal(new byte[32], file[128..160]);
        Assert.Null(info.BaseHash);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(file.AsSpan(table, 48)), file[160..192]);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(file.AsSpan(table + 48)), file[192..224]);

        // The second chunk: number, four pages stored, none that is told to be zero, XXH3 of 128 bits.
        Assert.Equal(1U, UInt32(table + 24));
        Assert.Equal(0x000FU, UInt32(table + 28));
        Assert.Equal(System.IO.Hashing.XxHash128.HashToUInt128(bytes.AsSpan(65536)), BinaryPrimitives.ReadUInt128LittleEndian(file.AsSpan(table + 32)));
        Assert.Equal(bytes, file[s_page..table]);
        Assert.Equal([2, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, (byte)'a', (byte)'b', 9], file[(table + 48)..]);

        uint UInt32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
        ulong UInt64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
    }

    [SkippableFact]
    public void Only_its_owner_may_read_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "On Windows a file has the access that its folder gives it.");
        string path = _folder.Save("one", SnapshotFolder.Pattern(2));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void A_save_that_fails_leaves_the_old_file_and_nothing_else()
    {
        string path = _folder.Save("one", SnapshotFolder.Pattern(2));
        byte[] old = File.ReadAllBytes(path);
        using (var disposed = new ExclusiveSharedMemory(Pair.Page))
        {
            disposed.Dispose();
            Assert.Throws<ObjectDisposedException>(() => SharedMemorySnapshot.Save(path, disposed));
        }

        // A folder cannot be replaced by a file, which is found out at the very end.
        Directory.CreateDirectory(_folder["folder"]);
        using var memory = new ExclusiveSharedMemory(Pair.Page);
        Assert.ThrowsAny<SystemException>(() => SharedMemorySnapshot.Save(_folder["folder"], memory));
        Assert.Throws<DirectoryNotFoundException>(() => SharedMemorySnapshot.Save(Path.Combine(_folder["nowhere"], "x"), memory));
        Assert.Throws<ArgumentException>(() => SharedMemorySnapshot.Save(_folder["folder"] + Path.DirectorySeparatorChar, memory));
        Assert.Equal([path], _folder.Files);
        Assert.Equal(old, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_snapshot_that_is_open_does_not_see_the_file_that_replaces_it()
    {
        byte[] bytes = SnapshotFolder.Pattern(40, 1);
        string path = _folder.Save("one", bytes);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(path);
        _ = _folder.Save("one", SnapshotFolder.Pattern(40, 2));
        Assert.Equal(bytes, SnapshotFolder.BytesOf(trusted));
    }

    [Fact]
    public void After_its_end_it_throws()
    {
        string path = _folder.Save("one", SnapshotFolder.Pattern(2));
        SharedMemorySnapshot opened = SharedMemorySnapshot.Open(path);
        opened.Dispose();
        opened.Dispose();
        Assert.Throws<ObjectDisposedException>(() => opened.Save(path));
        Assert.Throws<ObjectDisposedException>(() => opened.Memory.MapCopyOnWrite());
        Assert.NotEqual(default, opened.ContentHash);
    }
}
