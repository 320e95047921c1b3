using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>What <see cref="SocketHandles.Receive"/> received.</summary>
/// <param name="ByteCount">The number of data bytes. 0 from a stream whose peer has shut it down.</param>
/// <param name="HandleCount">The number of handles, which are the caller's to dispose from now on.</param>
/// <param name="Flags">
/// <see cref="SocketFlags.ControlDataTruncated"/> where the peer sent handles that were lost: more than the destination holds, or than this
/// process may open. <see cref="SocketFlags.Truncated"/> where a datagram was longer than the buffer.
/// </param>
public readonly record struct SocketHandlesResult(int ByteCount, int HandleCount, SocketFlags Flags);

/// <summary>
/// Sends and receives descriptors over a Unix domain socket, the way in which one process gives another its memory; .NET itself has none.
/// On Linux.
/// </summary>
/// <remarks>
/// <para>A handle is received as a new descriptor of what the sender's stands for (unix(7), SCM_RIGHTS). It is closed when a program is
/// started (MSG_CMSG_CLOEXEC), and nothing is known of it: a hostile peer sends what it wants.</para>
/// <para>At most <see cref="MaxHandles"/> go with one message. On a stream they are received with the first of the bytes they were sent
/// with, and no receive goes on beyond those bytes.</para>
/// </remarks>
public static class SocketHandles
{
    /// <summary>The most handles that one message can carry: SCM_MAX_FD of the kernel.</summary>
    public const int MaxHandles = 253;

    /// <summary>Sends bytes, and handles with them.</summary>
    /// <param name="socket">
    /// A connected Unix domain socket. A blocking one waits, for at most <see cref="Socket.SendTimeout"/> each time, until all bytes of a
    /// stream are sent.
    /// </param>
    /// <param name="data">The bytes, at least one: on a stream handles cannot go alone.</param>
    /// <param name="handles">The handles, at most <see cref="MaxHandles"/>. They stay the caller's, who may dispose them as soon as this returns.</param>
    /// <returns>
    /// The number of bytes sent: all, or fewer where the socket does not block and its peer has no room. The handles are sent with the first.
    /// </returns>
    /// <exception cref="ArgumentException">No bytes, too many handles, one that is null, or not a Unix domain socket.</exception>
    /// <exception cref="ObjectDisposedException">The socket or a handle was disposed.</exception>
    /// <exception cref="SocketException">
    /// The system refused. <see cref="SocketError.WouldBlock"/>: the socket does not block, and nothing was sent.
    /// <see cref="SocketError.TooManyOpenSockets"/>: more descriptors are under way than this process may have open. Where the handles were
    /// sent and the peer then went, they are sent; the number of bytes is not known.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static int Send(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> handles)
    {
        CheckSocket(socket);
        if (data.IsEmpty)
        {
            throw new ArgumentException("There must be at least one byte: a stream carries no handles without.", nameof(data));
        }

        if (handles.Length > MaxHandles)
        {
            throw new ArgumentException($"{handles.Length} handles are more than one message carries, {MaxHandles}.", nameof(handles));
        }

        using var descriptors = new HeldDescriptors(handles);
        bool isStream = socket.SocketType == SocketType.Stream;
        int sent = SocketMessage.Send(socket, data, descriptors.Values);
        while (isStream && sent < data.Length)
        {
            int more;
            try
            {
                more = SocketMessage.Send(socket, data[sent..], []);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
            {
                break;
            }

            sent += more;
        }

        return sent;
    }

    /// <summary>Receives bytes, and the handles that were sent with them.</summary>
    /// <param name="socket">
    /// A Unix domain socket. A blocking one waits for the first byte, for at most <see cref="Socket.ReceiveTimeout"/>.
    /// </param>
    /// <param name="buffer">Where to put the bytes, at least one.</param>
    /// <param name="handles">
    /// Where to put the handles: the first <see cref="SocketHandlesResult.HandleCount"/> are set, and the caller's to dispose. More than
    /// fit are closed, and <see cref="SocketHandlesResult.Flags"/> says so.
    /// </param>
    /// <returns>What was received.</returns>
    /// <exception cref="ArgumentException">The buffer is empty, or not a Unix domain socket.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed.</exception>
    /// <exception cref="SocketException">
    /// The system refused, and nothing was received. <see cref="SocketError.WouldBlock"/>: the socket does not block, and nothing is there.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static SocketHandlesResult Receive(Socket socket, Span<byte> buffer, Span<SafeFileHandle?> handles)
    {
        CheckSocket(socket);
        if (buffer.IsEmpty)
        {
            throw new ArgumentException("There must be room for at least one byte.", nameof(buffer));
        }

        return SocketMessage.Receive(socket, buffer, handles);
    }

    private static void CheckSocket(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Handles are sent over sockets on Linux only.");
        }

        if (socket.AddressFamily != AddressFamily.Unix)
        {
            throw new ArgumentException($"Handles go over a Unix domain socket, not over one of {socket.AddressFamily}.", nameof(socket));
        }
    }

    /// <summary>Keeps handles open while their descriptors are sent.</summary>
    private ref struct HeldDescriptors
    {
        // Those that are held, in an array of our own: what is released is what was held, also where the caller's handles are others by then.
        private readonly SafeHandle[] _held;
        private readonly int[] _values;
        private int _count;

        public HeldDescriptors(ReadOnlySpan<SafeHandle> handles)
        {
            _held = handles.IsEmpty ? [] : new SafeHandle[handles.Length];
            _values = handles.IsEmpty ? [] : new int[handles.Length];
            try
            {
                for (int i = 0; i < handles.Length; i++)
                {
                    Hold(handles[i], i);
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public readonly ReadOnlySpan<int> Values => _values;

        public void Dispose()
        {
            while (_count > 0)
            {
                _held[--_count].DangerousRelease();
            }
        }

        private void Hold(SafeHandle handle, int index)
        {
            if (handle is null || handle.IsInvalid)
            {
                throw new ArgumentException($"Handle {index} is {(handle is null ? "null" : "invalid")}.", nameof(handle));
            }

            bool held = false;
            handle.DangerousAddRef(ref held);
            _held[_count++] = handle;
            nint value = handle.DangerousGetHandle();
            _values[index] = value is >= 0 and <= int.MaxValue
                ? (int)value
                : throw new ArgumentException($"Handle {index}, a {handle.GetType().Name}, is not a descriptor.", nameof(handle));
        }
    }
}
