using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>Why a channel was not made, or ended.</summary>
public enum SharedChannelError
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>What answers at the socket does not speak this protocol.</summary>
    NotAChannel,

    /// <summary>The peer speaks another version of the protocol.</summary>
    VersionMismatch,

    /// <summary>The peer names sizes that are not those of two rings, or beyond what this side allows.</summary>
    SizesInvalid,

    /// <summary>The peer sent no memory, too many handles, or one that is not the memory that it announced.</summary>
    MemoryInvalid,

    /// <summary>The peer did not say hello in time.</summary>
    HandshakeTimedOut,

    /// <summary>The filter refused the peer's credentials.</summary>
    PeerRefused,

    /// <summary>The peer has gone.</summary>
    PeerGone,
}

/// <summary>A channel was not made.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the error and the peer it would say nothing.")]
public sealed class SharedChannelException : SharedMemoryException
{
    internal SharedChannelException(SharedChannelError error, string message, Exception? inner = null) : base(message, inner!) => Error = error;

    /// <summary>What went wrong.</summary>
    public SharedChannelError Error { get; }
}
