using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>Linux's calls that move a file's bytes: preadv(2) and pwritev(2), and for a pipe and its like, which have no positions, readv(2) and writev(2).</summary>
internal static unsafe class FileCalls
{
    /// <summary>How many bytes a call is to move at most: no less than any device moves at once.</summary>
    public const ulong MostBytes = 1 << 30;

    private const int Interrupted = 4;
    private const int InputOutput = 5;
    private const int BadAddress = 14;
    private const int IllegalSeek = 29;

    /// <summary>Makes one call, again where it was interrupted or the file has no positions.</summary>
    /// <param name="file">The file.</param>
    /// <param name="vectors">The memory: mapped for as long as the call lasts.</param>
    /// <param name="count">How many vectors.</param>
    /// <param name="position">The file's first byte.</param>
    /// <param name="isRead">Whether the file is read.</param>
    /// <param name="canGo">Whether bytes of the memory may be gone.</param>
    /// <param name="isSought">Whether the file has positions, as far as is known; becomes false where it is found to have none.</param>
    /// <param name="isGone">Whether the next byte of the memory is gone; then nothing was moved.</param>
    /// <returns>How many bytes were moved; 0 at the end of a file that is read, too.</returns>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="ObjectDisposedException">The file was disposed.</exception>
    public static nint Move(SafeFileHandle file, IoVector* vectors, int count, long position, bool isRead, bool canGo, ref bool isSought, out bool isGone)
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

            // A write that moves nothing and has no error would be tried for ever.
            int error = done < 0 ? Marshal.GetLastPInvokeError() : done == 0 && !isRead ? InputOutput : 0;
            isGone = error == BadAddress && canGo;
            if (error == 0 || isGone)
            {
                return isGone ? 0 : done;
            }

            if (error == IllegalSeek && isSought)
            {
                isSought = false;
            }
            else if (error != Interrupted)
            {
                throw new IOException($"The file cannot be {(isRead ? "read" : "written")}: {new Win32Exception(error).Message}.", error);
            }
        }
    }
}
