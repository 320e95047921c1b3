using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// A lease of a <see cref="GuestSharedMemory"/> or <see cref="ReadOnlySharedMemory"/>, held while a guest runs. A copy of it
/// is the same lease; to dispose it again, through any copy, does nothing.
/// </summary>
[DebuggerDisplay("{Description,nq}")]
public readonly struct GuestLease : IDisposable, IEquatable<GuestLease>
{
    private readonly Lease _lease;
    private readonly LockedMapping? _mapping;

    // For a debugger, which must not be thrown at.
    private string Description => _lease.IsLive ? $"guest's lease of {_mapping?.Size} bytes" : "guest's lease, ended";

    internal GuestLease(LockedMapping mapping)
    {
        _lease = Lease.Begin(mapping);
        _mapping = mapping;
    }

    /// <summary>Whether two leases are the same one.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they are the same.</returns>
    public static bool operator ==(GuestLease left, GuestLease right) => left.Equals(right);

    /// <summary>Whether two leases are different ones.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they are different.</returns>
    public static bool operator !=(GuestLease left, GuestLease right) => !left.Equals(right);

    /// <summary>Ends the lease. To end it again, through this copy of it or another, does nothing.</summary>
    public void Dispose() => _ = _lease.End(_mapping);

    /// <inheritdoc/>
    public bool Equals(GuestLease other) => _lease.Equals(other._lease);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GuestLease other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _lease.GetHashCode();
}
