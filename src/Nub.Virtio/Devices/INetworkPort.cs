namespace Nub.Virtio;

/// <summary>What a <see cref="NetworkDevice"/> is plugged into: a switch, a tap device, a capture.</summary>
public interface INetworkPort
{
    /// <summary>A device was plugged in. What comes from the network goes to its <see cref="NetworkDevice.TryDeliver"/>, from any thread.</summary>
    /// <param name="device">The device.</param>
    void Attach(NetworkDevice device);

    /// <summary>Takes an Ethernet frame that the driver sends. On the thread of the device's queue: it should not wait for long. What it throws ends that queue.</summary>
    /// <param name="frame">The frame, from the destination's address on, without the checksum; a private copy that is dead after the call.</param>
    void Send(ReadOnlySpan<byte> frame);
}
