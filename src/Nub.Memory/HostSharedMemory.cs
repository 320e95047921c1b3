using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// Synchronized access to a memory beside a guest that may be writing it, from any number of threads.
/// </summary>
/// <remarks>
/// <para>Three promises. Nothing illegal comes in: a value is of a type for which every bit pattern is legal, or was checked on
/// a private copy. Each shared byte is touched exactly once per call. No call touches memory that it does not hold: while
/// the memory is held exclusively, every call throws <see cref="SharedMemoryLockedException"/>.</para>
/// <para>Memory that another process may shorten (<c>Open</c>) is no exception: what is gone is <see cref="SharedMemoryFaultException"/>, or
/// <see langword="false"/> from a <c>Try</c> form.</para>
/// <para>Offsets and lengths are bytes from the start of the memory. A <c>Try</c> form returns <see langword="false"/> for what a
/// guest can cause (a range that leaves the memory, bytes that are gone), without an exception or an allocation, and for nothing else.</para>
/// </remarks>
public sealed unsafe partial class HostSharedMemory : SharedMemory
{
    // Of the owner that a guest address space has: what is written by views is marked there.
    private GuestAddressSpace? _space;
    private GuestRegion? _region;

    internal HostSharedMemory()
    {
    }

    /// <summary>Makes this the owner that a guest address space has for a region.</summary>
    internal void StandIn(GuestAddressSpace space, GuestRegion region) => (_space, _region) = (space, region);

    /// <summary>Whether this is the owner that a guest address space has.</summary>
    internal bool IsOfSpace => _region is not null;

    /// <summary>Of the owner that a guest address space has: the region.</summary>
    internal GuestRegion? Region => _region;

    /// <summary>Marks bytes that a view has written.</summary>
    internal void MarkWritten(byte* address, ulong length) => _space?.Current.MarkWritten(_region!, address, length);

    /// <summary>Makes a handle the owner of a new mapping.</summary>
    internal static HostSharedMemory Over(Func<HostMapping> map)
    {
        FaultPoint.Reach();
        var memory = new HostSharedMemory();
        memory.Own(LockedMapping.Over(map()));
        return memory;
    }

    /// <summary>Makes another owner of the same memory.</summary>
    /// <returns>The other owner, to be disposed on its own.</returns>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public HostSharedMemory Clone()
    {
        FaultPoint.Reach();
        var clone = new HostSharedMemory();
        ShareWith(clone);
        return clone;
    }

    /// <summary>
    /// Enters the memory for many accesses: each of them then costs a bounds check and a compare. No thread can take the memory
    /// exclusively until the lease is disposed.
    /// </summary>
    /// <returns>The lease.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public HostLease Enter()
    {
        HostLease access = new(Live);
        GC.KeepAlive(this);
        return access;
    }

    /// <summary>The stack buffer in a range of the memory.</summary>
    /// <param name="offset">The first byte of the buffer.</param>
    /// <param name="size">The size of the buffer in bytes, at least 16: an 8-byte stack pointer, and room for an empty element.</param>
    /// <returns>The buffer. It is a view: making it reads and writes nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 16.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public SharedStack StackAt(ulong offset, ulong size) => new(this, offset, size);

    /// <summary>Whether a range lies within the memory: the check that every access makes, alone.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The number of bytes; 0 at exactly <see cref="SharedMemory.Size"/> is within.</param>
    /// <returns>Whether it does.</returns>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool Contains(ulong offset, ulong length) => Live.Contains(offset, length);

    /// <summary>Reads a value.</summary>
    /// <remarks>
    /// A value of 1, 2, 4 or 8 bytes at a multiple of its size is one load with acquire semantics and never torn. Of any other size or
    /// alignment, every shared byte is read exactly once, and the whole may be torn: parts of it may be older than others. The address in this process decides
    /// (<see cref="SharedMemory.BaseAddress"/>); memory begins at a page, unless it was opened at an offset of a file.
    /// </remarks>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<[AllValid] T>(ulong offset) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        AccessSlot slot = mapping.Publish();
        T value = mapping.MayRead
            ? Representation<T>.Convert(mapping.Leave(slot, SingleFetch.Load<T>(mapping.Base + offset)))
            : mapping.LoadSlow<T>(slot, offset);
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads a value if the range lies within the memory.</summary>
    /// <inheritdoc cref="Read{T}(ulong)" path="/remarks"/>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read.</param>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
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

        AccessSlot slot = mapping.Publish();
        if (!mapping.MayRead)
        {
            bool read = mapping.Succeeded(mapping.LoadSlow(slot, offset, out value), offset, (ulong)sizeof(T));
            GC.KeepAlive(this);
            return read;
        }

        value = Representation<T>.Convert(mapping.Leave(slot, SingleFetch.Load<T>(mapping.Base + offset)));
        GC.KeepAlive(this);
        return true;
    }

    /// <summary>Writes a value.</summary>
    /// <remarks>
    /// A value of 1, 2, 4 or 8 bytes at a multiple of its size is one store with release semantics and never torn. Of any other size or
    /// alignment, every shared byte is written exactly once, and the guest may see the whole torn. The address in this process decides
    /// (<see cref="SharedMemory.BaseAddress"/>); memory begins at a page, unless it was opened at an offset of a file.
    /// </remarks>
    /// <typeparam name="T">An AllValid type: without padding that could carry the host's secrets.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            mapping.ThrowBounds(offset, (ulong)sizeof(T));
        }

        T stored = Representation<T>.Convert(value);
        AccessSlot slot = mapping.Publish();
        if (mapping.MayWrite)
        {
            SingleFetch.Store(mapping.Base + offset, stored);
            mapping.Leave(slot);
        }
        else
        {
            mapping.ThrowIf(mapping.StoreSlow(slot, offset, stored), offset, (ulong)sizeof(T));
        }

        GC.KeepAlive(this);
    }

    /// <summary>Writes a value if the range lies within the memory.</summary>
    /// <inheritdoc cref="Write{T}(ulong, T)" path="/remarks"/>
    /// <typeparam name="T">An AllValid type: without padding that could carry the host's secrets.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <returns>
    /// Whether the range lies within the memory and is still there. Where it leaves the memory nothing was written; where some of it is gone, what comes before that may have been.
    /// </returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWrite<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        LockedMapping mapping = Live;
        if (!mapping.Contains<T>(offset))
        {
            return mapping.Refuse(offset, (ulong)sizeof(T));
        }

        T stored = Representation<T>.Convert(value);
        AccessSlot slot = mapping.Publish();
        bool written = true;
        if (mapping.MayWrite)
        {
            SingleFetch.Store(mapping.Base + offset, stored);
            mapping.Leave(slot);
        }
        else
        {
            written = mapping.Succeeded(mapping.StoreSlow(slot, offset, stored), offset, (ulong)sizeof(T));
        }

        GC.KeepAlive(this);
        return written;
    }

    /// <summary>
    /// Reads a value some of whose bit patterns are illegal: the bytes are copied once, and checked on the private copy, before
    /// a value of the type exists. A <c>Validate</c> of the type's own runs on the copy, after the access has left the memory.
    /// </summary>
    /// <typeparam name="T">A <see cref="ValidateOnReadAttribute"/> struct.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when it was not read or is not legal.</param>
    /// <returns>Whether the range lies within the memory and is still there, and its bytes are a legal value.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated, and no analyzer saw it.</exception>
    public bool TryReadValidated<[ValidateOnRead] T>(ulong offset, out T value) where T : unmanaged
    {
        IValidateOnRead<T> validator = Validation<T>.Validator;

        // Sound: the copy is private, and nothing reads it as a T before its bytes were found legal.
        Unsafe.SkipInit(out T copy);
        if (!TryCopyTo(offset, MemoryMarshal.AsBytes(new Span<T>(ref copy))))
        {
            value = default;
            return false;
        }

        return validator.TryDecode(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in copy)), out value);
    }
}
