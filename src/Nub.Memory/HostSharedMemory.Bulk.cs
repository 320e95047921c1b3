using System.Runtime.InteropServices;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Copies out of the memory, at memory speed. Every shared byte is read exactly once; the whole may be torn.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. The destination is as it was.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)destination.Length);
        CopyOut(mapping, offset, destination);
    }

    /// <summary>Copies out of the memory if the range lies within it.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written, or nothing.</param>
    /// <returns>Whether the range lies within the memory.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryCopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)destination.Length))
        {
            return mapping.Refuse(offset, (ulong)destination.Length);
        }

        CopyOut(mapping, offset, destination);
        return true;
    }

    /// <summary>Copies into the memory, at memory speed. Every shared byte is written exactly once.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)source.Length);
        CopyIn(mapping, offset, source);
    }

    /// <summary>Copies into the memory if the range lies within it.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="source">What to copy.</param>
    /// <returns>Whether the range lies within the memory; otherwise nothing was written.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryCopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)source.Length))
        {
            return mapping.Refuse(offset, (ulong)source.Length);
        }

        CopyIn(mapping, offset, source);
        return true;
    }

    /// <summary>Fills a range with one byte. Every shared byte is written exactly once.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void Fill(ulong offset, ulong length, byte value)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, length);
        FillRange(mapping, offset, length, value);
    }

    /// <summary>Fills a range with one byte if the range lies within the memory.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <param name="value">The byte.</param>
    /// <returns>Whether the range lies within the memory; otherwise nothing was written.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryFill(ulong offset, ulong length, byte value)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, length))
        {
            return mapping.Refuse(offset, length);
        }

        FillRange(mapping, offset, length, value);
        return true;
    }

    private void CopyOut(LockedMapping mapping, ulong offset, Span<byte> destination)
    {
        // The private side of a copy need not be pinned, and its reference is not looked at when there is nothing to copy.
        ref byte to = ref MemoryMarshal.GetReference(destination);
        long* slot = mapping.Enter();
        BulkCopy.CopyOut(ref to, mapping.Base + offset, (nuint)destination.Length);
        mapping.Leave(slot);
        GC.KeepAlive(this);
    }

    private void CopyIn(LockedMapping mapping, ulong offset, ReadOnlySpan<byte> source)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        long* slot = mapping.Enter();
        BulkCopy.CopyIn(mapping.Base + offset, ref from, (nuint)source.Length);
        mapping.Leave(slot);
        GC.KeepAlive(this);
    }

    private void FillRange(LockedMapping mapping, ulong offset, ulong length, byte value)
    {
        long* slot = mapping.Enter();
        BulkFill.Fill(mapping.Base + offset, (nuint)length, value);
        mapping.Leave(slot);
        GC.KeepAlive(this);
    }
}
