using System.Runtime.InteropServices;

namespace Nub.Kvm;

// The kernel's structs for memory and for what follows a guest's writes, from linux/kvm.h. Names in comments are the kernel's.

/// <summary><c>struct kvm_userspace_memory_region</c>, 32 bytes. A size of 0 deletes the slot.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UserspaceMemoryRegion
{
    public uint Slot;
    public uint Flags;
    public ulong GuestPhysicalAddress;
    public ulong MemorySize;
    public ulong UserspaceAddress;
}

/// <summary>What <c>kvm_cpuid2</c>, <c>kvm_msrs</c> and <c>kvm_irq_routing</c> begin with, 8 bytes: the number of elements that
/// follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlexibleArrayHeader
{
    public uint Count;
    public uint Padding;
}

/// <summary><c>struct kvm_dirty_log</c>, 16 bytes: one bit for each page of the slot is written to the bitmap.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirtyLogArgument
{
    public uint Slot;
    public uint Padding;
    public ulong Bitmap;
}

/// <summary><c>struct kvm_enable_cap</c>, 104 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct EnableCapabilityArgument
{
    public uint Capability;
    public uint Flags;
    public fixed ulong Arguments[4];
    public fixed byte Padding[64];
}

/// <summary><c>struct kvm_coalesced_mmio_zone</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CoalescedZoneArgument
{
    public ulong Address;
    public uint Size;
    public uint IsPort;
}
