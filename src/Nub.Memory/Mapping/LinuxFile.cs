using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// What a descriptor is that memory is to be mapped from, asked once. What can only grow safer (a seal) is asked before what it makes safe
/// (the length): a change by another process in between does no harm.
/// </summary>
/// <remarks>The facts are of the pages statx(2), fcntl(2), statfs(2) and mmap(2) of the Linux manual.</remarks>
internal readonly struct LinuxFile
{
    private LinuxFile(ulong? length, int seals, ulong granule, bool isInMemory)
    {
        Length = length;
        _seals = seals;
        Granule = granule;
        IsInMemory = isInMemory;
    }

    private readonly int _seals;

    /// <summary>Its length in bytes; null where it has none, as a device's.</summary>
    public ulong? Length { get; }

    /// <summary>What a mapping begins and ends at a multiple of, in bytes: the system's page, or the file's own huge one.</summary>
    public ulong Granule { get; }

    /// <summary>Whether it is in memory alone (tmpfs, a memfd), where a hole gives pages back and reads as zeroes.</summary>
    public bool IsInMemory { get; }

    /// <summary>
    /// Whether bytes of it can go while they are mapped. They cannot where the file is sealed against shrinking and has ordinary pages: of a
    /// huge page the system may have none left when it is touched.
    /// </summary>
    public bool CanGo => !IsInMemory || (_seals & LinuxNative.SealShrink) == 0;

    /// <summary>Whether no process can write it any more, not even by an earlier mapping.</summary>
    public bool IsImmutable => !CanGo && (_seals & LinuxNative.SealWrite) != 0;

    /// <summary>
    /// Opens a file that other processes have open: .NET's own way takes a lock (flock(2)), which the file's owner may hold, as a Java virtual machine does
    /// on its counters. A pipe is not waited for.
    /// </summary>
    /// <exception cref="ArgumentException">The path is empty or has a null character, where C would end it.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened for that access.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle Open(string path, SharedMemoryAccess access)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0'))
        {
            throw new ArgumentException("The path has a null character.", nameof(path));
        }

        int flags = LinuxNative.OpenCloExec | LinuxNative.OpenNonBlock | LinuxNative.OpenNoTerminal;
        int fd;
        do
        {
            fd = LinuxNative.Open(path, access == SharedMemoryAccess.Read ? flags : flags | LinuxNative.OpenReadWrite);
        }
        while (fd < 0 && Marshal.GetLastPInvokeError() == LinuxNative.ErrorInterrupted);
        if (fd >= 0)
        {
            return new SafeFileHandle(fd, ownsHandle: true);
        }

        int error = Marshal.GetLastPInvokeError();
        string message = $"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)} ({error}).";
        throw error switch
        {
            LinuxNative.ErrorNoEntry => new FileNotFoundException(message, path),
            LinuxNative.ErrorAccess or LinuxNative.ErrorPermission => new UnauthorizedAccessException(message),
            _ => new IOException(message),
        };
    }

    /// <summary>
    /// Refuses what a process or another host may serve (FUSE, a file system of the network): its server answers an access, and statx and fstatfs, late or never, and a collection waits
    /// for the thread that waits for that answer. F_GET_SEALS is answered by the kernel, and with seals for files in memory and of huge pages alone.
    /// </summary>
    /// <exception cref="NotSupportedException">It is another file, or none.</exception>
    /// <exception cref="SharedMemoryMapException">The system does not tell.</exception>
    public static void ThrowIfServed(SafeHandle handle)
    {
        if (LinuxNative.FCntl(handle, LinuxNative.FGetSeals, 0) >= 0)
        {
            return;
        }

        throw Marshal.GetLastPInvokeError() == LinuxNative.ErrorInvalid
            ? new NotSupportedException(
                "The handle is not of a file in memory (memfd, tmpfs, hugetlbfs). The server of its file could let an access wait for ever, and the process with it. If it is trusted, set allowUnsealed.")
            : Failed("fcntl");
    }

    /// <summary>Asks what a descriptor is. A file system that does not answer is waited for.</summary>
    /// <exception cref="SharedMemoryMapException">The system does not tell.</exception>
    public static unsafe LinuxFile Examine(SafeFileHandle file)
    {
        int seals = Math.Max(0, LinuxNative.FCntl(file, LinuxNative.FGetSeals, 0));
        LinuxNative.FileStatus status;
        if (LinuxNative.StatX(file, "", LinuxNative.AtEmptyPath, LinuxNative.StatXType | LinuxNative.StatXSize, &status) != 0)
        {
            throw Failed("statx");
        }

        LinuxNative.FileSystemStatus system;
        if (LinuxNative.FStatFs(file, &system) != 0)
        {
            throw Failed("fstatfs");
        }

        bool isFile = (status.Mode & LinuxNative.FormatMask) == LinuxNative.FormatRegular;
        bool isHuge = system.Type == LinuxNative.HugeTlbFs;
        return new LinuxFile(
            isFile ? status.Size : null,
            seals,
            isHuge ? (ulong)system.BlockSize : HostMapping.PageSize,
            isFile && system.Type == LinuxNative.TmpFs);
    }

    private static SharedMemoryMapException Failed(string call) => new(call, Marshal.GetLastPInvokeError(), "the descriptor of memory to be opened");
}
