using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A front end as a test plays it, at the other end of a back end's socket. Its guest's memory is one region over a file that it may shorten.</summary>
internal sealed class FrontEnd : IDisposable
{
    public const ulong GuestBase = 0x1000_0000;
    public const ulong UserBase = 0x7F00_0000_0000;
    public const ulong MemorySize = 1 << 20;

    /// <summary>Version 1, virtio's version, and protocol features.</summary>
    public const ulong BasicFeatures = 1ul << 32 | 1ul << 30;

    private static int s_count;

    private readonly Socket _socket;

    private FrontEnd(Socket socket, VhostUserBackend backend, Task serving)
    {
        _socket = socket;
        Backend = backend;
        Serving = serving;
    }

    public VhostUserBackend Backend { get; }

    /// <summary>Ends when the back end has closed the connection and let go of everything.</summary>
    public Task Serving { get; }

    /// <summary>The connection, when it has ended.</summary>
    public VhostUserConnection? Ended { get; private set; }

    /// <summary>What of a handler's the serving ended with.</summary>
    public HandlerException? Thrown { get; private set; }

    public List<EventDescriptor> Events { get; } = [];

    public static FrontEnd Connect(VhostUserBackend backend)
    {
        (Socket near, Socket far) = Pair();
        FrontEnd? made = null;
        VhostUserConnection? ended = null;
        HandlerException? thrown = null;
        EventHandler<VhostUserConnectionEventArgs> note = (_, e) => ended = e.Connection;
        backend.Disconnected += note;
        Task serving = ServeAsync();
        made = new FrontEnd(near, backend, serving);
        return made;

        async Task ServeAsync()
        {
            try
            {
                await backend.ServeAsync(far);
            }
            catch (HandlerException e)
            {
                thrown = e;
            }
            finally
            {
                backend.Disconnected -= note;
                while (made is null)
                {
                    await Task.Yield();
                }

                made.Ended = ended;
                made.Thrown = thrown;
            }
        }
    }

    /// <summary>Two sockets that are connected with one another.</summary>
    public static (Socket Near, Socket Far) Pair()
    {
        string name = $"\0nub-vhost-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(name));
        listener.Listen(1);
        var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        near.Connect(new UnixDomainSocketEndPoint(name));
        return (near, listener.Accept());
    }

    public static byte[] Message(uint request, ReadOnlySpan<byte> payload, uint flags = 1, uint? size = null)
    {
        byte[] bytes = new byte[12 + payload.Length];
        BitConverter.TryWriteBytes(bytes, request);
        BitConverter.TryWriteBytes(bytes.AsSpan(4), flags);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), size ?? (uint)payload.Length);
        payload.CopyTo(bytes.AsSpan(12));
        return bytes;
    }

    /// <summary>Bytes of numbers, little-endian, each as wide as its type.</summary>
    public static byte[] Bytes(params object[] numbers) => [.. numbers.SelectMany(number => number switch
    {
        ulong wide => BitConverter.GetBytes(wide),
        uint half => BitConverter.GetBytes(half),
        ushort quarter => BitConverter.GetBytes(quarter),
        byte[] raw => raw,
        _ => throw new ArgumentException($"{number.GetType()}", nameof(numbers)),
    })];

    public static byte[] Region(ulong guest, ulong size, ulong user, ulong offset = 0) => Bytes(guest, size, user, offset);

    public static byte[] Table(params byte[][] regions) => [.. Bytes((uint)regions.Length, 0u), .. regions.SelectMany(region => region)];

    public void SendRaw(ReadOnlySpan<byte> bytes, params SafeHandle[] handles)
    {
        try
        {
            SocketHandles.Send(_socket, bytes, handles);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
        {
            // Refused before all was sent.
        }
    }

    public void Send(VhostUserRequest request, ReadOnlySpan<byte> payload = default, params SafeHandle[] handles) => SendRaw(Message((uint)request, payload), handles);

    /// <summary>Sends a request and reads what is answered.</summary>
    public byte[] Ask(VhostUserRequest request, ReadOnlySpan<byte> payload = default, params SafeHandle[] handles)
    {
        Send(request, payload, handles);
        return Answer(request, null) ?? throw new InvalidOperationException($"{request} was not answered: {Ended?.Refusal}");
    }

    /// <summary>Sends a request that wants an acknowledgement.</summary>
    /// <returns>The acknowledgement, or <see langword="null"/> where the connection was closed without.</returns>
    public ulong? Acknowledge(VhostUserRequest request, ReadOnlySpan<byte> payload = default, params SafeHandle[] handles)
    {
        SendRaw(Message((uint)request, payload, flags: 1 | 8), handles);
        return Answer(request, null) is { } answer ? BitConverter.ToUInt64(answer) : null;
    }

    /// <summary>Reads an answer.</summary>
    public byte[]? Answer(VhostUserRequest request, SafeFileHandle?[]? handles)
    {
        byte[]? header = Read(12, handles);
        if (header is null)
        {
            return null;
        }

        Assert.Equal((uint)request, BitConverter.ToUInt32(header));
        Assert.Equal(5u, BitConverter.ToUInt32(header, 4));
        return Read(BitConverter.ToInt32(header, 8), null);
    }

    /// <summary>Takes no answer any more.</summary>
    public void StopReading() => _socket.Shutdown(SocketShutdown.Receive);

    /// <summary>Says nothing more, and waits until the back end has finished.</summary>
    public VhostUserException? Finish()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Closed by the other side.
        }

        return WaitForEnd();
    }

    /// <summary>Waits until the back end has closed the connection.</summary>
    /// <returns>Why it did.</returns>
    public VhostUserException? WaitForEnd()
    {
        Assert.True(Serving.Wait(Patience.Limit), "The back end does not end.");
        return Ended!.Refusal;
    }

    public void Dispose()
    {
        _socket.Dispose();
        Assert.True(Serving.Wait(Patience.Limit), "The back end does not end.");
        Events.ForEach(one => one.Dispose());
    }

    private byte[]? Read(int length, SafeFileHandle?[]? handles)
    {
        byte[] bytes = new byte[length];
        for (int count = 0; count < length;)
        {
            SocketHandlesResult received;
            try
            {
                received = SocketHandles.Receive(_socket, bytes.AsSpan(count), count == 0 && handles is not null ? handles : []);
            }
            catch (SocketException)
            {
                return null;
            }

            if (received.ByteCount == 0)
            {
                return null;
            }

            count += received.ByteCount;
        }

        return bytes;
    }
}
