using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>
/// Who is at the other end of a channel, as the system says (SO_PEERCRED of unix(7); GetNamedPipeClientProcessId of Windows): the process that connected or listened, at that time.
/// </summary>
/// <param name="ProcessId">The process. The number may have gone to another process since.</param>
/// <param name="UserId">Its effective user. On Windows, where users have no numbers, <see cref="uint.MaxValue"/>: a pipe takes peers of the same user only.</param>
/// <param name="GroupId">Its effective group. On Windows <see cref="uint.MaxValue"/>.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    internal const uint Unknown = uint.MaxValue;

    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    internal static PeerCredentials Of(Socket socket)
    {
        // struct ucred: pid, uid, gid.
        Span<uint> credentials = stackalloc uint[3];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        return new PeerCredentials((int)credentials[0], credentials[1], credentials[2]);
    }
}
