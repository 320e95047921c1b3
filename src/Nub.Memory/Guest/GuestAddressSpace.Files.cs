using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

public sealed partial class GuestAddressSpace
{
    /// <inheritdoc cref="HostSharedMemory.ReadFrom"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="file">The file.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public ulong ReadFrom(SafeFileHandle file, long position, ulong guestAddress, ulong length)
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.Transfer(map, file, position, guestAddress, length, isRead: true, out ulong moved), map, guestAddress, length);
        return moved;
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadFrom"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="file">The file.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="moved">The number of bytes moved.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryReadFrom(SafeFileHandle file, long position, ulong guestAddress, ulong length, out ulong moved)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(
            GuestAccess.Transfer(map, file, position, guestAddress, length, isRead: true, out moved), map, guestAddress, length);
    }

    /// <inheritdoc cref="HostSharedMemory.WriteTo"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="file">The file.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public ulong WriteTo(SafeFileHandle file, long position, ulong guestAddress, ulong length)
    {
        GuestMap map = LiveMap();
        GuestAccess.ThrowIf(GuestAccess.Transfer(map, file, position, guestAddress, length, isRead: false, out ulong moved), map, guestAddress, length);
        return moved;
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteTo"/>
    /// <param name="guestAddress">The guest address of the first byte.</param>
    /// <param name="file">The file.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="moved">The number of bytes moved.</param>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryWriteTo(SafeFileHandle file, long position, ulong guestAddress, ulong length, out ulong moved)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(
            GuestAccess.Transfer(map, file, position, guestAddress, length, isRead: false, out moved), map, guestAddress, length);
    }

    /// <summary>
    /// Reads a file's bytes straight into ranges, one after the other as if they were one, many of them in one system call. No thread can take their memories
    /// exclusively meanwhile.
    /// </summary>
    /// <param name="file">The file, open for reading. On Linux, of one that cannot be sought, such as a pipe, the next bytes are read.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="ranges">Where to.</param>
    /// <param name="length">The number of bytes to read at most; where the ranges have fewer, theirs.</param>
    /// <param name="moved">The number of bytes read: fewer where the file ends, or bytes are gone.</param>
    /// <returns>Whether all that was to be written is mapped, can be written, and is still there. Where it is not mapped, nothing was read.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The space or the file was disposed.</exception>
    public bool TryReadFrom(SafeFileHandle file, long position, ReadOnlySpan<GuestRange> ranges, ulong length, out ulong moved)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(
            GuestTransfer.Move(map, file, position, ranges, length, isRead: true, out moved), map, ranges.IsEmpty ? 0 : ranges[0].Address, length);
    }

    /// <summary>
    /// Writes the bytes of ranges straight into a file, one after the other as if they were one, many of them in one system call. No thread can take their memories
    /// exclusively meanwhile.
    /// </summary>
    /// <param name="file">The file, open for writing. On Linux, to one that cannot be sought, such as a pipe, the bytes are appended.</param>
    /// <param name="position">The first byte of the file.</param>
    /// <param name="ranges">From where.</param>
    /// <param name="length">The number of bytes to write; where the ranges have fewer, theirs.</param>
    /// <param name="moved">The number of bytes written: fewer where bytes are gone.</param>
    /// <returns>Whether all that was to be read is mapped and is still there. Where it is not mapped, nothing was written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="SharedMemoryLockedException">One of the memories is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The space or the file was disposed.</exception>
    public bool TryWriteTo(SafeFileHandle file, long position, ReadOnlySpan<GuestRange> ranges, ulong length, out ulong moved)
    {
        GuestMap map = LiveMap();
        return GuestAccess.Succeeded(
            GuestTransfer.Move(map, file, position, ranges, length, isRead: false, out moved), map, ranges.IsEmpty ? 0 : ranges[0].Address, length);
    }
}
