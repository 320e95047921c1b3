using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Binds views to places in shared memory.</summary>
public static unsafe class SharedView
{
    /// <summary>Binds a view to a place in a memory.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static SharedView<T> At<[AllValid] T>(HostSharedMemory memory, ulong offset) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return new SharedView<T>(Place.In(memory, offset, (ulong)sizeof(T)));
    }

    /// <summary>Binds a view to a place in a memory that is held.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="access">The lease that the view is used under.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedView<T> At<[AllValid] T>(in HostLease access, ulong offset) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return new SharedView<T>(Place.In(in access, offset, (ulong)sizeof(T)));
    }
}

/// <summary>
/// One value of <typeparamref name="T"/> where it stands in shared memory. Generated views are made of it; it hands out values,
/// never references. Bounds are checked when it is bound, so a field costs no check of its own.
/// </summary>
/// <remarks>
/// Bound to a <see cref="HostSharedMemory"/> each access locks the memory for itself; bound to a <see cref="HostLease"/> it
/// needs that lease to be live. The <see langword="default"/> view throws <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T">An AllValid type.</typeparam>
public readonly unsafe ref struct SharedView<[AllValid] T> where T : unmanaged
{
    private readonly Place _place;

    internal SharedView(Place place) => _place = place;

    /// <summary>Reads the whole value: every shared byte exactly once, into private memory. It may be torn.</summary>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load() => Representation<T>.Convert(_place.Load<T>(0));

    /// <summary>Writes the whole value: every shared byte exactly once.</summary>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(in T value) => _place.Store(0, Representation<T>.Convert(value));

    /// <summary>Reads a field: one volatile load when it has 1, 2, 4 or 8 bytes and is aligned.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <returns>The field, in this host's byte order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
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
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
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

    /// <summary>A view of a field that is itself a struct.</summary>
    /// <typeparam name="TField">The field's type.</typeparam>
    /// <param name="fieldOffset">The field's first byte, from the start of the value.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field would leave the value.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedView<TField> Field<[AllValid] TField>(int fieldOffset) where TField : unmanaged
    {
        CheckField<TField>(fieldOffset);
        return new SharedView<TField>(_place.Add((uint)fieldOffset));
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
        if (fieldOffset < 0 || count < 0 || fieldOffset + (long)count * sizeof(TElement) > sizeof(T))
        {
            ThrowField(fieldOffset, count * (long)sizeof(TElement));
        }

        Representation<TElement>.ThrowIfNotAllValid();
        return new SharedArrayView<TElement>(_place.Add((uint)fieldOffset), (ulong)count, bigEndian);
    }

    // Every operand is a constant once the generated property is inlined, so nothing of this is left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CheckField<TField>(int fieldOffset) where TField : unmanaged
    {
        Representation<TField>.ThrowIfNotAllValid();
        if (fieldOffset < 0 || (long)fieldOffset + sizeof(TField) > sizeof(T))
        {
            ThrowField(fieldOffset, sizeof(TField));
        }
    }

    [DoesNotReturn]
    private static void ThrowField(int fieldOffset, long length) => throw new ArgumentOutOfRangeException(
        nameof(fieldOffset), fieldOffset, $"A field of {length} bytes at offset {fieldOffset} leaves {typeof(T)} of {sizeof(T)} bytes.");
}
