using Nub.Memory;

namespace Nub.Virtio;

/// <summary>The configuration space of a console (virtio 1.2, section 5.3.4).</summary>
[AllValid]
public partial struct ConsoleConfiguration
{
    /// <summary>The width in characters, with feature 0.</summary>
    public ushort Columns;

    /// <summary>The height in characters, with feature 0.</summary>
    public ushort Rows;

    /// <summary>The most ports, with feature 1, which <see cref="ConsoleDevice"/> does not offer.</summary>
    public uint MaxPorts;

    /// <summary>What a driver writes one character to before it has set up a queue, with feature 2.</summary>
    public uint EmergencyWrite;
}
