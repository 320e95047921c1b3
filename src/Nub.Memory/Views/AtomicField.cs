namespace Nub.Memory;

/// <summary>
/// Atomics on one integer field where it stands in shared memory: what <c>view.FlagsAtomic</c> gives. Each is a full fence, and one
/// locked instruction (or one exclusive pair) on the shared bytes.
/// </summary>
/// <typeparam name="T"><see cref="int"/>, <see cref="uint"/>, <see cref="long"/> or <see cref="ulong"/>.</typeparam>
public readonly ref struct AtomicField<T> where T : unmanaged
{
    private readonly Place _place;

    internal AtomicField(Place place) => _place = place;

    /// <summary>Replaces the field if it has an expected value.</summary>
    /// <param name="value">The value to write.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <returns>The value that was there.</returns>
    /// <exception cref="ArgumentException">The field does not stand at a multiple of its size, because the struct does not.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    /// <exception cref="InvalidOperationException">The view is <see langword="default"/>.</exception>
    public T CompareExchange(T value, T comparand) => _place.Atomic(AtomicOperation.CompareExchange, 0, value, comparand);

    /// <summary>Replaces the field.</summary>
    /// <inheritdoc cref="CompareExchange(T, T)"/>
    public T Exchange(T value) => _place.Atomic(AtomicOperation.Exchange, 0, value, default);

    /// <summary>Adds to the field, wrapping on overflow.</summary>
    /// <inheritdoc cref="CompareExchange(T, T)"/>
    /// <param name="value">What to add.</param>
    /// <returns>The new value, as <see cref="Interlocked.Add(ref int, int)"/> returns it.</returns>
    public T Add(T value) => _place.Atomic(AtomicOperation.Add, 0, value, default);

    /// <summary>Clears the bits of the field that a mask lacks.</summary>
    /// <inheritdoc cref="CompareExchange(T, T)"/>
    /// <param name="value">The mask.</param>
    public T And(T value) => _place.Atomic(AtomicOperation.And, 0, value, default);

    /// <summary>Sets the bits of the field that a mask has.</summary>
    /// <inheritdoc cref="CompareExchange(T, T)"/>
    /// <param name="value">The mask.</param>
    public T Or(T value) => _place.Atomic(AtomicOperation.Or, 0, value, default);

    /// <summary>Replaces the field if it has an expected value and stands at a multiple of its size.</summary>
    /// <param name="value">The value to write.</param>
    /// <param name="comparand">The value that must be there for it to be written.</param>
    /// <param name="result">The value that was there; 0 where it was refused.</param>
    /// <returns>
    /// Whether the field stands at a multiple of its size and is still there; by guest address also whether the region may be written. A guest that chose the place of the struct, and an
    /// owner who shortens the memory, can make it false.
    /// </returns>
    /// <exception cref="NotSupportedException">The memory was opened for reading, and is not seen by guest address.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    /// <exception cref="InvalidOperationException">The view is <see langword="default"/>.</exception>
    public bool TryCompareExchange(T value, T comparand, out T result) => _place.TryAtomic(AtomicOperation.CompareExchange, 0, value, comparand, out result);

    /// <summary>Replaces the field if it stands at a multiple of its size.</summary>
    /// <inheritdoc cref="TryCompareExchange(T, T, out T)"/>
    public bool TryExchange(T value, out T result) => _place.TryAtomic(AtomicOperation.Exchange, 0, value, default, out result);

    /// <summary>Adds to the field if it stands at a multiple of its size, wrapping on overflow.</summary>
    /// <inheritdoc cref="TryCompareExchange(T, T, out T)"/>
    /// <param name="value">What to add.</param>
    /// <param name="result">The new value; 0 where it was refused.</param>
    public bool TryAdd(T value, out T result) => _place.TryAtomic(AtomicOperation.Add, 0, value, default, out result);

    /// <summary>Clears the bits of the field that a mask lacks, if it stands at a multiple of its size.</summary>
    /// <inheritdoc cref="TryCompareExchange(T, T, out T)"/>
    /// <param name="value">The mask.</param>
    /// <param name="result">The value that was there; 0 where it was refused.</param>
    public bool TryAnd(T value, out T result) => _place.TryAtomic(AtomicOperation.And, 0, value, default, out result);

    /// <summary>Sets the bits of the field that a mask has, if it stands at a multiple of its size.</summary>
    /// <inheritdoc cref="TryCompareExchange(T, T, out T)"/>
    /// <param name="value">The mask.</param>
    /// <param name="result">The value that was there; 0 where it was refused.</param>
    public bool TryOr(T value, out T result) => _place.TryAtomic(AtomicOperation.Or, 0, value, default, out result);
}
