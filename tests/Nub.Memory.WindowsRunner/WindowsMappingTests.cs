using System.Runtime.InteropServices;

namespace Nub.Memory.WindowsRunner;

/// <summary>What only Windows has: the file-mapping object behind a memory, and how its views are restored.</summary>
public sealed unsafe partial class WindowsMappingTests : IDisposable
{
    private const ulong Page = 4096;
    private const uint FileMapRead = 4;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_region_tells_where_its_bytes_lie_in_the_file_mapping()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(3 * Page).Build();
        host.Write(8, 0x1122334455667788);
        HostRegionBase place = Assert.NotNull(guest.MappingAt(0, MemoryRegionType.Scratch).HostBase);
        Assert.Equal((guest.RawAddress, 5 * Page, Page), (place.HandleBase, place.HandleSize, place.Offset));
        Assert.Equal(guest.BaseAddress, place.Address);

        // As a hypervisor maps it: by the handle alone, guards and all.
        byte* other = MapViewOfFile(place.Handle, FileMapRead, 0, 0, (nuint)place.HandleSize);
        Assert.Equal(0x1122334455667788, *(long*)(other + place.Offset + 8));
        host.Write(8, 7L);
        Assert.Equal(7, *(long*)(other + place.Offset + 8));
        Assert.True(UnmapViewOfFile(other));
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void A_snapshots_region_and_a_mapped_files_tell_theirs_and_a_private_view_has_none()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes(new byte[5000]);
        HostRegionBase place = Assert.NotNull(snapshot.MappingAt(0, MemoryRegionType.Snapshot).HostBase);
        Assert.Equal((snapshot.RawAddress, 4 * Page, Page), (place.HandleBase, place.HandleSize, place.Offset));

        File.WriteAllBytes(_path, new byte[2 * Page]);
        using (var file = ReadOnlySharedMemory.MapFile(_path, Page))
        {
            place = Assert.NotNull(file.MappingAt(0, MemoryRegionType.Snapshot).HostBase);
            Assert.Equal((file.BaseAddress, 2 * Page, 0UL), (place.HandleBase, place.HandleSize, place.Offset));
        }

        (HostSharedMemory host, GuestSharedMemory guest) = snapshot.MapCopyOnWrite().Build();
        Assert.Null(guest.MappingAt(0, MemoryRegionType.Scratch).HostBase);
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void The_handle_is_closed_with_the_last_owner()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Page).Build();
        nint handle = guest.MappingAt(0, MemoryRegionType.Scratch).HostBase!.Value.Handle;
        host.Dispose();
        Assert.True(GetHandleInformation(handle, out _));
        guest.Dispose();
        Assert.False(GetHandleInformation(handle, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)] // with its guards: more than a granule of 64 KiB
    [InlineData(16)] // a granule
    [InlineData(17)]
    public void Mapped_files_of_any_size_have_guards_and_leave_nothing(int pages)
    {
        byte[] bytes = new byte[pages * (int)Page];
        new Random(pages).NextBytes(bytes);
        byte[] copy = new byte[bytes.Length];
        File.WriteAllBytes(_path, bytes);
        for (int i = 0; i < 100; i++)
        {
            using var file = ReadOnlySharedMemory.MapFile(_path, Page);
            using ExclusiveSharedMemory view = file.MapCopyOnWrite();
            view.CopyTo(0, copy);
            Assert.Equal(bytes, copy);
            view.CopyFrom(0, new byte[bytes.Length]);
            view.Restore();
            view.CopyTo(0, copy);
            Assert.Equal(bytes, copy);
            foreach (SharedMemory memory in (SharedMemory[])[file, view])
            {
                Assert.False(IsAccessible(memory.BaseAddress - 1));
                Assert.True(IsAccessible(memory.BaseAddress) && IsAccessible(memory.BaseAddress + (nint)memory.Size - 1));
                Assert.False(IsAccessible(memory.BaseAddress + (nint)memory.Size));
            }
        }

        File.Delete(_path); // refused while a section has it
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public void Restore_leaves_the_pages_alone_that_nobody_changed()
    {
        byte[] bytes = new byte[64 * Page];
        new Random(1).NextBytes(bytes);
        using var snapshot = ReadOnlySharedMemory.FromBytes(bytes);
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        view.WriteByte(5 * Page, (byte)(bytes[5 * (int)Page] ^ 1));
        view.Restore();
        Assert.True(view.WithContents(contents => contents.SequenceEqual(bytes)));

        // A page that is still the snapshot's shows what is written through the snapshot; a private copy does not.
        MemoryRegion region = snapshot.Clone().MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write);
        for (ulong page = 0; page < 64; page++)
        {
            byte* there = (byte*)region.HostAddress + page * Page;
            *there ^= 0xFF;
            Assert.Equal(page != 5, view.ReadByte(page * Page) == *there);
        }
    }

    private static bool IsAccessible(nint address)
    {
        const uint Committed = 0x1000, NoAccess = 1;
        nuint* run = stackalloc nuint[6]; // MEMORY_BASIC_INFORMATION
        Assert.NotEqual(0U, VirtualQuery(address, run, 6 * (nuint)sizeof(nuint)));
        return (uint)run[4] == Committed && (uint)(run[4] >> 32) != NoAccess;
    }

    [LibraryImport("kernel32")]
    private static partial byte* MapViewOfFile(nint section, uint access, uint offsetHigh, uint offsetLow, nuint length);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool UnmapViewOfFile(byte* view);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetHandleInformation(nint handle, out uint flags);

    [LibraryImport("kernel32")]
    private static partial nuint VirtualQuery(nint address, void* information, nuint length);
}
