using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// The place of one struct in shared memory that elements follow (<see cref="TailAttribute{T}"/>), and how many bytes of the memory stand behind it: what generated views
/// of such structs are made of. Only the library tells how many; so no tail leaves the memory.
/// </summary>
/// <typeparam name="T">The struct.</typeparam>
[EditorBrowsable(EditorBrowsableState.Advanced)]
public readonly unsafe ref struct SharedTailedPlace<T> where T : unmanaged
{
    private readonly Place _place;
    private readonly ulong _behind;

    internal SharedTailedPlace(Place place, ulong behind)
    {
        _place = place;
        _behind = behind;
    }

    /// <summary>A place behind which nothing is known to be.</summary>
    /// <param name="value">The place of the struct.</param>
    public SharedTailedPlace(SharedPlace<T> value) => _place = value.Place;

    /// <summary>The place of the struct.</summary>
    public SharedPlace<T> Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_place);
    }

    /// <summary>Views of the structs behind this one, if there are as many as a field says. The field is read once.</summary>
    /// <typeparam name="TElement">The element's type.</typeparam>
    /// <typeparam name="TView">The element's view.</typeparam>
    /// <typeparam name="TCount">The field's type.</typeparam>
    /// <param name="tailOffset">The first element's first byte, from the start of the struct; up to its size.</param>
    /// <param name="countOffset">The field's first byte, from the start of the struct.</param>
    /// <param name="isCountBigEndian">Whether the field is stored most significant byte first.</param>
    /// <param name="max">The most elements that are wanted.</param>
    /// <param name="tail">The views; <see langword="default"/> where there are none.</param>
    /// <returns>Whether the field is from 0 to <paramref name="max"/>, and that many elements lie within the memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The field or the first element would leave the struct.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTail<TElement, TView, TCount>(int tailOffset, int countOffset, bool isCountBigEndian, ulong max, out SharedViews<TElement, TView> tail)
        where TElement : unmanaged
        where TView : ISharedView<TView, TElement>, allows ref struct
        where TCount : unmanaged, IBinaryInteger<TCount>
    {
        bool isThere = TryCount<TCount>(countOffset, isCountBigEndian, max, out ulong count) && Has<TElement>(tailOffset, count);
        tail = isThere ? new SharedViews<TElement, TView>(_place.Add((uint)tailOffset), count) : default;
        return isThere;
    }

    /// <summary>The primitives behind this struct, if there are as many as a field says. The field is read once.</summary>
    /// <inheritdoc cref="TryTail{TElement, TView, TCount}(int, int, bool, ulong, out SharedViews{TElement, TView})"/>
    /// <param name="tailOffset">The first element's first byte, from the start of the struct; up to its size.</param>
    /// <param name="isBigEndian">Whether the elements are primitives stored most significant byte first.</param>
    /// <param name="countOffset">The field's first byte, from the start of the struct.</param>
    /// <param name="isCountBigEndian">Whether the field is stored most significant byte first.</param>
    /// <param name="max">The most elements that are wanted.</param>
    /// <param name="tail">The elements; <see langword="default"/> where there are none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryElements<[AllValid] TElement, TCount>(int tailOffset, bool isBigEndian, int countOffset, bool isCountBigEndian, ulong max, out SharedArrayView<TElement> tail)
        where TElement : unmanaged
        where TCount : unmanaged, IBinaryInteger<TCount>
    {
        Representation<TElement>.ThrowIfNotAllValid();
        bool isThere = TryCount<TCount>(countOffset, isCountBigEndian, max, out ulong count) && Has<TElement>(tailOffset, count);
        tail = isThere ? new SharedArrayView<TElement>(_place.Add((uint)tailOffset), count, isBigEndian) : default;
        return isThere;
    }

    /// <summary>Views of as many structs behind this one as the host knows to be there, if they lie within the memory.</summary>
    /// <typeparam name="TElement">The element's type.</typeparam>
    /// <typeparam name="TView">The element's view.</typeparam>
    /// <param name="tailOffset">The first element's first byte, from the start of the struct; up to its size.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="tail">The views; <see langword="default"/> where they are not there.</param>
    /// <returns>Whether they lie within the memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The first element would leave the struct.</exception>
    public bool TryTail<TElement, TView>(int tailOffset, ulong count, out SharedViews<TElement, TView> tail)
        where TElement : unmanaged
        where TView : ISharedView<TView, TElement>, allows ref struct
    {
        bool isThere = Has<TElement>(tailOffset, count);
        tail = isThere ? new SharedViews<TElement, TView>(_place.Add((uint)tailOffset), count) : default;
        return isThere;
    }

    /// <summary>As many primitives behind this struct as the host knows to be there, if they lie within the memory.</summary>
    /// <typeparam name="TElement">The element's type.</typeparam>
    /// <param name="tailOffset">The first element's first byte, from the start of the struct; up to its size.</param>
    /// <param name="isBigEndian">Whether the elements are primitives stored most significant byte first.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="tail">The elements; <see langword="default"/> where they are not there.</param>
    /// <returns>Whether they lie within the memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The first element would leave the struct.</exception>
    public bool TryElements<[AllValid] TElement>(int tailOffset, bool isBigEndian, ulong count, out SharedArrayView<TElement> tail) where TElement : unmanaged
    {
        Representation<TElement>.ThrowIfNotAllValid();
        bool isThere = Has<TElement>(tailOffset, count);
        tail = isThere ? new SharedArrayView<TElement>(_place.Add((uint)tailOffset), count, isBigEndian) : default;
        return isThere;
    }

    /// <summary>Binds a place, and notes what stands behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SharedTailedPlace<T> In<TSource>(scoped in TSource source, ulong offset) where TSource : ISharedSource, allows ref struct
    {
        Place place = source.In(offset, (ulong)sizeof(T));
        return new SharedTailedPlace<T>(place, source.Behind(place, offset, (ulong)sizeof(T)));
    }

    /// <summary>Binds a place, if the struct lies within the memory, and notes what stands behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryIn<TSource>(scoped in TSource source, ulong offset, out SharedTailedPlace<T> bound) where TSource : ISharedSource, allows ref struct
    {
        bool isWithin = source.TryIn(offset, (ulong)sizeof(T), out Place place);
        bound = isWithin ? new SharedTailedPlace<T>(place, source.Behind(place, offset, (ulong)sizeof(T))) : default;
        return isWithin;
    }

    // A number of more than 64 bits becomes the greatest there is: no memory has so many elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryCount<TCount>(int countOffset, bool isBigEndian, ulong max, out ulong count) where TCount : unmanaged, IBinaryInteger<TCount>
    {
        Representation<TCount>.ThrowIfNotAllValid();
        if (countOffset < 0 || countOffset > sizeof(T) - sizeof(TCount))
        {
            ThrowOffset(countOffset);
        }

        bool isThere = _place.TryLoad((uint)countOffset, out TCount stored);
        TCount value = isBigEndian ? ByteOrder.FromBigEndian(stored) : Representation<TCount>.Convert(stored);
        count = ulong.CreateSaturating(value);
        return isThere & count <= max & !TCount.IsNegative(value);
    }

    // The bytes behind are those of a mapping, so that the sum with a struct's size cannot overflow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has<TElement>(int tailOffset, ulong count) where TElement : unmanaged
    {
        if (tailOffset < 0 || tailOffset > sizeof(T))
        {
            ThrowOffset(tailOffset);
        }

        ulong length = SharedArrayView.LengthOf<TElement>(count);
        return length <= _behind + (ulong)(sizeof(T) - tailOffset) || Refuse(_place.IsDefault, (uint)tailOffset, length, _behind + (ulong)sizeof(T));
    }

    // Counted and traced from the struct on: a place under a lease does not know where that stands in its memory.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Refuse(bool isDefault, ulong offset, ulong length, ulong size)
    {
        if (isDefault)
        {
            Place.ThrowDefault();
        }

        MemoryCounts.Refuse();
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.AccessRefused(offset, length, size);
        }

        return false;
    }

    [DoesNotReturn]
    private static void ThrowOffset(int offset) => throw new ArgumentOutOfRangeException(nameof(offset), offset, $"Offset {offset} leaves {typeof(T)} of {sizeof(T)} bytes.");
}
