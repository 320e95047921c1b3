using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// A lease of a memory to hold over many accesses, from <see cref="HostSharedMemory.Enter"/>: only a bounds check and a compare are
/// left to pay for each. While it is held, no thread can take the memory exclusively, and it is not released.
/// </summary>
/// <remarks>
/// A copy is the same lease: to dispose it again, through any copy, does nothing, and to use it afterwards throws
/// <see cref="ObjectDisposedException"/>; the <see langword="default"/> one throws <see cref="InvalidOperationException"/> when it is used.
/// </remarks>
[DebuggerDisplay("{Description,nq}")]
public readonly unsafe ref partial struct HostLease : IDisposable
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

    // For a debugger, which must not be thrown at.
    private string Description => _lease.IsLive ? $"lease of {_mapping.Size} bytes" : "lease, ended";

    /// <summary>The mapping, under a lease that is live.</summary>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    /// <exception cref="InvalidOperationException">The lease is <see langword="default"/>.</exception>
    internal LockedMapping Live
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (!_lease.MayRead)
            {
                _lease.ThrowIfDead();
            }

            return _mapping;
        }
    }

    /// <summary>Ends the lease. To end it again, through this copy of it or another, does nothing.</summary>
    public void Dispose() => _ = _lease.End(_mapping);

    /// <inheritdoc cref="HostSharedMemory.Contains(ulong, ulong)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool Contains(ulong offset, ulong length) => Live.Contains(offset, length);

    /// <inheritdoc cref="HostSharedMemory.Read{T}(ulong)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<[AllValid] T>(ulong offset) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!_lease.MayRead)
        {
            return ReadSlow<T>(_lease, _mapping, offset);
        }

        LockedMapping mapping = _mapping;
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
        if (!_lease.MayRead)
        {
            return TryReadSlow(_lease, _mapping, offset, out value);
        }

        LockedMapping mapping = _mapping;
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
        if (!_lease.MayWrite)
        {
            WriteSlow(_lease, _mapping, offset, value);
            return;
        }

        LockedMapping mapping = _mapping;
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
        if (!_lease.MayWrite)
        {
            return TryWriteSlow(_lease, _mapping, offset, value);
        }

        LockedMapping mapping = _mapping;
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

        // Sound: as in HostSharedMemory.TryReadValidated.
        Unsafe.SkipInit(out T copy);
        if (!TryCopyTo(offset, MemoryMarshal.AsBytes(new Span<T>(ref copy))))
        {
            value = default;
            return false;
        }

        return validator.TryDecode(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in copy)), out value);
    }

    /// <inheritdoc cref="HostSharedMemory.CopyTo(ulong, Span{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyTo(ulong offset, Span<byte> destination) =>
        _mapping.ThrowIf(CopyOut(offset, destination), offset, (ulong)destination.Length);

    /// <inheritdoc cref="HostSharedMemory.TryCopyTo(ulong, Span{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyTo(ulong offset, Span<byte> destination) =>
        _mapping.Succeeded(CopyOut(offset, destination), offset, (ulong)destination.Length);

    /// <inheritdoc cref="HostSharedMemory.CopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source) =>
        _mapping.ThrowIf(CopyIn(offset, source), offset, (ulong)source.Length);

    /// <inheritdoc cref="HostSharedMemory.TryCopyFrom(ulong, ReadOnlySpan{byte})"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryCopyFrom(ulong offset, ReadOnlySpan<byte> source) =>
        _mapping.Succeeded(CopyIn(offset, source), offset, (ulong)source.Length);

    /// <inheritdoc cref="HostSharedMemory.Fill(ulong, ulong, byte)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void Fill(ulong offset, ulong length, byte value) =>
        _mapping.ThrowIf(FillRange(offset, length, value), offset, length);

    /// <inheritdoc cref="HostSharedMemory.TryFill(ulong, ulong, byte)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryFill(ulong offset, ulong length, byte value) =>
        _mapping.Succeeded(FillRange(offset, length, value), offset, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AccessFailure CopyOut(ulong offset, Span<byte> destination)
    {
        ref byte to = ref MemoryMarshal.GetReference(destination);
        if (!_lease.MayRead)
        {
            _lease.ThrowIfDead();
            return _mapping.CopyOutHeld(ref to, offset, (nuint)destination.Length);
        }

        LockedMapping mapping = _mapping;
        if (!mapping.Contains(offset, (ulong)destination.Length))
        {
            return AccessFailure.OutOfBounds;
        }

        BulkCopy.CopyOut(ref to, mapping.Base + offset, (nuint)destination.Length);
        return AccessFailure.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AccessFailure CopyIn(ulong offset, ReadOnlySpan<byte> source)
    {
        ref byte from = ref MemoryMarshal.GetReference(source);
        if (!_lease.MayWrite)
        {
            _lease.ThrowIfDead();
            return _mapping.CopyInHeld(offset, ref from, (nuint)source.Length);
        }

        LockedMapping mapping = _mapping;
        if (!mapping.Contains(offset, (ulong)source.Length))
        {
            return AccessFailure.OutOfBounds;
        }

        BulkCopy.CopyIn(mapping.Base + offset, ref from, (nuint)source.Length);
        return AccessFailure.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AccessFailure FillRange(ulong offset, ulong length, byte value)
    {
        if (!_lease.MayWrite)
        {
            _lease.ThrowIfDead();
            return _mapping.FillHeld(offset, (nuint)length, value);
        }

        LockedMapping mapping = _mapping;
        if (!mapping.Contains(offset, length))
        {
            return AccessFailure.OutOfBounds;
        }

        BulkFill.Fill(mapping.Base + offset, (nuint)length, value);
        return AccessFailure.None;
    }

    // The slow ways are static and take the fields by value: a call that took the lease by reference would force it out of registers in
    // the loops that matter.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T ReadSlow<T>(Lease lease, LockedMapping mapping, ulong offset) where T : unmanaged
    {
        lease.ThrowIfDead();
        mapping.ThrowIf(mapping.LoadHeld(offset, out T value), offset, (ulong)sizeof(T));
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadSlow<T>(Lease lease, LockedMapping mapping, ulong offset, out T value) where T : unmanaged
    {
        lease.ThrowIfDead();
        return mapping.Succeeded(mapping.LoadHeld(offset, out value), offset, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteSlow<T>(Lease lease, LockedMapping mapping, ulong offset, T value) where T : unmanaged
    {
        lease.ThrowIfDead();
        mapping.ThrowIf(mapping.StoreHeld(offset, value), offset, (ulong)sizeof(T));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryWriteSlow<T>(Lease lease, LockedMapping mapping, ulong offset, T value) where T : unmanaged
    {
        lease.ThrowIfDead();
        return mapping.Succeeded(mapping.StoreHeld(offset, value), offset, (ulong)sizeof(T));
    }
}
