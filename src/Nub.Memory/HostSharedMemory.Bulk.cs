using System.Runtime.InteropServices;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Copies out of the memory, at memory speed. Every shared byte is read exactly once; the whole may be torn.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. The destination is as it was.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been copied.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)destination.Length);
        mapping.ThrowIf(CopyOut(mapping, offset, destination), offset, (ulong)destination.Length);
    }

    /// <summary>Copies out of the memory if the range lies within it.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">
    /// Where to copy to; all of it is written. Where the range leaves the memory nothing is; where some of it is gone, what comes before that may have been copied.
    /// </param>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryCopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)destination.Length))
        {
            return mapping.Refuse(offset, (ulong)destination.Length);
        }

        return mapping.Succeeded(CopyOut(mapping, offset, destination), offset, (ulong)destination.Length);
    }

    /// <summary>Copies into the memory, at memory speed. Every shared byte is written exactly once.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)source.Length);
        mapping.ThrowIf(CopyIn(mapping, offset, source), offset, (ulong)source.Length);
    }

    /// <summary>Copies into the memory if the range lies within it.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="source">What to copy.</param>
    /// <returns>
    /// Whether the range lies within the memory and is still there. Where it leaves the memory nothing was written; where some of it is gone, what comes before that may have been.
    /// </returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryCopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)source.Length))
        {
            return mapping.Refuse(offset, (ulong)source.Length);
        }

        return mapping.Succeeded(CopyIn(mapping, offset, source), offset, (ulong)source.Length);
    }

    /// <summary>Fills a range with one byte. Every shared byte is written exactly once.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void Fill(ulong offset, ulong length, byte value)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, length);
        mapping.ThrowIf(FillRange(mapping, offset, length, value), offset, length);
    }

    /// <summary>Fills a range with one byte if the range lies within the memory.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="length">The number of bytes to write.</param>
    /// <param name="value">The byte.</param>
    /// <returns>
    /// Whether the range lies within the memory and is still there. Where it leaves the memory nothing was written; where some of it is gone, what comes before that may have been.
    /// </returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryFill(ulong offset, ulong length, byte value)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, length))
        {
            return mapping.Refuse(offset, length);
        }

        return mapping.Succeeded(FillRange(mapping, offset, length, value), offset, length);
    }

    private AccessFailure CopyOut(LockedMapping mapping, ulong offset, Span<byte> destination)
    {
        // The private side of a copy need not be pinned, and its reference is not looked at when there is nothing to copy.
        ref byte to = ref MemoryMarshal.GetReference(destination);
        AccessSlot slot = mapping.Publish();
        AccessFailure failure = AccessFailure.None;
        if (mapping.MayRead)
        {
            BulkCopy.CopyOut(ref to, mapping.Base + offset, (nuint)destination.Length);
            mapping.Leave(slot);
        }
        else
        {
            failure = mapping.CopyOutSlow(slot, ref to, offset, (nuint)destination.Length);
        }

        GC.KeepAlive(this);
        return failure;
    }

    private AccessFailure CopyIn(LockedMapping mapping, ulong offset, ReadOnlySpan<byte> source)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        AccessSlot slot = mapping.Publish();
        AccessFailure failure = AccessFailure.None;
        if (mapping.MayWrite)
        {
            BulkCopy.CopyIn(mapping.Base + offset, ref from, (nuint)source.Length);
            mapping.Leave(slot);
        }
        else
        {
            failure = mapping.CopyInSlow(slot, offset, ref from, (nuint)source.Length);
        }

        GC.KeepAlive(this);
        return failure;
    }

    private AccessFailure FillRange(LockedMapping mapping, ulong offset, ulong length, byte value)
    {
        AccessSlot slot = mapping.Publish();
        AccessFailure failure = AccessFailure.None;
        if (mapping.MayWrite)
        {
            BulkFill.Fill(mapping.Base + offset, (nuint)length, value);
            mapping.Leave(slot);
        }
        else
        {
            failure = mapping.FillSlow(slot, offset, (nuint)length, value);
        }

        GC.KeepAlive(this);
        return failure;
    }
}
