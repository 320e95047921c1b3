using System.Diagnostics;

namespace Nub.Kvm;

/// <summary>
/// A memory, or a part of it, at a place in a virtual machine. While the slot exists the mapping stays, even when all its owners are disposed;
/// dispose the slot to take the memory out of the machine.
/// </summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
[DebuggerTypeProxy(typeof(MemorySlotProxy))]
public sealed class MemorySlot : IDisposable
{
    private readonly MemoryMap _map;

    internal MemorySlot(MemoryMap map, SlotMemory memory, int number, ulong guestAddress, ulong offset, ulong size, MemorySlotFlags flags)
    {
        _map = map;
        Memory = memory;
        HostAddress = memory.Owner.BaseAddress + (nint)offset;
        Number = number;
        GuestAddress = guestAddress;
        Offset = offset;
        Size = size;
        Flags = flags;
    }

    /// <summary>The kernel's number of the slot, from 0; used again when the slot was deleted.</summary>
    public int Number { get; }

    /// <summary>The guest physical address of the first byte: a multiple of the page size.</summary>
    public ulong GuestAddress { get; }

    /// <summary>The size in bytes: a multiple of the page size.</summary>
    public ulong Size { get; }

    /// <summary>Where in the memory the slot's first byte stands, in bytes: a multiple of the page size.</summary>
    public ulong Offset { get; }

    /// <summary>How the memory is mapped.</summary>
    public MemorySlotFlags Flags { get; }

    /// <summary>Whether the slot was deleted, through <see cref="Dispose"/> or with its machine.</summary>
    public bool IsDeleted { get; internal set; }

    /// <summary>The guest physical address of the last byte. One past it may be 2^64, which is 0.</summary>
    internal ulong GuestLast => GuestAddress + (Size - 1);

    /// <summary>The machine's owner of the memory.</summary>
    internal SlotMemory Memory { get; }

    /// <summary>Where the slot's first byte stands in this process.</summary>
    internal nint HostAddress { get; }

    /// <summary>
    /// Deletes the slot: when this returns, no virtual processor reaches the memory through it, not even one that runs. Then the
    /// slot's hold on the mapping ends. A slot that was deleted already is left alone.
    /// </summary>
    public void Dispose() => _map.Delete(this);

    /// <summary>
    /// Reads which pages the guest has written since the last time, and begins anew (KVM_GET_DIRTY_LOG; api.rst, section 4.8). What the
    /// host writes is not in it.
    /// </summary>
    /// <param name="pages">Takes the pages in place of what it had.</param>
    /// <exception cref="InvalidOperationException">The slot was mapped without <see cref="MemorySlotFlags.TrackDirtyPages"/>.</exception>
    /// <exception cref="KvmException">The kernel refused: ENXIO (6) where the machine has dirty rings.</exception>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public void ReadDirtyPages(DirtyPageSet pages)
    {
        ArgumentNullException.ThrowIfNull(pages);
        if (!Flags.HasFlag(MemorySlotFlags.TrackDirtyPages))
        {
            throw new InvalidOperationException($"{this} was mapped without {nameof(MemorySlotFlags.TrackDirtyPages)}.");
        }

        _map.ReadDirtyLog(this, pages.Prepare(Size / (ulong)Environment.SystemPageSize));
        pages.Complete();
    }

    /// <summary>The other slots of the machine by which a guest may write bytes of this one.</summary>
    internal MemorySlot[] Overlapping() => _map.WritableOverlapping(this);

    private string DebuggerDisplay => IsDeleted ? $"{this}, deleted" : Flags == MemorySlotFlags.None ? $"{this}" : $"{this}, {Flags}";

    /// <inheritdoc/>
    public override string ToString() => $"slot {Number}: {Size} bytes at guest address 0x{GuestAddress:X}";
}
