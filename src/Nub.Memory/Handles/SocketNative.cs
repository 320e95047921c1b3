using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>The calls of the C library that send and receive descriptors, with the constants and structs of 64-bit Linux's
/// <c>linux/socket.h</c> and <c>asm-generic/errno.h</c>.</summary>
internal static unsafe partial class SocketNative
{
    public const int SocketLevel = 1;

    /// <summary>SCM_RIGHTS: an array of descriptors.</summary>
    public const int Rights = 1;

    /// <summary>SCM_PIDFD: a descriptor of the sender's process.</summary>
    public const int ProcessDescriptor = 4;

    public const int ControlTruncated = 0x08;
    public const int DataTruncated = 0x20;
    public const int DontWait = 0x40;
    public const int NoSignal = 0x4000;
    public const int CloseOnExecute = 0x4000_0000;

    public const int ErrorInterrupted = 4;
    public const int ErrorAgain = 11;

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    /// <summary>What .NET calls an error of the system.</summary>
    public static SocketError ErrorOf(int errno) => errno switch
    {
        9 => SocketError.NotSocket, // EBADF: of a descriptor or the socket
        13 => SocketError.AccessDenied, // EACCES
        22 => SocketError.InvalidArgument, // EINVAL
        24 or 23 or 109 => SocketError.TooManyOpenSockets, // EMFILE, ENFILE, ETOOMANYREFS
        32 => SocketError.Shutdown, // EPIPE
        88 => SocketError.NotSocket, // ENOTSOCK
        89 => SocketError.DestinationAddressRequired, // EDESTADDRREQ
        90 => SocketError.MessageSize, // EMSGSIZE
        104 => SocketError.ConnectionReset, // ECONNRESET
        105 or 12 => SocketError.NoBufferSpaceAvailable, // ENOBUFS, ENOMEM
        107 => SocketError.NotConnected, // ENOTCONN
        111 => SocketError.ConnectionRefused, // ECONNREFUSED
        _ => SocketError.SocketError,
    };

    /// <summary>struct msghdr of a 64-bit C library.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public nint Name;
        public uint NameLength;
        public nint Vectors;
        public nuint VectorCount;
        public nint Control;
        public nuint ControlLength;
        public int Flags;
    }
}
