using System.Buffers;
using System.Buffers.Binary;

namespace Nub.Memory;

/// <summary>Makes a value of a popped element.</summary>
/// <typeparam name="T">What it makes.</typeparam>
/// <param name="element">A private copy of the element: its u32 length prefix and exactly that many bytes after it.</param>
/// <returns>The value. To refuse the element, throw: the buffer stays as it was.</returns>
public delegate T SharedStackParser<out T>(ReadOnlySpan<byte> element);

/// <summary>Makes a value of a popped element, or refuses it without an exception.</summary>
/// <typeparam name="T">What it makes.</typeparam>
/// <param name="element">A private copy of the element: its u32 length prefix and exactly that many bytes after it.</param>
/// <param name="value">The value.</param>
/// <returns>Whether the element was accepted; otherwise the buffer stays as it was.</returns>
public delegate bool SharedStackTryParser<T>(ReadOnlySpan<byte> element, out T value);

/// <summary>
/// A buffer in shared memory that host and guest push messages to and pop them from, last in first out. From
/// <see cref="HostSharedMemory.Stack"/>.
/// </summary>
/// <remarks>
/// <para>Little-endian, offsets from the start of the buffer: a u64 stack pointer (SP) at 0, which is 8 when the buffer is
/// empty. A push writes the data at SP, then the old SP as a u64, then adds length + 8 to SP. The guest can write all of it at
/// any time, so each number is fetched once and judged before it is used; an element is copied once, and everything
/// else is judged on the copy. A refused call changes nothing.</para>
/// <para>One host user at a time: two at once may lose elements, but break nothing else.</para>
/// </remarks>
public readonly struct SharedStack : IEquatable<SharedStack>
{
    private const ulong PointerSize = sizeof(ulong);
    private const uint PrefixSize = sizeof(uint);
    private const int OnStack = 512;

    private readonly HostSharedMemory? _memory;
    private readonly ulong _offset;
    private readonly ulong _size;

    internal SharedStack(HostSharedMemory memory, ulong offset, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2 * PointerSize);
        memory.Live.CheckBounds(offset, size);
        _memory = memory;
        _offset = offset;
        _size = size;
    }

    /// <summary>The first byte of the buffer, from the start of the memory.</summary>
    public ulong Offset => _offset;

    /// <summary>The size of the buffer in bytes.</summary>
    public ulong Size => _size;

    private HostSharedMemory Memory => _memory ?? throw new InvalidOperationException("A default SharedStack is bound to no memory.");

    /// <summary>Whether two stacks are the same range of the same owner.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they are the same.</returns>
    public static bool operator ==(SharedStack left, SharedStack right) => left.Equals(right);

    /// <summary>Whether two stacks differ in their range or owner.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they differ.</returns>
    public static bool operator !=(SharedStack left, SharedStack right) => !left.Equals(right);

    /// <summary>Empties the buffer, whatever the guest has written to it. The bytes of the elements stay.</summary>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset() => Memory.Write(_offset, PointerSize);

    /// <summary>Pushes an element.</summary>
    /// <param name="data">The element's bytes. For a parsed pop they start with a u32 length of what follows.</param>
    /// <exception cref="SharedStackException">The guest's stack pointer is out of bounds, or the buffer is full.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Push(ReadOnlySpan<byte> data) => ThrowIfRefused(PushCore(data));

    /// <summary>Pushes an element if the guest's stack pointer is in bounds and there is room.</summary>
    /// <param name="data">The element's bytes.</param>
    /// <returns>Whether it was pushed; otherwise nothing was written.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPush(ReadOnlySpan<byte> data) => TryPush(data, out _);

    /// <inheritdoc cref="TryPush(ReadOnlySpan{byte})"/>
    /// <param name="data">The element's bytes.</param>
    /// <param name="error">Why it was not pushed.</param>
    public bool TryPush(ReadOnlySpan<byte> data, out SharedStackError error) => Succeeded(PushCore(data), out error);

    /// <summary>Pops the top element as raw bytes.</summary>
    /// <returns>A private copy of the element.</returns>
    /// <exception cref="SharedStackException">The guest's stack pointer or back-pointer is out of bounds.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public byte[] Pop()
    {
        ThrowIfRefused(FindTop(PointerSize, (ulong)Array.MaxLength, out Element top));
        byte[] element = GC.AllocateUninitializedArray<byte>((int)top.Length);
        Memory.CopyTo(_offset + top.Start, element);
        Remove(top);
        return element;
    }

    /// <summary>Pops the top element as raw bytes, without allocating.</summary>
    /// <param name="destination">Where the element is copied to.</param>
    /// <returns>The length of the element in bytes.</returns>
    /// <exception cref="SharedStackException">
    /// The guest's stack pointer or back-pointer is out of bounds, or the element does not fit the destination.
    /// </exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public int Pop(Span<byte> destination)
    {
        ThrowIfRefused(PopCore(destination, out int length));
        return length;
    }

    /// <summary>Pops the top element as raw bytes if it is well-formed and fits.</summary>
    /// <param name="destination">Where the element is copied to.</param>
    /// <param name="length">The length of the element in bytes; 0 when nothing was popped.</param>
    /// <returns>Whether an element was popped; otherwise the buffer is as it was.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPop(Span<byte> destination, out int length) => TryPop(destination, out length, out _);

    /// <inheritdoc cref="TryPop(Span{byte}, out int)"/>
    /// <param name="destination">Where the element is copied to.</param>
    /// <param name="length">The length of the element in bytes; 0 when nothing was popped.</param>
    /// <param name="error">Why nothing was popped.</param>
    public bool TryPop(Span<byte> destination, out int length, out SharedStackError error) =>
        Succeeded(PopCore(destination, out length), out error);

    /// <summary>Pops the top element, which starts with a u32 length of what follows, and parses it.</summary>
    /// <typeparam name="T">What the parser makes.</typeparam>
    /// <param name="parser">Parses a private copy. When it throws, the buffer stays as it was.</param>
    /// <returns>What the parser made.</returns>
    /// <exception cref="SharedStackException">
    /// The guest's stack pointer, back-pointer or size prefix is corrupt, or the parser threw (its exception is the inner one).
    /// </exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public T Pop<T>(SharedStackParser<T> parser)
    {
        ArgumentNullException.ThrowIfNull(parser);
        Exception? thrown = null;
        SharedStackRefusal refusal = PopParsed(Guarded, out T value);
        return refusal.Error == SharedStackError.None ? value : throw Refused(refusal, thrown);

        bool Guarded(ReadOnlySpan<byte> element, out T parsed)
        {
            try
            {
                parsed = parser(element);
                return true;
            }
#pragma warning disable CA1031 // Whatever the parser throws is its way to refuse; it becomes the inner exception.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                thrown = exception;
                parsed = default!;
                return false;
            }
        }
    }

    /// <summary>Pops the top element, which starts with a u32 length of what follows, if it is well-formed and the parser takes it.</summary>
    /// <typeparam name="T">What the parser makes.</typeparam>
    /// <param name="parser">Parses a private copy, or refuses it. What it throws is passed on; the buffer stays as it was.</param>
    /// <param name="value">What the parser made; <see langword="default"/> when nothing was popped.</param>
    /// <returns>Whether an element was popped; otherwise the buffer is as it was.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPop<T>(SharedStackTryParser<T> parser, out T value) => TryPop(parser, out value, out _);

    /// <inheritdoc cref="TryPop{T}(SharedStackTryParser{T}, out T)"/>
    /// <param name="parser">Parses a private copy, or refuses it. What it throws is passed on; the buffer stays as it was.</param>
    /// <param name="value">What the parser made; <see langword="default"/> when nothing was popped.</param>
    /// <param name="error">Why nothing was popped.</param>
    public bool TryPop<T>(SharedStackTryParser<T> parser, out T value, out SharedStackError error)
    {
        ArgumentNullException.ThrowIfNull(parser);
        return Succeeded(PopParsed(parser, out value), out error);
    }

    /// <inheritdoc/>
    public bool Equals(SharedStack other) => ReferenceEquals(_memory, other._memory) && _offset == other._offset && _size == other._size;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SharedStack other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_memory, _offset, _size);

    private SharedStackRefusal PushCore(ReadOnlySpan<byte> data)
    {
        HostSharedMemory memory = Memory;
        ulong pointer = memory.Read<ulong>(_offset);
        if (pointer < PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, PointerSize, _size, _size);
        }

        ulong length = (ulong)data.Length;
        ulong free = _size - pointer;
        if (length + PointerSize > free)
        {
            return new(SharedStackError.BufferFull, length + PointerSize, 0, free, _size);
        }

        memory.CopyFrom(_offset + pointer, data);
        memory.Write(_offset + pointer + length, pointer);
        memory.Write(_offset, pointer + length + PointerSize);
        return default;
    }

    private SharedStackRefusal PopCore(Span<byte> destination, out int length)
    {
        length = 0;
        SharedStackRefusal refusal = FindTop(PointerSize, (ulong)destination.Length, out Element top);
        if (refusal.Error == SharedStackError.None)
        {
            Memory.CopyTo(_offset + top.Start, destination[..(int)top.Length]);
            Remove(top);
            length = (int)top.Length;
        }

        return refusal;
    }

    private SharedStackRefusal PopParsed<T>(SharedStackTryParser<T> parser, out T value)
    {
        value = default!;
        SharedStackRefusal refusal = FindTop(2 * PointerSize, (ulong)Array.MaxLength, out Element top);
        if (refusal.Error != SharedStackError.None)
        {
            return refusal;
        }

        int slot = (int)top.Length;
        byte[]? rented = slot > OnStack ? ArrayPool<byte>.Shared.Rent(slot) : null;
        Span<byte> copy = (rented ?? stackalloc byte[OnStack])[..slot];
        try
        {
            Memory.CopyTo(_offset + top.Start, copy);
            uint prefix = BinaryPrimitives.ReadUInt32LittleEndian(copy);
            if (prefix > uint.MaxValue - PrefixSize)
            {
                return new(SharedStackError.SizePrefixOverflow, prefix, 0, top.Length, _size);
            }

            if (prefix + PrefixSize > (uint)slot)
            {
                return new(SharedStackError.SizePrefixTooLarge, prefix, 0, top.Length - PrefixSize, _size);
            }

            if (!parser(copy[..(int)(prefix + PrefixSize)], out value))
            {
                value = default!;
                return new(SharedStackError.ParseFailed, prefix + PrefixSize, 0, top.Length, _size);
            }

            Remove(top);
            return default;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Fetches the stack pointer and the back-pointer, once each, and judges them.</summary>
    /// <param name="least">The least bytes between the back-pointer and the stack pointer.</param>
    /// <param name="room">The greatest element that the caller can take, in bytes.</param>
    /// <param name="top">Where the top element stands.</param>
    private SharedStackRefusal FindTop(ulong least, ulong room, out Element top)
    {
        top = default;
        HostSharedMemory memory = Memory;
        ulong pointer = memory.Read<ulong>(_offset);
        if (pointer < 2 * PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, 2 * PointerSize, _size, _size);
        }

        ulong back = memory.Read<ulong>(_offset + pointer - PointerSize);
        if (back < PointerSize || back > pointer - least)
        {
            return new(SharedStackError.CorruptBackPointer, back, PointerSize, pointer - least, _size);
        }

        ulong length = pointer - back - PointerSize;
        if (length > room)
        {
            return new(SharedStackError.DestinationTooSmall, length, 0, room, _size);
        }

        top = new Element(back, length);
        return default;
    }

    /// <summary>Gives the element's bytes back to the buffer, zeroed: no later reader finds an old message in a new slot.</summary>
    private void Remove(Element top)
    {
        HostSharedMemory memory = Memory;
        memory.Write(_offset, top.Start);
        memory.Fill(_offset + top.Start, top.Length + PointerSize, 0);
    }

    private static void ThrowIfRefused(in SharedStackRefusal refusal)
    {
        if (refusal.Error != SharedStackError.None)
        {
            throw Refused(refusal);
        }
    }

    private static SharedStackException Refused(in SharedStackRefusal refusal, Exception? inner = null)
    {
        Trace(refusal);
        return new SharedStackException(refusal, inner);
    }

    private static bool Succeeded(in SharedStackRefusal refusal, out SharedStackError error)
    {
        error = refusal.Error;
        if (error == SharedStackError.None)
        {
            return true;
        }

        Trace(refusal);
        return false;
    }

    private static void Trace(in SharedStackRefusal refusal)
    {
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.StackRefused(
                refusal.Error.ToString(), refusal.Value, refusal.Minimum, refusal.Maximum, refusal.BufferSize);
        }
    }

    /// <summary>Where an element stands: its first byte from the start of the buffer, and its length without the back-pointer.</summary>
    private readonly record struct Element(ulong Start, ulong Length);
}
