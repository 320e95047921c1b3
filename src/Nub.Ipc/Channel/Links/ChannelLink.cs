using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>
/// The connection beside a channel's memory: it carries the hellos and the memory, carries a byte where an end is to be woken, and ends when the peer has gone.
/// </summary>
internal abstract class ChannelLink : IDisposable
{
    /// <summary>Connects to a peer that listens, at what <see cref="LinkListener.At"/> made.</summary>
    /// <exception cref="SocketException">Nothing listens there, or another user does and may not be connected to.</exception>
    public static async Task<ChannelLink> ConnectAsync(string path, CancellationToken cancellationToken) => OperatingSystem.IsWindows()
        ? await PipeLink.ConnectAsync(path, cancellationToken).ConfigureAwait(false)
        : await SocketLink.ConnectAsync(path, cancellationToken).ConfigureAwait(false);

    /// <summary>Who the peer is, as the system says.</summary>
    public abstract PeerCredentials Peer { get; }

    /// <summary>Says hello.</summary>
    /// <param name="ringSize">The bytes of each ring.</param>
    /// <param name="memory">The memory's handle, from the listening side. It is to stay open until the peer has answered, by when it has taken the memory.</param>
    /// <param name="cancellationToken">Ends the wait for a peer that does not read.</param>
    /// <exception cref="SharedChannelException">The peer has gone, or has no room for so little.</exception>
    public abstract Task SendHelloAsync(ulong ringSize, SafeHandle? memory, CancellationToken cancellationToken);

    /// <summary>Receives a peer's hello, which is not judged.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SharedChannelException">The peer has gone before the end of it, or sent more than one handle.</exception>
    public abstract Task<ChannelHello> ReceiveHelloAsync(CancellationToken cancellationToken);

    /// <summary>Takes the memory that came with a hello that was judged.</summary>
    /// <returns>Its handle, the caller's to dispose: of a memory that no process can shorten, and whose pages the system has.</returns>
    /// <exception cref="SharedChannelException">There is none, it cannot be had, or is not such a memory.</exception>
    public abstract SafeHandle TakeMemory(in ChannelHello hello);

    /// <summary>Receives bytes that say no more than that they came.</summary>
    /// <returns>How many; 0 when the peer has gone.</returns>
    public abstract ValueTask<int> ReceiveHintsAsync(Memory<byte> buffer);

    /// <summary>Sends such a byte, unless earlier ones were not read yet. Never waits, and tells nothing of a peer that has gone.</summary>
    public abstract void Wake();

    /// <summary>Whether an error means that the peer has gone.</summary>
    public static bool IsEnd(Exception error) =>
        error is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException or SocketException;

    /// <inheritdoc/>
    public abstract void Dispose();
}
