namespace Nub.Virtio;

/// <summary>What a <see cref="BlockDevice"/> says of itself.</summary>
public sealed record BlockDeviceOptions
{
    /// <summary>The number of queues: 1 to 1024. Over vhost-user the driver has the first 256 of them at most.</summary>
    public int QueueCount { get; init; } = 1;

    /// <summary>The most entries of a queue: a power of two, at most 32768.</summary>
    public int MaxQueueSize { get; init; } = 256;

    /// <summary>The most segments of a request: 1 to 1022. Beside them a request has a header and a status, and a queue needs room for all.</summary>
    public int MaxSegments { get; init; } = 126;

    /// <summary>The block size in bytes that the driver should use: a power of two from 512 to 65536.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>The serial number: up to 20 ASCII characters.</summary>
    public string SerialNumber { get; init; } = "";
}
