using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// The contents of a slot, to go back to by its dirty pages: restoring costs a copy of each page that the guest has written since, and
/// nothing for the others. For memory that is no copy-on-write view of a snapshot; such a view is restored by
/// <see cref="SharedMemory.Restore"/>.
/// </summary>
/// <remarks>
/// The kernel's log tells of the guest's writes only. Pages that the host wrote are to be told (<see cref="MarkDirty"/>), or restored
/// with all others (<see cref="RestoreAll"/>). While a snapshot is in use nobody else may read the slot's dirty pages, because reading
/// begins the log anew.
/// </remarks>
public sealed unsafe class MemorySnapshot : IDisposable
{
    private readonly MemorySlot _slot;
    private readonly HostSharedMemory _copy;
    private readonly DirtyPageSet _dirty = new();
    private readonly HashSet<ulong> _marked = [];

    private MemorySnapshot(MemorySlot slot, HostSharedMemory copy)
    {
        _slot = slot;
        _copy = copy;
    }

    /// <summary>Copies the contents of a slot, alone with the memory, and begins its log anew.</summary>
    /// <param name="slot">The slot, mapped with <see cref="MemorySlotFlags.TrackDirtyPages"/>.</param>
    /// <returns>The snapshot.</returns>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or somebody else is inside the memory.</exception>
    /// <exception cref="InvalidOperationException">The slot keeps no log.</exception>
    /// <exception cref="SharedMemoryMapException">There is no memory for the copy.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public static MemorySnapshot Take(MemorySlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ObjectDisposedException.ThrowIf(slot.IsDeleted, slot);
        var copy = HostSharedMemory.Over(() => HostMapping.CreateAnonymous(slot.Size));
        var snapshot = new MemorySnapshot(slot, copy);
        try
        {
            snapshot.Alone(() =>
            {
                slot.ReadDirtyPages(snapshot._dirty);

                // Sound: both are mapped while they are held, nobody else is inside, and the slot lies within its memory.
                BulkCopy.CopyOut(ref *copy.Live.Base, slot.Mapping.Base + slot.Offset, (nuint)slot.Size);
            });
            return snapshot;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Tells of a write of the host's.</summary>
    /// <param name="offset">The first byte written, from the start of the slot.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the slot.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed.</exception>
    public void MarkDirty(ulong offset, ulong length)
    {
        _copy.Live.CheckBounds(offset, length);
        lock (_marked)
        {
            for (ulong page = offset / HostMapping.PageSize; length != 0 && page <= (offset + (length - 1)) / HostMapping.PageSize; page++)
            {
                _marked.Add(page);
            }
        }
    }

    /// <summary>Brings back the pages that the guest has written, and those that were told, alone with the memory.</summary>
    /// <returns>How many pages were brought back.</returns>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or somebody else is inside the memory.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed or the slot deleted.</exception>
    public ulong Restore()
    {
        ulong restored = 0;
        Alone(() =>
        {
            _slot.ReadDirtyPages(_dirty);
            foreach (ulong page in _dirty)
            {
                CopyBack(page);
            }

            restored = _dirty.Count;
            lock (_marked)
            {
                foreach (ulong page in _marked)
                {
                    if (!_dirty.Contains(page))
                    {
                        CopyBack(page);
                        restored++;
                    }
                }

                _marked.Clear();
            }
        });
        return restored;
    }

    /// <summary>Brings back every page, alone with the memory.</summary>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or somebody else is inside the memory.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed or the slot deleted.</exception>
    public void RestoreAll() => Alone(() =>
    {
        _slot.ReadDirtyPages(_dirty);

        // Sound: as in Take.
        BulkCopy.CopyIn(_slot.Mapping.Base + _slot.Offset, ref *_copy.Live.Base, (nuint)_slot.Size);
        lock (_marked)
        {
            _marked.Clear();
        }
    });

    /// <summary>Gives the copy back.</summary>
    public void Dispose() => _copy.Dispose();

    private void CopyBack(ulong page)
    {
        ulong offset = page * HostMapping.PageSize;

        // Sound: both are held, and the page lies within both: the kernel's log has a bit for each page of the slot and no more, and
        // those that were told were checked.
        BulkCopy.CopyIn(_slot.Mapping.Base + _slot.Offset + offset, ref *(_copy.Live.Base + offset), (nuint)HostMapping.PageSize);
    }

    private void Alone(Action action)
    {
        // The copy is kept by a lease for the time, and the slot's memory by being held; the slot itself may be deleted, which ends in
        // its exception.
        LockedMapping copy = _copy.Live;
        copy.EnterLease();
        try
        {
            LockedMapping memory = _slot.Mapping;
            _ = memory.EnterExclusive();
            try
            {
                action();
            }
            finally
            {
                memory.LeaveExclusive();
            }
        }
        finally
        {
            copy.LeaveLease();
        }
    }
}
