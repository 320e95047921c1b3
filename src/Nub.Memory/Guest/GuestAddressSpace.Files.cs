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
}
