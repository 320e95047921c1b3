using Nub.Memory;

namespace Nub.Kvm;

/// <summary>A slot as a debugger shows it, with the memory that it is of.</summary>
internal sealed class MemorySlotProxy(MemorySlot slot)
{
    public int Number => slot.Number;

    public string GuestAddresses => $"0x{slot.GuestAddress:X} to 0x{slot.GuestLast:X}";

    public ulong Size => slot.Size;

    public ulong Offset => slot.Offset;

    public MemorySlotFlags Flags => slot.Flags;

    public bool IsDeleted => slot.IsDeleted;

    /// <summary>The machine's owner of the memory.</summary>
    public SharedMemory Memory => slot.Memory.Owner;
}
