using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>
    /// Reads a file's bytes straight into the memory: the kernel writes them there, once each, without a copy in between. No thread can take the memory
    /// exclusively meanwhile.
    /// </summary>
    /// <param name="file">The file, open for reading. On Linux, of one that cannot be sought, such as a pipe, the next bytes are read.</param>
    /// <param name="position">The first byte of the file to read.</param>
    /// <param name="offset">The first byte of the memory to write.</param>
    /// <param name="length">The number of bytes to read at most.</param>
    /// <returns>The number of bytes read: less than <paramref name="length"/> where the file ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was read.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the memory's bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">This owner or the file was disposed.</exception>
    public ulong ReadFrom(SafeFileHandle file, long position, ulong offset, ulong length)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, length);
        mapping.ThrowIf(FileTransfer.Read(this, mapping, file, position, offset, length, out ulong moved), offset, length);
        return moved;
    }

    /// <summary>Reads a file's bytes straight into the memory if the range lies within it.</summary>
    /// <param name="file">The file, open for reading. On Linux, of one that cannot be sought, such as a pipe, the next bytes are read.</param>
    /// <param name="position">The first byte of the file to read.</param>
    /// <param name="offset">The first byte of the memory to write.</param>
    /// <param name="length">The number of bytes to read at most.</param>
    /// <param name="moved">The number of bytes read: less than <paramref name="length"/> where the file ends, or bytes are gone.</param>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">This owner or the file was disposed.</exception>
    public bool TryReadFrom(SafeFileHandle file, long position, ulong offset, ulong length, out ulong moved)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, length))
        {
            moved = 0;
            return mapping.Refuse(offset, length);
        }

        return mapping.Succeeded(FileTransfer.Read(this, mapping, file, position, offset, length, out moved), offset, length);
    }

    /// <summary>
    /// Writes bytes of the memory straight into a file: the kernel reads them there, once each, without a copy in between. No thread can take the
    /// memory exclusively meanwhile.
    /// </summary>
    /// <param name="file">The file, open for writing. On Linux, to one that cannot be sought, such as a pipe, the bytes are appended.</param>
    /// <param name="position">The first byte of the file to write.</param>
    /// <param name="offset">The first byte of the memory to read.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <returns>The number of bytes written: <paramref name="length"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the memory's bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">This owner or the file was disposed.</exception>
    public ulong WriteTo(SafeFileHandle file, long position, ulong offset, ulong length)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, length);
        mapping.ThrowIf(FileTransfer.Write(this, mapping, file, position, offset, length, out ulong moved), offset, length);
        return moved;
    }

    /// <summary>Writes bytes of the memory straight into a file if the range lies within it.</summary>
    /// <param name="file">The file, open for writing. On Linux, to one that cannot be sought, such as a pipe, the bytes are appended.</param>
    /// <param name="position">The first byte of the file to write.</param>
    /// <param name="offset">The first byte of the memory to read.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <param name="moved">The number of bytes written: less than <paramref name="length"/> where bytes are gone.</param>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">This owner or the file was disposed.</exception>
    public bool TryWriteTo(SafeFileHandle file, long position, ulong offset, ulong length, out ulong moved)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, length))
        {
            moved = 0;
            return mapping.Refuse(offset, length);
        }

        return mapping.Succeeded(FileTransfer.Write(this, mapping, file, position, offset, length, out moved), offset, length);
    }
}
