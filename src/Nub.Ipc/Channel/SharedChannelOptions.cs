namespace Nub.Ipc;

/// <summary>How a channel is made.</summary>
public sealed record SharedChannelOptions
{
    /// <summary>
    /// The bytes of memory for each direction, rounded up to a multiple of the page size: 1 MiB unless said otherwise. The longest record is about half. The listening side decides; the connecting
    /// one takes anything up to <see cref="MaxRingSize"/>.
    /// </summary>
    public ulong RingSize { get; init; } = 1 << 20;

    /// <summary>The most bytes for each direction that a connecting side takes from the listening one: 64 MiB unless said otherwise, at most 1 TiB.</summary>
    public ulong MaxRingSize { get; init; } = 64 << 20;

    /// <summary>How long a peer may take to say hello, at most 49 days, or <see cref="Timeout.InfiniteTimeSpan"/>: 10 seconds unless said otherwise.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Which peers to accept, asked before a byte of theirs is read. All by default: every process that may open the socket's path. What it throws is thrown by the call that makes the
    /// channel.
    /// </summary>
    public Func<PeerCredentials, bool>? Filter { get; init; }
}
