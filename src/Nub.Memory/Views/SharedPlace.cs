using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// The place of one struct in shared memory: what generated views are made of. It hands out values, never references, and only
/// values that are legal whatever the bytes are, or that were checked. Bounds are checked when it is bound, so a field costs no
/// check of its own.
/// </summary>
/// <remarks>
/// Bound to a <see cref="HostSharedMemory"/> each access locks the memory for itself; bound to a <see cref="HostLease"/> it
/// needs that lease to be live. The <see langword="default"/> view throws <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T">A struct that is AllValid, or validated on read.</typeparam>
[EditorBrowsable(EditorBrowsableState.Advanced)]
[DebuggerDisplay("{ToString(),nq}")]
public readonly unsafe ref struct SharedPlace<T> where T : unmanaged
{
    private readonly Place _place;

    internal SharedPlace(Place place) => _place = place;

    internal Place Place => _place;

    /// <summary>Reads the whole value: every shared byte exactly once, into private memory. It may be torn.</summary>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load()
    {
        Representation<T>.ThrowIfNotAllValid();
        return Representation<T>.Convert(_place.Load<T>(0));
    }

    /// <summary>Writes the whole value: every shared byte exactly once.</summary>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(in T value)
    {
        Representation<T>.ThrowIfNotAllValid();
        _place.Store(0, Representation<T>.Convert(value));
    }

    /// <summary>Reads a whole <see cref="ValidateOnReadAttribute"/> struct: every shared byte exactly once, and checked on the private copy.</summary>
    /// <param name="value">The value, in this host's byte order; <see langword="default"/> when the bytes are gone or not a legal one.</param>
    /// <returns>Whether the bytes are still there and a legal value.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    /// <exception cref="NotAllValidException">No check was generated for <typeparamref name="T"/>.</exception>
    public bool TryLoad(out T value)
    {
        IValidateOnRead<T> validator = Validation<T>.Validator;

        // Sound: the copy is private, and nothing reads it as a T before its bytes were found legal.
        Unsafe.SkipInit(out T copy);
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref copy));
        if (!_place.TryCopyTo(0, bytes))
        {
            value = default;
            return false;
        }

        return validator.TryDecode(bytes, out value);
    }

    /// <summary>Writes a whole <see cref="ValidateOnReadAttribute"/> struct if it is legal: every shared byte exactly once, and 0 where it has padding.</summary>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ArgumentException">The value is not legal. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    /// <exception cref="NotAllValidException">No check was generated for <typeparamref name="T"/>.</exception>
    public void StoreValidated(in T value)
    {
        T copy = value;
        _place.CopyFrom(0, Validation<T>.Encode(ref copy));
    }

    /// <summary>Reads a field: one volatile load when it has 1, 2, 4 or 8 bytes and is aligned.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <returns>The field, in this host's byte order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField Read<[AllValid] TField>(int fieldOffset) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        return Representation<TField>.Convert(_place.Load<TField>((uint)fieldOffset));
    }

    /// <summary>Writes a field: one volatile store when it has 1, 2, 4 or 8 bytes and is aligned.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <param name="value">The field, in this host's byte order.</param>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] TField>(int fieldOffset, TField value) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        _place.Store((uint)fieldOffset, Representation<TField>.Convert(value));
    }

    /// <summary>Reads a primitive field that is stored most significant byte first.</summary>
    /// <inheritdoc cref="Read{TField}(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField ReadBigEndian<[AllValid] TField>(int fieldOffset) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        return ByteOrder.FromBigEndian(_place.Load<TField>((uint)fieldOffset));
    }

    /// <summary>Writes a primitive field that is stored most significant byte first.</summary>
    /// <inheritdoc cref="Write{TField}(int, TField)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBigEndian<[AllValid] TField>(int fieldOffset, TField value) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        _place.Store((uint)fieldOffset, ByteOrder.FromBigEndian(value));
    }

    /// <summary>Reads a field, if its bytes are still there: one volatile load when it has 1, 2, 4 or 8 bytes and is aligned.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <param name="value">The field, in this host's byte order; <see langword="default"/> where it was not read.</param>
    /// <returns>Whether the bytes are still there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead<[AllValid] TField>(int fieldOffset, out TField value) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        bool isThere = _place.TryLoad((uint)fieldOffset, out TField stored);
        value = Representation<TField>.Convert(stored);
        return isThere;
    }

    /// <summary>Reads a primitive field that is stored most significant byte first, if its bytes are still there.</summary>
    /// <inheritdoc cref="TryRead{TField}(int, out TField)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadBigEndian<[AllValid] TField>(int fieldOffset, out TField value) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        bool isThere = _place.TryLoad((uint)fieldOffset, out TField stored);
        value = ByteOrder.FromBigEndian(stored);
        return isThere;
    }

    /// <summary>Reads a field, or gives another value where its bytes are gone, such as one that the caller refuses anyway. It costs no more than <see cref="Read{TField}(int)"/>.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <param name="otherwise">What is given where the bytes are gone.</param>
    /// <returns>The field, in this host's byte order, or <paramref name="otherwise"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField ReadOr<[AllValid] TField>(int fieldOffset, TField otherwise) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        return Representation<TField>.Convert(_place.LoadOr((uint)fieldOffset, Representation<TField>.Convert(otherwise)));
    }

    /// <summary>Reads a primitive field that is stored most significant byte first, or gives another value where its bytes are gone.</summary>
    /// <inheritdoc cref="ReadOr{TField}(int, TField)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField ReadBigEndianOr<[AllValid] TField>(int fieldOffset, TField otherwise) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        return ByteOrder.FromBigEndian(_place.LoadOr((uint)fieldOffset, ByteOrder.FromBigEndian(otherwise)));
    }

    /// <summary>A view of a field that is itself a struct.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedPlace<TField> Field<TField>(int fieldOffset) where TField : unmanaged
    {
        CheckRange(fieldOffset, sizeof(TField));
        return new SharedPlace<TField>(_place.Add((uint)fieldOffset));
    }

    /// <summary>A view of a field that is an inline array or a fixed buffer.</summary>
    /// <typeparam name="TElement">The element's type.</typeparam>
    /// <param name="fieldOffset">The first element's first byte, from the start of the value.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="bigEndian">Whether the elements are primitives stored most significant byte first.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The elements would leave the value, or the count is negative.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedArrayView<TElement> Elements<[AllValid] TElement>(int fieldOffset, int count, bool bigEndian = false) where TElement : unmanaged
    {
        CheckRange(fieldOffset, count < 0 ? long.MaxValue : count * (long)sizeof(TElement));
        Representation<TElement>.ThrowIfNotAllValid();
        return new SharedArrayView<TElement>(_place.Add((uint)fieldOffset), (ulong)count, bigEndian);
    }

    /// <summary>Atomics on a field.</summary>
    /// <typeparam name="TField"><see cref="int"/>, <see cref="uint"/>, <see cref="long"/> or <see cref="ulong"/>.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <returns>The field.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AtomicField<TField> Atomic<TField>(int fieldOffset) where TField : unmanaged
    {
        CheckRange(fieldOffset, sizeof(TField));
        return new AtomicField<TField>(_place.Add((uint)fieldOffset));
    }

    /// <summary>Views of a field that is an inline array of structs.</summary>
    /// <typeparam name="TElement">The element's type.</typeparam>
    /// <typeparam name="TView">The element's view.</typeparam>
    /// <param name="fieldOffset">The first element's first byte, from the start of the value.</param>
    /// <param name="count">The number of elements.</param>
    /// <returns>The views.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The elements would leave the value, or the count is negative.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedViews<TElement, TView> Views<TElement, TView>(int fieldOffset, int count)
        where TElement : unmanaged
        where TView : ISharedView<TView, TElement>, allows ref struct
    {
        CheckRange(fieldOffset, count < 0 ? long.MaxValue : count * (long)sizeof(TElement));
        return new SharedViews<TElement, TView>(_place.Add((uint)fieldOffset), (ulong)count);
    }

    /// <summary>The fields and what they hold, each read once.</summary>
    /// <returns>As <c>Descriptor { Address = 4096, Length = 64 }</c>; of a view that cannot be read, why.</returns>
    public override string ToString()
    {
        if (_place.IsDefault)
        {
            return $"{typeof(T).Name} (bound to no memory)";
        }

        // Sound: private bytes, which are formatted as bytes and never become a T.
        byte[] bytes = new byte[sizeof(T)];
        try
        {
            _place.CopyTo(0, bytes);
        }
        catch (Exception refused) when (refused is ObjectDisposedException or SharedMemoryException)
        {
            return $"{typeof(T).Name} ({refused.Message})";
        }

        return FieldText.Of<T>(bytes);
    }

    // Every operand is a constant once the generated property is inlined, so nothing of this is left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CheckField<TField>(int fieldOffset) where TField : unmanaged
    {
        Representation<TField>.ThrowIfNotAllValid();
        CheckRange(fieldOffset, sizeof(TField));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CheckRange(int fieldOffset, long length)
    {
        if (fieldOffset < 0 || length > sizeof(T) - (long)fieldOffset)
        {
            ThrowField(fieldOffset, length);
        }
    }

    [DoesNotReturn]
    private static void ThrowField(int fieldOffset, long length) => throw new ArgumentOutOfRangeException(
        nameof(fieldOffset), fieldOffset, $"A field of {length} bytes at offset {fieldOffset} leaves {typeof(T)} of {sizeof(T)} bytes.");
}
