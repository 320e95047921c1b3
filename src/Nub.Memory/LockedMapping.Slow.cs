using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Why an access did not take place.</summary>
internal enum AccessFailure
{
    /// <summary>It took place.</summary>
    None,

    /// <summary>The range leaves the memory.</summary>
    OutOfBounds,

    /// <summary>Some of the bytes are gone.</summary>
    Gone,

    /// <summary>The last owner was disposed.</summary>
    Closed,

    /// <summary>The region was opened for reading. By guest address only: elsewhere that is an exception.</summary>
    ReadOnly,

    /// <summary>An atomic's place is not a multiple of its size. By guest address only, as well.</summary>
    Misaligned,
}

// The slow way of every access: of memory whose bytes may go, that cannot be written, that is smaller than a value; and while exclusivity is
// held or claimed. Each member touches each shared byte exactly once.
internal sealed unsafe partial class LockedMapping
{
    /// <summary>Reads a value in an access that was published and may not go the fast way. The access has been left afterwards, whatever happens.</summary>
    /// <param name="slot">The slot that it was published in.</param>
    /// <param name="offset">The first byte; its range is judged again.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> where it was not read.</param>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure LoadSlow<T>(AccessSlot slot, ulong offset, out T value) where T : unmanaged
    {
        if (_recovering is { } recovering && IsOpen && Contains(offset, (ulong)sizeof(T)))
        {
            // Sound: as in LoadHeld.
            Unsafe.SkipInit(out T stored);
            bool isThere = recovering.TryLoad(Base + offset, (byte*)&stored, (nuint)sizeof(T));
            Leave(slot);
            value = isThere ? Representation<T>.Convert(stored) : default;
            return Result(isThere);
        }

        return LoadRarely(slot, offset, out value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private AccessFailure LoadRarely<T>(AccessSlot slot, ulong offset, out T value) where T : unmanaged
    {
        if (!TryWait(slot))
        {
            value = default;
            return AccessFailure.Closed;
        }

        AccessFailure failure = LoadAsStored(offset, out T stored);
        Leave(slot);
        value = failure == AccessFailure.None ? Representation<T>.Convert(stored) : default;
        return failure;
    }

    /// <inheritdoc cref="LoadSlow{T}(AccessSlot, ulong, out T)"/>
    /// <summary>Reads a value, or says why it could not be read.</summary>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public T LoadSlow<T>(AccessSlot slot, ulong offset) where T : unmanaged
    {
        if (_recovering is { } recovering && IsOpen && Contains(offset, (ulong)sizeof(T)))
        {
            // Sound: as in LoadHeld.
            Unsafe.SkipInit(out T stored);
            bool isThere = recovering.TryLoad(Base + offset, (byte*)&stored, (nuint)sizeof(T));
            Leave(slot);
            if (!isThere)
            {
                Throw(AccessFailure.Gone, offset, (ulong)sizeof(T));
            }

            return Representation<T>.Convert(stored);
        }

        AccessFailure failure = LoadRarely(slot, offset, out T value);
        ThrowIf(failure, offset, (ulong)sizeof(T));
        return value;
    }

    /// <summary>Writes a value in an access that was published and may not go the fast way. The access has been left afterwards, whatever happens.</summary>
    /// <param name="slot">The slot that it was published in.</param>
    /// <param name="offset">The first byte; its range is judged again.</param>
    /// <param name="stored">The value as it is to stand: it was turned before the access was published, because turning it may throw.</param>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure StoreSlow<T>(AccessSlot slot, ulong offset, T stored) where T : unmanaged
    {
        if (_recovering is { } recovering && IsOpen && !IsReadOnly && Contains(offset, (ulong)sizeof(T)))
        {
            bool isThere = recovering.TryStore(Base + offset, (byte*)&stored, (nuint)sizeof(T));
            Leave(slot);
            return Result(isThere);
        }

        if (!TryWaitToWrite(slot))
        {
            return AccessFailure.Closed;
        }

        AccessFailure failure = StoreAsStored(offset, stored);
        Leave(slot);
        return failure;
    }

    /// <inheritdoc cref="StoreSlow"/>
    /// <summary>Copies out of the memory.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure CopyOutSlow(AccessSlot slot, ref byte destination, ulong offset, nuint length)
    {
        if (_recovering is { } recovering && IsOpen && Contains(offset, length))
        {
            bool isThere = recovering.TryCopyOut(ref destination, Base + offset, length);
            Leave(slot);
            return Result(isThere);
        }

        if (!TryWait(slot))
        {
            return AccessFailure.Closed;
        }

        AccessFailure failure = CopyOutHeld(ref destination, offset, length);
        Leave(slot);
        return failure;
    }

    /// <inheritdoc cref="StoreSlow"/>
    /// <summary>Copies into the memory.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure CopyInSlow(AccessSlot slot, ulong offset, ref byte source, nuint length)
    {
        if (_recovering is { } recovering && IsOpen && !IsReadOnly && Contains(offset, length))
        {
            bool isThere = recovering.TryCopyIn(Base + offset, ref source, length);
            Leave(slot);
            return Result(isThere);
        }

        if (!TryWaitToWrite(slot))
        {
            return AccessFailure.Closed;
        }

        AccessFailure failure = CopyInHeld(offset, ref source, length);
        Leave(slot);
        return failure;
    }

    /// <inheritdoc cref="StoreSlow"/>
    /// <summary>Fills a range.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure FillSlow(AccessSlot slot, ulong offset, nuint length, byte value)
    {
        if (!TryWaitToWrite(slot))
        {
            return AccessFailure.Closed;
        }

        AccessFailure failure = FillHeld(offset, length, value);
        Leave(slot);
        return failure;
    }

    /// <inheritdoc cref="StoreSlow"/>
    /// <summary>Performs an atomic.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AccessFailure AtomicSlow<T>(AccessSlot slot, AtomicOperation operation, ulong offset, T value, T comparand, out T result) where T : unmanaged
    {
        if (!TryWaitToWrite(slot))
        {
            result = default;
            return AccessFailure.Closed;
        }

        AccessFailure failure = AtomicHeld(operation, offset, value, comparand, out result);
        Leave(slot);
        return failure;
    }

    /// <summary>Reads a value while the memory is held: by an access, a lease, or exclusively.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> where it was not read.</param>
    public AccessFailure LoadHeld<T>(ulong offset, out T value) where T : unmanaged
    {
        AccessFailure failure = LoadAsStored(offset, out T stored);
        value = failure == AccessFailure.None ? Representation<T>.Convert(stored) : default;
        return failure;
    }

    // Turns nothing, and so does not throw: for an access that is published.
    private AccessFailure LoadAsStored<T>(ulong offset, out T stored) where T : unmanaged
    {
        stored = default;
        if (!Contains(offset, (ulong)sizeof(T)))
        {
            return AccessFailure.OutOfBounds;
        }

        // Sound, here and below: the range is in bounds and held, so it stays mapped; values and results are locals or the caller's.
        if (_indirect is { } indirect)
        {
            Unsafe.SkipInit(out T read);
            if (!indirect.TryLoad(Base + offset, (byte*)&read, (nuint)sizeof(T)))
            {
                return AccessFailure.Gone;
            }

            stored = read;
        }
        else
        {
            stored = SingleFetch.Load<T>(Base + offset);
        }

        return AccessFailure.None;
    }

    /// <summary>Writes a value while the memory is held.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public AccessFailure StoreHeld<T>(ulong offset, T value) where T : unmanaged
    {
        ThrowIfReadOnly();
        return Contains(offset, (ulong)sizeof(T)) ? StoreAsStored(offset, Representation<T>.Convert(value)) : AccessFailure.OutOfBounds;
    }

    // As LoadAsStored; the memory is one that may be written.
    private AccessFailure StoreAsStored<T>(ulong offset, T stored) where T : unmanaged
    {
        if (!Contains(offset, (ulong)sizeof(T)))
        {
            return AccessFailure.OutOfBounds;
        }

        if (_indirect is { } indirect)
        {
            return Result(indirect.TryStore(Base + offset, (byte*)&stored, (nuint)sizeof(T)));
        }

        SingleFetch.Store(Base + offset, stored);
        return AccessFailure.None;
    }

    /// <summary>Copies out of the memory while it is held.</summary>
    public AccessFailure CopyOutHeld(ref byte destination, ulong offset, nuint length)
    {
        if (!Contains(offset, length))
        {
            return AccessFailure.OutOfBounds;
        }

        if (_indirect is { } indirect)
        {
            return Result(indirect.TryCopyOut(ref destination, Base + offset, length));
        }

        BulkCopy.CopyOut(ref destination, Base + offset, length);
        return AccessFailure.None;
    }

    /// <summary>Copies into the memory while it is held.</summary>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public AccessFailure CopyInHeld(ulong offset, ref byte source, nuint length)
    {
        ThrowIfReadOnly();
        if (!Contains(offset, length))
        {
            return AccessFailure.OutOfBounds;
        }

        if (_indirect is { } indirect)
        {
            return Result(indirect.TryCopyIn(Base + offset, ref source, length));
        }

        BulkCopy.CopyIn(Base + offset, ref source, length);
        return AccessFailure.None;
    }

    /// <summary>Fills a range while the memory is held.</summary>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public AccessFailure FillHeld(ulong offset, nuint length, byte value)
    {
        ThrowIfReadOnly();
        if (!Contains(offset, length))
        {
            return AccessFailure.OutOfBounds;
        }

        if (_indirect is { } indirect)
        {
            return Result(indirect.TryFill(Base + offset, length, value));
        }

        BulkFill.Fill(Base + offset, length, value);
        return AccessFailure.None;
    }

    /// <summary>Performs an atomic while the memory is held. The caller has judged the type and the alignment.</summary>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public AccessFailure AtomicHeld<T>(AtomicOperation operation, ulong offset, T value, T comparand, out T result) where T : unmanaged
    {
        result = default;
        ThrowIfReadOnly();
        if (!Contains(offset, (ulong)sizeof(T)))
        {
            return AccessFailure.OutOfBounds;
        }

        if (_indirect is not { } indirect)
        {
            result = SharedAtomic.Perform(operation, Base + offset, value, comparand);
            return AccessFailure.None;
        }

        if (!indirect.TryAtomic(operation, Base + offset, sizeof(T), ToUInt64(value), ToUInt64(comparand), out ulong seen))
        {
            return AccessFailure.Gone;
        }

        result = sizeof(T) == 4 ? Unsafe.BitCast<uint, T>((uint)seen) : Unsafe.BitCast<ulong, T>(seen);
        return AccessFailure.None;

        static ulong ToUInt64(T value) => sizeof(T) == 4 ? Unsafe.BitCast<T, uint>(value) : Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>Copies bytes out for a debugger: without a wait, without an exception, and without cancelling a claim.</summary>
    /// <returns>Whether they could be read now.</returns>
    public bool TryPeek(ulong offset, Span<byte> destination)
    {
        AccessSlot slot = Publish();
        bool read = IsOpen
            && CopyOutHeld(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(destination), offset, (nuint)destination.Length) == AccessFailure.None;
        Leave(slot);
        return read;
    }

    /// <exception cref="NotSupportedException">The memory was opened for reading; the access has been left.</exception>
    private bool TryWaitToWrite(AccessSlot slot)
    {
        if (IsReadOnly)
        {
            Leave(slot);
            ThrowIfReadOnly();
        }

        return TryWait(slot);
    }

    private static AccessFailure Result(bool isThere) => isThere ? AccessFailure.None : AccessFailure.Gone;
}
