namespace Nub.Virtio;

/// <summary>What a front end asks for: the message types of the vhost-user protocol that this back end knows (vhost-user, "Front-end message types").</summary>
public enum VhostUserRequest
{
    /// <summary>No request: where a connection ended before one was known.</summary>
    None = 0,

    /// <summary>VHOST_USER_GET_FEATURES.</summary>
    GetFeatures = 1,

    /// <summary>VHOST_USER_SET_FEATURES.</summary>
    SetFeatures = 2,

    /// <summary>VHOST_USER_SET_OWNER.</summary>
    SetOwner = 3,

    /// <summary>VHOST_USER_RESET_OWNER, deprecated: disables all rings.</summary>
    ResetOwner = 4,

    /// <summary>VHOST_USER_SET_MEM_TABLE.</summary>
    SetMemoryTable = 5,

    /// <summary>VHOST_USER_SET_LOG_BASE.</summary>
    SetLogBase = 6,

    /// <summary>VHOST_USER_SET_LOG_FD.</summary>
    SetLogEvent = 7,

    /// <summary>VHOST_USER_SET_VRING_NUM.</summary>
    SetVringSize = 8,

    /// <summary>VHOST_USER_SET_VRING_ADDR.</summary>
    SetVringAddresses = 9,

    /// <summary>VHOST_USER_SET_VRING_BASE.</summary>
    SetVringBase = 10,

    /// <summary>VHOST_USER_GET_VRING_BASE.</summary>
    GetVringBase = 11,

    /// <summary>VHOST_USER_SET_VRING_KICK.</summary>
    SetVringKick = 12,

    /// <summary>VHOST_USER_SET_VRING_CALL.</summary>
    SetVringCall = 13,

    /// <summary>VHOST_USER_SET_VRING_ERR.</summary>
    SetVringError = 14,

    /// <summary>VHOST_USER_GET_PROTOCOL_FEATURES.</summary>
    GetProtocolFeatures = 15,

    /// <summary>VHOST_USER_SET_PROTOCOL_FEATURES.</summary>
    SetProtocolFeatures = 16,

    /// <summary>VHOST_USER_GET_QUEUE_NUM.</summary>
    GetQueueCount = 17,

    /// <summary>VHOST_USER_SET_VRING_ENABLE.</summary>
    SetVringEnable = 18,

    /// <summary>VHOST_USER_SET_BACKEND_REQ_FD.</summary>
    SetBackendRequests = 21,

    /// <summary>VHOST_USER_GET_CONFIG.</summary>
    GetConfiguration = 24,

    /// <summary>VHOST_USER_SET_CONFIG.</summary>
    SetConfiguration = 25,

    /// <summary>VHOST_USER_GET_INFLIGHT_FD.</summary>
    GetInFlight = 31,

    /// <summary>VHOST_USER_SET_INFLIGHT_FD.</summary>
    SetInFlight = 32,

    /// <summary>VHOST_USER_RESET_DEVICE.</summary>
    ResetDevice = 34,

    /// <summary>VHOST_USER_GET_MAX_MEM_SLOTS.</summary>
    GetMaxMemorySlots = 36,

    /// <summary>VHOST_USER_ADD_MEM_REG.</summary>
    AddMemoryRegion = 37,

    /// <summary>VHOST_USER_REM_MEM_REG.</summary>
    RemoveMemoryRegion = 38,
}
