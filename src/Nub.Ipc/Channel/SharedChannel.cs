using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// A connection between two processes that do not trust one another: two <see cref="SharedRing"/>s over one memory that neither can shorten, handed over a Unix domain socket, which
/// stays open to say when the peer has gone, also after kill -9. On Windows over a named pipe, to peers of the same user.
/// </summary>
/// <remarks>
/// Records go through the memory alone. What was complete when the peer went is still read; then waiting forms of <see cref="Consumer"/> end as after completion, and those of
/// <see cref="Producer"/> throw.
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class SharedChannel : IAsyncDisposable, IDisposable
{
    // Bytes for nothing in a row. A wait that ended by itself leaves one now and then.
    private const int NoiseTolerated = 64;
    private const ulong LargestRing = 1UL << 40;

    private readonly ChannelLink _link;
    private readonly HostSharedMemory _memory;
    private readonly SharedRing _outgoing;
    private readonly SharedRing _incoming;
    private readonly ChannelWaker _waker;
    private readonly CancellationTokenSource _gone = new();
    private readonly Task _watching;
    private Task _telling = Task.CompletedTask;
    private int _disposed;

    private SharedChannel(ChannelLink link, HostSharedMemory memory, SharedRing outgoing, SharedRing incoming, PeerCredentials peer)
    {
        _link = link;
        _memory = memory;
        _outgoing = outgoing;
        _incoming = incoming;
        Peer = peer;

        // Kept, so that it can be asked when its source was disposed.
        PeerGone = _gone.Token;
        Producer = outgoing.Producer;
        Consumer = incoming.Consumer;
        Producer.Waker = Consumer.Waker = _waker = new ChannelWaker(link);
        _watching = WatchAsync();
    }

    /// <summary>Who the peer is, as the kernel says.</summary>
    public PeerCredentials Peer { get; }

    /// <summary>The end that writes to the peer.</summary>
    public SharedRingProducer Producer { get; }

    /// <summary>The end that reads what the peer writes.</summary>
    public SharedRingConsumer Consumer { get; }

    /// <summary>Whether the peer went before this side disposed the channel. What it wrote before can still be read.</summary>
    public bool IsPeerGone => Producer.PeerHasGone;

    /// <summary>
    /// Cancelled when the peer has gone, and not when this side disposes the channel. What its handlers throw is not looked at; one may dispose the channel.
    /// </summary>
    public CancellationToken PeerGone { get; }

    /// <summary>Whether there are channels here: on Linux (x64, arm64) and Windows.</summary>
    public static bool IsSupported => Futex.IsSupported || OperatingSystem.IsWindows();

    private string DebuggerDisplay => $"channel with process {Peer.ProcessId}{(_disposed != 0 ? ", disposed" : IsPeerGone ? ", which has gone" : "")}";

    /// <summary>Begins to listen for peers.</summary>
    /// <param name="path">
    /// The socket's path. Its directory's permissions say who may connect; what stands there already is an error. On Windows the pipe's name, with '-' for each separator.
    /// </param>
    /// <param name="options">How channels are made, or <see langword="null"/>.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size or the time of the options is out of its range.</exception>
    /// <exception cref="SocketException">The system refused.</exception>
    /// <exception cref="PlatformNotSupportedException">Neither Linux nor Windows.</exception>
    public static Task<SharedChannelListener> ListenAsync(string path, SharedChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckPlatform();
        options ??= new SharedChannelOptions();
        CheckRingSize(options.RingSize);
        CheckLimits(options);
        return Task.FromResult(new SharedChannelListener(path, options));
    }

    /// <summary>Connects to a peer that listens.</summary>
    /// <param name="path">The path that the peer listens at.</param>
    /// <param name="options">What is wanted, or <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size or the time of the options is out of its range.</exception>
    /// <exception cref="SharedChannelException">The peer is not wanted, or does not speak the protocol.</exception>
    /// <exception cref="SocketException">Nothing listens there, or another user does and may not be connected to; or the system has no descriptor for the socket.</exception>
    /// <exception cref="Exception">Whatever <see cref="SharedChannelOptions.Filter"/> throws, as it is.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="PlatformNotSupportedException">Neither Linux nor Windows.</exception>
    public static async Task<SharedChannel> ConnectAsync(string path, SharedChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckPlatform();
        options ??= new SharedChannelOptions();
        CheckLimits(options);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.HandshakeTimeout);
        ChannelLink link;
        try
        {
            link = await ChannelLink.ConnectAsync(path, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw Translated(e, options, cancellationToken);
        }

        PeerCredentials peer = Admit(link, options);
        HostSharedMemory? memory = null;
        try
        {
            ChannelHello hello = await link.ReceiveHelloAsync(patience.Token).ConfigureAwait(false);
            hello.Check();
            CheckSizes(hello, options);
            using (SafeHandle handle = link.TakeMemory(hello))
            {
                memory = Open(hello, handle);
            }

            SharedRing incoming = OpenRing(memory, 0, hello.RingSize);
            SharedRing outgoing = OpenRing(memory, hello.RingSize, hello.RingSize);
            await link.SendHelloAsync(hello.RingSize, memory: null, patience.Token).ConfigureAwait(false);
            return new SharedChannel(link, memory, outgoing, incoming, peer);
        }
        catch (Exception e)
        {
            link.Dispose();
            memory?.Dispose();
            throw Translated(e, options, cancellationToken);
        }
    }

    /// <summary>The channel as a stream of bytes: what one side writes in pieces, the other may read in others. Use either this or the ends.</summary>
    /// <returns>The stream. Disposing it disposes the channel.</returns>
    public Stream AsStream() => new SharedChannelStream(this);

    /// <summary>The channel as a pair of pipes, for what reads and writes those. Use either this or the ends.</summary>
    /// <returns>The pipes. Completing them leaves the channel as it is: dispose it.</returns>
    public IDuplexPipe AsDuplexPipe() => new ChannelPipes(AsStream());

    /// <summary>Says to the peer that nothing follows, closes the link, and lets go of the memory.</summary>
    /// <remarks>
    /// Threads may be using the ends meanwhile. What a write reveals before this returns stays whole, and can be read until the peer has seen the end; waits end, and later calls
    /// are refused, with <see cref="ObjectDisposedException"/>.
    /// </remarks>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            // While the memory is there: a thread that sleeps is woken by a word of it.
            _outgoing.Dispose();
            _incoming.Dispose();

            // From here on a thread that writes has at most one more access, so that it stays where it is; then its position and the headers are read.
            using HostSharedMemory memory = _memory.Clone();
            _memory.Dispose();
            Interlocked.MemoryBarrierProcessWide();
            Producer.CompleteFor(memory);
        }
        catch (Exception e) when (e is SharedMemoryException or ObjectDisposedException)
        {
            // The memory is held exclusively, or gone: the link's end tells the peer.
        }
        finally
        {
            // Whatever failed before, for want of memory for example.
            _link.Dispose();
            _waker.Dispose();
            _memory.Dispose();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    /// <returns>When the link is closed and no longer looked at.</returns>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _watching.ConfigureAwait(false);
        _ = EndTellingAsync();
    }

    /// <summary>Makes a channel with a peer that connected.</summary>
    internal static async Task<SharedChannel> WelcomeAsync(ChannelLink link, SharedChannelOptions options, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.HandshakeTimeout);
        HostSharedMemory? memory = null;
        SafeHandle? handle = null;
        PeerCredentials peer = Admit(link, options);
        try
        {
            ulong page = (ulong)Environment.SystemPageSize;
            ulong ringSize = (options.RingSize + page - 1) / page * page;
            (memory, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(2 * ringSize).Build();
            guest.Dispose();
            SharedRing outgoing = SharedRing.Create(memory, 0, ringSize);
            SharedRing incoming = SharedRing.Create(memory, ringSize, ringSize);

            // Both ends stand where they begin before the peer can write a position for them to take over.
            _ = outgoing.Producer;
            _ = incoming.Consumer;
            handle = memory.DuplicateHandle();
            await link.SendHelloAsync(ringSize, handle, patience.Token).ConfigureAwait(false);
            ChannelHello hello = await link.ReceiveHelloAsync(patience.Token).ConfigureAwait(false);
            hello.Check();
            return hello.RingSize == ringSize
                ? new SharedChannel(link, memory, outgoing, incoming, peer)
                : throw new SharedChannelException(SharedChannelError.SizesInvalid, $"The peer answers with rings of {hello.RingSize} bytes, and was offered {ringSize}.");
        }
        catch (Exception e)
        {
            // Before the handle: a peer that still had the link could answer for what has its number next.
            link.Dispose();
            memory?.Dispose();
            throw Translated(e, options, cancellationToken);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>Asks the filter, whose exceptions are its own and nothing of the peer's. The link is disposed where the peer is not admitted.</summary>
    private static PeerCredentials Admit(ChannelLink link, SharedChannelOptions options)
    {
        bool isAdmitted = false;
        try
        {
            PeerCredentials peer = link.Peer;
            isAdmitted = options.Filter is null || options.Filter(peer);
            return isAdmitted ? peer : throw new SharedChannelException(SharedChannelError.PeerRefused, $"The filter refused {peer}.");
        }
        finally
        {
            if (!isAdmitted)
            {
                link.Dispose();
            }
        }
    }

    private static void CheckSizes(in ChannelHello hello, SharedChannelOptions options)
    {
        if (hello.RingSize > options.MaxRingSize || hello.RingSize % (ulong)Environment.SystemPageSize != 0 || hello.RingSize == 0)
        {
            throw new SharedChannelException(
                SharedChannelError.SizesInvalid, $"The peer offers rings of {hello.RingSize} bytes; multiples of a page up to {options.MaxRingSize} are taken.");
        }
    }

    private static HostSharedMemory Open(in ChannelHello hello, SafeHandle handle)
    {
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
        SharedRing.TryOpen(memory, offset, size, out SharedRing? ring) ? ring
            : throw new SharedChannelException(SharedChannelError.MemoryInvalid, $"No ring of {size} bytes stands at {offset} of the memory that the peer sent.");

    /// <summary>The exception to throw for an error while a channel is being made: the peer has gone, or did not say hello in time.</summary>
    private static Exception Translated(Exception error, SharedChannelOptions options, CancellationToken cancellationToken) => error switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected } or (IOException and not FileNotFoundException) =>
            new SharedChannelException(SharedChannelError.PeerGone, "The peer has gone while the channel was being made.", error),
        OperationCanceledException when !cancellationToken.IsCancellationRequested =>
            new SharedChannelException(SharedChannelError.HandshakeTimedOut, $"The peer did not say hello within {options.HandshakeTimeout}.", error),
        _ => error,
    };

    /// <summary>
    /// Waits for the end of the link, which comes when the peer has closed it or has died. Until then each byte says that there may be something for an end that waits.
    /// </summary>
    private async Task WatchAsync()
    {
        Memory<byte> hints = new byte[64];
        int noise = 0;
        try
        {
            while (await _link.ReceiveHintsAsync(hints).ConfigureAwait(false) != 0)
            {
                noise = _waker.Look() ? 0 : noise + 1;
                if (noise > NoiseTolerated)
                {
                    // A peer that wakes for nothing without end costs a thousand looks a second at most.
                    await Task.Delay(1).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (ChannelLink.IsEnd(e))
        {
            // The peer has gone, or this side has closed the link.
        }

        if (Volatile.Read(ref _disposed) == 0)
        {
            // First the one that IsPeerGone asks: whichever end says that the peer has gone, the channel says it too.
            Producer.EndPeer();
            Consumer.EndPeer();
            _telling = TellAsync();
        }

        _waker.Look();
    }

    /// <summary>Runs the handlers of <see cref="PeerGone"/>. Not awaited by the thread that disposes the channel, which may be running one of them; what they throw is their own.</summary>
    private async Task TellAsync() => await _gone.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task EndTellingAsync()
    {
        await _telling.ConfigureAwait(false);
        _gone.Dispose();
    }

    private static void CheckPlatform()
    {
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("Channels are made on Linux (x64, arm64), where a Unix domain socket hands memory over, and on Windows, where a named pipe does.");
        }
    }

    private static void CheckRingSize(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1024UL, nameof(SharedChannelOptions.RingSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, LargestRing, nameof(SharedChannelOptions.RingSize));
    }

    /// <summary>What a timer does not take is refused here, before there is a link that would be left open.</summary>
    private static void CheckLimits(SharedChannelOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxRingSize, LargestRing, nameof(SharedChannelOptions.MaxRingSize));
        if (options.HandshakeTimeout != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(options.HandshakeTimeout, TimeSpan.Zero, nameof(SharedChannelOptions.HandshakeTimeout));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(
                options.HandshakeTimeout, TimeSpan.FromMilliseconds(uint.MaxValue - 1), nameof(SharedChannelOptions.HandshakeTimeout));
        }
    }
}
