using System.IO.MemoryMappedFiles;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.WindowsRunner;

/// <summary>Memory that another process can have, on Windows: sections that are handed on, and what others made.</summary>
public sealed partial class WindowsSharingTests : IDisposable
{
    private const ulong Page = 4096;
    private const uint PageReadOnly = 0x02;
    private const uint SecImage = 0x0100_0000;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void What_was_handed_on_is_the_same_memory()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(32 * Page).Build();
        host.Write(70_001, 5);
        using SafeMemoryMappedFileHandle handle = Assert.IsType<SafeMemoryMappedFileHandle>(host.DuplicateHandle());
        host.Dispose();
        guest.Dispose();
        using HostSharedMemory whole = HostSharedMemory.Open(handle, 0, 32 * Page);
        using HostSharedMemory part = HostSharedMemory.Open(handle, 70_001, 100);
        Assert.Equal(5, whole.Read<int>(70_001));
        Assert.Equal(5, part.Read<int>(0));
        part.Write(96, 77);
        Assert.Equal(77, whole.Read<int>(70_097));
        Assert.Equal(100UL, part.Size);
        Assert.False(part.TryRead(97, out int _));
        Assert.Throws<NotSupportedException>(() => part.WithContents(bytes => bytes[0]));
        whole.Zero();
        Assert.Equal(0, part.Read<int>(0));
    }

    [Fact]
    public void A_handle_for_reading_gives_no_writing()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(Page, readOnlyForPeers: true).Build();
        using SafeHandle handle = host.DuplicateHandle();
        Assert.Throws<SharedMemoryMapException>(() => HostSharedMemory.Open(handle, 0, Page));
        using HostSharedMemory reader = HostSharedMemory.Open(handle, 0, Page, SharedMemoryAccess.Read);
        host.Write(8, 3);
        Assert.Equal(3, reader.Read<int>(8));
        Assert.Throws<NotSupportedException>(() => reader.Write(8, 4));
        Assert.Throws<NotSupportedException>(reader.Zero);
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void A_part_of_a_file_is_opened()
    {
        byte[] bytes = new byte[200_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_path, bytes);
        using (HostSharedMemory part = HostSharedMemory.OpenFile(_path, 66_000, 10_000, SharedMemoryAccess.ReadWrite))
        {
            byte[] copy = new byte[10_000];
            part.CopyTo(0, copy);
            Assert.Equal(bytes[66_000..76_000], copy);
            part.Fill(0, 10_000, 9);
        }

        byte[] after = File.ReadAllBytes(_path);
        bytes.AsSpan(66_000, 10_000).Fill(9);
        Assert.Equal(bytes, after);
        Assert.Throws<SharedMemoryBoundsException>(() => HostSharedMemory.OpenFile(_path, 199_999, 2, SharedMemoryAccess.Read));
        Assert.Throws<FileNotFoundException>(() => HostSharedMemory.OpenFile(_path + "-", 0, 1, SharedMemoryAccess.Read));
    }

    [Fact]
    public void A_memory_mapped_file_of_dotnet_opens_here()
    {
        using MemoryMappedFile theirs = MemoryMappedFile.CreateNew(null, (long)Page);
        using MemoryMappedViewAccessor accessor = theirs.CreateViewAccessor();
        using HostSharedMemory host = HostSharedMemory.Open(theirs.SafeMemoryMappedFileHandle, 0, Page);
        accessor.Write(8, 123);
        Assert.Equal(123, host.Read<int>(8));
        host.Write(16, 456);
        Assert.Equal(456, accessor.ReadInt32(16));
        Assert.Throws<ArgumentException>(() => HostSharedMemory.Open(new SafeWaitHandle(1, ownsHandle: false), 0, Page));
    }

    [Fact]
    public void A_section_whose_pages_are_reserved_only_is_refused()
    {
        using MemoryMappedFile theirs = MemoryMappedFile.CreateNew(null, 16 * (long)Page, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.DelayAllocatePages, HandleInheritability.None);
        SharedMemoryMapException refusal = Assert.Throws<SharedMemoryMapException>(() => HostSharedMemory.Open(theirs.SafeMemoryMappedFileHandle, 0, 16 * Page));
        Assert.Contains("from byte 0 of the view on are reserved", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_section_of_an_image_is_refused()
    {
        string path = Path.Combine(Environment.SystemDirectory, "kernel32.dll");
        using SafeFileHandle file = File.OpenHandle(path);
        using SafeMemoryMappedFileHandle image = CreateFileMappingW(file, 0, PageReadOnly | SecImage, 0, 0, 0);
        Assert.False(image.IsInvalid);

        // All of it: Wine maps no part of an image.
        using var headers = new PEReader(File.OpenRead(path));
        ulong size = (ulong)headers.PEHeaders.PEHeader!.SizeOfImage;
        SharedMemoryMapException refusal = Assert.Throws<SharedMemoryMapException>(() => HostSharedMemory.Open(image, 0, size, SharedMemoryAccess.Read));
        Assert.Contains("image", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Handles_go_over_no_socket_here() => Assert.Throws<PlatformNotSupportedException>(
        () => SocketHandles.Send(new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp), [1], []));

    [LibraryImport("kernel32")]
    private static partial SafeMemoryMappedFileHandle CreateFileMappingW(SafeFileHandle file, nint attributes, uint protection, uint sizeHigh, uint sizeLow, nint name);
}
