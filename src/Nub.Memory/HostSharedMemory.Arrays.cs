namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Reads consecutive values, at the speed of a copy where they stand as on this host. Every shared byte is read exactly once; the whole may be torn.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. The destination is as it was.</exception>
    /// <exception cref="SharedMemoryFaultException">
    /// Some of the bytes are gone. What comes before them may have been copied; of values of another byte order, all, some or none are then in this host's.
    /// </exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public void ReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            LockedMapping mapping = Live;
            mapping.ThrowIf(ArrayTransfer.ReadParts(this, offset, destination), offset, ArrayTransfer.Length<T>(destination));
            return;
        }

        CopyTo(offset, ArrayTransfer.AsBytes(destination));
        Representation<T>.ConvertAll(destination);
    }

    /// <summary>Reads consecutive values if the range lies within the memory.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="destination">
    /// Where the values go, in this host's byte order; all of it is written. Where the range leaves the memory nothing is; where some of it is gone, what comes before that may have been
    /// copied; of values of another byte order, all, some or none are then in this host's.
    /// </param>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public bool TryReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            LockedMapping mapping = Live;
            return mapping.Succeeded(ArrayTransfer.ReadParts(this, offset, destination), offset, ArrayTransfer.Length<T>(destination));
        }

        if (!TryCopyTo(offset, ArrayTransfer.AsBytes(destination)))
        {
            return false;
        }

        Representation<T>.ConvertAll(destination);
        return true;
    }

    /// <summary>Writes consecutive values, at the speed of a copy where they stand as on this host. Every shared byte is written exactly once.</summary>
    /// <typeparam name="T">An AllValid type: without padding that could carry the host's secrets.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public void WriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        LockedMapping mapping = Live;
        mapping.ThrowIf(ArrayTransfer.Write(this, offset, source), offset, ArrayTransfer.Length(source));
    }

    /// <summary>Writes consecutive values if the range lies within the memory.</summary>
    /// <typeparam name="T">An AllValid type: without padding that could carry the host's secrets.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <returns>
    /// Whether the range lies within the memory and is still there. Where it leaves the memory nothing was written; where some of it is gone, what comes before that may have been.
    /// </returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public bool TryWriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        LockedMapping mapping = Live;
        return mapping.Succeeded(ArrayTransfer.Write(this, offset, source), offset, ArrayTransfer.Length(source));
    }

    bool ISharedSource.Covers(ulong offset, ulong length) => Live.Contains(offset, length);

    AccessFailure ISharedSource.CopyOut(ulong offset, scoped Span<byte> destination) => CopyOut(Live, offset, destination);

    AccessFailure ISharedSource.CopyIn(ulong offset, scoped ReadOnlySpan<byte> source) => CopyIn(Live, offset, source);
}
