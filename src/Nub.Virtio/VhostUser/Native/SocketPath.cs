using System.Net.Sockets;

namespace Nub.Virtio;

/// <summary>What stands at a path where a socket is to listen.</summary>
internal static unsafe class SocketPath
{
    /// <summary>Removes a socket at which no process listens, as one that was killed leaves it. What else stands there stays, and binding is refused then.</summary>
    public static void RemoveIfDead(string path)
    {
        if (!IsSocket(path))
        {
            return;
        }

        // Without waiting: a listener that is busy may have a full queue for as long as it likes.
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Remove(path);
        }
        catch (SocketException)
        {
            // A process listens there, or it cannot be told.
        }
    }

    /// <summary>Whether it is a socket itself, and no link to one.</summary>
    private static bool IsSocket(string path)
    {
        LinuxNative.FileStatus status;

        // Sound: the struct has the size of the kernel's, which writes no more during the call.
        return LinuxNative.StatX(LinuxNative.CurrentDirectory, path, LinuxNative.NoFollow, LinuxNative.StatXType, &status) == 0
            && (status.Mode & LinuxNative.FormatMask) == LinuxNative.FormatSocket;
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's: binding says that the path is in use.
        }
    }
}
