using System.Buffers.Binary;

namespace VhostUserSwitch;

/// <summary>
/// An Ethernet switch that learns which address is behind which port, from the frames that come in. What it does not know, and what is for a group, goes to all other ports.
/// </summary>
internal sealed class EthernetSwitch
{
    // What a guest that sends from ever new addresses can make it learn.
    private const int MostAddresses = 1024;

    private static readonly TimeSpan s_age = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, (SwitchPort Port, long Seen)> _addresses = [];
    private SwitchPort[] _ports = [];

    /// <summary>Adds a port.</summary>
    public SwitchPort AddPort(string name)
    {
        var port = new SwitchPort(this, name);
        lock (_lock)
        {
            _ports = [.. _ports, port];
        }

        return port;
    }

    /// <summary>Takes a frame from a port to where it goes. From any port's thread.</summary>
    /// <param name="from">The port that it came in by.</param>
    /// <param name="frame">The frame: destination, source, type, and so on; at least 14 bytes.</param>
    public void Forward(SwitchPort from, ReadOnlySpan<byte> frame)
    {
        ulong destination = AddressAt(frame, 0);
        SwitchPort[] others;
        lock (_lock)
        {
            Learn(AddressAt(frame, 6), from);
            others = !IsGroup(destination) && _addresses.TryGetValue(destination, out (SwitchPort Port, long Seen) known) && Environment.TickCount64 - known.Seen < s_age.TotalMilliseconds
                ? [known.Port]
                : _ports;
        }

        foreach (SwitchPort port in others)
        {
            if (port != from)
            {
                port.Deliver(frame);
            }
        }
    }

    private static ulong AddressAt(ReadOnlySpan<byte> frame, int offset) =>
        (ulong)BinaryPrimitives.ReadUInt32BigEndian(frame[offset..]) << 16 | BinaryPrimitives.ReadUInt16BigEndian(frame[(offset + 4)..]);

    /// <summary>The lowest bit of the first byte (IEEE 802.3): for several, or for all.</summary>
    private static bool IsGroup(ulong address) => (address >> 40 & 1) != 0;

    private void Learn(ulong source, SwitchPort port)
    {
        if (IsGroup(source))
        {
            return;
        }

        if (_addresses.Count >= MostAddresses && !_addresses.ContainsKey(source))
        {
            // Everything is learned again soon: a frame that goes to all in the meantime does no harm.
            _addresses.Clear();
        }

        _addresses[source] = (port, Environment.TickCount64);
    }
}
