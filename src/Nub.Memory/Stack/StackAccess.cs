using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Where an element stands in a stack buffer: its first byte, and its length without the back-pointer.</summary>
internal readonly record struct StackElement(ulong Start, ulong Length);

/// <summary>Where a stack buffer is: the fields of a <see cref="SharedStack"/>, read once each.</summary>
internal readonly ref struct StackRange(HostSharedMemory memory, ulong offset, ulong size)
{
    public HostSharedMemory Memory { get; } = memory;

    public ulong Offset { get; } = offset;

    public ulong Size { get; } = size;
}

/// <summary>
/// One access to a stack buffer: what is done between its making and <see cref="Leave"/> is done wholly or not at
/// all, as far as locks go. Were a pop several accesses, exclusivity could come between moving the stack pointer and clearing
/// the element, and the pop would throw with its element lost.
/// </summary>
/// <remarks>Once it is entered, nothing here throws, allocates or calls user code, as <see cref="RegionLock"/> demands.</remarks>
internal unsafe ref struct StackAccess
{
    public const ulong PointerSize = SharedStackRefusal.PointerSize;
    public const uint PrefixSize = sizeof(uint);

    /// <summary>The least element that a parsed pop takes, in bytes.</summary>
    public const ulong LeastParsed = 8;

    private readonly LockedMapping _mapping;
    private readonly AccessSlot _slot;
    private readonly ulong _offset;
    private readonly ulong _size;
    private readonly bool _isIndirect;
    private bool _gone;

    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public StackAccess(scoped in StackRange range)
    {
        _mapping = range.Memory.Live;
        _offset = range.Offset;
        _size = range.Size;

        // Here, where the three are private copies that stay together: a SharedStack in a field may be copied while another is written over it.
        if (_size < 2 * PointerSize)
        {
            _mapping.ThrowBounds(_offset, _size);
        }

        _mapping.CheckBounds(_offset, _size);
        _mapping.ThrowIfReadOnly();
        _isIndirect = _mapping.IsIndirect;
        _slot = _mapping.Enter();
        GC.KeepAlive(range.Memory);
    }

    /// <summary>Whether bytes were found to be gone: then nothing that the access has come to counts.</summary>
    public readonly bool IsGone => _gone;

    /// <summary>Ends the access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Leave() => _mapping.Leave(_slot);

    /// <summary>Reads a number.</summary>
    /// <param name="place">Its first byte; the caller has judged that it lies within the buffer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load<T>(ulong place) where T : unmanaged
    {
        // Sound: the buffer lies within the memory, which is held, and the place within the buffer.
        if (!_isIndirect)
        {
            return Representation<T>.Convert(SingleFetch.Load<T>(_mapping.Base + _offset + place));
        }

        _gone |= _mapping.LoadHeld(_offset + place, out T value) != AccessFailure.None;
        return value;
    }

    /// <summary>Copies out of the buffer; the caller has judged that the range lies within it.</summary>
    public void CopyTo(ulong place, ref byte destination, nuint length)
    {
        // Sound: as in Load.
        if (!_isIndirect)
        {
            BulkCopy.CopyOut(ref destination, _mapping.Base + _offset + place, length);
            return;
        }

        _gone |= _mapping.CopyOutHeld(ref destination, _offset + place, length) != AccessFailure.None;
    }

    public SharedStackRefusal Push(ref byte data, uint dataLength, bool prefixed)
    {
        ulong pointer = Load<ulong>(0);
        if (pointer < PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, PointerSize, _size, _size);
        }

        // A shorter element than a parsed pop takes gets zeroes behind it, which its prefix does not count.
        ulong prefix = prefixed ? PrefixSize : 0;
        ulong filled = prefix + dataLength;
        ulong length = prefixed ? Math.Max(filled, LeastParsed) : filled;
        ulong free = _size - pointer;
        if (length + PointerSize > free)
        {
            return new(SharedStackError.BufferFull, length + PointerSize, 0, free, _size);
        }

        if (prefixed)
        {
            Store(pointer, dataLength);
        }

        CopyFrom(pointer + prefix, ref data, dataLength);
        if (length > filled)
        {
            Clear(pointer + filled, length - filled);
        }

        Store(pointer + length, pointer);

        // Last, and not at all where bytes are gone: the element is there once the stack pointer says so.
        if (!_gone)
        {
            Store(0, pointer + length + PointerSize);
        }

        return default;
    }

    /// <summary>Fetches the stack pointer and the back-pointer, once each, and judges them.</summary>
    /// <param name="least">The least bytes between the back-pointer and the stack pointer.</param>
    /// <param name="room">The greatest element that the caller can take, in bytes.</param>
    /// <param name="tooLarge">What a greater one is refused with.</param>
    /// <param name="top">Where the top element stands; nowhere, of length 0, when it is refused.</param>
    public SharedStackRefusal FindTop(ulong least, ulong room, SharedStackError tooLarge, out StackElement top)
    {
        top = default;
        ulong pointer = Load<ulong>(0);
        if (pointer < 2 * PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, 2 * PointerSize, _size, _size);
        }

        ulong back = Load<ulong>(pointer - PointerSize);
        if (back < PointerSize || back > pointer - least)
        {
            return new(SharedStackError.CorruptBackPointer, back, PointerSize, pointer - least, _size);
        }

        ulong length = pointer - back - PointerSize;
        if (length > room)
        {
            return new(tooLarge, length, 0, room, _size);
        }

        top = new StackElement(back, length);
        return default;
    }

    /// <summary>
    /// Gives the element's bytes back to the buffer, zeroed: no later reader finds an old message in a new slot. Not where bytes are gone: then
    /// nothing is popped.
    /// </summary>
    public void Remove(StackElement top)
    {
        if (!_gone)
        {
            Store(0, top.Start);
            Clear(top.Start, top.Length + PointerSize);
        }
    }

    /// <summary>Writes a number.</summary>
    /// <param name="place">Its first byte; the caller has judged that it lies within the buffer.</param>
    /// <param name="value">The number.</param>
    private void Store<T>(ulong place, T value) where T : unmanaged
    {
        // Sound: as in Load.
        if (!_isIndirect)
        {
            SingleFetch.Store(_mapping.Base + _offset + place, Representation<T>.Convert(value));
            return;
        }

        _gone |= _mapping.StoreHeld(_offset + place, value) != AccessFailure.None;
    }

    private void CopyFrom(ulong place, ref byte source, nuint length)
    {
        if (!_isIndirect)
        {
            BulkCopy.CopyIn(_mapping.Base + _offset + place, ref source, length);
            return;
        }

        _gone |= _mapping.CopyInHeld(_offset + place, ref source, length) != AccessFailure.None;
    }

    private void Clear(ulong place, ulong length)
    {
        if (!_isIndirect)
        {
            BulkFill.Fill(_mapping.Base + _offset + place, (nuint)length, 0);
            return;
        }

        _gone |= _mapping.FillHeld(_offset + place, (nuint)length, 0) != AccessFailure.None;
    }
}
