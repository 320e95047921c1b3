using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio;

/// <summary>The calls of the C library that a queue's thread waits and signals with, and that tell what a file is. Constants are the kernel's <c>asm-generic</c> ones.</summary>
internal static unsafe partial class LinuxNative
{
    public const int CloseOnExec = 0x80000; // EFD_CLOEXEC, EPOLL_CLOEXEC
    public const int NonBlocking = 0x800; // EFD_NONBLOCK, O_NONBLOCK
    public const int EpollAdd = 1; // EPOLL_CTL_ADD
    public const uint EpollIn = 1; // EPOLLIN
    public const uint EpollEdge = 1u << 31; // EPOLLET
    public const int GetFlags = 3; // F_GETFL
    public const int SetFlags = 4; // F_SETFL
    public const int DoNotWait = 0x40; // MSG_DONTWAIT
    public const int NoSignal = 0x4000; // MSG_NOSIGNAL
    public const int CurrentDirectory = -100; // AT_FDCWD
    public const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    public const uint StatXType = 1; // STATX_TYPE
    public const int FormatMask = 0xF000; // S_IFMT
    public const int FormatSocket = 0xC000; // S_IFSOCK

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initialValue, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(SafeFileHandle epoll, int operation, SafeFileHandle descriptor, byte* what);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(SafeFileHandle epoll, byte* events, int mostEvents, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeFileHandle socket, void* buffer, nuint length, int flags);

    // Variadic, but with these arguments it is passed as any other on Linux' x86-64 and arm64.
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(SafeFileHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatX(int directory, string path, int flags, uint mask, FileStatus* status);

    /// <summary>struct statx, the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(28)] public ushort Mode;
    }
}
