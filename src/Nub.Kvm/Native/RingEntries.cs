using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>An entry of a ring of dirty pages: <c>struct kvm_dirty_gfn</c>, 16 bytes.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct DirtyGfn
{
    public const uint Dirty = 1;
    public const uint Harvested = 2; // KVM_DIRTY_GFN_F_RESET

    public uint Flags;

    /// <summary>The slot's number in the lower half; the address space, of which there is one, in the upper.</summary>
    public uint Slot;

    /// <summary>The page in the slot.</summary>
    public ulong Offset;
}

/// <summary>An entry of the ring of gathered writes: <c>struct kvm_coalesced_mmio</c>, 24 bytes.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct CoalescedEntry
{
    public ulong Address;
    public uint Length;
    public uint IsPort;
    public ulong Data;
}

/// <summary>What the ring of gathered writes begins with: <c>struct kvm_coalesced_mmio_ring</c>, 8 bytes.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct CoalescedRingHeader
{
    public uint First;
    public uint Last;
}
