using System.Runtime.InteropServices;

namespace Nub.Kvm;

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

/// <summary>What <c>kvm_cpuid2</c> and <c>kvm_msrs</c> begin with, 8 bytes: the number of elements that follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlexibleArrayHeader
{
    public uint Count;
    public uint Padding;
}

/// <summary><c>struct kvm_pit_config</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PitConfiguration
{
    public uint Flags;
    public fixed uint Reserved[15];
}
