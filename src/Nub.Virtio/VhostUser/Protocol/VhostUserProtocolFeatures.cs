namespace Nub.Virtio;

/// <summary>Extensions of the vhost-user protocol, by bit (vhost-user, "Protocol features"). Those that this back end offers have a name.</summary>
[Flags]
public enum VhostUserProtocolFeatures : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The front end can ask for the number of queues.</summary>
    MultipleQueues = 1ul << 0,

    /// <summary>Pages that the device writes are logged to memory of the front end's.</summary>
    LogSharedMemory = 1ul << 1,

    /// <summary>Every request can be acknowledged.</summary>
    ReplyAcknowledge = 1ul << 3,

    /// <summary>The back end has a channel for requests of its own: it reports configuration changes.</summary>
    BackendRequests = 1ul << 5,

    /// <summary>The device's configuration space is read and written by messages.</summary>
    Configuration = 1ul << 9,

    /// <summary>Requests in flight are recorded in memory that outlives the back end.</summary>
    InFlightSharedMemory = 1ul << 12,

    /// <summary>The device can be reset by a message.</summary>
    ResetDevice = 1ul << 13,

    /// <summary>Memory regions are added and removed one by one.</summary>
    ConfigureMemorySlots = 1ul << 15,
}
