namespace Nub.Kvm;

/// <summary>How a memory is mapped into a virtual machine.</summary>
[Flags]
public enum MemorySlotFlags
{
    /// <summary>The guest reads, writes and executes it (read-only memory it reads and executes), and no log of its writes is kept.</summary>
    None = 0,

    /// <summary>The kernel notes which pages the guest writes (KVM_MEM_LOG_DIRTY_PAGES).</summary>
    TrackDirtyPages = 1,

    /// <summary>The guest cannot write it: a write is an MMIO exit (KVM_MEM_READONLY).</summary>
    ReadOnly = 2,

    /// <summary>
    /// For a <see cref="Nub.Memory.ReadOnlySharedMemory"/> only: the guest may write it, and what it writes goes through to every sharer of
    /// the memory, other virtual machines included.
    /// </summary>
    WriteThrough = 0x200,

    /// <summary>
    /// The kernel is asked to back the memory with pages of 2 MiB (MADV_HUGEPAGE). The guest's view has them where the guest address and
    /// the host's address leave the same rest when divided by 2 MiB, because a page of both must begin there.
    /// </summary>
    HugePages = 0x100,
}
