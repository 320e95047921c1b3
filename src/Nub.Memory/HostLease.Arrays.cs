namespace Nub.Memory;

public readonly unsafe ref partial struct HostLease
{
    /// <inheritdoc cref="HostSharedMemory.ReadArray{T}(ulong, Span{T})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void ReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            AccessFailure failure = ArrayTransfer.ReadParts(in this, offset, destination);
            _mapping.ThrowIf(failure, offset, ArrayTransfer.Length<T>(destination));
            return;
        }

        CopyTo(offset, ArrayTransfer.AsBytes(destination));
        Representation<T>.ConvertAll(destination);
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadArray{T}(ulong, Span{T})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        if (ArrayTransfer.IsLong(destination))
        {
            AccessFailure failure = ArrayTransfer.ReadParts(in this, offset, destination);
            return _mapping.Succeeded(failure, offset, ArrayTransfer.Length<T>(destination));
        }

        if (!TryCopyTo(offset, ArrayTransfer.AsBytes(destination)))
        {
            return false;
        }

        Representation<T>.ConvertAll(destination);
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.WriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void WriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        AccessFailure failure = ArrayTransfer.Write(in this, offset, source);
        _mapping.ThrowIf(failure, offset, ArrayTransfer.Length(source));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryWriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        AccessFailure failure = ArrayTransfer.Write(in this, offset, source);
        return _mapping.Succeeded(failure, offset, ArrayTransfer.Length(source));
    }

    bool ISharedSource.Covers(ulong offset, ulong length) => Contains(offset, length);

    AccessFailure ISharedSource.CopyOut(ulong offset, scoped Span<byte> destination) => CopyOut(offset, destination);

    AccessFailure ISharedSource.CopyIn(ulong offset, scoped ReadOnlySpan<byte> source) => CopyIn(offset, source);
}
