using System.Diagnostics;
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

    /// <summary>Binds a view to a place in a memory if the value lies within it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static bool TryAt<[AllValid] T>(HostSharedMemory memory, ulong offset, out SharedView<T> view) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(memory);
        Representation<T>.ThrowIfNotAllValid();
        return SharedView<T>.TryBind(in memory, offset, out view);
    }

    /// <summary>Binds a view to a place in a memory that is held if the value lies within it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="access">The lease that the view is used under.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public static bool TryAt<[AllValid] T>(scoped in HostLease access, ulong offset, out SharedView<T> view) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return SharedView<T>.TryBind(in access, offset, out view);
    }
}

/// <summary>
/// One value of <typeparamref name="T"/> where it stands in shared memory. It hands out values, never references. Bounds are checked
/// when it is bound, so a field costs no check of its own.
/// </summary>
/// <remarks>
/// Bound to a <see cref="HostSharedMemory"/> each access locks the memory for itself; bound to a <see cref="HostLease"/> it
/// needs that lease to be live. The <see langword="default"/> view throws <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T">An AllValid type.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly unsafe ref struct SharedView<[AllValid] T> where T : unmanaged
{
    private readonly SharedPlace<T> _place;

    internal SharedView(Place place) => _place = new SharedPlace<T>(place);

    private SharedView(SharedPlace<T> place) => _place = place;

    /// <inheritdoc cref="SharedPlace{T}.Load"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Load() => _place.Load();

    /// <inheritdoc cref="SharedPlace{T}.Store(in T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(in T value) => _place.Store(in value);

    /// <inheritdoc cref="SharedPlace{T}.Read{TField}(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField Read<[AllValid] TField>(int fieldOffset) where TField : unmanaged => _place.Read<TField>(fieldOffset);

    /// <inheritdoc cref="SharedPlace{T}.Write{TField}(int, TField)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<[AllValid] TField>(int fieldOffset, TField value) where TField : unmanaged => _place.Write(fieldOffset, value);

    /// <inheritdoc cref="SharedPlace{T}.ReadBigEndian{TField}(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TField ReadBigEndian<[AllValid] TField>(int fieldOffset) where TField : unmanaged => _place.ReadBigEndian<TField>(fieldOffset);

    /// <inheritdoc cref="SharedPlace{T}.WriteBigEndian{TField}(int, TField)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBigEndian<[AllValid] TField>(int fieldOffset, TField value) where TField : unmanaged => _place.WriteBigEndian(fieldOffset, value);

    /// <inheritdoc cref="SharedPlace{T}.Field{TField}(int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedView<TField> Field<[AllValid] TField>(int fieldOffset) where TField : unmanaged => new(_place.Field<TField>(fieldOffset));

    /// <inheritdoc cref="SharedPlace{T}.Elements{TElement}(int, int, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SharedArrayView<TElement> Elements<[AllValid] TElement>(int fieldOffset, int count, bool bigEndian = false) where TElement : unmanaged =>
        _place.Elements<TElement>(fieldOffset, count, bigEndian);

    /// <inheritdoc cref="SharedPlace{T}.ToString"/>
    public override string ToString() => _place.ToString();

    internal static bool TryBind<TSource>(scoped in TSource source, ulong offset, out SharedView<T> view) where TSource : ISharedSource, allows ref struct
    {
        bool isWithin = source.TryIn(offset, (ulong)sizeof(T), out Place place);
        view = isWithin ? new SharedView<T>(place) : default;
        return isWithin;
    }
}
