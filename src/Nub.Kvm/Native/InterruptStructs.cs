using System.Runtime.InteropServices;

namespace Nub.Kvm;

// The kernel's structs for interrupts, timers and events, from linux/kvm.h and asm/kvm.h.

/// <summary><c>struct kvm_pit_config</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PitConfiguration
{
    public uint Flags;
    public fixed uint Padding[15];
}

/// <summary><c>struct kvm_pit_state2</c>, 112 bytes: kept and given back as it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PitState
{
    public fixed ulong Contents[14];
}

/// <summary><c>struct kvm_irqchip</c>, 520 bytes: which controller, and 512 bytes to be kept and given back as they are.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IrqchipState
{
    /// <summary>0 and 1 are the two i8259, 2 is the I/O APIC.</summary>
    public uint ChipId;
    public uint Padding;
    public fixed ulong Contents[64];
}

/// <summary><c>struct kvm_irq_level</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IrqLevel
{
    public uint Irq;
    public uint Level;
}

/// <summary><c>struct kvm_msi</c>, 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MsiArgument
{
    public uint AddressLow;
    public uint AddressHigh;
    public uint Data;
    public uint Flags;
    public uint DeviceId;
    public fixed byte Padding[12];
}

/// <summary><c>struct kvm_irq_routing_entry</c>, 48 bytes; what the union means depends on the type.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IrqRoutingEntry
{
    public const uint TypeIrqchip = 1;
    public const uint TypeMsi = 2;

    public uint Gsi;
    public uint Type;
    public uint Flags;
    public uint Padding;

    /// <summary>irqchip, pin; or address_lo, address_hi, data.</summary>
    public fixed uint Union[8];
}

/// <summary><c>struct kvm_irqfd</c>, 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IrqfdArgument
{
    public const uint FlagDeassign = 1;

    public uint Descriptor;
    public uint Gsi;
    public uint Flags;
    public uint ResampleDescriptor;
    public fixed byte Padding[16];
}

/// <summary><c>struct kvm_ioeventfd</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoEventfdArgument
{
    public const uint FlagDataMatch = 1;
    public const uint FlagPort = 2;
    public const uint FlagDeassign = 4;

    public ulong DataMatch;
    public ulong Address;
    public uint Length;
    public int Descriptor;
    public uint Flags;
    public fixed byte Padding[36];
}
