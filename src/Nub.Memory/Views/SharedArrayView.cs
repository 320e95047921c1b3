using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Binds views to consecutive values in shared memory.</summary>
public static unsafe class SharedArrayView
{
    /// <summary>Binds a view to consecutive values in a memory.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The values would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static SharedArrayView<T> At<[AllValid] T>(HostSharedMemory memory, ulong offset, ulong count) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return new SharedArrayView<T>(Place.In(memory, offset, LengthOf<T>(count)), count, bigEndian: false);
    }

    /// <summary>Binds a view to consecutive values in a memory that is held.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="access">The lease that the view is used under.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The values would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public static SharedArrayView<T> At<[AllValid] T>(in HostLease access, ulong offset, ulong count) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return new SharedArrayView<T>(Place.In(in access, offset, LengthOf<T>(count)), count, bigEndian: false);
    }

    /// <inheritdoc cref="At{T}(HostSharedMemory, ulong, ulong)"/>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static SharedArrayView<T> At<[AllValid] T>(HostSharedMemory memory, ulong offset, int count) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return At<T>(memory, offset, (ulong)count);
    }

    /// <inheritdoc cref="At{T}(in HostLease, ulong, ulong)"/>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static SharedArrayView<T> At<[AllValid] T>(in HostLease access, ulong offset, int count) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return At<T>(in access, offset, (ulong)count);
    }

    /// <summary>Binds a view to consecutive values in a memory if these lie within it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <param name="view">The view; <see langword="default"/> where the values would leave the memory.</param>
    /// <returns>Whether the values lie within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static bool TryAt<[AllValid] T>(HostSharedMemory memory, ulong offset, ulong count, out SharedArrayView<T> view) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(memory);
        return SharedArrayView<T>.TryBind(in memory, offset, count, out view);
    }

    /// <summary>Binds a view to consecutive values in a memory that is held if these lie within it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="access">The lease that the view is used under.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <param name="view">The view; <see langword="default"/> where the values would leave the memory.</param>
    /// <returns>Whether the values lie within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public static bool TryAt<[AllValid] T>(scoped in HostLease access, ulong offset, ulong count, out SharedArrayView<T> view) where T : unmanaged =>
        SharedArrayView<T>.TryBind(in access, offset, count, out view);

    // A product that overflows becomes a length that leaves every memory, so that the refusal still says so.
    internal static ulong LengthOf<T>(ulong count) where T : unmanaged =>
        count <= ulong.MaxValue / (uint)sizeof(T) ? count * (uint)sizeof(T) : ulong.MaxValue;

    [DoesNotReturn]
    internal static void ThrowIndex(bool isDefault, ulong index, ulong count)
    {
        if (isDefault)
        {
            Place.ThrowDefault();
        }

        throw new ArgumentOutOfRangeException(nameof(index), unchecked((long)index), $"Index {unchecked((long)index)} is not within the {count} elements.");
    }
}

/// <summary>
/// Consecutive values of <typeparamref name="T"/> where they stand in shared memory. The range is checked when it is bound, an
/// index against the count on each access.
/// </summary>
/// <typeparam name="T">An AllValid type.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly unsafe ref struct SharedArrayView<[AllValid] T> where T : unmanaged
{
    private readonly Place _place;
    private readonly ulong _count;
    private readonly bool _bigEndian;

    // What a debugger shows: the first elements, each read once.
    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    [ExcludeFromCodeCoverage]
    private T[] FirstElements
    {
        get
        {
            var elements = new T[(int)Math.Min(_count, 256)];
            for (int i = 0; i < elements.Length; i++)
            {
                elements[i] = this[i];
            }

            return elements;
        }
    }

    internal SharedArrayView(Place place, ulong count, bool bigEndian)
    {
        _place = place;
        _count = count;
        _bigEndian = bigEndian;
    }

    /// <summary>The number of elements.</summary>
    public ulong Count => _count;

    /// <summary>Reads or writes an element, as <see cref="SharedView{T}.Load"/> and <see cref="SharedView{T}.Store"/> do.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <returns>The element, in this host's byte order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not less than <see cref="Count"/>.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">It is written, and the memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    public T this[ulong index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            T stored = _place.Load<T>(OffsetOf(index));
            return _bigEndian ? ByteOrder.FromBigEndian(stored) : Representation<T>.Convert(stored);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _place.Store(OffsetOf(index), _bigEndian ? ByteOrder.FromBigEndian(value) : Representation<T>.Convert(value));
    }

    /// <inheritdoc cref="this[ulong]"/>
    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => this[(ulong)(long)index];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => this[(ulong)(long)index] = value;
    }

    internal static bool TryBind<TSource>(scoped in TSource source, ulong offset, ulong count, out SharedArrayView<T> view) where TSource : ISharedSource, allows ref struct
    {
        Representation<T>.ThrowIfNotAllValid();
        bool isWithin = source.TryIn(offset, SharedArrayView.LengthOf<T>(count), out Place place);
        view = isWithin ? new SharedArrayView<T>(place, count, bigEndian: false) : default;
        return isWithin;
    }

    /// <summary>Reads an element, if there is one of that index and its bytes are still there.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <param name="value">The element, in this host's byte order; <see langword="default"/> where it was not read.</param>
    /// <returns>Whether the index is less than <see cref="Count"/>, and the bytes are still there.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ulong index, out T value)
    {
        if (index >= _count)
        {
            value = default;
            return false;
        }

        bool isThere = _place.TryLoad(index * (uint)sizeof(T), out T stored);
        value = _bigEndian ? ByteOrder.FromBigEndian(stored) : Representation<T>.Convert(stored);
        return isThere;
    }

    /// <inheritdoc cref="TryRead(ulong, out T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(int index, out T value) => TryRead((ulong)(long)index, out value);

    /// <summary>Writes an element, if there is one of that index and its bytes are still there.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <param name="value">The element, in this host's byte order.</param>
    /// <returns>
    /// Whether the index is less than <see cref="Count"/>, and the bytes are still there; by guest address also whether the region may be written. Where there is no such element nothing
    /// was written.
    /// </returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading, and is not seen by guest address.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    public bool TryWrite(ulong index, T value) =>
        index < _count && _place.TryStore(index * (uint)sizeof(T), _bigEndian ? ByteOrder.FromBigEndian(value) : Representation<T>.Convert(value));

    /// <inheritdoc cref="TryWrite(ulong, T)"/>
    public bool TryWrite(int index, T value) => TryWrite((ulong)(long)index, value);

    /// <summary>The type and the count.</summary>
    /// <returns>As <c>UInt32[256]</c>.</returns>
    public override string ToString() => $"{typeof(T).Name}[{_count}]";

    /// <summary>A view of an element.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not less than <see cref="Count"/>.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedView<T> At(ulong index) => new(_place.Add(OffsetOf(index)));

    /// <inheritdoc cref="At(ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedView<T> At(int index) => At((ulong)(long)index);

    /// <summary>Enumerates the elements by value; each is read once, when the enumeration comes to it.</summary>
    /// <returns>The enumerator.</returns>
    public Enumerator GetEnumerator() => new(this);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong OffsetOf(ulong index)
    {
        if (index >= _count)
        {
            SharedArrayView.ThrowIndex(_place.IsDefault, index, _count);
        }

        return index * (uint)sizeof(T);
    }

    /// <summary>Enumerates the elements by value.</summary>
    public ref struct Enumerator
    {
        private readonly SharedArrayView<T> _view;
        private ulong _next;

        internal Enumerator(SharedArrayView<T> view) => _view = view;

        /// <summary>The element; read when <see cref="MoveNext"/> came to it.</summary>
        public T Current { get; private set; }

        /// <summary>Comes to the next element and reads it.</summary>
        /// <returns>Whether there was one.</returns>
        /// <exception cref="SharedMemoryFaultException">Some of its bytes are gone.</exception>
        /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
        /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
        public bool MoveNext()
        {
            if (_next >= _view._count)
            {
                return false;
            }

            Current = _view[_next++];
            return true;
        }
    }
}
