using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>Mappings that another process can have as well: how they are made, opened, zeroed and given back.</summary>
[Collection(Alone.Name)]
public sealed unsafe class ShareableMappingTests
{
    private static readonly ulong s_page = HostMapping.PageSize;

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Shareable_memory_is_sealed(bool readOnlyForPeers)
    {
        LinuxSharing.SkipElsewhere();
        HostMapping mapping = HostMapping.CreateShareable(2 * s_page, readOnlyForPeers);
        try
        {
            using var handle = (SafeFileHandle)mapping.DuplicateHandle();
            int seals = LinuxSharing.SealsOf(handle);
            Assert.Equal(LinuxSharing.Shrink | LinuxSharing.Grow | LinuxSharing.Seals, seals & (LinuxSharing.Shrink | LinuxSharing.Grow | LinuxSharing.Seals));
            Assert.Equal(readOnlyForPeers, (seals & LinuxSharing.FutureWrite) != 0);
            Assert.NotEqual(0, ShrinkingFile.FTruncate(handle, 0));
            Assert.NotEqual(0, ShrinkingFile.FTruncate(handle, (long)(3 * s_page)));
            Assert.True(LinuxSharing.ClosesOnExecute(handle));
            Assert.False(mapping.CanGo);
            Assert.Null(mapping.Indirect);

            // Our own mapping is writable all the same.
            *(ulong*)mapping.Address = 42;
            Assert.Equal("---p", ProcessMaps.Protection(mapping.Address - 1));
            Assert.Equal("---p", ProcessMaps.Protection(mapping.Address + (nint)mapping.Size));
            Assert.Equal("rw-s", ProcessMaps.Protection(mapping.Address));
            HostMapping peer = HostMapping.Open(handle, 0, s_page, SharedMemoryAccess.Read, allowUnsealed: false);
            Assert.Equal(42UL, *(ulong*)peer.Address);
            peer.Release();
        }
        finally
        {
            mapping.Release();
        }
    }

    [SkippableFact]
    public void Nobody_writes_what_is_read_only_for_peers_by_any_way()
    {
        LinuxSharing.SkipElsewhere();
        HostMapping mapping = HostMapping.CreateShareable(s_page, readOnlyForPeers: true);
        using SafeHandle handle = mapping.DuplicateHandle();
        SharedMemoryMapException refused = Assert.Throws<SharedMemoryMapException>(
            () => HostMapping.Open(handle, 0, s_page, SharedMemoryAccess.ReadWrite, allowUnsealed: false));
        Assert.Equal("mmap", refused.Call);
        Assert.Throws<UnauthorizedAccessException>(() => RandomAccess.Write((SafeFileHandle)handle, [1], 0));

        // Opened once more, by another name of the same file.
        string again = $"/proc/self/fd/{handle.DangerousGetHandle()}";
        Assert.Throws<SharedMemoryMapException>(() => HostMapping.OpenFile(again, 0, s_page, SharedMemoryAccess.ReadWrite, allowUnsealed: false));
        HostMapping reader = HostMapping.OpenFile(again, 0, s_page, SharedMemoryAccess.Read, allowUnsealed: false);
        *(byte*)mapping.Address = 7;
        Assert.Equal(7, *(byte*)reader.Address);

        // A hole is a way to write as well, so zeroing fills.
        mapping.Zero();
        Assert.Equal(0, *(byte*)reader.Address);
        Assert.NotEqual(0, LinuxSharing.Storage(handle));
        reader.Release();
        mapping.Release();
    }

    [SkippableFact]
    public void Zeroing_gives_the_pages_of_a_file_in_memory_back()
    {
        LinuxSharing.SkipElsewhere();
        HostMapping mapping = HostMapping.CreateShareable(64 * s_page, readOnlyForPeers: false);
        using SafeHandle handle = mapping.DuplicateHandle();
        new Span<byte>((void*)mapping.Address, (int)mapping.Size).Fill(1);
        Assert.Equal((long)mapping.Size, LinuxSharing.Storage(handle));
        mapping.Zero();
        Assert.Equal(0, LinuxSharing.Storage(handle));
        Assert.False(new Span<byte>((void*)mapping.Address, (int)mapping.Size).ContainsAnyExcept((byte)0));
        mapping.Release();
    }

    [SkippableTheory]
    [InlineData("memfd")]
    [InlineData("/dev/shm")]
    [InlineData("file")]
    public void Zeroing_a_part_leaves_the_rest_and_says_when_it_has_gone(string kind)
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = Open(kind, 4 * s_page);
        byte[] ones = new byte[4 * s_page];
        ones.AsSpan().Fill(1);
        RandomAccess.Write(file, ones, 0);
        HostMapping mapping = HostMapping.Open(file, 100, 2 * s_page, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
        Assert.True(mapping.CanGo);
        mapping.Zero();
        byte[] read = new byte[4 * s_page];
        RandomAccess.Read(file, read, 0);
        Assert.Equal(100, read.AsSpan().IndexOf((byte)0));
        Assert.Equal(100 + (2 * (int)s_page), 100 + read.AsSpan(100).IndexOf((byte)1));
        Assert.Equal(0, ShrinkingFile.FTruncate(file, 0));
        SharedMemoryFaultException gone = Assert.Throws<SharedMemoryFaultException>(mapping.Zero);
        Assert.Equal((0UL, 2 * s_page), (gone.Offset, gone.Length));
        mapping.Release();
    }

    [SkippableTheory]
    [InlineData("memfd")]
    [InlineData("/dev/shm")]
    [InlineData("file")]
    public void A_part_at_any_offset_has_guards(string kind)
    {
        LinuxSharing.SkipElsewhere();
        ulong length = (3 * s_page) + 123;
        using SafeFileHandle file = Open(kind, length);
        byte[] bytes = new byte[length];
        new Random(3).NextBytes(bytes);
        RandomAccess.Write(file, bytes, 0);
        foreach ((ulong offset, ulong size) in new[] { (0UL, length), (1UL, 1UL), (s_page - 1, 2UL), (s_page, s_page), (2 * s_page + 7, s_page + 116), (length - 1, 1UL) })
        {
            HostMapping mapping = HostMapping.Open(file, offset, size, SharedMemoryAccess.Read, allowUnsealed: true);
            Assert.Equal(size, mapping.Size);
            Assert.False(mapping.IsWritable);
            Assert.True(mapping.OthersCanWrite);
            Assert.True(new Span<byte>((void*)mapping.Address, (int)size).SequenceEqual(bytes.AsSpan((int)offset, (int)size)));
            Assert.Equal("r--s", ProcessMaps.Protection(mapping.Address));
            Assert.Equal("---p", ProcessMaps.Protection(mapping.RawAddress));
            Assert.Equal("---p", ProcessMaps.Protection(mapping.RawAddress + (nint)mapping.RawSize - 1));
            mapping.Release();
        }
    }

    [SkippableFact]
    public void What_can_go_is_known_when_it_is_opened()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * s_page);
        Assert.True(CanGo(file));
        Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Grow));
        Assert.True(CanGo(file));
        Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Shrink));
        Assert.False(CanGo(file));
        using (LinuxMappingOf(file, out HostMapping writable))
        {
            Assert.True(writable.OthersCanWrite);
        }

        Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Write));
        using (LinuxMappingOf(file, out HostMapping immutable))
        {
            Assert.False(immutable.OthersCanWrite);
        }

        // Of huge pages there may be none left, whatever the seals say.
        using SafeFileHandle huge = LinuxSharing.MemFd(2 << 20, 3 | 4);
        Assert.Equal(0, LinuxNative.FCntl(huge, LinuxNative.FAddSeals, LinuxSharing.Shrink));
        Assert.True(CanGo(huge));
        using SafeFileHandle device = File.OpenHandle("/dev/zero", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.True(CanGo(device));
    }

    [SkippableFact]
    public void Huge_pages_that_the_system_does_not_have_are_said_to_have_gone()
    {
        LinuxSharing.SkipElsewhere();
        RecoveringAccess access = RecoveringAccessTests.Get();
        using SafeFileHandle huge = LinuxSharing.MemFd(4UL << 20, 3 | 4);
        HostMapping mapping = HostMapping.Open(huge, (2UL << 20) + 5, 1000, SharedMemoryAccess.ReadWrite, allowUnsealed: false);
        Assert.Equal("---p", ProcessMaps.Protection(mapping.RawAddress));
        Assert.Equal((nint)5, mapping.Address % (2 << 20));
        ulong value;
        bool isThere = access.TryLoad((byte*)mapping.Address, (byte*)&value, 8);
        Assert.Equal(File.ReadAllText("/proc/sys/vm/nr_hugepages").Trim() != "0", isThere);
        mapping.Release();
    }

    /// <summary>A descriptor that is not a file: the page that the kernel shares with the process that runs a virtual processor.</summary>
    [SkippableFact]
    public void The_descriptor_of_a_virtual_processor_can_be_opened()
    {
        const int createVirtualMachine = 0xAE01;
        const int getRunSize = 0xAE04;
        const int createVirtualProcessor = 0xAE41;
        LinuxSharing.SkipElsewhere();
        Skip.IfNot(File.Exists("/dev/kvm"), "There is no /dev/kvm.");
        using SafeFileHandle system = OpenDevice("/dev/kvm");
        int size = IoCtl(system, getRunSize, 0);
        int vm = IoCtl(system, createVirtualMachine, 0);
        Skip.If(size <= 0 || vm < 0, "KVM makes no virtual machine here.");
        using var machine = new SafeFileHandle(vm, ownsHandle: true);
        using var processor = new SafeFileHandle(IoCtl(machine, createVirtualProcessor, 0), ownsHandle: true);
        using HostSharedMemory run = HostSharedMemory.Open(processor, 0, (ulong)size, allowUnsealed: true);

        // kvm_run: immediate_exit at 1, which is ours to set, and the state of the interrupts at 12.
        run.Write<byte>(1, 1);
        Assert.Equal(1, run.Read<byte>(1));
        run.Write<byte>(1, 0);
        Assert.True(run.TryRead(8, out uint _));
        Assert.Equal("---p", ProcessMaps.Protection(run.BaseAddress - 1));

        // What the kernel has no page for is gone, not a crash.
        if (RecoveringAccess.IsSupported(out _))
        {
            using HostSharedMemory beyond = HostSharedMemory.Open(processor, 0, (ulong)size + (1 << 20), allowUnsealed: true);
            Assert.False(beyond.TryRead((ulong)size + (1 << 19), out byte _));
        }
    }

    [SkippableFact]
    public void What_is_refused_leaves_nothing_behind()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * s_page);
        using SafeFileHandle readable = File.OpenHandle($"/proc/self/fd/{file.DangerousGetHandle()}");
        using SafeFileHandle directory = OpenDirectory();
        HostMapping.Open(file, 0, s_page, SharedMemoryAccess.Read, allowUnsealed: true).Release();
        int descriptors = ProcessMaps.DescriptorCount;
        string maps = Memories();
        for (int i = 0; i < 10; i++)
        {
            SharedMemoryBoundsException beyond = Assert.Throws<SharedMemoryBoundsException>(() => Open(file, s_page, s_page + 1));
            Assert.Equal((s_page, s_page + 1, 2 * s_page), (beyond.Offset, beyond.Length, beyond.MemorySize));
            Assert.Throws<SharedMemoryBoundsException>(() => Open(file, 3 * s_page, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => Open(file, 0, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => Open(file, ulong.MaxValue, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => Open(file, 1, ulong.MaxValue));
            Assert.Throws<ArgumentOutOfRangeException>(() => HostMapping.Open(file, 0, 1, (SharedMemoryAccess)7, allowUnsealed: true));
            Assert.Equal("mmap", Assert.Throws<SharedMemoryMapException>(() => Open(readable, 0, s_page)).Call);
            Assert.Equal("mmap", Assert.Throws<SharedMemoryMapException>(() => Open(directory, 0, s_page)).Call);
            Assert.Throws<FileNotFoundException>(() => HostMapping.OpenFile("/nowhere", 0, 1, SharedMemoryAccess.Read, allowUnsealed: true));
        }

        Assert.Equal(descriptors, ProcessMaps.DescriptorCount);
        Assert.Equal(maps, Memories());
        using var closed = new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false);
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Open(closed, 0, s_page));
    }

    [SkippableFact]
    public void A_file_is_opened_beside_whoever_has_it_locked()
    {
        LinuxSharing.SkipElsewhere();
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        using (SafeFileHandle locked = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        {
            RandomAccess.Write(locked, [1, 2, 3], 0);
            HostMapping mapping = HostMapping.OpenFile(path, 1, 2, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
            Assert.Equal(3, *(byte*)(mapping.Address + 1));
            mapping.Release();
        }

        File.Delete(path);
        Assert.Throws<FileNotFoundException>(() => HostMapping.OpenFile(path, 0, 1, SharedMemoryAccess.Read, allowUnsealed: true));
        Assert.Throws<IOException>(() => HostMapping.OpenFile("/tmp", 0, 1, SharedMemoryAccess.ReadWrite, allowUnsealed: true));
    }

    [SkippableFact]
    public void Private_memory_has_no_handle()
    {
        HostMapping mapping = HostMapping.CreateAnonymous(s_page);
        Assert.Throws<NotSupportedException>(mapping.DuplicateHandle);
        mapping.Release();
    }

    [SkippableFact]
    public void A_snapshot_that_is_handed_on_cannot_be_written()
    {
        LinuxSharing.SkipElsewhere();
        HostMapping snapshot = HostMapping.CreateSnapshot(s_page);
        snapshot.Freeze();
        using SafeHandle handle = snapshot.DuplicateHandle();
        Assert.Throws<SharedMemoryMapException>(() => HostMapping.Open(handle, 0, s_page, SharedMemoryAccess.ReadWrite, allowUnsealed: true));

        // A guest's own way to write through stays.
        snapshot.MakeWritable();
        *(byte*)snapshot.Address = 1;
        snapshot.Release();
    }

    internal static SafeFileHandle Open(string kind, ulong size)
    {
        if (kind == "memfd")
        {
            return LinuxSharing.MemFd(size);
        }

        string path = Path.Combine(kind == "file" ? Path.GetTempPath() : kind, $"nub-test-{Guid.NewGuid():N}");
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)size));
        return file;
    }

    private static HostMapping Open(SafeFileHandle file, ulong offset, ulong size) =>
        HostMapping.Open(file, offset, size, SharedMemoryAccess.ReadWrite, allowUnsealed: true);

    private static bool CanGo(SafeFileHandle file)
    {
        using (LinuxMappingOf(file, out HostMapping mapping))
        {
            Assert.Equal(mapping.CanGo && RecoveringAccess.IsSupported(out _), mapping.Indirect is not null);
            return mapping.CanGo;
        }
    }

    private static Releaser LinuxMappingOf(SafeFileHandle file, out HostMapping mapping)
    {
        mapping = HostMapping.Open(file, 0, 16, SharedMemoryAccess.Read, allowUnsealed: true);
        return new Releaser(mapping);
    }

    private static SafeFileHandle OpenDirectory()
    {
        int fd = OpenAt(-100, "/tmp", 0x10000, 0);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    private static SafeFileHandle OpenDevice(string path)
    {
        try
        {
            return LinuxFile.Open(path, SharedMemoryAccess.ReadWrite);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new SkipException(refused.Message);
        }
    }

    [DllImport("libc", EntryPoint = "ioctl")]
    private static extern int IoCtl(SafeHandle file, nuint request, nuint argument);

    private static string Memories() => string.Join('\n', File.ReadLines("/proc/self/maps").Where(line => line.Contains("memfd:nub-test", StringComparison.Ordinal)));

    [DllImport("libc", EntryPoint = "openat", CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int OpenAt(int directory, string path, int flags, int mode);

    private readonly struct Releaser(HostMapping mapping) : IDisposable
    {
        public void Dispose() => mapping.Release();
    }
}
