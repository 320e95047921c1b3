using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>Binds generated views to places in shared memory: what <c>Foo.At</c> and <c>Foo.ArrayAt</c> are made of.</summary>
public static unsafe class SharedViews
{
    /// <summary>Binds a view to a place.</summary>
    /// <typeparam name="T">The struct.</typeparam>
    /// <typeparam name="TView">Its view.</typeparam>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TView At<T, TView, TSource>(scoped in TSource source, ulong offset)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct =>
        TView.HasTail ? TView.Bind(SharedTailedPlace<T>.In(in source, offset)) : TView.Bind(new SharedPlace<T>(source.In(offset, (ulong)sizeof(T))));

    /// <summary>Binds a view to a place if the value lies within the memory.</summary>
    /// <typeparam name="T">The struct.</typeparam>
    /// <typeparam name="TView">Its view.</typeparam>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAt<T, TView, TSource>(scoped in TSource source, ulong offset, out TView view)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct
    {
        if (TView.HasTail)
        {
            bool isThere = SharedTailedPlace<T>.TryIn(in source, offset, out SharedTailedPlace<T> tailed);
            view = TView.Bind(tailed);
            return isThere;
        }

        bool isWithin = source.TryIn(offset, (ulong)sizeof(T), out Place place);
        view = TView.Bind(isWithin ? new SharedPlace<T>(place) : default);
        return isWithin;
    }

    /// <summary>Binds views to consecutive values.</summary>
    /// <typeparam name="T">The struct.</typeparam>
    /// <typeparam name="TView">Its view.</typeparam>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <returns>The views.</returns>
    /// <exception cref="SharedMemoryBoundsException">The values would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedViews<T, TView> ArrayAt<T, TView, TSource>(scoped in TSource source, ulong offset, ulong count)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct =>
        new(source.In(offset, SharedArrayView.LengthOf<T>(count)), count);

    /// <inheritdoc cref="ArrayAt{T, TView, TSource}(in TSource, ulong, ulong)"/>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedViews<T, TView> ArrayAt<T, TView, TSource>(scoped in TSource source, ulong offset, int count)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return ArrayAt<T, TView, TSource>(in source, offset, (ulong)count);
    }

    /// <summary>Binds views to consecutive values if these lie within the memory.</summary>
    /// <typeparam name="T">The struct.</typeparam>
    /// <typeparam name="TView">Its view.</typeparam>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values.</param>
    /// <param name="views">The views; <see langword="default"/> where the values would leave the memory.</param>
    /// <returns>Whether the values lie within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    public static bool TryArrayAt<T, TView, TSource>(scoped in TSource source, ulong offset, ulong count, out SharedViews<T, TView> views)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct
    {
        bool isWithin = source.TryIn(offset, SharedArrayView.LengthOf<T>(count), out Place place);
        views = isWithin ? new SharedViews<T, TView>(place, count) : default;
        return isWithin;
    }

    /// <inheritdoc cref="TryArrayAt{T, TView, TSource}(in TSource, ulong, ulong, out SharedViews{T, TView})"/>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte of the first; any alignment.</param>
    /// <param name="count">The number of values; a negative one does not lie within any memory.</param>
    /// <param name="views">The views; <see langword="default"/> where the values would leave the memory.</param>
    public static bool TryArrayAt<T, TView, TSource>(scoped in TSource source, ulong offset, int count, out SharedViews<T, TView> views)
        where T : unmanaged
        where TView : ISharedView<TView, T>, allows ref struct
        where TSource : ISharedSource, allows ref struct =>
        TryArrayAt<T, TView, TSource>(in source, offset, count < 0 ? ulong.MaxValue : (ulong)count, out views);
}

/// <summary>
/// Consecutive structs where they stand in shared memory, each as its generated view: what <c>Foo.ArrayAt</c> gives. The range is
/// checked when it is bound, an index against the count on each access.
/// </summary>
/// <typeparam name="T">The struct.</typeparam>
/// <typeparam name="TView">Its view.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly unsafe ref struct SharedViews<T, TView>
    where T : unmanaged
    where TView : ISharedView<TView, T>, allows ref struct
{
    private readonly Place _place;
    private readonly ulong _count;

    internal SharedViews(Place place, ulong count)
    {
        _place = place;
        _count = count;
    }

    /// <summary>The number of elements.</summary>
    public ulong Count => _count;

    // What a debugger shows: the text of the first elements, each of whose fields is read once.
    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    [ExcludeFromCodeCoverage]
    private string[] FirstElements
    {
        get
        {
            string[] texts = new string[(int)Math.Min(_count, 64)];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = ElementAt((ulong)i).ToString();
            }

            return texts;
        }
    }

    /// <summary>A view of an element.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not less than <see cref="Count"/>.</exception>
    /// <exception cref="InvalidOperationException">This is <see langword="default"/>.</exception>
    public TView this[ulong index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TView.Bind(ElementAt(index));
    }

    /// <inheritdoc cref="this[ulong]"/>
    public TView this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TView.Bind(ElementAt((ulong)(long)index));
    }

    /// <summary>A view of an element, for use on the left of an assignment: C# accepts it on what a method returns, not on what an indexer does (CS1612).</summary>
    /// <inheritdoc cref="this[ulong]"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TView At(ulong index) => TView.Bind(ElementAt(index));

    /// <inheritdoc cref="At(ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TView At(int index) => TView.Bind(ElementAt((ulong)(long)index));

    /// <summary>A view of an element, if there is one of that index.</summary>
    /// <param name="index">The element, from 0.</param>
    /// <param name="view">The view; <see langword="default"/> where there is no such element.</param>
    /// <returns>Whether the index is less than <see cref="Count"/>.</returns>
    public bool TryAt(ulong index, out TView view)
    {
        bool isWithin = index < _count;
        view = TView.Bind(isWithin ? ElementAt(index) : default);
        return isWithin;
    }

    /// <inheritdoc cref="TryAt(ulong, out TView)"/>
    public bool TryAt(int index, out TView view) => TryAt((ulong)(long)index, out view);

    /// <summary>Enumerates the elements as views; nothing is read before a view is used.</summary>
    /// <returns>The enumerator.</returns>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>The type and the count.</summary>
    /// <returns>As <c>Descriptor[256]</c>.</returns>
    public override string ToString() => $"{typeof(T).Name}[{_count}]";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SharedPlace<T> ElementAt(ulong index)
    {
        if (index >= _count)
        {
            SharedArrayView.ThrowIndex(_place.IsDefault, index, _count);
        }

        return new SharedPlace<T>(_place.Add(index * (uint)sizeof(T)));
    }

    /// <summary>Enumerates the elements as views.</summary>
    public ref struct Enumerator
    {
        private readonly SharedViews<T, TView> _views;
        private ulong _next;

        internal Enumerator(SharedViews<T, TView> views) => _views = views;

        /// <summary>A view of the element.</summary>
        public readonly TView Current => _views[_next - 1];

        /// <summary>Comes to the next element.</summary>
        /// <returns>Whether there was one.</returns>
        public bool MoveNext() => _next++ < _views._count;
    }
}
