using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// The contents of a slot, to go back to by its dirty pages: restoring costs a copy of each page that the guest has written since, and
/// nothing for the others. For memory that is not a copy-on-write view of a snapshot; such a view is restored by
/// <see cref="SharedMemory.Restore()"/>.
/// </summary>
/// <remarks>
/// The kernel's logs have the guest's writes only: those by this slot, and by every other of the machine that has bytes of the same memory in common with it, which is to keep a log too
/// (<see cref="Restore"/>). A write by another machine, or by a slot that was deleted since, is in none of them. Pages that the host wrote are told by a bitmap (<see cref="GuestAddressSpace.TrackWrites"/>, given to
/// <see cref="Take(MemorySlot, DirtyBitmap?)"/>) or by <see cref="MarkDirty"/>, or restored with all others (<see cref="RestoreAll"/>). While a snapshot is in use no other code
/// may read the dirty pages of these slots or take the slot's part of the bitmap, because reading begins them anew: of bytes that two slots have, take one snapshot.
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
    private readonly DirtyPageSet _dirtyElsewhere = new();

    // What is to be brought back besides, and its lock. There is room for every page, so that what is marked cannot be lost for want of memory.
    private readonly DirtyPageSet _marked = new();
    private readonly Lock _marking = new();

    // What the host wrote through a space; null where it is told by MarkDirty.
    private readonly DirtyBitmap? _hostWrites;
    private readonly ulong[] _hostPages = [];

    private MemorySnapshot(MemorySlot slot, HostSharedMemory copy, DirtyBitmap? hostWrites)
    {
        _slot = slot;
        _copy = copy;
        _hostWrites = hostWrites;
        _ = _marked.Prepare(slot.Size / s_pageSize);
        if (hostWrites is not null)
        {
            _hostPages = new ulong[(slot.Size / hostWrites.PageSize + 63) / 64];
        }
    }

    /// <summary>Copies the contents of a slot, holding the memory exclusively, and begins its log anew.</summary>
    /// <param name="slot">The slot, mapped with <see cref="MemorySlotFlags.TrackDirtyPages"/>.</param>
    /// <param name="hostWrites">
    /// The bitmap of the space through which the host writes the slot's memory, where the slot stands at the same guest address; <see langword="null"/> where there is none.
    /// </param>
    /// <returns>The snapshot.</returns>
    /// <exception cref="ArgumentException">The slot is not made of whole pages of the bitmap, or leaves its range.</exception>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or another access or lease is inside the memory.</exception>
    /// <exception cref="InvalidOperationException">The slot keeps no log.</exception>
    /// <exception cref="NotSupportedException">The slot is of a <see cref="ReadOnlySharedMemory"/>.</exception>
    /// <exception cref="SharedMemoryMapException">There is no memory for the copy.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The slot was deleted.</exception>
    public static MemorySnapshot Take(MemorySlot slot, DirtyBitmap? hostWrites = null)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ObjectDisposedException.ThrowIf(slot.IsDeleted, slot);
        if (slot.Memory.Owner is ReadOnlySharedMemory)
        {
            throw new NotSupportedException($"{slot} is of read-only memory, which cannot be brought back.");
        }

        if (hostWrites is not null
            && (slot.GuestAddress < hostWrites.GuestAddress || slot.GuestAddress - hostWrites.GuestAddress > hostWrites.Length
                || slot.Size > hostWrites.Length - (slot.GuestAddress - hostWrites.GuestAddress)
                || slot.Size % hostWrites.PageSize != 0 || (slot.GuestAddress - hostWrites.GuestAddress) % hostWrites.PageSize != 0))
        {
            throw new ArgumentException(
                $"{slot} is not made of whole pages of the bitmap: {hostWrites.Length} bytes from 0x{hostWrites.GuestAddress:X} in pages of {hostWrites.PageSize}.", nameof(hostWrites));
        }

        using var exclusive = new ExclusiveSharedMemory(slot.Size);
        (HostSharedMemory copy, GuestSharedMemory guest) = exclusive.Build();
        guest.Dispose();
        var snapshot = new MemorySnapshot(slot, copy, hostWrites);
        try
        {
            snapshot.Alone((memory, buffer) =>
            {
                slot.ReadDirtyPages(snapshot._dirty);
                foreach (MemorySlot other in slot.Overlapping())
                {
                    if (other.Flags.HasFlag(MemorySlotFlags.TrackDirtyPages))
                    {
                        other.ReadDirtyPages(snapshot._dirtyElsewhere);
                    }
                }

                snapshot.TakeHostWrites();
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

        using (Uninterrupted.Enter(_marking))
        {
            for (ulong page = offset / s_pageSize; length != 0 && page <= (offset + (length - 1)) / s_pageSize; page++)
            {
                _marked.Add(page);
            }
        }
    }

    /// <summary>Brings back the pages that the guest has written, and those that were told, holding the memory exclusively.</summary>
    /// <returns>How many pages were brought back.</returns>
    /// <exception cref="InvalidOperationException">
    /// Another slot of the machine has bytes of the same memory, can be written and keeps no log (<see cref="MemorySlotFlags.TrackDirtyPages"/>): use <see cref="RestoreAll"/>. Nothing was changed.
    /// </exception>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or another access or lease is inside the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">
    /// Bytes of the memory are gone: it is a view of a file that was shortened. Other pages may be back; all are brought back by the next call that succeeds.
    /// </exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed or the slot deleted.</exception>
    public ulong Restore()
    {
        ulong restored = 0;
        Alone((memory, buffer) =>
        {
            MemorySlot[] others = _slot.Overlapping();
            if (Array.Find(others, static other => !other.Flags.HasFlag(MemorySlotFlags.TrackDirtyPages)) is { } silent)
            {
                throw new InvalidOperationException(
                    $"{silent} has bytes of {_slot} and was mapped without {nameof(MemorySlotFlags.TrackDirtyPages)}: what the guest writes by it is not known. Use {nameof(RestoreAll)}.");
            }

            _slot.ReadDirtyPages(_dirty);
            try
            {
                Array.ForEach(others, MarkWrittenBy);
                foreach (ulong page in _dirty)
                {
                    CopyBack(memory, buffer, page * s_pageSize, (int)s_pageSize);
                }

                restored = _dirty.Count;
                using (Uninterrupted.Enter(_marking))
                {
                    MarkHostWrites();
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
            }
            catch
            {
                KeepDirty();
                throw;
            }
        });
        return restored;
    }

    /// <summary>Brings back every page, holding the memory exclusively.</summary>
    /// <exception cref="SharedMemoryLockedException">The guest is running, or another access or lease is inside the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">
    /// Bytes of the memory are gone: it is a view of a file that was shortened. Other pages may be back; those that were written are brought back by the next call that succeeds.
    /// </exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed or the slot deleted.</exception>
    public void RestoreAll() => Alone((memory, buffer) =>
    {
        _slot.ReadDirtyPages(_dirty);
        try
        {
            using (Uninterrupted.Enter(_marking))
            {
                MarkHostWrites();
            }

            for (ulong offset = 0; offset < _slot.Size; offset += ChunkSize)
            {
                CopyBack(memory, buffer, offset, (int)Math.Min(ChunkSize, _slot.Size - offset));
            }
        }
        catch
        {
            KeepDirty();
            throw;
        }

        using (Uninterrupted.Enter(_marking))
        {
            _marked.Clear();
        }
    });

    /// <summary>Gives the copy back.</summary>
    public void Dispose() => _copy.Dispose();

    private ulong TakeHostWrites() => _hostWrites?.Take(_slot.GuestAddress, _slot.Size, _hostPages) ?? 0;

    // The kernel has forgotten what it told.
    private void KeepDirty()
    {
        using (Uninterrupted.Enter(_marking))
        {
            foreach (ulong page in _dirty)
            {
                _marked.Add(page);
            }
        }
    }

    // What the log told is marked at once, whatever fails later: the kernel has forgotten it.
    private void MarkWrittenBy(MemorySlot other)
    {
        other.ReadDirtyPages(_dirtyElsewhere);
        using (Uninterrupted.Enter(_marking))
        {
            foreach (ulong page in _dirtyElsewhere)
            {
                ulong offset = other.Offset + page * s_pageSize;
                if (offset >= _slot.Offset && offset - _slot.Offset < _slot.Size)
                {
                    _marked.Add((offset - _slot.Offset) / s_pageSize);
                }
            }
        }
    }

    private void MarkHostWrites()
    {
        if (TakeHostWrites() == 0)
        {
            return;
        }

        for (int i = 0; i < _hostPages.Length; i++)
        {
            for (ulong rest = _hostPages[i]; rest != 0; rest &= rest - 1)
            {
                ulong page = (ulong)i * 64 + (ulong)BitOperations.TrailingZeroCount(rest);
                MarkDirty(page * _hostWrites!.PageSize, _hostWrites.PageSize);
            }
        }
    }

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
