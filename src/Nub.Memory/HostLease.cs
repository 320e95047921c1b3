using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// A lease of a memory to hold over many accesses, from <see cref="HostSharedMemory.Enter"/>: only a bounds check and a compare are
/// left to pay for each. While it is held, nobody can take the memory exclusively, and it is not released.
/// </summary>
/// <remarks>
/// A copy is the same lease. To dispose it twice, or to use it afterwards, throws <see cref="ObjectDisposedException"/> and
/// does no harm; the <see langword="default"/> one throws <see cref="InvalidOperationException"/>.
/// </remarks>
public readonly unsafe ref struct HostLease : IDisposable
{
    private readonly Lease _lease;
    private readonly LockedMapping _mapping;

    internal HostLease(LockedMapping mapping)
    {
        _lease = Lease.Begin(mapping);
        _mapping = mapping;
    }

    /// <summary>The size of the memory in bytes.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public ulong Size => Live.Size;

    internal Lease Lease => _lease;

    /// <summary>The mapping, under a lease that is live.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    /// <exception cref="InvalidOperationException">The lease is <see langword="default"/>.</exception>
    internal LockedMapping Live
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (!_lease.IsLive)
            {
                _lease.ThrowDead();
            }

            return _mapping;
        }
    }

    /// <summary>Ends the lease.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed already, through this copy of it or another.</exception>
    /// <exception cref="InvalidOperationException">The lease is <see langword="default"/>.</exception>
    public void Dispose() => _lease.End(_mapping);

    /// <inheritdoc cref="HostSharedMemory.Read{T}(ulong)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<[AllValid] T>(ulong offset) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        return Representation<T>.Convert(SingleFetch.Load<T>(mapping.Base + offset));
    }

    /// <inheritdoc cref="HostSharedMemory.TryRead{T}(ulong, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead<[AllValid] T>(ulong offset, out T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            value = default;
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        value = Representation<T>.Convert(SingleFetch.Load<T>(mapping.Base + offset));
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.Write{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        SingleFetch.Store(mapping.Base + offset, Representation<T>.Convert(value));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWrite{T}(ulong, T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWrite<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        SingleFetch.Store(mapping.Base + offset, Representation<T>.Convert(value));
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.TryReadValidated{T}(ulong, out T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryReadValidated<[ValidateOnRead] T>(ulong offset, out T value) where T : unmanaged
    {
        IValidateOnRead<T> validator = Validation<T>.Validator;
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            value = default;
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        // Sound: as in HostSharedMemory.TryReadValidated.
        Unsafe.SkipInit(out T copy);
        BulkCopy.CopyOut(ref *(byte*)&copy, mapping.Base + offset, (nuint)sizeof(T));
        return validator.TryDecode(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in copy)), out value);
    }

    /// <inheritdoc cref="HostSharedMemory.CopyTo(ulong, Span{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        if (!TryCopyTo(offset, destination))
        {
            ThrowBounds(offset, (ulong)destination.Length);
        }
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyTo(ulong, Span{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)destination.Length))
        {
            return mapping.Refuse(offset, (ulong)destination.Length);
        }

        BulkCopy.CopyOut(ref MemoryMarshal.GetReference(destination), mapping.Base + offset, (nuint)destination.Length);
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.CopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        if (!TryCopyFrom(offset, source))
        {
            ThrowBounds(offset, (ulong)source.Length);
        }
    }

    /// <inheritdoc cref="HostSharedMemory.TryCopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, (ulong)source.Length))
        {
            return mapping.Refuse(offset, (ulong)source.Length);
        }

        BulkCopy.CopyIn(mapping.Base + offset, ref MemoryMarshal.GetReference(source), (nuint)source.Length);
        return true;
    }

    /// <inheritdoc cref="HostSharedMemory.Fill(ulong, ulong, byte)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void Fill(ulong offset, ulong length, byte value)
    {
        if (!TryFill(offset, length, value))
        {
            ThrowBounds(offset, length);
        }
    }

    /// <inheritdoc cref="HostSharedMemory.TryFill(ulong, ulong, byte)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryFill(ulong offset, ulong length, byte value)
    {
        LockedMapping mapping = Live;
        if (!mapping.Contains(offset, length))
        {
            return mapping.Refuse(offset, length);
        }

        BulkFill.Fill(mapping.Base + offset, (nuint)length, value);
        return true;
    }

    // A refusal was traced by the Try form already.
    [DoesNotReturn]
    private void ThrowBounds(ulong offset, ulong length) => throw new SharedMemoryBoundsException(offset, length, _mapping.Size);
}
