using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// A new file that takes another's place in one step, when all of it is on the disk: a process that opens the path, also after a crash, finds the old
/// file or the new one, and nothing in between.
/// </summary>
/// <remarks>
/// The facts are of the pages open(2), linkat(2), rename(2) and fsync(2) of the Linux manual. Where the file system has nameless files
/// (O_TMPFILE) a process that is killed while it writes leaves nothing behind. One that is killed between the last two steps, when the file gets a name beside
/// (linkat replaces no file) and is moved, may leave it by the name <c>.nub-….saving</c>; so may one that is killed at any time where there are no nameless files.
/// </remarks>
internal sealed class ReplacingFile : IDisposable
{
    private readonly string _path;
    private readonly string _folder;

    // Has a name from the start where there are no nameless files; null until it has one.
    private string? _temporary;

    private ReplacingFile(string path, string folder, SafeFileHandle handle, string? temporary)
    {
        _path = path;
        _folder = folder;
        _temporary = temporary;
        Handle = handle;
    }

    /// <summary>The new file, to be written.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Makes an empty file beside a path. Its owner alone may read and write it, because a guest's memory holds secrets.</summary>
    /// <exception cref="ArgumentException">The path names no file.</exception>
    /// <exception cref="IOException">The folder is not there, or the system refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static ReplacingFile Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        if (Path.GetFileName(full).Length == 0 || Path.GetDirectoryName(full) is not { } folder)
        {
            throw new ArgumentException($"{path} names a folder, not a file.", nameof(path));
        }

        if (OperatingSystem.IsLinux() && TryCreateNameless(folder) is { } handle)
        {
            return new ReplacingFile(full, folder, handle, null);
        }

        string temporary = NewName(folder);
        return new ReplacingFile(full, folder, CreateNamed(temporary), temporary);
    }

    /// <summary>Puts the file in its place, when its bytes are on the disk.</summary>
    /// <exception cref="IOException">The system refused. The old file is where it was; or, where the folder alone cannot be synchronized, the new one is, and may be gone after a crash.</exception>
    public void Commit()
    {
        RandomAccess.FlushToDisk(Handle);
        if (_temporary is null)
        {
            string temporary = NewName(_folder);
            if (FileNative.LinkAt(FileNative.AtCurrentFolder, $"/proc/self/fd/{Handle.DangerousGetHandle()}", FileNative.AtCurrentFolder, temporary, FileNative.AtFollowLink) != 0)
            {
                throw Failed(temporary);
            }

            _temporary = temporary;
        }

        // Before the old file is gone: a folder that may be written and not read is found out in time.
        using SafeFileHandle? folder = OperatingSystem.IsLinux() ? LinuxFile.Open(_folder, SharedMemoryAccess.Read) : null;

        // Windows moves no file that is open.
        Handle.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _temporary = null;

        // The name, too, has to reach the disk.
        if (folder is not null && FileNative.FSync(folder) != 0 && Marshal.GetLastPInvokeError() != LinuxNative.ErrorInvalid)
        {
            throw Failed(_folder);
        }
    }

    /// <summary>Takes the new file away, unless it was put in its place.</summary>
    public void Dispose()
    {
        Handle.Dispose();
        if (_temporary is not null)
        {
            try
            {
                File.Delete(_temporary);
            }
            catch (IOException)
            {
                // What went wrong before is what the caller is to hear of.
            }
            catch (UnauthorizedAccessException)
            {
            }
        }
    }

    private static SafeFileHandle? TryCreateNameless(string folder)
    {
        // Without /proc, only a privileged process can give it a name.
        if (FileNative.OpenNameless is not { } nameless || !Directory.Exists("/proc/self/fd"))
        {
            return null;
        }

        FaultPoint.Reach();
        var handle = new SafeFileHandle();
        int fd = Open(folder, nameless);
        if (fd >= 0)
        {
            Marshal.InitHandle(handle, fd);
            return handle;
        }

        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();

        // The file system or the kernel has none; what else is wrong is found out again by the other way, which says so.
        return error is FileNative.ErrorNotSupported or FileNative.ErrorIsFolder or LinuxNative.ErrorInvalid or LinuxNative.ErrorNoEntry ? null : throw Failed(folder, error);
    }

    /// <summary>Makes a file that has a name. It is opened once, when it is made: another process that may write the folder could put another file in its place before a second opening.</summary>
    internal static SafeFileHandle CreateNamed(string temporary)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        }

        // .NET opens no handle with a mode of its own. A link is not followed where the file must be new.
        var handle = new SafeFileHandle();
        int fd = Open(temporary, FileNative.OpenCreate | FileNative.OpenExclusive);
        if (fd >= 0)
        {
            Marshal.InitHandle(handle, fd);
            return handle;
        }

        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw Failed(temporary, error);
    }

    /// <summary>Opens a file to be read and written, which its owner alone may do when it is made.</summary>
    /// <returns>The descriptor, or less than 0 with the error in errno.</returns>
    private static int Open(string path, int flags)
    {
        int fd;
        do
        {
            fd = FileNative.Open(path, flags | FileNative.OpenReadWrite | LinuxNative.OpenCloExec, FileNative.OwnerOnly);
        }
        while (fd < 0 && Marshal.GetLastPInvokeError() == LinuxNative.ErrorInterrupted);
        return fd;
    }

    private static string NewName(string folder) => Path.Combine(folder, $".nub-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.saving");

    private static Exception Failed(string path) => Failed(path, Marshal.GetLastPInvokeError());

    private static Exception Failed(string path, int error)
    {
        string message = $"{path} cannot be written: {Marshal.GetPInvokeErrorMessage(error)} ({error}).";
        return error switch
        {
            LinuxNative.ErrorNoEntry => new DirectoryNotFoundException(message),
            LinuxNative.ErrorAccess => new UnauthorizedAccessException(message),
            _ => new IOException(message),
        };
    }
}
