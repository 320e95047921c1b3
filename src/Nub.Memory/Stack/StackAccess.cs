using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Where an element stands in a stack buffer: its first byte, and its length without the back-pointer.</summary>
internal readonly record struct StackElement(ulong Start, ulong Length);

/// <summary>
/// One access to a stack buffer: what is done between <see cref="Enter"/> and <see cref="Leave"/> is done wholly or not at
/// all, as far as locks go. Were a pop several accesses, exclusivity could come between moving the stack pointer and clearing
/// the element, and the pop would throw with its element lost.
/// </summary>
/// <remarks>Nothing here throws, allocates or calls user code, as <see cref="RegionLock.Enter"/> demands.</remarks>
internal readonly unsafe ref struct StackAccess
{
    public const ulong PointerSize = sizeof(ulong);
    public const uint PrefixSize = sizeof(uint);

    /// <summary>The least element that a parsed pop takes, in bytes.</summary>
    public const ulong LeastParsed = 8;

    private readonly LockedMapping _mapping;
    private readonly long* _slot;
    private readonly byte* _buffer;
    private readonly ulong _size;

    private StackAccess(LockedMapping mapping, ulong offset, ulong size)
    {
        _mapping = mapping;
        _slot = mapping.Enter();

        // Sound: the range was found to be in bounds when the SharedStack was made, and memory does not shrink.
        _buffer = mapping.Base + offset;
        _size = size;
    }

    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static StackAccess Enter(HostSharedMemory memory, ulong offset, ulong size)
    {
        var access = new StackAccess(memory.Live, offset, size);
        GC.KeepAlive(memory);
        return access;
    }

    public void Leave() => _mapping.Leave(_slot);

    /// <summary>Reads a number.</summary>
    /// <param name="place">Its first byte; the caller has judged that it lies within the buffer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load<T>(ulong place) where T : unmanaged => Representation<T>.Convert(SingleFetch.Load<T>(_buffer + place));

    /// <summary>Copies out of the buffer; the caller has judged that the range lies within it.</summary>
    public void CopyTo(ulong place, byte* destination, nuint length) => BulkCopy.CopyOut(ref *destination, _buffer + place, length);

    public SharedStackRefusal Push(byte* data, uint dataLength, bool prefixed)
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

        BulkCopy.CopyIn(_buffer + pointer + prefix, ref *data, dataLength);
        if (length > filled)
        {
            BulkFill.Fill(_buffer + pointer + filled, (nuint)(length - filled), 0);
        }

        Store(pointer + length, pointer);
        Store(0, pointer + length + PointerSize);
        return default;
    }

    /// <summary>Fetches the stack pointer and the back-pointer, once each, and judges them.</summary>
    /// <param name="least">The least bytes between the back-pointer and the stack pointer.</param>
    /// <param name="room">The greatest element that the caller can take, in bytes.</param>
    /// <param name="top">Where the top element stands; nowhere, of length 0, when it is refused.</param>
    public SharedStackRefusal FindTop(ulong least, ulong room, out StackElement top)
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
            return new(SharedStackError.DestinationTooSmall, length, 0, room, _size);
        }

        top = new StackElement(back, length);
        return default;
    }

    /// <summary>Gives the element's bytes back to the buffer, zeroed: no later reader finds an old message in a new slot.</summary>
    public void Remove(StackElement top)
    {
        Store(0, top.Start);
        BulkFill.Fill(_buffer + top.Start, (nuint)(top.Length + PointerSize), 0);
    }

    private void Store<T>(ulong place, T value) where T : unmanaged => SingleFetch.Store(_buffer + place, Representation<T>.Convert(value));
}
