using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// One message over a Unix domain socket, with its control data: sendmsg(2), recvmsg(2), cmsg(3).
/// </summary>
/// <remarks>
/// .NET's sockets may block or not behind the caller's back (an asynchronous call makes the descriptor non-blocking for good), so no call here
/// blocks in the kernel (MSG_DONTWAIT), and one on a blocking socket waits as .NET does.
/// </remarks>
internal static unsafe class SocketMessage
{
    // Of the 64-bit C library: struct cmsghdr is a size_t and two ints, and what follows is aligned to a size_t.
    private const int HeaderSize = 16;

    // All descriptors there can be, with room to spare for other control data (credentials, security labels), which come first.
    private const int ControlSize = 4096;

    /// <summary>Sends what the peer has room for, at least one byte.</summary>
    public static int Send(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors)
    {
        int controlLength = HeaderSize + (descriptors.Length * sizeof(int));
        ulong* control = stackalloc ulong[(HeaderSize / sizeof(ulong)) + ((SocketHandles.MaxHandles + 1) / 2)];
        fixed (byte* bytes = data)
        {
            // Sound: the kernel reads these during the calls only, while the buffers are on the stack or pinned, and the control
            // buffer has room for the most descriptors.
            IoVector vector = new() { Base = bytes, Length = (nuint)data.Length };
            SocketNative.Message message = new() { Vectors = (nint)(&vector), VectorCount = 1 };
            if (!descriptors.IsEmpty)
            {
                control[0] = (ulong)controlLength;
                ((int*)control)[2] = SocketNative.SocketLevel;
                ((int*)control)[3] = SocketNative.Rights;
                descriptors.CopyTo(new Span<int>((byte*)control + HeaderSize, descriptors.Length));
                message.Control = (nint)control;
                message.ControlLength = (nuint)((controlLength + 7) & ~7);
            }

            while (true)
            {
                nint sent = SocketNative.SendMessage(socket.SafeHandle, &message, SocketNative.DontWait | SocketNative.NoSignal);
                if (sent >= 0)
                {
                    return (int)sent;
                }

                WaitOrThrow(socket, SelectMode.SelectWrite, "sendmsg");
            }
        }
    }

    /// <summary>Receives what is there, at least one byte unless the peer has shut a stream down.</summary>
    public static SocketHandlesResult Receive(Socket socket, Span<byte> buffer, Span<SafeFileHandle?> handles)
    {
        ulong* control = stackalloc ulong[ControlSize / sizeof(ulong)];
        fixed (byte* bytes = buffer)
        {
            // Sound: as in Send; the kernel writes at most the lengths that it is told.
            IoVector vector = new() { Base = bytes, Length = (nuint)buffer.Length };
            while (true)
            {
                SocketNative.Message message = new()
                {
                    Vectors = (nint)(&vector),
                    VectorCount = 1,
                    Control = (nint)control,
                    ControlLength = ControlSize,
                };
                nint received = SocketNative.ReceiveMessage(socket.SafeHandle, &message, SocketNative.DontWait | SocketNative.CloseOnExecute);
                if (received >= 0)
                {
                    bool fitted = TakeDescriptors((byte*)control, (int)message.ControlLength, handles, out int count);
                    SocketFlags flags = (message.Flags & SocketNative.DataTruncated) != 0 ? SocketFlags.Truncated : SocketFlags.None;
                    bool lost = !fitted || (message.Flags & SocketNative.ControlTruncated) != 0;
                    return new SocketHandlesResult((int)received, count, lost ? flags | SocketFlags.ControlDataTruncated : flags);
                }

                WaitOrThrow(socket, SelectMode.SelectRead, "recvmsg");
            }
        }
    }

    /// <summary>Hands every descriptor of the control data to a handle, or closes it.</summary>
    /// <returns>Whether all fitted.</returns>
    private static bool TakeDescriptors(byte* control, int length, Span<SafeFileHandle?> handles, out int count)
    {
        count = 0;
        bool fitted = true;
        for (int at = 0; length - at >= HeaderSize;)
        {
            // Sound: the header lies within what the kernel wrote, and so do the descriptors, which are no more than it says and fit.
            ulong said = *(ulong*)(control + at);
            int partLength = (int)Math.Min(said, (ulong)(length - at));
            if (partLength < HeaderSize)
            {
                break;
            }

            int level = *(int*)(control + at + 8);
            int type = *(int*)(control + at + 12);
            if (level == SocketNative.SocketLevel && type is SocketNative.Rights)
            {
                var descriptors = new ReadOnlySpan<int>(control + at + HeaderSize, (partLength - HeaderSize) / sizeof(int));
                fitted &= Take(descriptors, handles, ref count);
            }
            else if (level == SocketNative.SocketLevel && type is SocketNative.ProcessDescriptor && partLength >= HeaderSize + sizeof(int))
            {
                // A descriptor of the peer's process, which comes where SO_PASSPIDFD was set. The caller did not ask for it.
                Close(*(int*)(control + at + HeaderSize));
            }

            at += (partLength + 7) & ~7;
        }

        return fitted;
    }

    private static bool Take(ReadOnlySpan<int> descriptors, Span<SafeFileHandle?> handles, ref int count)
    {
        int taken = 0;
        try
        {
            for (; taken < descriptors.Length && count < handles.Length; taken++)
            {
                handles[count] = new SafeFileHandle(descriptors[taken], ownsHandle: true);
                count++;
            }

            return taken == descriptors.Length;
        }
        finally
        {
            // Those that do not fit; and where there is no memory for a handle, the rest: those made so far close themselves.
            foreach (int descriptor in descriptors[taken..])
            {
                Close(descriptor);
            }
        }
    }

    private static void Close(int descriptor) => _ = SocketNative.Close(descriptor);

    private static void WaitOrThrow(Socket socket, SelectMode mode, string call)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == SocketNative.ErrorInterrupted)
        {
            return;
        }

        if (error != SocketNative.ErrorAgain)
        {
            SocketError known = SocketNative.ErrorOf(error);
            throw new SocketException((int)known, $"{call} failed with error {error} ({Marshal.GetPInvokeErrorMessage(error)}).");
        }

        if (!socket.Blocking)
        {
            throw new SocketException((int)SocketError.WouldBlock);
        }

        int timeout = mode == SelectMode.SelectWrite ? socket.SendTimeout : socket.ReceiveTimeout;
        if (!socket.Poll(timeout <= 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(timeout), mode))
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }
}
