using System.Runtime.InteropServices;

namespace Nub.Kvm;

// The kernel's structs for the state of a processor that are not public as they are, from linux/kvm.h and asm/kvm.h.

/// <summary><c>struct kvm_translation</c>, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TranslationArgument
{
    public ulong LinearAddress;
    public ulong PhysicalAddress;
    public byte Valid;
    public byte Writable;
    public byte UserMode;
    public fixed byte Padding[5];
}

/// <summary><c>struct kvm_lapic_state</c>, 1,024 bytes: kept and given back as it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LocalApicState
{
    public fixed byte Contents[1024];
}

/// <summary><c>struct kvm_xsave</c>, 4,096 bytes; with KVM_CAP_XSAVE2 there may be more behind it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct XsaveRegion
{
    public const int LeastSize = 4096;

    public fixed uint Region[1024];
}

/// <summary><c>struct kvm_xcrs</c>, 392 bytes: extended control registers, of which x86 has one, XCR0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct XcrsArgument
{
    public uint Count;
    public uint Flags;
    public uint Register;
    public uint Reserved;
    public ulong Value;
    public fixed ulong OtherRegisters[30];
    public fixed ulong Padding[16];
}

/// <summary><c>struct kvm_debugregs</c>, 128 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DebugRegistersArgument
{
    public DebugRegisters Registers;
    public ulong Flags;
    public fixed ulong Reserved[9];
}

/// <summary><c>struct kvm_guest_debug</c>, 72 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GuestDebugArgument
{
    public const uint Enable = 0x1;
    public const uint SingleStep = 0x2;
    public const uint UseSoftwareBreakpoints = 0x1_0000;
    public const uint UseHardwareBreakpoints = 0x2_0000;

    public uint Control;
    public uint Padding;
    public fixed ulong DebugRegisters[8];
}
