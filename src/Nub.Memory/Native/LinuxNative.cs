using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The calls of the C library that mappings need, with the constants of Linux's <c>asm-generic/mman-common.h</c>,
/// <c>linux/memfd.h</c>, <c>linux/fcntl.h</c>, <c>linux/falloc.h</c>, <c>linux/fs.h</c>, <c>linux/userfaultfd.h</c>, <c>linux/stat.h</c> and <c>linux/magic.h</c>.</summary>
internal static partial class LinuxNative
{
    public const int ProtNone = 0;
    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int ProtExecute = 4;

    public const int MapShared = 0x01;
    public const int MapPrivate = 0x02;
    public const int MapFixed = 0x10;
    public const int MapAnonymous = 0x20;
    public const int MapNoReserve = 0x4000;
    public const nint MapFailed = -1;

    public const int MAdvDontNeed = 4;
    public const int MAdvNoHugePage = 15;

    public const uint MfdCloExec = 1;
    public const uint MfdAllowSealing = 2;

    /// <summary>It can never be executed as a program, which some systems insist on. Linux 6.3.</summary>
    public const uint MfdNoExecSeal = 8;

    public const int ErrorPermission = 1;
    public const int ErrorNoEntry = 2;
    public const int ErrorInterrupted = 4;
    public const int ErrorNoDevice = 6;
    public const int ErrorAccess = 13;
    public const int ErrorInvalid = 22;

    public const int OpenReadWrite = 2;
    public const int OpenNoTerminal = 0x100;
    public const int OpenNonBlock = 0x800;
    public const int OpenCloExec = 0x80000;

    public const int FAddSeals = 1033;
    public const int SealSeal = 1;
    public const int SealShrink = 2;
    public const int SealGrow = 4;
    public const int SealWrite = 8;

    /// <summary>It can neither be mapped writable nor be written from now on; mappings that are writable stay so. Linux 5.1.</summary>
    public const int SealFutureWrite = 16;

    public const int FDupFdCloExec = 1030;
    public const int FGetSeals = 1034;

    public const int FAllocKeepSize = 1;
    public const int FAllocPunchHole = 2;

    public const int SeekData = 3;
    public const int SeekHole = 4;

    public const int AtEmptyPath = 0x1000;
    public const uint StatXType = 1;
    public const uint StatXSize = 0x200;
    public const int FormatMask = 0xF000;
    public const int FormatRegular = 0x8000;

    /// <summary>PAGEMAP_SCAN, _IOWR('f', 16, struct pm_scan_arg). Linux 6.7.</summary>
    public const uint PageMapScan = 0xC0606610;
    public const ulong PageMapProtect = 1;
    public const ulong PageMapCheckProtected = 2;

    /// <summary>UFFDIO_API and UFFDIO_REGISTER.</summary>
    public const uint UserFaultApi = 0xC018AA3F;
    public const uint UserFaultRegister = 0xC020AA00;
    public const int UserFaultUserModeOnly = 1;
    public const ulong UserFaultModeWriteProtect = 2;
    public const ulong UserFaultWriteProtectFiles = 1 << 12;
    public const ulong UserFaultWriteProtectUnpopulated = 1 << 13;
    public const ulong UserFaultWriteProtectAsync = 1 << 15;

    public const long TmpFs = 0x01021994;
    public const long HugeTlbFs = 0x958458F6;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint MMap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint MMapFile(nint address, nuint length, int protection, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int MUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    public static partial int MProtect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    public static partial int MAdvise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    public static unsafe partial int MInCore(nint address, nuint length, byte* pages);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long LSeek(SafeFileHandle fd, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemFdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int FTruncate(SafeFileHandle fd, long length);

    // fcntl is variadic; on x86-64 and arm64 Linux an int argument is passed as to any other function.
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FCntl(SafeHandle fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Duplicate(SafeHandle fd, int command, int lowest);

    // Variadic, but the last argument is for a file that is made.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    // ioctl is variadic; a pointer is passed as to any other function on x86-64 and arm64 Linux.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static unsafe partial int IoControl(SafeFileHandle fd, nuint request, void* argument);

    // syscall is variadic; the same holds. For what the C library has no function of.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint SystemCall(nint number, nint argument);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint PRead(SafeFileHandle fd, void* destination, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "preadv", SetLastError = true)]
    public static unsafe partial nint PReadV(SafeFileHandle fd, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    public static unsafe partial nint PWriteV(SafeFileHandle fd, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", EntryPoint = "readv", SetLastError = true)]
    public static unsafe partial nint ReadV(SafeFileHandle fd, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    public static unsafe partial nint WriteV(SafeFileHandle fd, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int FAllocate(SafeFileHandle fd, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(SafeFileHandle directory, string path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    public static unsafe partial int FStatFs(SafeFileHandle fd, FileSystemStatus* status);

    /// <summary>struct statx, the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(40)] public ulong Size;
    }

    /// <summary>struct pm_scan_arg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PageMapScanArgument
    {
        public ulong Size;
        public ulong Flags;
        public ulong Start;
        public ulong End;
        public ulong WalkedTo;
        public ulong Runs;
        public ulong Capacity;
        public ulong MostPages;
        public ulong Inverted;
        public ulong All;
        public ulong Any;
        public ulong Told;
    }

    /// <summary>struct uffdio_api.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UserFaultApiArgument
    {
        public ulong Version;
        public ulong Features;
        public ulong Calls;
    }

    /// <summary>struct uffdio_register.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UserFaultRegisterArgument
    {
        public ulong Start;
        public ulong Length;
        public ulong Mode;
        public ulong Calls;
    }

    /// <summary>struct statfs of a 64-bit system, which is shorter than this.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileSystemStatus
    {
        [FieldOffset(0)] public long Type;
        [FieldOffset(8)] public long BlockSize;
    }
}
