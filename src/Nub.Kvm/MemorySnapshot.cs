using System.Buffers;
using System.Diagnostics;
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
[DebuggerDisplay("snapshot of {_slot}, {_marked.Count} pages told")]
public sealed class MemorySnapshot : IDisposable
{
    // How much is copied at a time, through a private buffer: less than the caches hold.
    private const int ChunkSize = 1 << 16;

    private static readonly ulong s_pageSize = (ulong)Environment.SystemPageSize;

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
    /// <exception cref="NotSupportedException">The slot is of a <see cref="ReadOnlySharedMemory"/>.</exception>
    /// <exception cref="SharedMemoryMapException">There is no memory for the copy.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public static MemorySnapshot Take(MemorySlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ObjectDisposedException.ThrowIf(slot.IsDeleted, slot);
        if (slot.Memory.Owner is ReadOnlySharedMemory)
        {
            throw new NotSupportedException($"{slot} is of read-only memory, which cannot be brought back.");
        }

        using var exclusive = new ExclusiveSharedMemory(slot.Size);
        (HostSharedMemory copy, GuestSharedMemory guest) = exclusive.Build();
        guest.Dispose();
        var snapshot = new MemorySnapshot(slot, copy);
        try
        {
            snapshot.Alone((memory, buffer) =>
            {
                slot.ReadDirtyPages(snapshot._dirty);
                for (ulong offset = 0; offset < slot.Size; offset += (ulong)buffer.Length)
                {
                    Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, slot.Size - offset));
                    memory.CopyTo(slot.Offset + offset, chunk);
                    copy.CopyFrom(offset, chunk);
                }
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
        ulong size = _copy.Size;
        if (offset > size || length > size - offset)
        {
            throw new SharedMemoryBoundsException(offset, length, size);
        }

        lock (_marked)
        {
            for (ulong page = offset / s_pageSize; length != 0 && page <= (offset + (length - 1)) / s_pageSize; page++)
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
        Alone((memory, buffer) =>
        {
            _slot.ReadDirtyPages(_dirty);
            foreach (ulong page in _dirty)
            {
                CopyBack(memory, buffer, page * s_pageSize, (int)s_pageSize);
            }

            restored = _dirty.Count;
            lock (_marked)
            {
                foreach (ulong page in _marked)
                {
                    if (!_dirty.Contains(page))
                    {
                        CopyBack(memory, buffer, page * s_pageSize, (int)s_pageSize);
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
    public void RestoreAll() => Alone((memory, buffer) =>
    {
        _slot.ReadDirtyPages(_dirty);
        for (ulong offset = 0; offset < _slot.Size; offset += ChunkSize)
        {
            CopyBack(memory, buffer, offset, (int)Math.Min(ChunkSize, _slot.Size - offset));
        }

        lock (_marked)
        {
            _marked.Clear();
        }
    });

    /// <summary>Gives the copy back.</summary>
    public void Dispose() => _copy.Dispose();

    private void CopyBack(ExclusiveSharedMemory memory, byte[] buffer, ulong offset, int length)
    {
        Span<byte> chunk = buffer.AsSpan(0, length);
        _copy.CopyTo(offset, chunk);
        memory.CopyFrom(_slot.Offset + offset, chunk);
    }

    // The slot may be deleted by another thread, which ends in its exception.
    private void Alone(Action<ExclusiveSharedMemory, byte[]> action)
    {
        ObjectDisposedException.ThrowIf(_slot.IsDeleted, _slot);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            _slot.Memory.Owner.WithExclusivity(memory => action(memory, buffer));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
