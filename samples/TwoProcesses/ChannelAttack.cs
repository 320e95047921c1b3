using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Nub.Ipc;
using Nub.Memory;

namespace TwoProcesses;

/// <summary>What a peer does at the socket, or to the memory as a whole.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Expected">What the victim reports.</param>
/// <param name="CommitAsync">Does it; the socket's path.</param>
internal sealed record ChannelAttack(string Name, string Expected, Func<string, Task> CommitAsync)
{
    private const ulong Magic = 0x006E_6168_4362_754E;

    public static ChannelAttack[] All { get; } =
    [
        new("speaks another version", nameof(SharedChannelError.VersionMismatch), static path => SayAsync(path, Magic, 9)),
        new("speaks another language", nameof(SharedChannelError.NotAChannel), static path => SayAsync(path, 0x2F20_5445_4720, 1)),
        new("answers with other sizes", nameof(SharedChannelError.SizesInvalid), static path => SayAsync(path, Magic, 1, ringSize: 1UL << 60)),
        new("hangs up in the middle of the hello", nameof(SharedChannelError.PeerGone), static path => SayAsync(path, Magic, 1, length: 7)),
        new("says nothing", nameof(SharedChannelError.HandshakeTimedOut), static path => SayAsync(path, Magic, 1, length: 0, linger: 5000)),
        new("sends handles that were not asked for", nameof(SharedChannelError.MemoryInvalid), static path => SayAsync(path, Magic, 1, handles: 5)),
        new("shortens the memory", "read", static async path =>
        {
            using SharedChannel channel = await SharedChannel.ConnectAsync(path);
            try
            {
                using var handle = (SafeFileHandle)channel.Producer.Ring.Memory.DuplicateHandle();
                RandomAccess.SetLength(handle, 0);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The seal: the system refuses. The channel works on.
            }

            channel.Producer.Write(77UL);
            await WaitForEndAsync(channel);
        }),
        new("dies in the middle of a record", "read, then gone", static async path =>
        {
            using SharedChannel channel = await SharedChannel.ConnectAsync(path);
            channel.Producer.Write(77UL);

            // The bytes of a second record, without its header.
            SharedRing ring = channel.Producer.Ring;
            ring.Memory.Write(ring.Offset + 512 + 24, 0xDEAD_DEADUL);
            Environment.FailFast(null);
        }),
    ];

    /// <summary>Meets the attack, on the other side.</summary>
    /// <returns>What is reported.</returns>
    public async Task<string> MeetAsync(SharedChannelListener listener)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await using SharedChannel channel = await listener.AcceptAsync(patience.Token);
            string report = await channel.Consumer.ReadAsync<ulong>(patience.Token) == 77 ? "read" : "another record";
            if (Expected == "read, then gone")
            {
                report += await channel.Consumer.WaitToReadAsync(patience.Token) ? ", then more" : channel.IsPeerGone ? ", then gone" : ", then the end";
            }

            return report;
        }
        catch (SharedChannelException e)
        {
            return e.Error.ToString();
        }
        catch (Exception e) when (e is OperationCanceledException or EndOfStreamException or SharedRingException)
        {
            return e.Message;
        }
    }

    /// <summary>Takes what the listener sends, and answers what no peer should.</summary>
    private static async Task SayAsync(string path, ulong magic, uint version, ulong ringSize = 1 << 20, int length = 24, int handles = 0, int linger = 0)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        byte[] answer = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(answer, magic);
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(8), version);
        BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(16), ringSize);
        if (length != 0)
        {
            using SafeFileHandle unwanted = File.OpenHandle("/dev/null");
            SocketHandles.Send(socket, answer.AsSpan(0, length), [.. Enumerable.Repeat(unwanted, handles)]);
        }

        // What was received and not read would make the end of the socket a reset.
        await socket.ReceiveAsync(new byte[64]);
        if (linger != 0)
        {
            using var patience = new CancellationTokenSource(linger);
            try
            {
                await socket.ReceiveAsync(new byte[1], patience.Token);
            }
            catch (OperationCanceledException)
            {
                // The victim has more patience.
            }
        }
    }

    public static Task WaitForEndAsync(SharedChannel channel)
    {
        var gone = new TaskCompletionSource();
        channel.PeerGone.Register(gone.SetResult);
        return gone.Task;
    }
}
