using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The calls of the C library that replace a file, with the constants of Linux's <c>asm-generic/fcntl.h</c>, of <c>linux/fcntl.h</c>
/// and, where arm64 has its own, of <c>arch/arm64/include/uapi/asm/fcntl.h</c>.</summary>
internal static partial class FileNative
{
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OwnerOnly = 0x180;
    public const int AtCurrentFolder = -100;
    public const int AtFollowLink = 0x400;
    public const int ErrorIsFolder = 21;
    public const int ErrorNotSupported = 95;

    /// <summary>O_TMPFILE: a file without a name; null on processors whose number is not known here.</summary>
    public static int? OpenNameless => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x40_0000 | 0x1_0000,
        Architecture.Arm64 => 0x40_0000 | 0x4000,
        _ => null,
    };

    // Variadic; on x86-64 and arm64 Linux an int argument is passed as to any other function.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(int oldFolder, string oldPath, int newFolder, string newPath, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int FSync(SafeFileHandle fd);
}
