using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>Linux's calls that move a file's bytes: preadv(2) and pwritev(2), and for a pipe and its like, which have no positions, readv(2) and writev(2).</summary>
internal static unsafe class FileCalls
{
    /// <summary>EFAULT: some of the memory is not there.</summary>
    public const int BadAddress = 14;

    /// <summary>EIO, for a write that moves nothing and has no error.</summary>
    public const int InputOutput = 5;

    private const int Interrupted = 4;
    private const int IllegalSeek = 29;

    /// <summary>Makes one call, again where it was interrupted or the file has no positions.</summary>
    /// <param name="file">The file.</param>
    /// <param name="vectors">The memory: mapped for as long as the call lasts.</param>
    /// <param name="count">How many vectors.</param>
    /// <param name="position">The file's first byte.</param>
    /// <param name="isRead">Whether the file is read.</param>
    /// <param name="isSought">Whether the file has positions, as far as is known; becomes false where it is found to have none.</param>
    /// <param name="error">The error number (errno(3)), or 0.</param>
    /// <returns>How many bytes were moved.</returns>
    /// <exception cref="ObjectDisposedException">The file was disposed.</exception>
    public static nint Move(SafeFileHandle file, IoVector* vectors, int count, long position, bool isRead, ref bool isSought, out int error)
    {
        while (true)
        {
            nint done = (isRead, isSought) switch
            {
                (true, true) => LinuxNative.PReadV(file, vectors, count, position),
                (true, false) => LinuxNative.ReadV(file, vectors, count),
                (false, true) => LinuxNative.PWriteV(file, vectors, count, position),
                (false, false) => LinuxNative.WriteV(file, vectors, count),
            };
            error = done < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == IllegalSeek && isSought)
            {
                isSought = false;
            }
            else if (error != Interrupted)
            {
                return done < 0 ? 0 : done;
            }
        }
    }

    public static IOException Failed(int error, bool isRead) =>
        new($"The file cannot be {(isRead ? "read" : "written")}: {new Win32Exception(error).Message}.", error);

    /// <summary>struct iovec.</summary>
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }
}
