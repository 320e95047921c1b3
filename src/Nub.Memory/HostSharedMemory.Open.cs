using System.Runtime.InteropServices;

namespace Nub.Memory;

public sealed partial class HostSharedMemory
{
    /// <summary>
    /// Opens memory that another process made: a file in memory that was received (a memfd, one of tmpfs or hugetlbfs), or, where its server is trusted, anything else that can be
    /// mapped; on Windows a section or a file. It has the same guard pages, locks and leases as memory of our own.
    /// </summary>
    /// <remarks>
    /// <para>On Linux a handle of anything but a file in memory is refused, before its file system is asked for anything: the peer that sent it may serve that itself (FUSE), and
    /// if it does not answer, an access waits for ever, and with it the next collection and all threads. Disposing such a handle may wait for its server, too.</para>
    /// <para>Whether its owner could shorten it is found out now, once. If so (a memfd that is not sealed against shrinking, huge pages; a file, a device), every access
    /// survives that on Linux x64: bytes that are gone are a <see cref="SharedMemoryFaultException"/>, or <see langword="false"/>
    /// from a <c>Try</c> form. Such an access costs some nanoseconds more. A memfd that is sealed with F_SEAL_SHRINK costs nothing more.
    /// Windows refuses to shorten a file that is mapped.</para>
    /// <para>Other processes cannot be kept out of it: <see cref="SharedMemory.WithExclusivity(Action{ExclusiveSharedMemory})"/> keeps the users within this process out,
    /// and the memory that it lends gives no span.</para>
    /// </remarks>
    /// <param name="handle">
    /// The descriptor or handle, such as one from <see cref="SocketHandles.Receive"/>, a <c>SafeFileHandle</c>, or a
    /// <c>SafeMemoryMappedFileHandle</c>. It stays the caller's, who may dispose it at once.
    /// </param>
    /// <param name="offset">
    /// Where the part to be opened begins, in bytes. It need not be a multiple of the page size; offset 0 of the memory then does not stand at the start of a page, and atomics, and values that
    /// must not be torn, have to stand at multiples of their size in the file.
    /// </param>
    /// <param name="size">The size of the part in bytes, at least 1: the <see cref="SharedMemory.Size"/> of the memory.</param>
    /// <param name="access">What is to be done with it. Of memory that is opened for reading every write is a <see cref="NotSupportedException"/>.</param>
    /// <param name="allowUnsealed">
    /// Whether its owner is trusted not to end this process: to open, on Linux, also what is not a file in memory (a file on a disk, a device), whose server may let an access wait for
    /// ever; and memory that could be shortened also where no access survives that (Linux on arm64).
    /// </param>
    /// <returns>The memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, or the part ends beyond what can be mapped.</exception>
    /// <exception cref="ArgumentException">The handle stands for nothing that can be mapped.</exception>
    /// <exception cref="SharedMemoryBoundsException">The file is shorter than the part's end; the numbers are the file's.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused: the file was not opened for that access, or is sealed against writing.</exception>
    /// <exception cref="PlatformNotSupportedException">It could be shortened, no access survives that here, and that was not allowed.</exception>
    /// <exception cref="NotSupportedException">On Linux: it is not a file in memory, and that was not allowed.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed.</exception>
    public static HostSharedMemory Open(
        SafeHandle handle, ulong offset, ulong size, SharedMemoryAccess access = SharedMemoryAccess.ReadWrite, bool allowUnsealed = false)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return Over(() => HostMapping.Open(handle, offset, size, access, allowUnsealed));
    }

    /// <summary>Opens a part of a file that another process made: on a disk, in /dev/shm, or of huge pages (hugetlbfs).</summary>
    /// <remarks>
    /// <para>Whether its owner could shorten it is found out now, once, and accesses survive that as those of
    /// <see cref="Open(SafeHandle, ulong, ulong, SharedMemoryAccess, bool)"/>. Its file system is the caller's choice, and trusted to answer: one that does not (a server of FUSE or of the
    /// network that hangs) holds up this call or an access, and with it the next collection and all threads.</para>
    /// <para>Other processes cannot be kept out of it: <see cref="SharedMemory.WithExclusivity(Action{ExclusiveSharedMemory})"/> keeps the users within this process out,
    /// and the memory that it lends gives no span.</para>
    /// </remarks>
    /// <param name="path">The file. Others may go on writing, shortening, and deleting it.</param>
    /// <param name="offset">
    /// Where the part to be opened begins, in bytes. It need not be a multiple of the page size; offset 0 of the memory then does not stand at the start of a page, and atomics, and values that
    /// must not be torn, have to stand at multiples of their size in the file.
    /// </param>
    /// <param name="size">The size of the part in bytes, at least 1: the <see cref="SharedMemory.Size"/> of the memory.</param>
    /// <param name="access">What is to be done with it. Of memory that is opened for reading every write is a <see cref="NotSupportedException"/>.</param>
    /// <param name="allowUnsealed">
    /// Whether to open memory that could be shortened also where no access survives that (Linux on arm64). Then an access to what is gone ends
    /// this process.
    /// </param>
    /// <returns>The memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, or the part ends beyond what can be mapped.</exception>
    /// <exception cref="ArgumentException">The path is empty or has a null character.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened for that access.</exception>
    /// <exception cref="SharedMemoryBoundsException">The file is shorter than the part's end; the numbers are the file's.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused to map it.</exception>
    /// <exception cref="PlatformNotSupportedException">It could be shortened, no access survives that here, and that was not allowed.</exception>
    public static HostSharedMemory OpenFile(
        string path, ulong offset, ulong size, SharedMemoryAccess access, bool allowUnsealed = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Over(() => HostMapping.OpenFile(path, offset, size, access, allowUnsealed));
    }
}
