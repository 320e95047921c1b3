namespace Nub.Virtio;

/// <summary>
/// Keeps account of the chains that a queue has taken and not returned, where it outlives the process. Told by the queue, on its thread.
/// </summary>
internal abstract class InFlightLog
{
    /// <summary>A chain was taken, and is about to be handed out.</summary>
    public abstract void Taken(ChainState chain);

    /// <summary>A chain is about to be returned: nothing of that can be seen yet.</summary>
    public abstract void Returning(ChainState chain);

    /// <summary>The driver can see what was returned.</summary>
    /// <param name="position">Where the queue now is.</param>
    public abstract void Published(VirtQueuePosition position);
}

/// <summary>A chain that was in flight when the process ended that had taken it.</summary>
/// <param name="Head">Split: the chain's first descriptor. Packed: its buffer id.</param>
/// <param name="LogEntry">Packed: the log's entry of it.</param>
/// <param name="Descriptors">Packed: the chain's descriptors as they stood in the ring, which may have been overwritten since.</param>
internal readonly record struct LostChain(ushort Head, int LogEntry, RingDescriptor[] Descriptors);

/// <summary>A descriptor of a packed ring, as it was read.</summary>
internal readonly record struct RingDescriptor(ulong Address, uint Length, ushort Flags);
