using System.Diagnostics;
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

/// <summary>Makes a value of a popped element with the help of a state, or refuses it without an exception.</summary>
/// <typeparam name="T">What it makes.</typeparam>
/// <typeparam name="TState">What it needs besides the element.</typeparam>
/// <param name="element">A private copy of the element: its u32 length prefix and exactly that many bytes after it.</param>
/// <param name="state">What the caller gave.</param>
/// <param name="value">The value.</param>
/// <returns>Whether the element was accepted; otherwise the buffer stays as it was.</returns>
public delegate bool SharedStackTryParser<T, TState>(ReadOnlySpan<byte> element, TState state, out T value) where TState : allows ref struct;

/// <summary>
/// A buffer in shared memory that host and guest push messages to and pop them from, last in first out. From
/// <see cref="HostSharedMemory.StackAt"/>.
/// </summary>
/// <remarks>
/// <para>Little-endian, offsets from the start of the buffer: a u64 stack pointer (SP) at 0, which is 8 when the buffer is
/// empty. A push writes the data at SP, then the old SP as a u64, then adds length + 8 to SP. The guest can write all of it at
/// any time, so each number is fetched once and judged before it is used; an element is copied once, and everything
/// else is judged on the copy. A refused call changes nothing: a call makes its changes in one access, so a thread that takes the
/// memory exclusively comes before all of them or after.</para>
/// <para>An element that is popped with a parser is a u32 length prefix and that many bytes, and at least 8 bytes in all: a guest that
/// pushes less fills it up with zeroes, which the prefix does not count, as <see cref="PushPrefixed"/> does. New memory is all
/// zeroes, and so is its stack pointer: <see cref="Reset"/> makes an empty buffer of it.</para>
/// <para>One host user at a time: two at once may lose elements, but break nothing else.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
[DebuggerTypeProxy(typeof(SharedStackDebugView))]
public readonly unsafe partial struct SharedStack : IEquatable<SharedStack>
{
    /// <summary>
    /// The largest element in bytes that a pop which allocates takes unless it is told otherwise: 1 MiB. Its length is the guest's to choose.
    /// </summary>
    public const int DefaultMaxLength = 1 << 20;

    // Each is read once a call, and judged again then: a stack that stands in a field may be copied while another is written over it.
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

    /// <summary>
    /// Whether the stack pointer says that there is no element. The guest can make it say anything; a pop judges it anew.
    /// </summary>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool IsEmpty => Memory.Read<ulong>(_offset) == PointerSize;

    /// <summary>The memory, for a debugger.</summary>
    internal HostSharedMemory? MemoryOrNull => _memory;

    private StackRange Range => new(Memory, _offset, _size);

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
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset() => Memory.Write(_offset, PointerSize);

    /// <summary>Pushes an element.</summary>
    /// <param name="data">The element's bytes. For a parsed pop they start with a u32 length of what follows.</param>
    /// <exception cref="SharedStackException">The guest's stack pointer is out of bounds, or the buffer is full.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Push(ReadOnlySpan<byte> data) => ThrowIfRefused(PushCore(data, prefixed: false));

    /// <summary>Pushes an element if the guest's stack pointer is in bounds and there is room.</summary>
    /// <param name="data">The element's bytes.</param>
    /// <returns>Whether it was pushed. Where bytes are gone, what comes before them may have been written; otherwise nothing was.</returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPush(ReadOnlySpan<byte> data) => TryPush(data, out _);

    /// <inheritdoc cref="TryPush(ReadOnlySpan{byte})"/>
    /// <param name="data">The element's bytes.</param>
    /// <param name="error">Why it was not pushed.</param>
    public bool TryPush(ReadOnlySpan<byte> data, out SharedStackError error) => Succeeded(PushCore(data, prefixed: false), out error);

    /// <summary>Pushes an element for a parsed pop: the data behind a u32 prefix that says its length.</summary>
    /// <param name="data">What follows the prefix.</param>
    /// <exception cref="SharedStackException">The guest's stack pointer is out of bounds, or the buffer is full.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void PushPrefixed(ReadOnlySpan<byte> data) => ThrowIfRefused(PushCore(data, prefixed: true));

    /// <summary>Pushes an element for a parsed pop if the guest's stack pointer is in bounds and there is room.</summary>
    /// <param name="data">What follows the prefix.</param>
    /// <returns>Whether it was pushed. Where bytes are gone, what comes before them may have been written; otherwise nothing was.</returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPushPrefixed(ReadOnlySpan<byte> data) => TryPushPrefixed(data, out _);

    /// <inheritdoc cref="TryPushPrefixed(ReadOnlySpan{byte})"/>
    /// <param name="data">What follows the prefix.</param>
    /// <param name="error">Why it was not pushed.</param>
    public bool TryPushPrefixed(ReadOnlySpan<byte> data, out SharedStackError error) => Succeeded(PushCore(data, prefixed: true), out error);

    /// <summary>Pops the top element as raw bytes.</summary>
    /// <param name="maxLength">The largest element to take, in bytes.</param>
    /// <returns>A private copy of the element.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The largest length is negative.</exception>
    /// <exception cref="SharedStackException">
    /// The guest's stack pointer or back-pointer is out of bounds, or the element is larger than <paramref name="maxLength"/>.
    /// </exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public byte[] Pop(int maxLength = DefaultMaxLength)
    {
        ThrowIfRefused(PopArray(maxLength, out byte[] element));
        return element;
    }

    /// <summary>Pops the top element as raw bytes, without allocating.</summary>
    /// <param name="destination">Where the element is copied to.</param>
    /// <returns>The length of the element in bytes.</returns>
    /// <exception cref="SharedStackException">
    /// The guest's stack pointer or back-pointer is out of bounds, or the element does not fit the destination.
    /// </exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
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
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
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
    /// <param name="maxLength">The largest element to take, in bytes, with its prefix.</param>
    /// <returns>What the parser made.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The largest length is negative.</exception>
    /// <exception cref="SharedStackException">
    /// The guest's stack pointer, back-pointer or size prefix is corrupt, the element is larger than <paramref name="maxLength"/>, or the parser
    /// threw (its exception is the inner one).
    /// </exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public T Pop<T>(SharedStackParser<T> parser, int maxLength = DefaultMaxLength)
    {
        ArgumentNullException.ThrowIfNull(parser);
        var guarded = new GuardedParser<T>(parser);
        SharedStackRefusal refusal = PopParsed(static (element, state, out parsed) => state.TryParse(element, out parsed), guarded, maxLength, out T value);
        if (refusal.Error == SharedStackError.ParseFailed)
        {
            throw Refused(refusal, guarded.Thrown);
        }

        ThrowIfRefused(refusal);
        return value;
    }

    /// <summary>Pops the top element, which starts with a u32 length of what follows, if it is well-formed and the parser takes it.</summary>
    /// <typeparam name="T">What the parser makes.</typeparam>
    /// <param name="parser">Parses a private copy, or refuses it. What it throws is passed on; the buffer stays as it was.</param>
    /// <param name="value">What the parser made; <see langword="default"/> when nothing was popped.</param>
    /// <param name="maxLength">The largest element to take, in bytes, with its prefix.</param>
    /// <returns>Whether an element was popped; otherwise the buffer is as it was.</returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPop<T>(SharedStackTryParser<T> parser, out T value, int maxLength = DefaultMaxLength) =>
        TryPop(parser, out value, out _, maxLength);

    /// <inheritdoc cref="TryPop{T}(SharedStackTryParser{T}, out T, int)"/>
    /// <param name="parser">Parses a private copy, or refuses it. What it throws is passed on; the buffer stays as it was.</param>
    /// <param name="value">What the parser made; <see langword="default"/> when nothing was popped.</param>
    /// <param name="error">Why nothing was popped.</param>
    /// <param name="maxLength">The largest element to take, in bytes, with its prefix.</param>
    public bool TryPop<T>(SharedStackTryParser<T> parser, out T value, out SharedStackError error, int maxLength = DefaultMaxLength)
    {
        ArgumentNullException.ThrowIfNull(parser);
        return Succeeded(PopParsed(static (element, state, out parsed) => state(element, out parsed), parser, maxLength, out value), out error);
    }

    /// <inheritdoc cref="TryPop{T}(SharedStackTryParser{T}, out T, int)"/>
    /// <typeparam name="T">What the parser makes.</typeparam>
    /// <typeparam name="TState">What the parser needs besides the element.</typeparam>
    /// <param name="parser">Parses a private copy, or refuses it; given its state, it can be a static one that is not allocated for each call.</param>
    /// <param name="state">What the parser is given.</param>
    /// <param name="value">What the parser made; <see langword="default"/> when nothing was popped.</param>
    /// <param name="error">Why nothing was popped.</param>
    /// <param name="maxLength">The largest element to take, in bytes, with its prefix.</param>
    public bool TryPop<T, TState>(
        SharedStackTryParser<T, TState> parser, TState state, out T value, out SharedStackError error, int maxLength = DefaultMaxLength)
        where TState : allows ref struct
    {
        ArgumentNullException.ThrowIfNull(parser);
        return Succeeded(PopParsed(parser, state, maxLength, out value), out error);
    }

    /// <inheritdoc/>
    public bool Equals(SharedStack other) => ReferenceEquals(_memory, other._memory) && _offset == other._offset && _size == other._size;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SharedStack other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_memory, _offset, _size);

    /// <summary>Where the buffer is. What is in it is not read.</summary>
    /// <returns>For a log or a debugger.</returns>
    public override string ToString() => $"stack of {_size} bytes at offset 0x{_offset:X}";
}
