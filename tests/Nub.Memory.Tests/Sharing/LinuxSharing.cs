using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>What the tests of shared files ask of Linux.</summary>
internal static unsafe partial class LinuxSharing
{
    public const int Shrink = 2, Grow = 4, Write = 8, FutureWrite = 16, Seals = 1;

    public static void SkipElsewhere() => Skip.IfNot(OperatingSystem.IsLinux(), "Descriptors are Linux's.");

    /// <summary>A file in memory that can be sealed.</summary>
    public static SafeFileHandle MemFd(ulong size, uint flags = 3)
    {
        int fd = ShrinkingFile.MemFdCreate("nub-test", flags);
        Assert.True(fd >= 0, $"memfd_create: {Marshal.GetLastSystemError()}");
        var file = new SafeFileHandle(fd, ownsHandle: true);
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)size));
        return file;
    }

    public static int SealsOf(SafeHandle file) => LinuxNative.FCntl((SafeFileHandle)file, LinuxNative.FGetSeals, 0);

    /// <summary>How many bytes of storage a file has.</summary>
    public static long Storage(SafeHandle file)
    {
        byte* status = stackalloc byte[256];
        Assert.Equal(0, StatX((int)file.DangerousGetHandle(), "", LinuxNative.AtEmptyPath, 0x7FF, status));
        return *(long*)(status + 48) * 512;
    }

    /// <summary>Whether a descriptor is closed when a program is started.</summary>
    public static bool ClosesOnExecute(SafeHandle file) => (LinuxNative.FCntl((SafeFileHandle)file, 1, 0) & 1) != 0;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int fd, string path, int flags, uint mask, byte* status);
}
