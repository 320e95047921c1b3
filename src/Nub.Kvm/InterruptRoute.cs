namespace Nub.Kvm;

/// <summary>An interrupt controller in the kernel.</summary>
public enum InterruptChip
{
    /// <summary>The first i8259, pins 0 to 7.</summary>
    PicMaster = 0,

    /// <summary>The second i8259, pins 0 to 7.</summary>
    PicSlave = 1,

    /// <summary>The I/O APIC, pins 0 to 23.</summary>
    IoApic = 2,
}

/// <summary>Where an interrupt number (GSI) leads (<c>struct kvm_irq_routing_entry</c>; api.rst, section 4.52). A number may lead to
/// several places.</summary>
public readonly record struct InterruptRoute
{
    private InterruptRoute(uint gsi, InterruptChip? chip, uint pin, ulong messageAddress, uint messageData)
    {
        Gsi = gsi;
        Chip = chip;
        Pin = pin;
        MessageAddress = messageAddress;
        MessageData = messageData;
    }

    /// <summary>The number.</summary>
    public uint Gsi { get; }

    /// <summary>The controller it leads to; <see langword="null"/> for a message.</summary>
    public InterruptChip? Chip { get; }

    /// <summary>The controller's pin.</summary>
    public uint Pin { get; }

    /// <summary>The address of the message.</summary>
    public ulong MessageAddress { get; }

    /// <summary>The data of the message.</summary>
    public uint MessageData { get; }

    /// <summary>A route to a pin.</summary>
    /// <param name="gsi">The number.</param>
    /// <param name="chip">The controller.</param>
    /// <param name="pin">The pin.</param>
    /// <returns>The route.</returns>
    public static InterruptRoute ToPin(uint gsi, InterruptChip chip, uint pin) => new(gsi, chip, pin, 0, 0);

    /// <summary>A route to a message-signalled interrupt.</summary>
    /// <param name="gsi">The number.</param>
    /// <param name="address">The address of the message: 0xFEE00000 plus the local controller's id times 0x1000.</param>
    /// <param name="data">The data of the message: the vector in the lowest byte.</param>
    /// <returns>The route.</returns>
    public static InterruptRoute ToMessage(uint gsi, ulong address, uint data) => new(gsi, null, 0, address, data);

    internal unsafe IrqRoutingEntry ToEntry()
    {
        var entry = new IrqRoutingEntry { Gsi = Gsi, Type = Chip is null ? IrqRoutingEntry.TypeMsi : IrqRoutingEntry.TypeIrqchip };
        if (Chip is { } chip)
        {
            entry.Union[0] = (uint)chip;
            entry.Union[1] = Pin;
        }
        else
        {
            entry.Union[0] = (uint)MessageAddress;
            entry.Union[1] = (uint)(MessageAddress >> 32);
            entry.Union[2] = MessageData;
        }

        return entry;
    }
}
