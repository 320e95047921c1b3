using Nub.Memory;

namespace Nub.Virtio;

/// <summary>The configuration space of a network device (virtio 1.2, section 5.1.4).</summary>
[AllValid]
public partial struct NetworkConfiguration
{
    /// <summary>The device's address, with feature 5: its first four bytes, as they stand on the wire.</summary>
    [BigEndian]
    public uint AddressStart;

    /// <summary>The last two bytes of the address.</summary>
    [BigEndian]
    public ushort AddressEnd;

    /// <summary>Bit 0: the link is up; with feature 16.</summary>
    public ushort Status;

    /// <summary>The most pairs of queues, with feature 22, which <see cref="NetworkDevice"/> does not offer.</summary>
    public ushort MaxQueuePairs;

    /// <summary>The most bytes that a frame carries, with feature 3.</summary>
    public ushort Mtu;
}
