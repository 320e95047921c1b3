namespace GuestCall.Protocol;

/// <summary>The word that the guest sends out of <see cref="Port"/> when it is done with a request.</summary>
internal static class Signal
{
    /// <summary>The port. Nothing listens on it but the host, so any number would do.</summary>
    public const ushort Port = 0x4E;

    /// <summary>The answer is in the output buffer.</summary>
    public const uint Answered = 0;

    /// <summary>The request was malformed; nothing was popped and nothing answered.</summary>
    public const uint Refused = 1;
}
