namespace Nub.Kvm;

/// <summary>How a memory is mapped into a virtual machine.</summary>
[Flags]
public enum MemorySlotFlags
{
    /// <summary>The guest reads, writes and executes it, and nobody keeps a log.</summary>
    None = 0,

    /// <summary>The kernel notes which pages the guest writes (KVM_MEM_LOG_DIRTY_PAGES).</summary>
    TrackDirtyPages = 1,

    /// <summary>The guest cannot write it: a write is an MMIO exit (KVM_MEM_READONLY).</summary>
    ReadOnly = 2,
}
