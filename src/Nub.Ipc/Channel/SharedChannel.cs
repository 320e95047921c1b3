using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// A connection between two processes that do not trust one another: two <see cref="SharedRing"/>s over one sealed memory, handed over a Unix domain socket, which stays open
/// to say when the peer has gone, also after kill -9. On Linux.
/// </summary>
/// <remarks>
/// Records go through the memory alone. What was complete when the peer went is still read; then waiting forms of <see cref="Consumer"/> end as after completion, and those of
/// <see cref="Producer"/> throw.
/// </remarks>
public sealed class SharedChannel : IAsyncDisposable, IDisposable
{
    // Bytes for nothing in a row. A wait that ended by itself leaves one now and then.
    private const int NoiseTolerated = 64;

    private readonly Socket _socket;
    private readonly HostSharedMemory _memory;
    private readonly SharedRing _outgoing;
    private readonly SharedRing _incoming;
    private readonly SocketWaker _waker;
    private readonly CancellationTokenSource _gone = new();
    private readonly Task _watching;
    private int _disposed;

    private SharedChannel(Socket socket, HostSharedMemory memory, SharedRing outgoing, SharedRing incoming, PeerCredentials peer)
    {
        _socket = socket;
        _memory = memory;
        _outgoing = outgoing;
        _incoming = incoming;
        Peer = peer;
        Producer = outgoing.Producer;
        Consumer = incoming.Consumer;
        Producer.Waker = Consumer.Waker = _waker = new SocketWaker(socket);
        _watching = WatchAsync();
    }

    /// <summary>Who the peer is, as the kernel says.</summary>
    public PeerCredentials Peer { get; }

    /// <summary>The end that writes to the peer.</summary>
    public SharedRingProducer Producer { get; }

    /// <summary>The end that reads what the peer writes.</summary>
    public SharedRingConsumer Consumer { get; }

    /// <summary>Whether the peer has gone. What it wrote before can still be read.</summary>
    public bool IsPeerGone => _gone.IsCancellationRequested;

    /// <summary>Cancelled when the peer has gone.</summary>
    public CancellationToken PeerGone => _gone.Token;

    /// <summary>Whether there are channels here: on Linux.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && Futex.IsSupported;

    /// <summary>Begins to listen for peers.</summary>
    /// <param name="path">The socket's path. Its directory's permissions say who may connect; what stands there already is an error.</param>
    /// <param name="options">How channels are made, or <see langword="null"/>.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="SocketException">The system refused.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static Task<SharedChannelListener> ListenAsync(string path, SharedChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckPlatform();
        options ??= new SharedChannelOptions();
        CheckRingSize(options.RingSize);
        return Task.FromResult(new SharedChannelListener(path, options));
    }

    /// <summary>Connects to a peer that listens.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="options">What is wanted, or <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="SharedChannelException">The peer is not wanted, or does not speak the protocol.</exception>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static async Task<SharedChannel> ConnectAsync(string path, SharedChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckPlatform();
        options ??= new SharedChannelOptions();
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        HostSharedMemory? memory = null;
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            PeerCredentials peer = Admit(socket, options);
            (ChannelHello hello, SafeFileHandle? handle) = await ReceiveHelloAsync(socket, options, cancellationToken).ConfigureAwait(false);
            using (handle)
            {
                hello.Check();
                memory = Open(hello, handle, options);
            }

            SharedRing incoming = OpenRing(memory, 0, hello.RingSize);
            SharedRing outgoing = OpenRing(memory, hello.RingSize, hello.RingSize);
            SendHello(socket, hello.RingSize, []);
            return new SharedChannel(socket, memory, outgoing, incoming, peer);
        }
        catch (Exception e)
        {
            memory?.Dispose();
            socket.Dispose();
            throw Translated(e);
        }
    }

    /// <summary>The channel as a stream of bytes: what one side writes in pieces, the other may read in others. Use either this or the ends.</summary>
    /// <returns>The stream. Disposing it disposes the channel.</returns>
    public Stream AsStream() => new SharedChannelStream(this);

    /// <summary>The channel as a pair of pipes, for what reads and writes those. Use either this or the ends.</summary>
    /// <returns>The pipes. Completing both disposes the channel.</returns>
    public IDuplexPipe AsDuplexPipe() => new ChannelPipes(AsStream());

    /// <summary>Says to the peer that nothing follows, closes the socket, and lets go of the memory.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            Producer.Complete();
        }
        catch (SharedMemoryException)
        {
            // Somebody has the memory exclusively, or it is gone: the socket tells the peer.
        }

        _socket.Dispose();
        _outgoing.Dispose();
        _incoming.Dispose();
        _waker.Dispose();
        _memory.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    /// <returns>When the socket is closed and nobody looks at it.</returns>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _watching.ConfigureAwait(false);
        _gone.Dispose();
    }

    /// <summary>Makes a channel with somebody who connected.</summary>
    internal static async Task<SharedChannel> WelcomeAsync(Socket socket, SharedChannelOptions options, CancellationToken cancellationToken)
    {
        HostSharedMemory? memory = null;
        try
        {
            PeerCredentials peer = Admit(socket, options);
            ulong page = (ulong)Environment.SystemPageSize;
            ulong ringSize = (options.RingSize + page - 1) / page * page;
            (memory, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(2 * ringSize).Build();
            guest.Dispose();
            SharedRing outgoing = SharedRing.Create(memory, 0, ringSize);
            SharedRing incoming = SharedRing.Create(memory, ringSize, ringSize);

            // Both ends stand where they begin before the peer can write a position for them to take over.
            _ = outgoing.Producer;
            _ = incoming.Consumer;
            using (System.Runtime.InteropServices.SafeHandle handle = memory.DuplicateHandle())
            {
                SendHello(socket, ringSize, [handle]);
            }

            (ChannelHello hello, SafeFileHandle? unasked) = await ReceiveHelloAsync(socket, options, cancellationToken).ConfigureAwait(false);
            unasked?.Dispose();
            hello.Check();
            return hello.RingSize == ringSize
                ? new SharedChannel(socket, memory, outgoing, incoming, peer)
                : throw new SharedChannelException(SharedChannelError.SizesInvalid, $"The peer answers with rings of {hello.RingSize} bytes, and was offered {ringSize}.");
        }
        catch (Exception e)
        {
            memory?.Dispose();
            socket.Dispose();
            throw Translated(e);
        }
    }

    private static PeerCredentials Admit(Socket socket, SharedChannelOptions options)
    {
        PeerCredentials peer = PeerCredentials.Of(socket);
        return options.Filter is null || options.Filter(peer) ? peer
            : throw new SharedChannelException(SharedChannelError.PeerRefused, $"The filter refused {peer}.");
    }

    private static HostSharedMemory Open(in ChannelHello hello, SafeFileHandle? handle, SharedChannelOptions options)
    {
        if (hello.RingSize > options.MaxRingSize || hello.RingSize % (ulong)Environment.SystemPageSize != 0 || hello.RingSize == 0)
        {
            throw new SharedChannelException(
                SharedChannelError.SizesInvalid, $"The peer offers rings of {hello.RingSize} bytes; multiples of a page up to {options.MaxRingSize} are taken.");
        }

        if (handle is null)
        {
            throw new SharedChannelException(SharedChannelError.MemoryInvalid, "The peer sent no memory with its hello.");
        }

        try
        {
            return HostSharedMemory.Open(handle, 0, 2 * hello.RingSize);
        }
        catch (Exception e) when (e is SharedMemoryException or ArgumentException)
        {
            throw new SharedChannelException(SharedChannelError.MemoryInvalid, $"What the peer sent is not a memory of {2 * hello.RingSize} bytes: {e.Message}", e);
        }
    }

    private static SharedRing OpenRing(HostSharedMemory memory, ulong offset, ulong size) =>
        SharedRing.TryOpen(memory, offset, size, out SharedRing? ring) ? ring!
            : throw new SharedChannelException(SharedChannelError.MemoryInvalid, $"No ring of {size} bytes stands at {offset} of the memory that the peer sent.");

    private static void SendHello(Socket socket, ulong ringSize, ReadOnlySpan<System.Runtime.InteropServices.SafeHandle> handles)
    {
        Span<byte> bytes = stackalloc byte[ChannelHello.Layout.Size];
        ChannelHello.Of(ringSize).WriteTo(bytes);

        // A new socket has room for so little.
        if (SocketHandles.Send(socket, bytes, handles) != bytes.Length)
        {
            throw new SharedChannelException(SharedChannelError.NotAChannel, "The peer's socket has no room for a hello.");
        }
    }

    private static async Task<(ChannelHello Hello, SafeFileHandle? Handle)> ReceiveHelloAsync(Socket socket, SharedChannelOptions options, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.HandshakeTimeout);
        byte[] bytes = new byte[ChannelHello.Layout.Size];
        var handles = new SafeFileHandle?[1];
        SafeFileHandle? handle = null;
        try
        {
            for (int count = 0; count < bytes.Length;)
            {
                // Waits until there is something, and receives it without waiting.
                await socket.ReceiveAsync(Memory<byte>.Empty, patience.Token).ConfigureAwait(false);
                SocketHandlesResult received = SocketHandles.Receive(socket, bytes.AsSpan(count), handles);
                if (received.HandleCount != 0)
                {
                    handle?.Dispose();
                    handle = handles[0];
                }

                if (received.ByteCount == 0)
                {
                    throw new SharedChannelException(SharedChannelError.PeerGone, $"The peer has gone after {count} bytes of a hello.");
                }

                if ((received.Flags & SocketFlags.ControlDataTruncated) != 0)
                {
                    throw new SharedChannelException(SharedChannelError.MemoryInvalid, "The peer sent more than one handle with its hello.");
                }

                count += received.ByteCount;
            }

            return (ChannelHello.ReadFrom(bytes), handle);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            handle?.Dispose();
            throw new SharedChannelException(SharedChannelError.HandshakeTimedOut, $"The peer did not say hello within {options.HandshakeTimeout}.");
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    /// <summary>A peer that goes while it is spoken to is a peer that has gone.</summary>
    private static Exception Translated(Exception error) => error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected }
        ? new SharedChannelException(SharedChannelError.PeerGone, "The peer has gone while the channel was being made.", error)
        : error;

    /// <summary>
    /// Waits for the end of the socket, which comes when the peer has closed it or has died. Until then each byte says that there may be something for an end that waits.
    /// </summary>
    private async Task WatchAsync()
    {
        Memory<byte> hints = new byte[64];
        int noise = 0;
        try
        {
            while (await _socket.ReceiveAsync(hints).ConfigureAwait(false) != 0)
            {
                noise = _waker.Look() ? 0 : noise + 1;
                if (noise > NoiseTolerated)
                {
                    // A peer that wakes for nothing without end costs a thousand looks a second at most.
                    await Task.Delay(1).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer has gone, or this side has closed the socket.
        }

        Producer.EndPeer();
        Consumer.EndPeer();
        _waker.Look();
        await _gone.CancelAsync().ConfigureAwait(false);
    }

    private static void CheckPlatform()
    {
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("Channels are made on Linux (x64, arm64): memory is handed over a Unix domain socket.");
        }
    }

    private static void CheckRingSize(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1024UL, nameof(SharedChannelOptions.RingSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 1UL << 40, nameof(SharedChannelOptions.RingSize));
    }
}
