using System.Diagnostics.CodeAnalysis;

namespace Nub.Virtio;

/// <summary>A front end broke a rule of the vhost-user protocol. Its connection is closed; the device and the process go on.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the numbers it would say nothing.")]
public sealed class VhostUserException : Exception
{
    internal VhostUserException(VhostUserError error, VhostUserRequest request, string message, ulong value = 0, ulong limit = 0, Exception? inner = null)
        : base($"{request}: {message}", inner)
    {
        Error = error;
        Request = request;
        Value = value;
        Limit = limit;
    }

    /// <summary>The rule that was broken.</summary>
    public VhostUserError Error { get; }

    /// <summary>The request that broke it; a number without a name where the request is unknown.</summary>
    public VhostUserRequest Request { get; }

    /// <summary>The number that broke the rule: a size in bytes, an address, an index, feature bits; 0 where there is none.</summary>
    public ulong Value { get; }

    /// <summary>What it was compared with: the greatest legal value, or the only one; 0 where there is none.</summary>
    public ulong Limit { get; }
}
