using Nub.Memory;

namespace Nub.Kvm;

/// <summary>A page that a guest has written, as its processor's ring tells it.</summary>
/// <param name="SlotNumber">The slot's <see cref="MemorySlot.Number"/>.</param>
/// <param name="Page">The page, from 0: its offset in the slot divided by 4,096.</param>
public readonly record struct DirtyPage(int SlotNumber, ulong Page);

/// <summary>
/// A ring that the kernel writes dirty pages to, one for each processor (<c>struct kvm_dirty_gfn</c>, 16 bytes; api.rst, section 8.29).
/// The kernel marks an entry dirty; we read it once and mark it as harvested; KVM_RESET_DIRTY_RINGS makes it free.
/// </summary>
internal sealed class DirtyRing(HostSharedMemory entries) : IDisposable
{
    /// <summary>Where in a processor's file the ring is to be mapped, in pages (KVM_DIRTY_LOG_PAGE_OFFSET).</summary>
    public const ulong PageOffset = 64;

    public const ulong EntrySize = DirtyGfn.Layout.Size;

    private readonly Lock _gate = new();
    private readonly ulong _count = entries.Size / EntrySize;
    private ulong _next;

    public int Harvest(Span<DirtyPage> pages)
    {
        lock (_gate)
        {
            int taken = 0;
            for (; taken < pages.Length; taken++)
            {
                DirtyGfn.View entry = DirtyGfn.At(entries, _next * EntrySize);

                // An acquire: the kernel writes the entry before its flag. And a release below: the kernel may reuse the entry from then on
                // ("load acquire" and "store release", api.rst, section 8.29).
                if (entry.Flags != DirtyGfn.Dirty)
                {
                    break;
                }

                pages[taken] = new DirtyPage((int)(entry.Slot & 0xFFFF), entry.Offset);
                entry.Flags = DirtyGfn.Harvested;
                _next = (_next + 1) % _count;
            }

            return taken;
        }
    }

    public void Dispose() => entries.Dispose();
}
